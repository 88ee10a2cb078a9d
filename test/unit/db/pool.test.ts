import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { connect } from '../../../db/pool';

test('a database that takes a connection and says nothing is given up', async () => {
  const silent = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const db = connect(`postgres://127.0.0.1:${port}/none`, { max: 1, applicationName: 'pool-test' });
  await expect(db.raw('select 1')).rejects.toThrow(/timeout/i);
  await db.destroy();
  silent.close();
});
