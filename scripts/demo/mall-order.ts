import Table from 'cli-table3';
import type { Knex } from 'knex';
import colors from 'picocolors';
import { positionOf } from '../../db/books/posting';
import { debtOrderFlowId } from '../../domain/identifiers';
import { formatMoney, money, sumMinor, type Money } from '../../domain/money';
import type { Holding } from '../../sandbox/yeepay/holdings';
import { sameSum, type Check } from './checks';
import { CLIENTS, type People } from './people';
import { compact } from './report';
import type { RestClient } from './rest';
import type { Screen } from './screen';
import { until } from './until';

const cny = (amountMinor: number): Money => money('CNY', amountMinor);

/** Of an order of 100.00, 30.00 is the debtor's: 15.00 goes back before it settles and 3.00 after, as 50.00 and 10.00 of the order. */
const SETTLED_IN_THE_END = cny(1_200);

/** A mall's order when all of the demo's calls are done, as each side tells of it. */
export interface MallOrderFinding {
  order: DebtOrder;
  contract: DebtContract;
  /** What the sandbox's Yeepay has done with its money. */
  atYeepay: Pick<Holding, 'details'>;
  /** By the general book, in minor units. */
  books: { withDebtorMinor: number; collectedMinor: number };
}

interface DebtOrder {
  orderId: string;
  state: string;
  lines: DebtOrderLine[];
  waitsFor?: { what: string };
}
interface DebtOrderLine extends Record<'divided' | 'returned' | 'settled' | 'rolledBack', Money> {
  ledgerId: string;
  merType: 'SUPPLIER' | 'DEBTOR';
}
interface DebtContract {
  contractId: string;
  settled: Money;
  remaining: Money;
  plan: { period: string; planned: Money; actual: Money }[];
}

interface Mall {
  /** The mall's own calls, signed. */
  mall: RestClient;
  people: People;
  sandbox: RestClient;
  db: Knex;
  screen: Screen;
  signal: AbortSignal;
}

/** Numbers of the demo's own, new in every run. */
const numbersOf = (run: string) => ({
  ...{ orderId: `MO${run}`, contractId: `HZ-${run}`, memberUserId: `M-${run}` },
  ...{ ledgerId: `D-${run}`, supplierId: `S-${run}` },
});
type Numbers = ReturnType<typeof numbersOf>;

/**
 * A buyer pays a mall's order, of which a part is a debtor's; it is refunded in part, its receipt is confirmed, and it is
 * refunded in part once more.
 *
 * @param run makes the numbers those of this run
 */
export async function playMallOrder(run: string, on: Mall): Promise<MallOrderFinding> {
  const numbers = numbersOf(run);
  const { orderId } = numbers;
  const order = () => on.people.operators[0].get<DebtOrder>(`/v1/debt-orders/${orderId}`);
  await bringDebtor(numbers, on);
  on.screen.note(`Mall's order ${orderId}: CNY 100.00 are paid, CNY 30.00 of them for a debtor`);
  await pay(numbers, on);
  await until(async () => (await order()).waitsFor?.what === 'RECEIPT', on);
  on.screen.note(`Mall's order ${orderId}: cleared and divided; CNY 50.00 are refunded`);
  await refund(orderId, { refundNo: `MR${run}-1`, refundAmount: '50.00' }, on);
  on.screen.note(`Mall's order ${orderId}: its share is returned; the receipt is confirmed`);
  await on.mall.post(`/v1/debt-orders/${orderId}/receipt-confirmations`, { orderId });
  await until(async () => (await order()).waitsFor === undefined, on);
  on.screen.note(`Mall's order ${orderId}: debt is settled; CNY 10.00 more are refunded`);
  await refund(orderId, { refundNo: `MR${run}-2`, refundAmount: '10.00' }, on);
  await until(async () => (await order()).waitsFor === undefined, on);
  return findingOf(numbers, await order(), on);
}

/** Operators bring a debtor's contract in, and say whose the mall's ledger id is. */
async function bringDebtor({ contractId, ledgerId, memberUserId }: Numbers, { people }: Mall): Promise<void> {
  const [operator] = people.operators;
  await operator.put(`/v1/debt-contracts/${contractId}`, {
    ...{ caseEntrustId: 'WA-DEMO', memberUserId, position: 1, totalDebt: cny(5_000) },
    plan: [
      { period: '2026-01', planned: cny(1_000) },
      { period: '2026-02', planned: cny(4_000) },
    ],
  });
  await operator.put(`/v1/debt-ledgers/${ledgerId}`, { memberUserId });
}

