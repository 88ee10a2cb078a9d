import { createServer, type AddressInfo, type Server } from 'node:net';
import { freePort } from '../../../scripts/local/ports';

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

test('a preferred port that is taken is passed over', async () => {
  const taken = await listen(0);
  const found = await freePort(portOf(taken));
  expect(found).not.toBe(portOf(taken));
  taken.close();
});

test('the port found can be listened on', async () => {
  const server = await listen(await freePort(0));
  expect(server.listening).toBe(true);
  server.close();
});
