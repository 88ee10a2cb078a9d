import { randomBytes } from 'node:crypto';
import {
  cny,
  importOrder,
  mapLedger,
  newDebtor,
  newOrder,
  tellConfirmed,
  tellPaid,
  tellRefund,
  type Debtor,
} from '../../support/mall-calls';
import { randomId, startPlatform, type Platform } from '../../support/platform';
import { until } from '../../support/until';

// A mall's order from call to call, as the mall's engineers see it: over HTTP alone.

type Body = Record<string, unknown>;

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform({ answerTimeoutMs: 1_000 });
}, 120_000);
afterAll(() => platform.stop());

async function paidOrder(debtor: Debtor) {
  const order = await newOrder(platform, debtor);
  await tellPaid(platform, order);
  return order;
}

const isRolledBack = async (orderId: string): Promise<unknown> => {
  const call = { orderId, type: 1, refundStatus: 3 };
  return (await platform.tell(`/v1/debt-orders/${orderId}/debt-rollbacks`, call)).body['success'];
};
const read = async (orderId: string): Promise<Body> =>
  (await platform.get(`/v1/debt-orders/${orderId}`, 'ops')).body;
/** Waits until an order waits for something, or for nothing any more. */
const waiting = (orderId: string, what?: string) =>
  until(async () => {
    const order = await read(orderId);
    return (order['waitsFor'] as { what: string } | undefined)?.what === what && order;
  });
const settledOf = async ({ contractIds }: Debtor): Promise<unknown> =>
  (await platform.get(`/v1/debt-contracts/${contractIds[0]!}`, 'ops')).body['settled'];

test('refunds before and after the settlement: the known result, call by call', async () => {
  const debtor = await newDebtor(platform);
  const { orderId } = await paidOrder(debtor);
  expect(await waiting(orderId, 'RECEIPT')).toMatchObject({
    state: 'DIVIDED',
    lines: [{ divided: cny(5_000) }, { divided: cny(3_000) }],
  });

  const before = await tellRefund(platform, orderId, '50.00', { prefer: 'wait=20' });
  expect(before).toMatchObject({
    ...{ status: 200 },
    body: { state: 'RETURNED', lines: [{ returned: cny(2_500) }, { returned: cny(1_500) }] },
  });
  await until(async () => (await isRolledBack(orderId)) === true);

  await tellConfirmed(platform, orderId);
  expect(await waiting(orderId)).toMatchObject({ state: 'SETTLED', isCompleted: true });
  expect(await settledOf(debtor)).toEqual(cny(1_500));

  expect(await tellRefund(platform, orderId, '10.00', { prefer: 'wait=20' })).toMatchObject({
    body: { state: 'RETURNED' },
  });
  await until(async () => (await isRolledBack(orderId)) === true);
  expect(await settledOf(debtor)).toEqual(cny(1_200));
  expect(await read(orderId)).toMatchObject({
    ...{ state: 'PARTIALLY_ROLLED_BACK', refunded: cny(6_000) },
    lines: [
      { returned: cny(3_000), settled: cny(0) },
      { returned: cny(1_800), settled: cny(1_500), rolledBack: cny(300) },
    ],
    movements: [
      { type: 'INCOME', amount: cny(1_500), contractId: debtor.contractIds[0] },
      { type: 'EXPENSE', amount: cny(300), contractId: debtor.contractIds[0] },
    ],
    refunds: [
      { amount: cny(5_000), isDone: true },
      { amount: cny(1_000), isDone: true },
    ],
  });
});

test('a refund whose return Yeepay refuses is no success for as long as it is not done', async () => {
  const { orderId } = await paidOrder(await newDebtor(platform));
  await waiting(orderId, 'RECEIPT');
  await platform.behave({
    ...{ party: 'yeepay', operation: 'divide-back', match: { reference: orderId }, times: 1 },
    behaviour: { kind: 'REFUSE', code: 'BALANCE_NOT_ENOUGH' },
  });
  expect(await tellRefund(platform, orderId, '50.00')).toMatchObject({ status: 202 });
  await waiting(orderId, 'PEOPLE');
  expect(await isRolledBack(orderId)).toBe(false);

  await platform.decide(`debt-order:${orderId}`, `refused:YB-${orderId}-1-1`, 'RETRY');
  await waiting(orderId, 'RECEIPT');
  expect(await isRolledBack(orderId)).toBe(true);
});

test('an order whose debtor nobody knows says so, and goes on when operators have said whose it is', async () => {
  const debtor = await newDebtor(platform, { isMapped: false });
  const { orderId } = await paidOrder(debtor);
  await tellConfirmed(platform, orderId);
  expect(await waiting(orderId, 'DEBTOR')).toMatchObject({ state: 'DIVIDED' });
  expect((await mapLedger(platform, debtor)).status).toBe(200);
  await waiting(orderId);
  expect(await settledOf(debtor)).toEqual(cny(3_000));
});

test('an order that has ended is not begun again by what the mall sends again', async () => {
  const order = await paidOrder(await newDebtor(platform));
  await tellConfirmed(platform, order.orderId);
  const handle = platform.client.workflow.getHandle(`debt-order:${order.orderId}`);
  await handle.result();
  const { runId } = await handle.describe();

  await tellPaid(platform, order);
  await tellConfirmed(platform, order.orderId);
  expect((await handle.describe()).runId).toBe(runId);
});

test('an order that was divided before this platform was there has settled its debts, and can be refunded', async () => {
  const debtor = await newDebtor(platform);
  const orderId = randomId('MO');
  const uniqueOrderNo = randomBytes(8).toString('hex');
  await importOrder(platform, { orderId, uniqueOrderNo, ledgerId: debtor.ledgerId });
  await until(
    async () => (await platform.get(`/v1/debt-orders/${orderId}`, 'ops')).body['state'] === 'SETTLED',
  );
  expect(await settledOf(debtor)).toEqual(cny(3_000));

  // The sandbox's Yeepay knows nothing of that divide.
  await tellRefund(platform, orderId, '10.00');
  await waiting(orderId, 'PEOPLE');
  const evidence = { transactionNo: 'FZB1' };
  await platform.decide(`debt-order:${orderId}`, `refused:YB-${orderId}-1-1`, 'RESOLVED', evidence);
  await until(async () => (await isRolledBack(orderId)) === true);
  expect(await settledOf(debtor)).toEqual(cny(2_700));
});
