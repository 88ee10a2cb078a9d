import { generateKeyPairSync } from 'node:crypto';
import { sealNotification } from '../../../schemas/outside/yeepay/notification';
import { startApi, type ApiUnderTest } from './api-under-test';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

let orders = 0;
const newOrder = () => {
  const orderId = `ORDER${(orders += 1)}`;
  return { orderId, uniqueOrderNo: `Y${orderId}`, merchantNo: 'MALL' };
};
type Order = ReturnType<typeof newOrder>;

/** A flow that runs (no worker touches it) and has asked whether an order is cleared. */
async function openClearing(order: Order) {
  const [requestNo, flowId] = [`YC-${order.orderId}`, `debt-order:${order.orderId}`];
  await api.temporal.workflow.start('loan-application-disbursement', {
    ...{ workflowId: flowId, taskQueue: 'nobody-works-here', args: [] },
  });
  await api.db('outside.request').insert({
    ...{ request_no: requestNo, party: 'yeepay', operation: 'yeepay-clearing' },
    ...{ business_key: `clearing of ${order.orderId}`, content_hash: Buffer.alloc(32) },
    ...{ body: JSON.stringify(order), flow_id: flowId, state: 'PROCESSING' },
    message_id: '00000000-0000-8000-8000-000000000000',
  });
  return { requestNo, flowId };
}

const cleared = (order: Order, given: object = {}) => ({
  ...{ ...order, clearingStatus: 'SUCCESS', orderAmount: '100.00', ypSettleAmount: '99.40' },
  ...{ clearingSuccessDate: '2026-01-15 18:00:00', ...given },
});

const formOf = (response: string): string =>
  new URLSearchParams({ response, customerIdentification: 'app' }).toString();

const send = (body: string, headers: Record<string, string> = {}) =>
  api.call('POST', '/callbacks/yeepay', {
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body,
  });

/** Sends a notice as Yeepay seals and signs it, but for what a test says. */
function notify(
  notice: object,
  { publicKey = api.yeepay.merchantKey, platformPrivateKey = api.yeepay.platformPrivateKey } = {},
) {
  return send(formOf(sealNotification(JSON.stringify(notice), { publicKey, platformPrivateKey })));
}

const requestRow = (requestNo: string) =>
  api.db('outside.request').where({ request_no: requestNo }).first('state', 'settled_by', 'answer');
const noticesOf = async (requestNo: string): Promise<number> =>
  (await api.db('outside.notification').where({ request_no: requestNo })).length;
async function signalsTo(flowId: string): Promise<unknown[]> {
  const { events } = await api.temporal.workflow.getHandle(flowId).fetchHistory();
  return (events ?? []).flatMap(
    ({ workflowExecutionSignaledEventAttributes: signal }) => signal?.signalName ?? [],
  );
}

test('a notice settles the request whether the order is cleared, and tells the flow', async () => {
  const order = newOrder();
  const { requestNo, flowId } = await openClearing(order);
  expect(await notify(cleared(order))).toMatchObject({ status: 200, body: 'SUCCESS' });
  expect(await requestRow(requestNo)).toEqual({
    ...{ state: 'SUCCEEDED', settled_by: 'CALLBACK' },
    answer: {
      ...{ status: 'SUCCEEDED', transactionNo: order.uniqueOrderNo, paidAt: '2026-01-15T18:00:00+08:00' },
      cleared: { settledMinor: 9_940, undividedMinor: 9_940 },
    },
  });
  expect(await signalsTo(flowId)).toHaveLength(1);
});

test('a notice that comes again, sealed anew, is stored once', async () => {
  const order = newOrder();
  const { requestNo } = await openClearing(order);
  await notify(cleared(order));
  expect(await notify(cleared(order))).toMatchObject({ status: 200, body: 'SUCCESS' });
  expect(await noticesOf(requestNo)).toBe(1);
});

test('a notice that contradicts the first one is on record, and changes nothing', async () => {
  const order = newOrder();
  const { requestNo } = await openClearing(order);
  await notify(cleared(order));
  const first = await requestRow(requestNo);
  expect(await notify(cleared(order, { ypSettleAmount: '1.00' }))).toMatchObject({ status: 200 });
  expect(await requestRow(requestNo)).toEqual(first);
  expect(await noticesOf(requestNo)).toBe(2);
  expect(api.log.map(({ msg }) => msg)).toContain('a notification contradicts a settled request');
});

