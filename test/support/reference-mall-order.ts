// What becomes of malls' orders and of the debts that they settle. Written from docs/debt-resolution.md; it shares no code with the
// services. What happened in which order it is told, and says to the minor unit what follows.

/** A line of an order's divide; amounts in minor units. */
export interface ReferenceLine {
  receiver: string;
  /** Whose debts it settles; undefined where the receiver is a supplier. */
  debtor: string | undefined;
  item: string | undefined;
  amountMinor: number;
}
/** A refund of the order, or of an item of it. */
export interface ReferenceRefund {
  item: string | undefined;
  amountMinor: number;
  /** Whether people have seen that what it takes has come back by another way than Yeepay's. */
  isElsewhere?: boolean;
}
export type ReferenceRefusal = 'MORE_THAN_ORDER' | 'ITEM_UNKNOWN' | 'ITEM_REFUNDED' | 'MORE_THAN_ITEM';

/** An amount that need not be a whole number. */
type Ratio = readonly [of: bigint, by: bigint];

/** A line, and what has become of it. */
interface Line extends ReferenceLine {
  /** What part of what the buyer paid for it is not refunded. */
  unrefunded: Ratio;
  leftOutMinor: number;
  returnedMinor: number;
  /** What of it has come back by another way than Yeepay's. */
  returnedElsewhereMinor: number;
  settledMinor: number;
  rolledBackMinor: number;
  /** What it settled of which contracts and still stands, the last settled last. */
  standing: { contract: ReferenceContract; amountMinor: number }[];
  excessMinor: number;
  excessLeftMinor: number;
}
/** An order that a buyer has paid. */
export interface ReferenceOrder {
  lines: Line[];
  /** What the buyer paid for items, where that is known. */
  priceMinor: ReadonlyMap<string, number>;
  unrefundedMinor: number;
  isDivided: boolean;
  isSettled: boolean;
  /** What each refund is yet to roll back, by line. */
  toRollBack: Map<string, number[]>;
}
/** A contract of a debtor, with what of it is settled. */
export interface ReferenceContract {
  contractId: string;
  totalMinor: number;
  settledMinor: number;
}
/** What a debtor owes, in the order in which it is settled, and what the debtor is owed. */
export interface ReferenceDebtor {
  contracts: ReferenceContract[];
  payableMinor: number;
}

export function referenceOrder(
  paidMinor: number,
  lines: readonly ReferenceLine[],
  priceMinor: Readonly<Record<string, number>>,
): ReferenceOrder {
  return {
    lines: lines.map((line) => ({
      ...{ ...line, unrefunded: [1n, 1n], standing: [] },
      ...{ leftOutMinor: 0, returnedMinor: 0, returnedElsewhereMinor: 0 },
      ...{ settledMinor: 0, rolledBackMinor: 0, excessMinor: 0, excessLeftMinor: 0 },
    })),
    priceMinor: new Map(Object.entries(priceMinor)),
    ...{ unrefundedMinor: paidMinor, isDivided: false, isSettled: false, toRollBack: new Map() },
  };
}

/** Why the order cannot be refunded so; undefined where it can. */
export function refusalOf(
  { lines, priceMinor, unrefundedMinor }: ReferenceOrder,
  { item, amountMinor }: ReferenceRefund,
): ReferenceRefusal | undefined {
  if (amountMinor > unrefundedMinor) return 'MORE_THAN_ORDER';
  if (item === undefined) return undefined;
  const line = lines.find((one) => one.item === item);
  if (!line) return 'ITEM_UNKNOWN';
  const [of, by] = line.unrefunded;
  if (of === 0n) return 'ITEM_REFUNDED';
  const price = priceMinor.get(item);
  return price !== undefined && BigInt(amountMinor) * by > BigInt(price) * of ? 'MORE_THAN_ITEM' : undefined;
}

/**
 * Refunds an order by what it can be refunded. What that takes of the lines is left out of the divide, or returned after it; and is to
 * be rolled back where it has settled debts.
 */
