import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { openQuestions } from '../../../db/acts';
import { positionOf } from '../../../db/books/posting';
import { debtOrderFlowId } from '../../../domain/identifiers';
import { needsAttention } from '../../../schemas/search-attributes';
import { keepAlive, type Kept } from '../../support/crash/kept';
import type { Stage } from '../../support/crash/stage';
import { openTestStage } from '../../support/crash/test-stage';
import { failedWorkflowTasks } from '../../support/failed-tasks';
import { mallOf } from '../../support/mall';
import { plannedMonths, referenceOrder, type ReferenceDebtor } from '../../support/reference-mall-order';
import {
  expectedOf,
  foundOf,
  replay,
  type FoundOrder,
  type ToldOrder,
} from '../../support/replayed-mall-orders';
import { expectSound } from '../../support/sound';

// Random lives of malls' orders on the whole platform, with a Yeepay that fails and workers that die, held against a small model that
// shares no code with it. DEBT_SEED and DEBT_ORDERS say which lives, and how many; a failure names the seed. Amounts, moments and
// faults follow from it; how they fall together is up to the machine.

const seed = Number(process.env.DEBT_SEED ?? 20260115);
const orderCount = Number(process.env.DEBT_ORDERS ?? 12);
const timeLimitMs = 120_000 + orderCount * 20_000;
const [paidMinor, feeMinor] = [10_000, 60];

/** What Yeepay does when it is asked to divide, to return or to complete; where it refuses, trying again or a person helps. */
const faults = [
  { weight: 8, behaviour: { kind: 'ACCEPT' } },
  { weight: 3, behaviour: { kind: 'SILENT', delayMs: 500 } },
  { weight: 1, behaviour: { kind: 'SLOW', delayMs: 3_000 } },
  { weight: 2, behaviour: { kind: 'BREAK' } },
  { weight: 1, behaviour: { kind: 'HANG' } },
  { weight: 1, behaviour: { kind: 'ERROR' } },
  { weight: 1, behaviour: { kind: 'NOT_TAKEN', by: 'ERROR' } },
  { weight: 1, behaviour: { kind: 'NOT_TAKEN', by: 'BREAK' } },
  { weight: 1, behaviour: { kind: 'CONTRADICT', by: 'ANSWER', truth: 'SUCCEEDED', code: 'OOPS' } },
  { weight: 2, behaviour: { kind: 'REFUSE', code: 'A_MOMENT' } },
  { weight: 1, behaviour: { kind: 'REFUSE', code: 'EMPTY' } },
  { weight: 1, behaviour: { kind: 'REFUSE', code: 'TOO_LATE' } },
];
/** How Yeepay clears an order, and whether and when its notice of that comes. */
const clearings = [
  { kind: 'CALLBACK', delayMs: 200 },
  { kind: 'LATE_CALLBACK', delayMs: 1_500 },
  { kind: 'DOUBLE_CALLBACK', delayMs: 100, ids: 'DIFFERENT' },
  { kind: 'SILENT', delayMs: 1_000 },
];