test('a notice that an order could not be cleared leaves it to a query', async () => {
  const order = newOrder();
  const { requestNo, flowId } = await openClearing(order);
  expect(await notify({ ...order, clearingStatus: 'FAIL' })).toMatchObject({ status: 200 });
  expect(await requestRow(requestNo)).toMatchObject({ state: 'PROCESSING' });
  expect(await signalsTo(flowId)).toHaveLength(1);
});

test('a notice of an order that nobody has asked about yet is not lost: Yeepay sends it again', async () => {
  const order = newOrder();
  expect(await notify(cleared(order))).toMatchObject({ status: 404, body: { code: 'UNKNOWN_REQUEST' } });
  const { requestNo } = await openClearing(order);
  expect(await notify(cleared(order))).toMatchObject({ status: 200 });
  expect(await requestRow(requestNo)).toMatchObject({ state: 'SUCCEEDED' });
});

test.each([
  ['has another order number of Yeepay', { uniqueOrderNo: 'ANOTHER' }],
  ['has another merchant', { merchantNo: 'ANOTHER' }],
  ['has another order number of the mall', { orderId: 'ANOTHER' }],
])('a notice that %s is not about the order', async (_what, change) => {
  const order = newOrder();
  const { requestNo } = await openClearing(order);
  expect(await notify(cleared({ ...order, ...change }))).toMatchObject({ status: 404 });
  expect(await requestRow(requestNo)).toMatchObject({ state: 'PROCESSING' });
});

test.each<[string, object, string]>([
  ['an amount that is none', { ypSettleAmount: '99.401' }, 'INVALID_BODY'],
  ['no time', { clearingSuccessDate: '2026-02-30 18:00:00' }, 'INVALID_BODY'],
  ['a state that is none', { clearingStatus: 'PERHAPS' }, 'INVALID_BODY'],
  ['a text that cannot be stored', { orderAmount: 'a\0b' }, 'INVALID_JSON'],
])('a notice with %s is refused, and changes nothing', async (_what, change, code) => {
  const order = newOrder();
  const { requestNo } = await openClearing(order);
  expect((await notify(cleared(order, change))).body).toMatchObject({ code });
  expect(await noticesOf(requestNo)).toBe(0);
});

test('what is not Yeepay’s gets one answer, whatever is wrong with it', async () => {
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const order = newOrder();
  await openClearing(order);
  const answers = await Promise.all([
    notify(cleared(order), { platformPrivateKey: other.privateKey }),
    notify(cleared(order), { publicKey: other.publicKey }),
    send(formOf('a$b$AES$SHA256')),
    send(formOf('')),
    send('customerIdentification=app'),
    send(''),
  ]);
  const [first, ...others] = answers.map(({ status, body }) => ({ status, body }));
  expect(first).toMatchObject({ status: 403, body: { code: 'NOTIFICATION_REFUSED' } });
  for (const one of others) expect(one).toEqual(first);
});

test('an order that was asked about twice is settled once', async () => {
  const order = newOrder();
  await openClearing(order);
  await notify(cleared(order));
  await api.db('outside.request').insert({
    ...{ request_no: `YC-${order.orderId}-2`, party: 'yeepay', operation: 'yeepay-clearing' },
    ...{ business_key: `clearing of ${order.orderId}, again`, content_hash: Buffer.alloc(32) },
    ...{ body: JSON.stringify(order), flow_id: 'debt-order:another', state: 'PROCESSING' },
    message_id: '00000000-0000-8000-8000-000000000000',
  });
  expect(await notify(cleared(order, { note: 'again' }))).toMatchObject({
    body: { code: 'TRANSACTION_TAKEN' },
  });
  expect(await requestRow(`YC-${order.orderId}-2`)).toMatchObject({ state: 'PROCESSING' });
});