/** The buyer pays at Yeepay, and the mall tells of it. */
async function pay(
  { orderId, ledgerId, supplierId, memberUserId }: Numbers,
  { mall, sandbox }: Mall,
): Promise<void> {
  const paid = { orderId, merchantNo: '10090000001', amountMinor: 10_000, feeMinor: 60 };
  const { uniqueOrderNo, merchantNo } = await sandbox.post<{ uniqueOrderNo: string; merchantNo: string }>(
    '/control/yeepay/orders',
    paid,
  );
  await mall.post('/v1/debt-orders', {
    ...{ orderId, uniqueOrderNo, merchantNo, orderAmount: '100.00', memberUserId },
    paidAt: new Date().toISOString(),
    divideInfo: [
      { ledgerId: supplierId, amount: '50.00', merType: 1 },
      { ledgerId, amount: '30.00', merType: 2 },
    ],
  });
}

/** Both calls of a refund: what was divided is returned; and the mall asks until the debts have followed. */
async function refund(
  orderId: string,
  asked: { refundNo: string; refundAmount: string },
  on: Mall,
): Promise<void> {
  await on.mall.post(`/v1/debt-orders/${orderId}/refunds`, { orderId, ...asked }, { prefer: 'wait=20' });
  const rollback = { orderId, refundNo: asked.refundNo, type: 1, refundStatus: 3 };
  const path = `/v1/debt-orders/${orderId}/debt-rollbacks`;
  await until(async () => (await on.mall.post<{ success: boolean }>(path, rollback)).success, on);
}

async function findingOf(
  { orderId, contractId, ledgerId }: Numbers,
  order: DebtOrder,
  { people, sandbox, db }: Mall,
): Promise<MallOrderFinding> {
  const atYeepay = `/control/yeepay/orders?orderId=${orderId}`;
  const inBooks = async (owner: string, code: string): Promise<number> =>
    (await positionOf(db, 'general', owner)).find((one) => one.code === code)?.balanceMinor ?? 0;
  return {
    order,
    contract: await people.operators[0].get<DebtContract>(`/v1/debt-contracts/${contractId}`),
    atYeepay: (await sandbox.get<{ orders: [Holding] }>(atYeepay)).orders[0],
    books: {
      withDebtorMinor: await inBooks(ledgerId, 'yeepay-debtor-ledger'),
      collectedMinor: await inBooks(contractId, 'debt-collected'),
    },
  };
}

/**
 * What became of the order line by line, and what is left of the debt.
 *
 * @param addressOf where a flow is in the Web UI
 */
export function mallOrderTable(
  { order, contract }: MallOrderFinding,
  addressOf: (flowId: string) => string,
): string {
  const lines = new Table({
    ...compact,
    head: ['line', 'whose', 'divided', 'returned', 'settled', 'rolled back'].map(colors.bold),
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right'],
  });
  for (const { ledgerId, merType, divided, returned, settled, rolledBack } of order.lines) {
    lines.push([ledgerId, merType, ...[divided, returned, settled, rolledBack].map(formatMoney)]);
  }
  const plan = contract.plan.map(
    ({ period, planned, actual }) => `${period} ${formatMoney(actual)} of ${formatMoney(planned)}`,
  );
  return [
    `Order ${order.orderId} of ${CLIENTS.mall}: ${order.state}`,
    lines.toString(),
    `Contract ${contract.contractId}: ${formatMoney(contract.remaining)} remain; settled by its plan: ${plan.join(', ')}.`,
    addressOf(debtOrderFlowId(order.orderId)),
  ].join('\n');
}

/** What the debtor has of the order must be the same by all who know of it. */
export function mallOrderCheck({ order, contract, atYeepay, books }: MallOrderFinding): Check {
  const shares = order.lines.filter(({ merType }) => merType === 'DEBTOR');
  const ledgerIds = shares.map(({ ledgerId }) => ledgerId);
  const sumOf = (column: 'divided' | 'returned' | 'settled' | 'rolledBack'): number =>
    sumMinor(shares.map((share) => share[column].amountMinor));
  const received = atYeepay.details.filter(({ ledgerNo }) => ledgerIds.includes(ledgerNo));
  return sameSum(
    "What a mall's order has settled of a debt is what the debtor has of it",
    SETTLED_IN_THE_END,
    {
      'Yeepay, divided − returned': sumMinor(
        received.map(({ amountMinor, returnedMinor }) => amountMinor - returnedMinor),
      ),
      'order, divided − returned': sumOf('divided') - sumOf('returned'),
      'order, settled − rolled back': sumOf('settled') - sumOf('rolledBack'),
      'general book, yeepay-debtor-ledger': books.withDebtorMinor,
      'general book, debt-collected': books.collectedMinor,
      contract: contract.settled.amountMinor,
      "contract's plan": sumMinor(contract.plan.map(({ actual }) => actual.amountMinor)),
    },
  );
}
