import type { PayoutCallback } from '../../../schemas/outside/payout';
import { sign } from '../../../schemas/outside/signature';
import { OTHER_PARTY, PARTY, SECRET, startApi, type ApiUnderTest } from './api-under-test';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

let requests = 0;

/** A request that was sent to a party for a flow that runs (no worker touches it) or that has ended. */
async function openRequest({ flow = 'RUNNING', party = PARTY } = {}): Promise<{
  requestNo: string;
  flowId: string;
}> {
  const businessId = `LA000000000${(requests += 1)}`;
  const [requestNo, flowId] = [`PO-${businessId}-1`, `loan-application-disbursement:${businessId}`];
  const handle = await api.temporal.workflow.start('loan-application-disbursement', {
    ...{ workflowId: flowId, taskQueue: 'nobody-works-here', args: [] },
  });
  if (flow === 'ENDED') await handle.terminate();
  await api.db('outside.request').insert({
    ...{
      request_no: requestNo,
      party,
      operation: 'funding-partner-payout',
      business_key: `payout ${businessId}`,
    },
    ...{ content_hash: Buffer.alloc(32), body: '{}', flow_id: flowId, state: 'PROCESSING' },
    message_id: '00000000-0000-8000-8000-000000000000',
  });
  return { requestNo, flowId };
}

const succeeded = (requestNo: string, transactionNo = `TX-${requestNo}`): PayoutCallback => ({
  ...{
    type: 'payout.settled',
    requestNo,
    status: 'SUCCEEDED',
    transactionNo,
    paidAt: '2026-01-15T10:00:00+08:00',
  },
});
const failed = (requestNo: string): PayoutCallback => ({
  ...{ type: 'payout.settled', requestNo, status: 'FAILED' },
  failure: { code: 'BENEFICIARY_REFUSED', message: 'The account is closed.' },
});

const takenBack = {
  ...{ type: 'repayment.taken-back', chargebackNo: 'RB1', transactionNo: 'TX1', reasonCode: 'UNAUTHORISED' },
  ...{ amount: { currency: 'IDR', amountMinor: 1_000 }, takenBackAt: '2026-02-03T11:40:00+07:00' },
};

interface Sending {
  id?: string;
  party?: string;
  timestamp?: Date;
  headers?: Record<string, string>;
}

/** Sends a callback as a party signs it. */
function callBack(callback: unknown, { id, party = PARTY, timestamp = new Date(), headers }: Sending = {}) {
  const rawBody = typeof callback === 'string' ? callback : JSON.stringify(callback);
  const webhookId = id ?? `settled:${(callback as PayoutCallback).requestNo}`;
  return api.call<{ status?: string; code?: string }>('POST', `/callbacks/${party}`, {
    headers: { ...sign({ secret: SECRET, id: webhookId, timestamp, rawBody }), ...headers },
    body: rawBody,
  });
}

const requestRow = (requestNo: string) =>
  api.db('outside.request').where({ request_no: requestNo }).first('state', 'settled_by', 'answer');
const notificationsOf = async (requestNo: string): Promise<number> =>
  (await api.db('outside.notification').where({ request_no: requestNo })).length;
async function signalsTo(flowId: string): Promise<unknown[]> {
  const { events } = await api.temporal.workflow.getHandle(flowId).fetchHistory();
  return (events ?? []).flatMap(
    ({ workflowExecutionSignaledEventAttributes: signal }) => signal?.signalName ?? [],
  );
}

test('the first callback settles the request and tells the flow', async () => {
  const { requestNo, flowId } = await openRequest();
  const { status, body } = await callBack(succeeded(requestNo));
  expect([status, body]).toEqual([200, { status: 'accepted' }]);
  expect(await requestRow(requestNo)).toEqual({
    ...{ state: 'SUCCEEDED', settled_by: 'CALLBACK' },
    answer: { status: 'SUCCEEDED', transactionNo: `TX-${requestNo}`, paidAt: '2026-01-15T10:00:00+08:00' },
  });
  expect(await signalsTo(flowId)).toEqual(['outside-answered']);
});

test('a failure is recorded and the flow told, but only a query of ours settles it', async () => {
  const { requestNo, flowId } = await openRequest();
  expect((await callBack(failed(requestNo))).status).toBe(200);
  expect(await requestRow(requestNo)).toMatchObject({ state: 'PROCESSING', answer: null });
  expect([await notificationsOf(requestNo), await signalsTo(flowId)]).toEqual([1, ['outside-answered']]);
});

test('the same notification again is recorded once, and the flow is told again', async () => {
  const { requestNo, flowId } = await openRequest();
  await callBack(succeeded(requestNo));
  const { status, body } = await callBack(succeeded(requestNo));
  expect([status, body]).toEqual([200, { status: 'already-received' }]);
  expect(await notificationsOf(requestNo)).toBe(1);
  expect(await signalsTo(flowId)).toHaveLength(2);
});

