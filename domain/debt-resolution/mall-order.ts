import type { Currency, Money } from '../money';

/** A paid order of a mall, with how it is to be divided, or was. */
interface MallOrder {
  amount: Money;
  lines: readonly { ledgerId: string; subMerNo?: string; amount: Money }[];
  items?: readonly { orderDetailId: string; price: Money }[];
  divided?: { settled: Money; details: readonly { subMerNo: string }[] };
}

/** Why a mall's order cannot be taken in as told. */
export type MallOrderProblem = 'WRONG_CURRENCY' | 'MORE_THAN_ORDER' | 'INCOMPLETE_IMPORT';

/**
 * @param currency the market's
 * @returns undefined where the order can be taken in
 */
export function mallOrderProblem(order: MallOrder, currency: Currency): MallOrderProblem | undefined {
  const { amount, lines, items = [], divided } = order;
  const shares = lines.map((line) => line.amount);
  const prices = items.map(({ price }) => price);
  const settled = divided ? [divided.settled] : [];
  if ([amount, ...shares, ...prices, ...settled].some((one) => one.currency !== currency))
    return 'WRONG_CURRENCY';
  // What was divided was divided of what Yeepay's fee had left.
  if (exceed(divided?.settled ?? amount, shares) || exceed(amount, prices) || exceed(amount, settled))
    return 'MORE_THAN_ORDER';
  const known = new Set(divided?.details.map(({ subMerNo }) => subMerNo));
  const isUnknown = lines.some(({ subMerNo, ledgerId }) => !known.has(subMerNo ?? ledgerId));
  return divided && isUnknown ? 'INCOMPLETE_IMPORT' : undefined;
}

/** Sums of safe integers may be unsafe. */
const exceed = (limit: Money, parts: readonly Money[]): boolean =>
  parts.reduce((sum, { amountMinor }) => sum + BigInt(amountMinor), 0n) > BigInt(limit.amountMinor);
