import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { partyGateway } from '../../../activities/gateways/party';
import type { OutsideRequestRow } from '../../../db/outside';

// What a party may not do to us by its answer. test/unit/sandbox/gateway.test.ts has what parties of good will do.

const PARTY = 'some-partner';
const secrets = new Map([[PARTY, [`whsec_${Buffer.alloc(32, 1).toString('base64')}`] as [string]]]);
const request = { party: PARTY, requestNo: 'PO-1', body: {} } as unknown as OutsideRequestRow;

let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function answerOf(listener: RequestListener) {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return partyGateway('funding-partners', 'payout', { baseUrl, secrets, answerTimeoutMs: 2_000 }).send(
    request,
  );
}

test('an address that it points us to is not asked', async () => {
  const asked: (string | undefined)[] = [];
  const answer = await answerOf((incoming, response) => {
    asked.push(incoming.url);
    response.writeHead(307, { location: '/elsewhere' }).end();
  });
  expect(answer).toMatchObject({ status: 'UNKNOWN' });
  expect(asked).toEqual(['/funding-partners/some-partner/payouts']);
});

function* withoutEnd() {
  for (;;) yield 'x'.repeat(10_000);
}

test('an answer without end is not read to its end', async () => {
  const answer = await answerOf((_incoming, response) => {
    Readable.from(withoutEnd()).pipe(response);
  });
  expect(answer).toEqual({ status: 'UNKNOWN', why: 'an answer of more than 65536 bytes' });
});

test('an answer that trickles in is not waited for longer than any other', async () => {
  const answer = await answerOf((_incoming, response) => void response.write('{'));
  expect(answer).toMatchObject({ status: 'UNKNOWN' });
});

test('an answer that is not JSON is not quoted', async () => {
  const answer = await answerOf((_incoming, response) => void response.end('Siti Rahayu, X1234567'));
  expect(answer).toEqual({ status: 'UNKNOWN', why: 'an answer that is not JSON' });
});
