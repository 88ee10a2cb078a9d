import { randomId } from './platform';
import type { World } from './world';

// What a mall's engineers do, over HTTP alone: orders are paid at Yeepay, told of, confirmed and refunded; and operators bring in
// whose debts they settle.

export const cny = (amountMinor: number) => ({ currency: 'CNY', amountMinor });

/** A debtor, by the mall's ledger id, with contracts that are settled in their order. */
export interface Debtor {
  ledgerId: string;
  memberUserId: string;
  contractIds: string[];
}

/** A debtor with a contract for each debt, one of 50.00 if none is named; the ledger id is mapped unless it is not to be. */
export async function newDebtor(
  world: World,
  { debtsMinor = [5_000], isMapped = true }: { debtsMinor?: readonly number[]; isMapped?: boolean } = {},
): Promise<Debtor> {
  const ledgerId = randomId('D');
  const debtor = {
    ledgerId,
    memberUserId: `M-${ledgerId}`,
    contractIds: debtsMinor.map(() => randomId('HZ')),
  };
  for (const [index, debtMinor] of debtsMinor.entries()) {
    await world.put(`/v1/debt-contracts/${debtor.contractIds[index]!}`, {
      ...{ caseEntrustId: 'WA-1', memberUserId: debtor.memberUserId, position: index + 1 },
      ...{ totalDebt: cny(debtMinor), plan: [{ period: '2026-01', planned: cny(debtMinor) }] },
    });
  }
  if (isMapped) await mapLedger(world, debtor);
  return debtor;
}

/** Operators say whose a ledger id is. */
export const mapLedger = (
  world: World,
  { ledgerId, memberUserId }: Pick<Debtor, 'ledgerId' | 'memberUserId'>,
) => world.put(`/v1/debt-ledgers/${ledgerId}`, { memberUserId });

/** An order of 100.00 that is paid at Yeepay, as the mall tells of it: the debtor has 30.00 of it, and a supplier 50.00. */
export async function newOrder(
  world: World,
  { ledgerId, memberUserId }: Pick<Debtor, 'ledgerId' | 'memberUserId'>,
  clearing?: object,
) {
  const [orderId, merchantNo] = [randomId('MO'), '10090000001'];
  const paid = { orderId, merchantNo, amountMinor: 10_000, feeMinor: 60, ...(clearing && { clearing }) };
  const response = await fetch(`${world.sandbox.url}/control/yeepay/orders`, {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(paid) },
  });
  const { uniqueOrderNo } = (await response.json()) as { uniqueOrderNo: string };
  return {
    ...{ orderId, uniqueOrderNo, merchantNo, orderAmount: '100.00', memberUserId },
    paidAt: '2026-01-15T10:12:30+08:00',
    divideInfo: [
      { orderDetailId: null, ledgerId: 'S1', amount: '50.00', merType: 1 },
      { orderDetailId: null, ledgerId, amount: '30.00', merType: 2 },
    ],
  };
}

/** The mall tells that an order is paid; the usual mall if none is named. */
export const tellPaid = (world: World, order: { orderId: string }, mallId?: string): Promise<void> =>
  taken(world, '/v1/debt-orders', order, mallId);

/** The mall tells that the receipt of an order is confirmed. */
export const tellConfirmed = (world: World, orderId: string, mallId?: string): Promise<void> =>
  taken(world, `/v1/debt-orders/${orderId}/receipt-confirmations`, { orderId }, mallId);

async function taken(world: World, path: string, body: object, mallId?: string): Promise<void> {
  const answer = await world.tell(path, body, { mallId });
  if (answer.status !== 202) throw new Error(`${path} was not taken: ${JSON.stringify(answer.body)}`);
}

/** The mall refunds an order, by a number of its own; with `wait=n` it waits for what becomes of it. */
export async function tellRefund(
  world: World,
  orderId: string,
  refundAmount: string,
  by: Parameters<World['tell']>[2] = {},
) {
  const refundNo = randomId('MR');
  const path = `/v1/debt-orders/${orderId}/refunds`;
  const { status, body } = await world.tell(path, { orderId, refundNo, refundAmount }, by);
  if (status !== 200 && status !== 202) throw new Error(`${path} was not taken: ${JSON.stringify(body)}`);
  return { status, body, refundNo };
}

/** An order is imported whose divide and confirmed receipt are from before this platform; Yeepay knows nothing of it here. */
export async function importOrder(
  world: World,
  order: { orderId: string; uniqueOrderNo: string; ledgerId: string },
) {
  const { orderId, uniqueOrderNo, ledgerId } = order;
  const { status, body } = await world.put(`/v1/debt-order-imports/${orderId}`, {
    ...{ mallId: 'cn-mall', uniqueOrderNo, merchantNo: '10090000001', amount: cny(10_000) },
    lines: [{ ledgerId, merType: 'DEBTOR', amount: cny(3_000) }],
    divided: {
      ...{ settled: cny(9_940), divideRequestId: 'FZ1', batchNo: 'FZ88', dividedOn: '2025-11-03' },
      ...{ details: [{ subMerNo: ledgerId, detailNo: 'FZD1' }], isCompleted: true },
    },
    receiptConfirmed: true,
  });
  if (status !== 202) throw new Error(`The order was not imported: ${JSON.stringify(body)}`);
}
