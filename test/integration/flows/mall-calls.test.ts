import { randomBytes } from 'node:crypto';
import { sign } from '../../../schemas/outside/signature';
import { holdToDocument } from '../../support/documented';
import { randomId, startPlatform, type Platform } from '../../support/platform';
import { until } from '../../support/until';

// A mall's order from call to call, as the mall's engineers see it: over HTTP alone.

const MALL = 'cn-mall';
type Body = Record<string, unknown>;

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform({ answerTimeoutMs: 1_000 });
}, 120_000);
afterAll(() => platform.stop());

/** Sends a call as the mall signs it. */
async function tell(path: string, body: Body, prefer?: string): Promise<{ status: number; body: Body }> {
  const rawBody = JSON.stringify(body);
  const [secret] = platform.partySecrets.get(MALL)!;
  const signature = sign({ secret, id: randomId('C'), timestamp: new Date(), rawBody });
  const response = await fetch(platform.api.url + path, {
    method: 'POST',
    headers: {
      ...{ 'content-type': 'application/json', 'mall-id': MALL, ...(prefer && { prefer }) },
      ...signature,
    },
    body: rawBody,
  });
  const answered = { status: response.status, headers: response.headers, text: await response.text() };
  holdToDocument('POST', path, answered);
  return { status: answered.status, body: JSON.parse(answered.text) as Body };
}

/** A debtor with a contract over 50.00; the debtor's ledger id is mapped unless it is not to be. */
async function newDebtor({ isMapped = true } = {}) {
  const [ledgerId, contractId] = [randomId('D'), randomId('HZ')];
  const debt = { currency: 'CNY', amountMinor: 5_000 };
  await platform.put(`/v1/debt-contracts/${contractId}`, {
    ...{ caseEntrustId: 'WA-1', memberUserId: ledgerId, position: 1, totalDebt: debt },
    plan: [{ period: '2026-01', planned: debt }],
  });
  if (isMapped) await mapLedger(ledgerId);
  return { ledgerId, contractId };
}
const mapLedger = (ledgerId: string) =>
  platform.put(`/v1/debt-ledgers/${ledgerId}`, { memberUserId: ledgerId });