export function refund(order: ReferenceOrder, refundId: string, wanted: ReferenceRefund): void {
  const { lines, priceMinor, unrefundedMinor, isDivided, isSettled } = order;
  const takes = lines.map((line) => {
    const before = leftOf(line);
    line.unrefunded = afterRefund(line, wanted, { unrefundedMinor, price: priceMinor.get(line.item ?? '') });
    return before - leftOf(line);
  });
  order.unrefundedMinor -= wanted.amountMinor;
  for (const [index, line] of lines.entries()) {
    if (!isDivided) line.leftOutMinor += takes[index]!;
    else line.returnedMinor += takes[index]!;
    if (wanted.isElsewhere) line.returnedElsewhereMinor += takes[index]!;
  }
  const ofDebts = takes.map((minor, index) => (lines[index]!.debtor === undefined ? 0 : minor));
  if (isSettled && ofDebts.some((minor) => minor > 0)) order.toRollBack.set(refundId, ofDebts);
}

/** Settles the debts of an order's debtors by what is left of their lines. */
export function settle(order: ReferenceOrder, debtors: ReadonlyMap<string, ReferenceDebtor>): void {
  order.isSettled = true;
  for (const line of order.lines) {
    const debtor = line.debtor === undefined ? undefined : debtors.get(line.debtor)!;
    if (debtor) settleBy(line, debtor);
  }
}

function settleBy(line: Line, debtor: ReferenceDebtor): void {
  let minor = leftOf(line);
  line.settledMinor = minor;
  for (const contract of debtor.contracts) {
    const amountMinor = Math.min(minor, contract.totalMinor - contract.settledMinor);
    if (amountMinor === 0) continue;
    contract.settledMinor += amountMinor;
    line.standing.push({ contract, amountMinor });
    minor -= amountMinor;
  }
  line.excessMinor = line.excessLeftMinor = minor;
  debtor.payableMinor += minor;
}

/** Has debts stand again that what a refund has returned had settled; a refund rolls back once. */
export function rollBack(
  order: ReferenceOrder,
  refundId: string,
  debtors: ReadonlyMap<string, ReferenceDebtor>,
): void {
  const takes = order.toRollBack.get(refundId)!;
  order.toRollBack.delete(refundId);
  for (const [index, line] of order.lines.entries()) {
    if (takes[index]! > 0) rollBackLine(line, takes[index]!, debtors.get(line.debtor!)!);
  }
}

function rollBackLine(line: Line, minor: number, debtor: ReferenceDebtor): void {
  line.rolledBackMinor += minor;
  // The excess is undone as the whole is: of each part of it, to the nearest unit.
  const excessUndoneMinor = rounded([
    BigInt(line.excessMinor) * BigInt(line.rolledBackMinor),
    BigInt(line.settledMinor),
  ]);
  const ofExcessMinor = line.excessLeftMinor - (line.excessMinor - excessUndoneMinor);
  line.excessLeftMinor -= ofExcessMinor;
  debtor.payableMinor -= ofExcessMinor;
  for (let left = minor - ofExcessMinor; left > 0;) {
    const last = line.standing.at(-1)!;
    const amountMinor = Math.min(left, last.amountMinor);
    last.amountMinor -= amountMinor;
    last.contract.settledMinor -= amountMinor;
    left -= amountMinor;
    if (last.amountMinor === 0) line.standing.pop();
  }
}

/** What is left of a line when all refunds so far are taken off. */
export const leftOf = ({ amountMinor, unrefunded: [of, by] }: Line): number =>
  amountMinor - rounded([BigInt(amountMinor) * (by - of), by]);

/** How each month of a plan is filled by what is settled in all. */
export const plannedMonths = (planMinor: readonly number[], settledMinor: number): number[] =>
  planMinor.map((month, index) => {
    const before = planMinor.slice(0, index).reduce((sum, one) => sum + one, 0);
    return Math.max(0, Math.min(month, settledMinor - before));
  });

function afterRefund(
  { item, unrefunded: [of, by] }: Line,
  { item: refunded, amountMinor }: ReferenceRefund,
  { unrefundedMinor, price }: { unrefundedMinor: number; price: number | undefined },
): Ratio {
  const [minor, leftMinor] = [BigInt(amountMinor), BigInt(unrefundedMinor)];
  if (minor === leftMinor) return [0n, 1n];
  if (refunded === undefined) return [of * (leftMinor - minor), by * leftMinor];
  if (refunded !== item) return [of, by];
  return price === undefined ? [0n, 1n] : [of * BigInt(price) - minor * by, by * BigInt(price)];
}

/** To the nearest whole number; a half goes up. */
const rounded = ([of, by]: Ratio): number => Number((of + of + by) / (by + by));
