import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Client } from '@temporalio/client';
import type { Knex } from 'knex';
import { problemOf } from '../../../api/problem';
import { systemRoutes } from '../../../api/routes/system';
import { connect } from '../../../db/pool';

const nothing = () => new Promise<never>(() => undefined);
const silentTemporal = { options: { namespace: 'none' }, withDeadline: nothing } as unknown as Client;

test('a process whose database says nothing any more is not ready, and says so before anybody gives up', async () => {
  const frozen = { raw: nothing } as unknown as Knex;
  const routes = systemRoutes({ db: frozen, temporal: silentTemporal, openApi: () => ({}) });
  const readiness = routes.find(({ path }) => path === '/readyz')!;
  await expect(readiness.handle({} as never, undefined)).rejects.toMatchObject({
    code: 'TEMPORARILY_UNAVAILABLE',
  });
}, 10_000);

test('a database that takes connections and says nothing is away, and no fault of ours', async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const db = connect(`postgres://nobody@127.0.0.1:${port}/none`, { max: 1, applicationName: 'test' });
  const error: unknown = await db.raw('select 1').then(undefined, (reason: unknown) => reason);
  expect(problemOf(error).code).toBe('TEMPORARILY_UNAVAILABLE');
  for (const socket of sockets) socket.destroy();
  silent.close();
  await db.destroy();
}, 30_000);