const anyItem = fc.constantFrom(undefined, undefined, '1', '2');
const anyRefund = fc.record({
  item: anyItem,
  amountMinor: fc.oneof(fc.integer({ min: 1, max: 4_000 }), fc.integer({ min: 1, max: paidMinor })),
});
/** Something that the mall tells: once more a refund that it has told of, where it is a number. */
const anyTelling = fc.oneof(
  { weight: 4, arbitrary: anyRefund },
  { weight: 1, arbitrary: fc.nat() },
  { weight: 1, arbitrary: fc.constant('CONFIRMED' as const) },
);
const anyLife = fc.record({
  mallId: fc.constantFrom('confirms', 'confirms', 'settles-itself'),
  clearing: fc.constantFrom(...clearings),
  lines: fc.array(
    fc.record({
      item: anyItem,
      // Whose is the second is not known at first.
      ledgerId: fc.constantFrom('D-1', 'D-1', 'D-2', 'S-1'),
      amountMinor: fc.oneof(fc.integer({ min: 1, max: 2_400 }), fc.integer({ min: 2_000, max: 2_500 })),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  priceMinor: fc.constantFrom<Record<string, number>>({}, { 1: 4_000 }, { 1: 4_000, 2: 6_000 }),
  /** Told together with the order. */
  atOnce: fc.array(anyRefund, { maxLength: 1 }),
  /** What is told in one moment: after the one before, once the order is so far, and a while later. */
  moments: fc.array(
    fc.record({
      once: fc.constantFrom('TOLD', 'DIVIDED', 'SETTLED'),
      afterMs: fc.integer({ min: 0, max: 1_500 }),
      told: fc.array(anyTelling, { minLength: 1, maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  confirmed: fc.record({
    once: fc.constantFrom('TOLD', 'DIVIDED'),
    afterMs: fc.integer({ min: 0, max: 3_000 }),
  }),
  /** When a worker is killed, after the one before; and which. */
  death: fc.record({ afterMs: fc.integer({ min: 1_000, max: 6_000 }), which: fc.nat() }),
});
type Life = typeof anyLife extends fc.Arbitrary<infer T> ? T : never;
type Telling = typeof anyTelling extends fc.Arbitrary<infer T> ? T : never;
type Refund = typeof anyRefund extends fc.Arbitrary<infer T> ? T : never;

/** An order as it is told, and all that is told and said of it. */
interface Order extends ToldOrder {
  orderId: string;
  life: Life;
  refunds: Map<string, Refund>;
  answers: Map<string, string>;
}
let stage: Stage;
let mall: ReturnType<typeof mallOf>;
let workers: Kept[];
beforeAll(async () => {
  stage = await openTestStage();
  mall = mallOf(stage);
  const one = { market: 'CN', name: 'mall', clearing_within_seconds: 2, confirm_within_seconds: 86_400 };
  await stage.owner('reference.mall').insert([
    { ...one, id: 'confirms', settles_by_itself: false },
    { ...one, id: 'settles-itself', confirm_within_seconds: 2, settles_by_itself: true },
  ]);
  await stage.owner('reference.yeepay_code').insert([
    { code: 'A_MOMENT', meaning: 'RETRY', retry_after_seconds: 1 },
    { code: 'EMPTY', meaning: 'ASK', retry_after_seconds: null },
    { code: 'TOO_LATE', meaning: 'REFUSE', retry_after_seconds: null },
  ]);
  const [first, second] = ['worker 1', 'worker 2'].map((name) => keepAlive(name, () => stage.startWorker()));
  await Promise.all([stage.startApi(), stage.startSandbox(), first, second]);
  workers = [await first!, await second!];
  await stage.behave({ party: 'yeepay', behaviour: { kind: 'MIXTURE', seed: String(seed), of: faults } });
}, 180_000);
afterAll(async () => {
  await Promise.all((workers ?? []).map((one) => one.stop()));
  await stage.close();
}, 60_000);

/** A debtor with so many debts that the orders complete many of them, and by chance all. */
async function newDebtor(ledgerId: string): Promise<ReferenceDebtor> {
  const debtsMinor = Array.from(
    { length: Math.ceil(orderCount / 3) },
    (_, index) => 1_500 + 1_000 * (index % 3),
  );
  const contractIds = await mall.contracts(memberOf(ledgerId), debtsMinor);
  const contracts = contractIds.map((contractId, index) => ({
    ...{ contractId, totalMinor: debtsMinor[index]!, settledMinor: 0 },
  }));
  return { contracts, payableMinor: 0 };
}

const memberOf = (ledgerId: string): string => `M-${ledgerId}`;
const isSupplier = (ledgerId: string): boolean => ledgerId.startsWith('S');

/** Pays an order at Yeepay, and tells of it. */
async function newOrder(life: Life, index: number): Promise<Order> {
  const { lines, priceMinor, mallId, clearing, atOnce } = life;
  const orderId = `MO${seed}-${index + 1}`;
  const model = referenceOrder(
    paidMinor,
    lines.map(({ ledgerId, ...line }) => ({
      ...{ ...line, receiver: ledgerId, debtor: isSupplier(ledgerId) ? undefined : ledgerId },
    })),
    priceMinor,
  );
  const order = {
    orderId,
    life,
    model,
    settledMinor: paidMinor - feeMinor,
    refunds: new Map(),
    answers: new Map(),
  };
  const wanted = lines.map(({ item, ledgerId, amountMinor }) => ({
    ...{ ledgerId, amountMinor, merType: isSupplier(ledgerId) ? ('SUPPLIER' as const) : ('DEBTOR' as const) },
    ...(item !== undefined && { item }),
  }));
  await mall.paid(
    { orderId, amountMinor: paidMinor, feeMinor, lines: wanted, priceMinor, mallId, clearing },
    ...atOnce.map((one) => numbered(order, one)),
  );
  return order;
}

/** A refund with a number of its own. */
function numbered({ orderId, refunds }: Pick<Order, 'orderId' | 'refunds'>, refund: Refund) {
  const refundId = `${orderId}-R${refunds.size + 1}`;
  refunds.set(refundId, refund);
  return asTold(refundId, refund);
}

const asTold = (refundId: string, { item, amountMinor }: Refund) => ({
  ...{ refundId, amountMinor, ...(item !== undefined && { item }) },
});

/** The mall tells of an order's refunds, moment by moment, and of its receipt. */
async function live(order: Order): Promise<void> {
  const { orderId, life } = order;
  const confirming = async (): Promise<void> => {
    await untilSoFar(orderId, life.confirmed.once);
    await delay(life.confirmed.afterMs);
    if (life.mallId === 'confirms') await mall.confirms(orderId);
  };
  const refunding = async (): Promise<void> => {
    for (const { once, afterMs, told } of life.moments) {
      await untilSoFar(orderId, once);
      await delay(afterMs);
      await Promise.all(told.map((one) => tell(order, one)));
    }
  };
  await Promise.all([confirming(), refunding()]);
}

/** Waits until an order is divided, or settles debts, or will not any more. */
async function untilSoFar(orderId: string, once: 'TOLD' | 'DIVIDED' | 'SETTLED'): Promise<void> {
  for (; once !== 'TOLD'; await delay(300)) {
    const { state, isCompleted } = (await mall.order(orderId)) ?? { state: 'PENDING', isCompleted: false };
    const isBefore = state === 'PENDING' || (once === 'SETTLED' && state === 'DIVIDED');
    // All of it may have been refunded before.
    if (isCompleted || !isBefore) return;
  }
}

async function tell(order: Order, telling: Telling): Promise<void> {
  const { orderId, refunds } = order;
  if (telling === 'CONFIRMED') await mall.confirms(orderId);
  else if (typeof telling === 'object') await mall.refunds(orderId, numbered(order, telling));
  else if (refunds.size > 0) await mall.refunds(orderId, asTold(...[...refunds][telling % refunds.size]!));
}

/** Kills a worker now and then, until all that is drawn of that is over. */
async function killWorkers(lives: readonly Life[], over: AbortSignal): Promise<void> {
  for (const { death } of lives) {
    await delay(death.afterMs);
    if (!over.aborted) workers[death.which % workers.length]!.kill();
  }
}

/**
 * People look after the orders that show that they need somebody, and after no others: two of them answer what is asked about a
 * refusal, and they map the ledger id that is nobody's.
 */
async function lookAfter(orders: ReadonlyMap<string, Order>, over: AbortSignal): Promise<void> {
  for (let isMapped = false; !over.aborted; await delay(500)) {
    const asked = await openQuestions(stage.db, 1_000);
    for (const order of orders.values()) {
      if (!(await showsNeed(order))) continue;
      const flowId = debtOrderFlowId(order.orderId);
      const found = asked.find((one) => one.flowId === flowId && one.question.startsWith('refused:'));
      if (found) await answer(order, found);
      else {
        if (!isMapped) await mall.maps('D-2', memberOf('D-2'));
        isMapped = true;
        await mall.wakes(order.orderId);
      }
    }
  }
}

async function showsNeed({ orderId }: Order): Promise<boolean> {
  const { status, typedSearchAttributes } = await stage.client.workflow
    .getHandle(debtOrderFlowId(orderId))
    .describe();
  return status.name === 'RUNNING' && typedSearchAttributes.get(needsAttention) === true;
}

/** They have it tried again twice, and then say that it is not divided, or was done elsewhere. */
async function answer(
  { orderId, answers }: Order,
  asked: { question: string; answers: string[] },
): Promise<void> {
  const requestNo = asked.question.replace('refused:', '');
  const attempt = Number(requestNo.split('-').at(-1));
  const said = attempt < 3 && asked.answers.includes('RETRY') ? 'RETRY' : asked.answers.at(-1)!;
  const evidence = said === 'RESOLVED' ? { transactionNo: `BANK-${requestNo}` } : undefined;
  await mall.decide(orderId, asked.question, said, evidence);
  answers.set(requestNo, said);
}

async function foundOrders(orders: ReadonlyMap<string, Order>): Promise<Map<string, FoundOrder>> {
  const found = new Map<string, FoundOrder>();
  for (const orderId of orders.keys()) {
    found.set(orderId, { view: (await mall.order(orderId))!, yeepay: await mall.atYeepay(orderId) });
  }
  return found;
}

async function expectDebtsAsModelled(debtors: ReadonlyMap<string, ReferenceDebtor>): Promise<void> {
  for (const [ledgerId, { contracts, payableMinor }] of debtors) {
    for (const { contractId, totalMinor, settledMinor } of contracts) {
      const { plan, ...contract } = await mall.contract(contractId);
      expect(contract).toMatchObject({ contractId, settledMinor, remainingMinor: totalMinor - settledMinor });
      const months = plan.map(({ planMinor }) => planMinor);
      expect(plan.map(({ actualMinor }) => actualMinor)).toEqual(plannedMonths(months, settledMinor));
    }
    const owed = await positionOf(stage.db, 'general', memberOf(ledgerId));
    expect(owed.find(({ code }) => code === 'debtor-payable')?.balanceMinor ?? 0).toBe(payableMinor);
  }
}

test(
  `whatever happens to ${orderCount} orders of a mall (seed ${seed}), they and the debts stand as the model says`,
  async () => {
    const lives = fc.sample(fc.noBias(anyLife), { seed, numRuns: orderCount });
    const debtors = new Map([
      ['D-1', await newDebtor('D-1')],
      ['D-2', await newDebtor('D-2')],
    ]);
    await mall.maps('D-1', memberOf('D-1'));
    const told = await Promise.all(lives.map((life, index) => newOrder(life, index)));
    const orders = new Map(told.map((order) => [order.orderId, order]));

    const over = new AbortController();
    const people = lookAfter(orders, over.signal);
    const broken = Promise.race(workers.map((one) => one.broken));
    const killing = killWorkers(lives, over.signal);
    const lived = Promise.all(told.map((order) => live(order).then(() => mall.ended(order.orderId))));
    try {
      await Promise.race([Promise.all([lived, killing]), people, broken]);
    } finally {
      over.abort();
    }
    await people;

    const found = await foundOrders(orders);
    const refunded = await replay(stage.db, orders, found, debtors);
    for (const [orderId, order] of orders) {
      const { view, yeepay } = found.get(orderId)!;
      expect({ orderId, ...foundOf({ view, yeepay }) }).toEqual({ orderId, ...expectedOf(orderId, order) });
      expect(view.refunds).toMatchObject(refunded.get(orderId)!);
      expect(view.refunds.map(({ refundId }) => refundId).sort()).toEqual([...order.refunds.keys()].sort());
    }
    await expectDebtsAsModelled(debtors);
    await expectSound(stage);
    expect(await failedWorkflowTasks(stage.client, stage.db)).toEqual([]);
  },
  timeLimitMs,
);
