/** One line of an order's divide: what one receiver gets of it. */
export interface DivideLine {
  /** The item that it belongs to; null where it is a line of the whole order. */
  orderDetailId: string | null;
  /** In minor units, above 0. */
  amountMinor: number;
}

/** What a buyer has paid in one go, and what of it is divided. The rest of it is the platform's. */
export interface DividedOrder {
  amountMinor: number;
  lines: readonly DivideLine[];
  /** What the buyer paid for each item, where the mall has told it; such an item can be refunded in parts. */
  priceMinor: Readonly<Record<string, number>>;
}

/** A refund of an order, or of one of its items; in minor units, above 0. */
export interface OrderRefund {
  orderDetailId: string | null;
  amountMinor: number;
}

/** Why an order cannot be refunded so. */
export type RefundProblem = 'ITEM_UNKNOWN' | 'MORE_THAN_ORDER' | 'MORE_THAN_ITEM' | 'ITEM_REFUNDED';

/** How much of a line's price has been refunded, from 0 to 1. */
interface Fraction {
  of: bigint;
  in: bigint;
}

/**
 * What an order's refunds entitle to, line by line: what is left out of the divide, or returned after it.
 *
 * An item's refund counts for the item's lines, by its price; a refund of the order for what is left of each line's price, by what is
 * left of the order's. So where only the one or only the other occurs, a line gives its amount × what was refunded ÷ price; and
 * however they are mixed, an order that is refunded whole gives each of its lines whole.
 *
 * @param refunds all of the order's, in the order in which they were taken in; each must be without a problem (`refundProblem`)
 * @returns by line, in the order's order; each within the line's amount, and never less than with fewer refunds
 */
export function entitledMinor(order: DividedOrder, refunds: readonly OrderRefund[]): number[] {
  const refunded = refundedFractions(order, refunds);
  return order.lines.map(({ amountMinor }, index) => roundHalfUp(amountMinor, refunded[index]!));
}

/**
 * @param earlier the refunds taken in before, in their order
 * @returns undefined where the order can be refunded so
 */
export function refundProblem(
  order: DividedOrder,
  earlier: readonly OrderRefund[],
  { orderDetailId, amountMinor }: OrderRefund,
): RefundProblem | undefined {
  if (amountMinor > leftOf(order, earlier)) return 'MORE_THAN_ORDER';
  if (orderDetailId === null) return undefined;
  const index = order.lines.findIndex((line) => line.orderDetailId === orderDetailId);
  if (index < 0) return 'ITEM_UNKNOWN';
  const refunded = refundedFractions(order, earlier)[index]!;
  if (refunded.of === refunded.in) return 'ITEM_REFUNDED';
  const price = priceOf(order, orderDetailId);
  if (price === undefined) return undefined;
  const isMore = BigInt(amountMinor) * refunded.in > BigInt(price) * (refunded.in - refunded.of);
  return isMore ? 'MORE_THAN_ITEM' : undefined;
}

function refundedFractions(order: DividedOrder, refunds: readonly OrderRefund[]): Fraction[] {
  let leftMinor = order.amountMinor;
  let fractions: Fraction[] = order.lines.map(() => none);
  for (const refund of refunds) {
    fractions = fractions.map((one, line) => afterRefund(one, order, order.lines[line]!, refund, leftMinor));
    leftMinor -= refund.amountMinor;
  }
  return fractions;
}

/** @param leftMinor what of the order was not refunded before */
function afterRefund(
  one: Fraction,
  order: DividedOrder,
  line: DivideLine,
  refund: OrderRefund,
  leftMinor: number,
): Fraction {
  if (refund.amountMinor === leftMinor) return whole;
  if (refund.orderDetailId === null) return plusOfRest(one, refund.amountMinor, leftMinor);
  if (refund.orderDetailId !== line.orderDetailId) return one;
  const price = priceOf(order, refund.orderDetailId);
  // An item whose price nobody told is refunded whole.
  return price === undefined ? whole : plusOfPrice(one, refund.amountMinor, price);
}

/** An item may be named like something that every object has. */
const priceOf = ({ priceMinor }: DividedOrder, orderDetailId: string): number | undefined =>
  Object.hasOwn(priceMinor, orderDetailId) ? priceMinor[orderDetailId] : undefined;

const none: Fraction = { of: 0n, in: 1n };
const whole: Fraction = { of: 1n, in: 1n };

const leftOf = (order: DividedOrder, refunds: readonly OrderRefund[]): number =>
  refunds.reduce((left, { amountMinor }) => left - amountMinor, order.amountMinor);

const plusOfPrice = (one: Fraction, amountMinor: number, priceMinor: number): Fraction =>
  reduced({
    of: one.of * BigInt(priceMinor) + BigInt(amountMinor) * one.in,
    in: one.in * BigInt(priceMinor),
  });

/** Refunded by a part of what was not refunded yet. */
const plusOfRest = (one: Fraction, amountMinor: number, left: number): Fraction =>
  reduced({
    of: one.of * BigInt(left) + (one.in - one.of) * BigInt(amountMinor),
    in: one.in * BigInt(left),
  });

function reduced(one: Fraction): Fraction {
  const common = greatestCommonDivisor(one.of, one.in);
  return { of: one.of / common, in: one.in / common };
}

/** Euclid's, as a loop: its steps grow with the number of refunds, and a stack does not. */
function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [larger, smaller] = [a, b];
  while (smaller !== 0n) [larger, smaller] = [smaller, larger % smaller];
  return larger;
}

/** A fraction of an amount, in whole minor units; a half goes up. */
const roundHalfUp = (amountMinor: number, fraction: Fraction): number =>
  Number((2n * BigInt(amountMinor) * fraction.of + fraction.in) / (2n * fraction.in));
