import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { yeepayGateways } from '../../../activities/gateways/yeepay';
import type { OutsideRequestRow } from '../../../db/outside';
import { signResponse } from '../../../schemas/outside/yeepay/signature';

// What Yeepay may not do to us by its answer. test/unit/sandbox/yeepay-gateway.test.ts has what a Yeepay of good will does.

const ours = generateKeyPairSync('rsa', { modulusLength: 2048 });
const yeepay = generateKeyPairSync('rsa', { modulusLength: 2048 });

const parts = [
  { ledgerNo: 'SUPPLIER', amountMinor: 6_000, description: 'a' },
  { ledgerNo: 'DEBTOR', amountMinor: 2_000, description: 'b' },
];
const order = { orderId: 'O1', uniqueOrderNo: 'Y1', merchantNo: 'MALL' };
const row = { party: 'yeepay', requestNo: 'DV-1', body: { ...order, parts } } as unknown as OutsideRequestRow;

let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** What the gateway makes of an answer; its headers are given by its body. */
async function wordOn(body: string, headersOf: (body: string) => Record<string, string> = signed) {
  server = createServer((_incoming, response) => void response.writeHead(200, headersOf(body)).end(body));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const gateways = yeepayGateways({
    ...{ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, appKey: 'app' },
    ...{ parentMerchantNo: 'P', notKnownCodes: ['NONE'], answerTimeoutMs: 5_000 },
    ...{ privateKey: ours.privateKey, platformKey: yeepay.publicKey },
  });
  return gateways['yeepay-divide'].send(row);
}

const signed = (body: string) => ({ 'x-yop-sign': signResponse(body, yeepay.privateKey) });

const details = [
  { divideDetailNo: 'D1', ledgerNo: 'SUPPLIER', amount: '60.00' },
  { divideDetailNo: 'D2', ledgerNo: 'DEBTOR', amount: '20.00' },
];
const done = (change: object = {}): string =>
  JSON.stringify({
    ...{ code: 'OPR00000', status: 'SUCCESS', uniqueDivideNo: 'U1', divideDetail: details },
    ...{ divideSuccessDate: '2026-01-15 18:00:00', ...change },
  });
const unknown = (why: string) => ({ status: 'UNKNOWN', why });

test('an answer that is what was asked for is believed, in whatever order its details stand', async () => {
  expect(await wordOn(done({ divideDetail: [...details].reverse() }))).toMatchObject({
    ...{ status: 'SUCCEEDED', transactionNo: 'U1', paidAt: '2026-01-15T18:00:00+08:00' },
    divided: [{ ledgerNo: 'DEBTOR' }, { ledgerNo: 'SUPPLIER' }],
  });
});

test('details may come as text, as they are sent', async () => {
  const divideDetail = JSON.stringify(details);
  expect(await wordOn(done({ divideDetail }))).toMatchObject({ status: 'SUCCEEDED' });
});

test.each<[string, object]>([
  ['another amount', { divideDetail: [details[0], { ...details[1], amount: '20.01' }] }],
  ['an amount that is none', { divideDetail: [details[0], { ...details[1], amount: '20.001' }] }],
  ['another receiver', { divideDetail: [details[0], { ...details[1], ledgerNo: 'OTHER' }] }],
  ['a receiver too few', { divideDetail: [details[0]] }],
  ['a receiver twice', { divideDetail: [...details, details[1]] }],
  ['a detail without a number', { divideDetail: [details[0], { ...details[1], divideDetailNo: '' }] }],
  ['no details', { divideDetail: undefined }],
  ['details that are none', { divideDetail: '[{' }],
  ['no number', { uniqueDivideNo: undefined }],
  ['a number that cannot be stored', { uniqueDivideNo: 'U\0' }],
  ['a time that is none', { divideSuccessDate: '2026-02-30 18:00:00' }],
])('an answer with %s is not believed', async (_what, change) => {
  const why = 'an answer that is not what was asked for';
  expect(await wordOn(done(change))).toEqual({ ...unknown(why), isContradiction: true });
});

test.each<[string, object]>([
  ['number', { divideRequestId: 'DV-2' }],
  ['order', { orderId: 'O2' }],
  ['merchant', { merchantNo: 'OTHER' }],
])('an answer about another %s is not believed', async (_what, change) => {
  expect(await wordOn(done(change))).toEqual(unknown('an answer about another request'));
});

test('an answer that nobody has signed is not read', async () => {
  const why = 'an answer that Yeepay has not signed (HTTP 200)';
  expect(await wordOn(done(), () => ({}))).toEqual(unknown(why));
  server.close();
  expect(await wordOn(done(), () => signed(done({ uniqueDivideNo: 'U2' })))).toEqual(unknown(why));
});

test('an answer that is signed and not JSON is not quoted', async () => {
  expect(await wordOn('Siti Rahayu, X1234567')).toEqual(unknown('an answer that is not JSON'));
});

test.each([['null'], ['[]'], ['{}'], ['"OPR00000"'], ['{"code":7}']])(
  'the answer %s says nothing',
  async (body) => {
    expect(await wordOn(body)).toEqual(unknown('the code that is none'));
  },
);

test('a state that Yeepay does not have says nothing', async () => {
  expect(await wordOn(done({ status: 'DONE' }))).toEqual(unknown('an answer that is not of the protocol'));
});

test('a code that refuses is a failure, and its reason is one that can be stored', async () => {
  expect(await wordOn(JSON.stringify({ code: 'NO_MONEY', message: 'a\0b' }))).toEqual({
    ...{ status: 'FAILED', failure: { code: 'NO_MONEY', message: 'Yeepay gives no reason.' } },
  });
});

test('an answer without end is not read to its end', async () => {
  expect(await wordOn('x'.repeat(600_000))).toEqual(unknown('an answer of more than 524288 bytes'));
});

test('a Yeepay that nobody has told us of is thrown for operators to see', async () => {
  server = createServer();
  await expect(yeepayGateways(undefined)['yeepay-divide'].send(row)).rejects.toThrow(
    'Yeepay is not configured',
  );
});