test('the same notification many times at once is recorded once', async () => {
  const { requestNo } = await openRequest();
  const replies = await Promise.all(Array.from({ length: 8 }, () => callBack(succeeded(requestNo))));
  expect(replies.map(({ status }) => status)).toEqual(Array(8).fill(200));
  expect(replies.filter(({ body }) => body.status === 'accepted')).toHaveLength(1);
  expect(await notificationsOf(requestNo)).toBe(1);
});

test('the id of a notification with another body is refused', async () => {
  const { requestNo } = await openRequest();
  await callBack(succeeded(requestNo));
  const { status, body } = await callBack(failed(requestNo));
  expect([status, body.code]).toEqual([409, 'NOTIFICATION_REPLAYED']);
  expect(await requestRow(requestNo)).toMatchObject({ state: 'SUCCEEDED' });
});

test('a later notification that contradicts the first is recorded, changes nothing, and is logged', async () => {
  const { requestNo } = await openRequest();
  await callBack(succeeded(requestNo), { id: 'first' });
  const { status } = await callBack(failed(requestNo), { id: 'second' });
  expect(status).toBe(200);
  expect(await requestRow(requestNo)).toMatchObject({ state: 'SUCCEEDED' });
  expect(await notificationsOf(requestNo)).toBe(2);
  expect(api.log).toContainEqual(
    expect.objectContaining({ level: 40, requestNo, msg: 'a notification contradicts a settled request' }),
  );
});

test('a transaction settles one request only; the other stays open and nothing is recorded for it', async () => {
  const [one, other] = [await openRequest(), await openRequest()];
  await callBack(succeeded(one.requestNo, 'TX-ONE'));
  const { status, body } = await callBack(succeeded(other.requestNo, 'TX-ONE'));
  expect([status, body.code]).toEqual([409, 'TRANSACTION_TAKEN']);
  expect(await requestRow(other.requestNo)).toMatchObject({ state: 'PROCESSING' });
  expect(await notificationsOf(other.requestNo)).toBe(0);
});

test('a callback for a flow that has ended is recorded', async () => {
  const { requestNo } = await openRequest({ flow: 'ENDED' });
  expect((await callBack(succeeded(requestNo))).status).toBe(200);
  expect(await requestRow(requestNo)).toMatchObject({ state: 'SUCCEEDED' });
});

test('while Temporal is away the party is told to come again, and then the flow hears of it', async () => {
  const { requestNo, flowId } = await openRequest();
  const lonely = await api.beside({ temporalAddress: '127.0.0.1:1' });
  const rawBody = JSON.stringify(succeeded(requestNo));
  const headers = { ...sign({ secret: SECRET, id: `settled:${requestNo}`, timestamp: new Date(), rawBody }) };
  expect((await lonely.call('POST', `/callbacks/${PARTY}`, { headers, body: rawBody })).status).toBe(503);
  await lonely.stop();
  expect((await callBack(succeeded(requestNo))).status).toBe(200);
  expect(await signalsTo(flowId)).toEqual(['outside-answered']);
}, 30_000);

test('money that came in while Temporal is away is recorded, and its flow starts when it is told of again', async () => {
  const received = {
    ...{ type: 'repayment.received', transactionNo: 'TX-AWAY', paidAt: '2026-01-15T10:00:00+08:00' },
    amount: { currency: 'CNY', amountMinor: 5_000 },
  };
  const lonely = await api.beside({ temporalAddress: '127.0.0.1:1' });
  const rawBody = JSON.stringify(received);
  const headers = { ...sign({ secret: SECRET, id: 'received', timestamp: new Date(), rawBody }) };
  expect((await lonely.call('POST', `/callbacks/${PARTY}`, { headers, body: rawBody })).status).toBe(503);
  await lonely.stop();
  expect(await api.db('outside.receipt').where('transaction_no', 'TX-AWAY')).toHaveLength(1);

  const { status, body } = await callBack(received, { id: 'received' });
  expect([status, body]).toEqual([200, { status: 'already-received' }]);
  const { type } = await api.temporal.workflow.getHandle(`repayment:${PARTY}.TX-AWAY`).describe();
  expect(type).toBe('repayment');
  const told = await api.db('messages.message').where('flow_id', `repayment:${PARTY}.TX-AWAY`);
  expect(told).toMatchObject([{ message_type: 'external-repayment-notified' }]);
}, 30_000);

test('a request that nobody sent is unknown', async () => {
  const { status, body } = await callBack(succeeded('PO-LA9999999999-1'));
  expect([status, body.code]).toEqual([404, 'UNKNOWN_REQUEST']);
});