/** A divide of an order, as it stands after a query. */
async function openDivide(order: Order, state: 'PROCESSING' | 'FAILED') {
  const { flowId } = await openClearing(order);
  const requestNo = `YD-${order.orderId}-1`;
  const failure = { status: 'FAILED', failure: { code: 'FAIL', message: 'NOT_NOW' } };
  await api.db('outside.request').insert({
    ...{ request_no: requestNo, party: 'yeepay', operation: 'yeepay-divide', state, flow_id: flowId },
    ...{ business_key: `divide of ${order.orderId}`, content_hash: Buffer.alloc(32) },
    ...{ body: JSON.stringify(order), message_id: '00000000-0000-8000-8000-000000000000' },
    ...(state === 'FAILED' && {
      ...{ answer: JSON.stringify(failure), settled_by: 'QUERY', settled_at: api.db.fn.now() },
    }),
  });
  return { requestNo, flowId };
}
const dividedNotice = (order: Order, requestNo: string, given: object = {}) => ({
  ...{ ...order, divideRequestId: requestNo, status: 'SUCCESS', uniqueDivideNo: `FZ${order.orderId}` },
  ...{ divideSuccessDate: '2026-01-15 18:00:00', ...given },
});

test('a notice of a divide only has the flow ask: not all stands in it', async () => {
  const order = newOrder();
  const { requestNo, flowId } = await openDivide(order, 'PROCESSING');
  expect(await notify(dividedNotice(order, requestNo))).toMatchObject({ status: 200, body: 'SUCCESS' });
  expect(await requestRow(requestNo)).toMatchObject({ state: 'PROCESSING' });
  expect(await signalsTo(flowId)).toHaveLength(1);
  await expect(api.temporal.workflow.getHandle(`exception:${requestNo}`).describe()).rejects.toThrow();
});

test('a notice of a divide to 1,000 receivers is taken, though it names each of them', async () => {
  const order = newOrder();
  const { requestNo, flowId } = await openDivide(order, 'PROCESSING');
  const divideDetail = Array.from({ length: 1_000 }, (_, n) => ({
    ...{ divideDetailNo: String(n).padStart(64, '0'), ledgerNo: String(n).padStart(64, 'S'), amount: '9.00' },
  }));
  const notice = dividedNotice(order, requestNo, { divideDetail });
  expect(await notify(notice)).toMatchObject({ status: 200, body: 'SUCCESS' });
  expect(await signalsTo(flowId)).toHaveLength(1);
});

test('a notice of a divide that was made after its failure was confirmed starts the flow that asks people, once', async () => {
  const order = newOrder();
  const { requestNo } = await openDivide(order, 'FAILED');
  await notify(dividedNotice(order, requestNo));
  expect(await notify(dividedNotice(order, requestNo))).toMatchObject({ status: 200, body: 'SUCCESS' });
  expect(await requestRow(requestNo)).toMatchObject({ state: 'FAILED' });
  const { status } = await api.temporal.workflow.getHandle(`exception:${requestNo}`).describe();
  expect(status.name).toBe('RUNNING');
});

test('a notice that a divide has failed changes nothing', async () => {
  const order = newOrder();
  const { requestNo } = await openDivide(order, 'FAILED');
  const notice = { ...order, divideRequestId: requestNo, status: 'FAIL' };
  expect(await notify(notice)).toMatchObject({ status: 200, body: 'SUCCESS' });
  await expect(api.temporal.workflow.getHandle(`exception:${requestNo}`).describe()).rejects.toThrow();
});

test.each<[string, object, string]>([
  ['a number of ours that is none', { divideRequestId: 7 }, 'INVALID_BODY'],
  ['a number that we never gave', { divideRequestId: 'YD-NOBODY-1' }, 'UNKNOWN_REQUEST'],
  ['no number of its own', { uniqueDivideNo: '' }, 'INVALID_BODY'],
  ['no time', { divideSuccessDate: 'yesterday' }, 'INVALID_BODY'],
  ['a state that is not final', { status: 'PROCESSING' }, 'INVALID_BODY'],
])('a notice of a divide with %s is refused, and changes nothing', async (_what, change, code) => {
  const order = newOrder();
  const { requestNo } = await openDivide(order, 'PROCESSING');
  expect((await notify(dividedNotice(order, requestNo, change))).body).toMatchObject({ code });
  expect(await noticesOf(requestNo)).toBe(0);
});

test('a compressed notice is told so', async () => {
  expect(await send('', { 'content-encoding': 'gzip' })).toMatchObject({
    ...{ status: 415, body: { code: 'UNSUPPORTED_MEDIA_TYPE' } },
  });
});

test('a notice that is no form is told so', async () => {
  expect(await send('{}', { 'content-type': 'application/json' })).toMatchObject({
    ...{ status: 415, body: { code: 'NOT_A_FORM' } },
  });
});