/** An order of 100.00, paid at Yeepay, of which the debtor has 30.00 and a supplier 50.00. */
async function paidOrder(ledgerId: string): Promise<Body & { orderId: string }> {
  const [orderId, merchantNo] = [randomId('MO'), '10090000001'];
  const response = await fetch(`${platform.sandbox.url}/control/yeepay/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ orderId, merchantNo, amountMinor: 10_000, feeMinor: 60 }),
  });
  const { uniqueOrderNo } = (await response.json()) as { uniqueOrderNo: string };
  const order = {
    ...{ orderId, uniqueOrderNo, merchantNo, orderAmount: '100.00', memberUserId: ledgerId },
    paidAt: '2026-01-15T10:12:30+08:00',
    divideInfo: [
      { orderDetailId: null, ledgerId: 'S1', amount: '50.00', merType: 1 },
      { orderDetailId: null, ledgerId, amount: '30.00', merType: 2 },
    ],
  };
  expect((await tell('/v1/debt-orders', order)).status).toBe(202);
  return order;
}

const refund = (orderId: string, refundAmount: string, prefer?: string) =>
  tell(`/v1/debt-orders/${orderId}/refunds`, { orderId, refundNo: randomId('MR'), refundAmount }, prefer);
const confirm = (orderId: string) => tell(`/v1/debt-orders/${orderId}/receipt-confirmations`, { orderId });
const isRolledBack = async (orderId: string): Promise<unknown> => {
  const call = { orderId, type: 1, refundStatus: 3 };
  return (await tell(`/v1/debt-orders/${orderId}/debt-rollbacks`, call)).body['success'];
};
const read = async (orderId: string): Promise<Body> =>
  (await platform.get(`/v1/debt-orders/${orderId}`, 'ops')).body;
/** Waits until an order waits for something, or for nothing any more. */
const waiting = (orderId: string, what?: string) =>
  until(async () => {
    const order = await read(orderId);
    return (order['waitsFor'] as { what: string } | undefined)?.what === what && order;
  });
const settledOf = async (contractId: string): Promise<unknown> =>
  (await platform.get(`/v1/debt-contracts/${contractId}`, 'ops')).body['settled'];
const cny = (amountMinor: number) => ({ currency: 'CNY', amountMinor });

test('refunds before and after the settlement: the known result, call by call', async () => {
  const { ledgerId, contractId } = await newDebtor();
  const { orderId } = await paidOrder(ledgerId);
  expect(await waiting(orderId, 'RECEIPT')).toMatchObject({
    state: 'DIVIDED',
    lines: [{ divided: cny(5_000) }, { divided: cny(3_000) }],
  });

  const before = await refund(orderId, '50.00', 'wait=20');
  expect(before).toMatchObject({
    ...{ status: 200 },
    body: { state: 'RETURNED', lines: [{ returned: cny(2_500) }, { returned: cny(1_500) }] },
  });
  await until(async () => (await isRolledBack(orderId)) === true);

  await confirm(orderId);
  expect(await waiting(orderId)).toMatchObject({ state: 'SETTLED', isCompleted: true });
  expect(await settledOf(contractId)).toEqual(cny(1_500));

  expect(await refund(orderId, '10.00', 'wait=20')).toMatchObject({ body: { state: 'RETURNED' } });
  await until(async () => (await isRolledBack(orderId)) === true);
  expect(await settledOf(contractId)).toEqual(cny(1_200));
  expect(await read(orderId)).toMatchObject({
    ...{ state: 'PARTIALLY_ROLLED_BACK', refunded: cny(6_000) },
    lines: [
      { returned: cny(3_000), settled: cny(0) },
      { returned: cny(1_800), settled: cny(1_500), rolledBack: cny(300) },
    ],
    movements: [
      { type: 'INCOME', amount: cny(1_500), contractId },
      { type: 'EXPENSE', amount: cny(300), contractId },
    ],
    refunds: [
      { amount: cny(5_000), isDone: true },
      { amount: cny(1_000), isDone: true },
    ],
  });
});

test('a refund whose return Yeepay refuses is no success for as long as it is not done', async () => {
  const { ledgerId } = await newDebtor();
  const { orderId } = await paidOrder(ledgerId);
  await waiting(orderId, 'RECEIPT');
  await platform.behave({
    ...{ party: 'yeepay', operation: 'divide-back', match: { reference: orderId }, times: 1 },
    behaviour: { kind: 'REFUSE', code: 'BALANCE_NOT_ENOUGH' },
  });
  expect(await refund(orderId, '50.00')).toMatchObject({ status: 202 });
  await waiting(orderId, 'PEOPLE');
  expect(await isRolledBack(orderId)).toBe(false);

  await platform.decide(`debt-order:${orderId}`, `refused:YB-${orderId}-1-1`, 'RETRY');
  await waiting(orderId, 'RECEIPT');
  expect(await isRolledBack(orderId)).toBe(true);
});

test('an order whose debtor nobody knows says so, and goes on when operators have said whose it is', async () => {
  const { ledgerId, contractId } = await newDebtor({ isMapped: false });
  const { orderId } = await paidOrder(ledgerId);
  await confirm(orderId);
  expect(await waiting(orderId, 'DEBTOR')).toMatchObject({ state: 'DIVIDED' });
  expect((await mapLedger(ledgerId)).status).toBe(200);
  await waiting(orderId);
  expect(await settledOf(contractId)).toEqual(cny(3_000));
});

test('an order that has ended is not begun again by what the mall sends again', async () => {
  const { ledgerId } = await newDebtor();
  const order = await paidOrder(ledgerId);
  await confirm(order.orderId);
  const handle = platform.client.workflow.getHandle(`debt-order:${order.orderId}`);
  await handle.result();
  const { runId } = await handle.describe();

  expect((await tell('/v1/debt-orders', order)).status).toBe(202);
  expect((await confirm(order.orderId)).status).toBe(202);
  expect((await handle.describe()).runId).toBe(runId);
});

test('an order that was divided before this platform was there has settled its debts, and can be refunded', async () => {
  const { ledgerId, contractId } = await newDebtor();
  const orderId = randomId('MO');
  const imported = await platform.put(`/v1/debt-order-imports/${orderId}`, {
    ...{ mallId: MALL, uniqueOrderNo: randomBytes(8).toString('hex'), merchantNo: '10090000001' },
    amount: cny(10_000),
    lines: [{ ledgerId, merType: 'DEBTOR', amount: cny(3_000) }],
    divided: {
      ...{ settled: cny(9_940), divideRequestId: 'FZ1', batchNo: 'FZ88', dividedOn: '2025-11-03' },
      ...{ details: [{ subMerNo: ledgerId, detailNo: 'FZD1' }], isCompleted: true },
    },
    receiptConfirmed: true,
  });
  expect(imported.status).toBe(202);
  await until(
    async () => (await platform.get(`/v1/debt-orders/${orderId}`, 'ops')).body['state'] === 'SETTLED',
  );
  expect(await settledOf(contractId)).toEqual(cny(3_000));

  // The sandbox's Yeepay knows nothing of that divide.
  await refund(orderId, '10.00');
  await waiting(orderId, 'PEOPLE');
  const evidence = { transactionNo: 'FZB1' };
  await platform.decide(`debt-order:${orderId}`, `refused:YB-${orderId}-1-1`, 'RESOLVED', evidence);
  await until(async () => (await isRolledBack(orderId)) === true);
  expect(await settledOf(contractId)).toEqual(cny(2_700));
});