test("another party's request is unknown", async () => {
  const { requestNo } = await openRequest({ party: OTHER_PARTY });
  const { status, body } = await callBack(succeeded(requestNo));
  expect([status, body.code]).toEqual([404, 'UNKNOWN_REQUEST']);
  expect(await requestRow(requestNo)).toMatchObject({ state: 'PROCESSING' });
});

test.each(['no-such-party', 'NOT-A-PARTY-ID!'])(
  'a party that we do not know is refused: %s',
  async (party) => {
    const { status, body } = await callBack(succeeded('PO-LA9999999999-1'), { party });
    expect([status, body.code]).toEqual([404, 'UNKNOWN_PARTY']);
  },
);

test('a callback signed too long ago is refused, and nothing is recorded', async () => {
  const { requestNo } = await openRequest();
  const timestamp = new Date(Date.now() - 6 * 60_000);
  const { status, body } = await callBack(succeeded(requestNo), { timestamp });
  expect([status, body.code]).toEqual([401, 'SIGNATURE_EXPIRED']);
  expect(await notificationsOf(requestNo)).toBe(0);
});

test('a signature is checked before the body is parsed', async () => {
  const { status, body } = await callBack('{ this is not JSON', {
    ...{ id: 'bad', headers: { 'webhook-signature': 'v1,AAAA' } },
  });
  expect([status, body.code]).toEqual([401, 'SIGNATURE_INVALID']);
});

test('a callback without a signature is refused', async () => {
  const { status, body } = await api.call('POST', `/callbacks/${PARTY}`, {
    body: succeeded('PO-LA9999999999-1'),
  });
  expect([status, body.code]).toEqual([401, 'SIGNATURE_MISSING']);
});

test("one party cannot sign for another's requests", async () => {
  const { requestNo } = await openRequest({ party: OTHER_PARTY });
  const { status, body } = await callBack(succeeded(requestNo), { party: OTHER_PARTY });
  expect([status, body.code]).toEqual([401, 'SIGNATURE_INVALID']);
});

test.each([
  ['INVALID_JSON', '{ this is not JSON'],
  ['INVALID_BODY', { type: 'payout.settled', requestNo: 'PO-LA9999999999-1', status: 'PROCESSING' }],
  ['INVALID_BODY', { type: 'payout.settled', requestNo: 'PO-LA9999999999-1', status: 'SUCCEEDED' }],
  ['INVALID_BODY', { ...failed('PO-LA9999999999-1'), failure: 'closed' }],
  ['INVALID_BODY', { ...takenBack, chargebackNo: 'two words' }],
  ['INVALID_BODY', { ...takenBack, takenBackAt: '2026-02-03T23:59:60Z' }],
  ['INVALID_BODY', { ...succeeded('PO-LA9999999999-1'), paidAt: '2026-02-03T23:59:60Z' }],
  ['INVALID_BODY', { ...takenBack, amount: { currency: 'IDR', amountMinor: 0 } }],
])('a signed body that is wrong is refused: %s %j', async (code, callback) => {
  expect((await callBack(callback, { id: 'wrong' })).body.code).toBe(code);
});

// Ahead of the clock by more than a day, and far ahead of the business day of the test.
const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();

test('a time in the future is not believed: nothing is recorded, and the party may send it again with the right one', async () => {
  const { requestNo } = await openRequest();
  const early = { ...succeeded(requestNo), paidAt: inDays(2) };
  const refused = await callBack(early, { id: `early:${requestNo}` });
  expect([refused.status, refused.body.code]).toEqual([422, 'INVALID_BODY']);
  expect([await notificationsOf(requestNo), await requestRow(requestNo)]).toEqual([
    0,
    expect.objectContaining({ state: 'PROCESSING' }),
  ]);
  expect((await callBack(succeeded(requestNo))).status).toBe(200);
});

test('money and what was taken back in the future is refused likewise', async () => {
  const received = {
    ...{ type: 'repayment.received', transactionNo: 'TX-EARLY', paidAt: inDays(2) },
    amount: { currency: 'CNY', amountMinor: 5_000 },
  };
  expect((await callBack(received, { id: 'early' })).body.code).toBe('INVALID_BODY');
  expect(await api.db('outside.receipt').where('transaction_no', 'TX-EARLY')).toEqual([]);
  expect((await callBack({ ...takenBack, takenBackAt: inDays(400) }, { id: 'early' })).body.code).toBe(
    'INVALID_BODY',
  );
  expect(api.log).toContainEqual(
    expect.objectContaining({ level: 40, msg: 'a time in the future is told of' }),
  );
});

test('clocks may differ by less than a day', async () => {
  const { requestNo } = await openRequest();
  expect((await callBack({ ...succeeded(requestNo), paidAt: inDays(0.9) })).status).toBe(200);
});

test('a property that we do not know yet is let through', async () => {
  const { requestNo } = await openRequest();
  expect((await callBack({ ...succeeded(requestNo), scheme: 'instant' })).status).toBe(200);
});
