import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { entitledMinor, refundProblem, type OrderRefund } from '../../../domain/debt-resolution/refund-share';
import { sumMinor } from '../../../domain/money';
import { checkTrace } from '../../../scripts/check-trace';
import { booksDisagree } from '../../support/books-agree';
import { mallOf, type Line, type WantedRefund } from '../../support/mall';
import { startPlatform, type Platform } from '../../support/platform';

// Whenever refunds and confirmations come, and whatever Yeepay does meanwhile, debts are settled in the end by what of the orders is
// not refunded. A failure names the seed that repeats it, as far as scheduling allows: amounts, moments and faults follow from it.
const seed = process.env.INTERLEAVINGS_SEED ?? '20260115';
const orderCount = 5 * Number(process.env.INTERLEAVINGS_ROUNDS ?? 1);
const withinMs = 150_000;

/** What Yeepay does with a divide or a return, each in its own time; all of it succeeds in the end. */
const faults = [
  { weight: 3, behaviour: { kind: 'ACCEPT' } },
  { weight: 2, behaviour: { kind: 'SILENT', delayMs: 500 } },
  { weight: 2, behaviour: { kind: 'BREAK' } },
  { weight: 1, behaviour: { kind: 'HANG' } },
  { weight: 1, behaviour: { kind: 'ERROR' } },
  { weight: 1, behaviour: { kind: 'NOT_TAKEN', by: 'ERROR' } },
  { weight: 2, behaviour: { kind: 'REFUSE', code: 'A_MOMENT' } },
];

let platform: Platform;
let mall: ReturnType<typeof mallOf>;
beforeAll(async () => {
  platform = await startPlatform({ answerTimeoutMs: 500, workerSets: 2 });
  mall = mallOf(platform);
  await platform
    .owner('reference.yeepay_code')
    .insert({ code: 'A_MOMENT', meaning: 'RETRY', retry_after_seconds: 1 });
  await platform.behave({ party: 'yeepay', behaviour: { kind: 'MIXTURE', seed, of: faults } });
}, 60_000);
afterAll(() => platform.stop());

/** A whole number from `least` to `most` that follows from the seed and what it is for, whatever was drawn before. */
const drawn = (least: number, most: number, ...what: unknown[]): number => {
  const digest = createHash('sha256')
    .update(JSON.stringify([seed, ...what]))
    .digest();
  return least + Math.floor((digest.readUInt32BE() / 2 ** 32) * (most - least + 1));
};

const priceMinor = { 1: 4_000, 2: 6_000 };

/** An order of two items, and lines of the whole order. */
const linesOf = (order: number, ledgerId: string): Line[] => [
  { ledgerId, amountMinor: drawn(1, 1_500, order, 'a'), item: '1' },
  { ledgerId: 'S1', merType: 'SUPPLIER', amountMinor: drawn(1, 2_000, order, 'b'), item: '1' },
  { ledgerId, amountMinor: drawn(1, 2_500, order, 'c'), item: '2' },
  { ledgerId, amountMinor: drawn(1, 2_000, order, 'd') },
];

const refundsOf = (order: number): WantedRefund[] =>
  Array.from({ length: drawn(1, 4, order, 'refunds') }, (_, refund) => {
    const item = drawn(0, 2, order, refund, 'item');
    const amountMinor = drawn(1, 5_000, order, refund, 'amount');
    return item === 0 ? { amountMinor } : { amountMinor, item: String(item) };
  });

/** What of an order's debtor lines is left when all of its refunds are done. */
function leftMinor(lines: readonly Line[], wanted: readonly WantedRefund[]): number {
  const order = {
    amountMinor: 10_000,
    lines: lines.map(({ item, amountMinor }) => ({ orderDetailId: item ?? null, amountMinor })),
    priceMinor,
  };
  const taken = wanted.reduce<OrderRefund[]>((earlier, { item, amountMinor }) => {
    const refund = { orderDetailId: item ?? null, amountMinor };
    return refundProblem(order, earlier, refund) ? earlier : [...earlier, refund];
  }, []);
  const entitled = entitledMinor(order, taken);
  return sumMinor(
    lines.map(({ merType, amountMinor }, index) =>
      merType === 'SUPPLIER' ? 0 : amountMinor - entitled[index]!,
    ),
  );
}

/** The mall tells of an order, of its refunds one after the other, and of its receipt at some moment between them. */
async function lives(order: number, lines: Line[]): Promise<string> {
  const refunds = refundsOf(order);
  const confirmedAfter = drawn(0, refunds.length, order, 'confirmed');
  const orderId = await mall.paid({ lines, priceMinor });
  for (const [index, refund] of [...refunds, undefined].entries()) {
    await delay(drawn(0, 3_000, order, index, 'delay'));
    if (index === confirmedAfter) await mall.confirms(orderId);
    if (refund) await mall.refunds(orderId, refund);
  }
  await mall.ended(orderId);
  return orderId;
}

test(
  `debts are settled by what is not refunded, with seed ${seed}`,
  async () => {
    const { ledgerId, contracts } = await mall.debtor(3_000, 4_000, 10_000);
    const orders = Array.from({ length: orderCount }, (_, order) => linesOf(order, ledgerId));
    await Promise.all(orders.map((lines, order) => lives(order, lines)));

    const debts = await Promise.all(contracts.map((contractId) => mall.contract(contractId)));
    const payable = await platform
      .db('books.account_position')
      .where({ code: 'debtor-payable', owner: `M-${ledgerId}` })
      .sum<{ sum: string | null }[]>('balance_minor as sum');
    const stands = sumMinor(debts.map(({ settledMinor }) => settledMinor)) + Number(payable[0]?.sum ?? 0);
    expect(stands).toBe(sumMinor(orders.map((lines, order) => leftMinor(lines, refundsOf(order)))));
    expect(await booksDisagree(platform.db)).toEqual([]);
    expect(checkTrace(await platform.trace()).problems).toEqual([]);
  },
  withinMs,
);
