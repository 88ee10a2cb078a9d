import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { partyGateway } from '../../../activities/gateways/party';
import type { OutsideRequestRow } from '../../../db/outside';
import type { OperationOf } from '../../../schemas/outside/protocol';

// What a party may not do to us by its answer. test/unit/sandbox/gateway.test.ts has what parties of good will do.

const PARTY = 'some-partner';
const secrets = new Map([[PARTY, [`whsec_${Buffer.alloc(32, 1).toString('base64')}`] as [string]]]);
const request = { party: PARTY, requestNo: 'PO-1', body: {} } as unknown as OutsideRequestRow;

let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function answerOf(listener: RequestListener, operation: OperationOf<'funding-partners'> = 'payout') {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return partyGateway('funding-partners', operation, { baseUrl, secrets, answerTimeoutMs: 2_000 }).send(
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
  expect(answer).toEqual({ status: 'UNKNOWN', why: 'an answer of more than 524288 bytes' });
});

test('an answer that trickles in is not waited for longer than any other', async () => {
  const answer = await answerOf((_incoming, response) => void response.write('{'));
  expect(answer).toMatchObject({ status: 'UNKNOWN' });
});

test('an answer that is not JSON is not quoted', async () => {
  const answer = await answerOf((_incoming, response) => void response.end('Siti Rahayu, X1234567'));
  expect(answer).toEqual({ status: 'UNKNOWN', why: 'an answer that is not JSON' });
});

test.each<[string, object, object]>([
  [
    'a reason with what cannot be stored',
    { code: 'NO_MONEY', message: 'a\0b\ud800\nc' },
    { status: 'FAILED', failure: { code: 'NO_MONEY', message: 'a b c' } },
  ],
  [
    'a reason without end',
    { code: 'NO_MONEY', message: '\u{1f600}'.repeat(600) },
    { status: 'FAILED', failure: { code: 'NO_MONEY', message: '\u{1f600}'.repeat(500) } },
  ],
  [
    'no reason',
    { code: 'NO_MONEY' },
    { status: 'FAILED', failure: { code: 'NO_MONEY', message: 'The party gives no reason.' } },
  ],
  ['a code that is none', { code: 'no\0money' }, { status: 'UNKNOWN' }],
])('what a party says of a failure is what can be kept of it: %s', async (_what, failure, expected) => {
  const answered = { requestNo: 'PO-1', status: 'FAILED', failure };
  const answer = await answerOf((_incoming, response) => void response.end(JSON.stringify(answered)));
  expect(answer).toMatchObject(expected);
});

test.each([['a\0b'], ['x'.repeat(101)], ['']])(
  'a transaction number that cannot be kept is none: %j',
  async (transactionNo) => {
    const answered = {
      requestNo: 'PO-1',
      status: 'SUCCEEDED',
      transactionNo,
      paidAt: '2026-01-15T12:00:00Z',
    };
    const answer = await answerOf((_incoming, response) => void response.end(JSON.stringify(answered)));
    expect(answer).toEqual({ status: 'UNKNOWN', why: 'an answer that is not of the protocol' });
  },
);

const method = { kind: 'QR', value: '00020101021126', expiresAt: '2026-01-15T12:30:00+08:00' };

test.each<[string, object, boolean]>([
  ['a good one', {}, true],
  ['one of a kind that we do not know', { kind: 'CHEQUE' }, false],
  ['one of nothing', { value: '' }, false],
  ['one that cannot be stored', { value: 'a\0b' }, false],
  ['one of half a character', { value: '\ud800' }, false],
  ['one of characters that nobody sees', { value: 'a\u0085b' }, false],
  ['one that is too long', { value: 'x'.repeat(2_001) }, false],
  ['one that expires on a day', { expiresAt: '2026-01-15' }, false],
  ['one that never expires', { expiresAt: undefined }, false],
])('a method to pay by is believed only if it is one: %s', async (_what, change, isBelieved) => {
  const answered = {
    requestNo: 'PO-1',
    status: 'SUCCEEDED',
    transactionNo: 'T1',
    createdAt: '2026-01-15T12:00:00Z',
  };
  const answer = await answerOf(
    (_incoming, response) =>
      void response.end(JSON.stringify({ ...answered, method: { ...method, ...change } })),
    'repayment-method',
  );
  expect(answer).toEqual(
    isBelieved
      ? { status: 'SUCCEEDED', transactionNo: 'T1', paidAt: answered.createdAt, method }
      : { status: 'UNKNOWN', why: 'an answer that is not of the protocol' },
  );
});
