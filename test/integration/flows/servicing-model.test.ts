import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { positionOf } from '../../../db/books/posting';
import { advanceBusinessDate, businessDates } from '../../../db/business-date';
import { addDays } from '../../../domain/calendar';
import { checkTrace } from '../../../scripts/check-trace';
import { booksDisagree } from '../../support/books-agree';
import { newLoan, pays, type Loan } from '../../support/borrowers';
import { startPlatform, type Platform } from '../../support/platform';
import {
  reference,
  type Owed,
  type ReferenceInstalment,
  type ReferencePayment,
} from '../../support/reference-loan';

// Random lives of loans on the whole platform, held after every step against a small model that shares no code with it.
// MODEL_SEED and MODEL_STEPS say which lives, and how long; a failure names the step.

const seed = Number(process.env.MODEL_SEED ?? 20260115);
const stepCount = Number(process.env.MODEL_STEPS ?? 40);

let platform: Platform;
let today: string;
beforeAll(async () => {
  platform = await startPlatform({ workerSets: 2 });
}, 120_000);
afterAll(() => platform.stop());

/** A loan as its life goes on, with what the model knows of it. */
interface Life {
  loan: Loan;
  schedule: ReferenceInstalment[];
  payments: ReferencePayment[];
  receivedMinor: number;
  /** What it took in all, once it was settled before its time: nothing changes that. */
  settledForMinor?: number;
  /** Whether its customer has borrowed again. */
  isFollowed?: boolean;
  /** When somebody last tried to settle it: earlier money that is heard of later may make that try good after all. */
  triedOn?: string;
  /** The last method for a normal repayment: what its order is for, and what has come by it. */
  method?: { no: string; orderMinor: number; only?: number[] | undefined; payments: ReferencePayment[] };
}

const anyStep = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('DAYS'), days: fc.integer({ min: 1, max: 45 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('PAY'),
      /** Of the first instalment. */
      percent: fc.integer({ min: 5, max: 230 }),
      /** By how many days it is heard late. */
      late: fc.constantFrom(0, 0, 1, 4, 20),
      /** Whether it is paid by the method that the last repayment was paid by. */
      again: fc.constantFrom(false, false, false, true),
      told: fc.constantFrom<number[]>([1], [1, 1], [1, 2]),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('PAY_DUE'), percent: fc.constantFrom(100, 100, 60, 130) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('SETTLE'), percent: fc.constantFrom(100, 99, 105) }),
  },
);
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

async function newLife(customerId?: string): Promise<Life> {
  const loan = await newLoan(platform, 'CN', customerId);
  const { body } = await platform.get(`/v1/loans/${loan.loanId}`);
  const { instalments } = body.schedule as { instalments: ReferenceInstalment[] };
  return { loan, schedule: instalments, payments: [], receivedMinor: 0 };
}

/** Closes days until the market is in a day. */
async function closeDaysUntil(day: string): Promise<void> {
  const { businessDate } = (await businessDates(platform.db)).find(({ market }) => market === 'CN')!;
  if (day > businessDate)
    await advanceBusinessDate(platform.db, { market: 'CN', from: businessDate, to: day });
  today = day > businessDate ? day : businessDate;
}

/** Orders a repayment and gives the number of its method; undefined where the loan rules it out. */
async function ordered({ loan }: Life, line: object): Promise<string | undefined> {
  const { status, body } = await platform.post(
    '/v1/repayment-orders',
    { customerId: loan.customerId, lines: [{ loanId: loan.loanId, ...line }] },
    'app',
    { 'idempotency-key': randomUUID(), prefer: 'wait=20' },
  );
  if (status === 422) return undefined;
  expect([status, body]).toEqual([201, body]);
  return `RM-${String(body.orderId)}-1`;
}

async function quoted({ loan }: Life, request: object) {
  const { status, body } = await platform.post(`/v1/loans/${loan.loanId}/repayment-quotes`, request);
  return status === 201
    ? (body as unknown as {
        quoteId: string;
        quotedFor: string;
        instalments?: number[];
        amounts: { totalMinor: number };
      })
    : undefined;
}

/** Pays by a method, and waits until the money has come to rest. */
async function pay(
  { loan }: Life,
  methodNo: string,
  paying: { amountMinor: number; on: string; notifications?: number[] },
) {
  const { outcome } = await (await pays(platform, { ...paying, methodNo })).result();
  return { loanId: loan.loanId, outcome };
}

/** What an order was for goes towards the loan, and no more; the rest stays with the payer. */
async function payNormally(
  life: Life,
  paying: { amountMinor: number; on: string; notifications?: number[] },
) {
  const { no, orderMinor, only, payments } = life.method!;
  // What a loan gives back, because another payment counts before, its order has left again.
  const leftMinor = orderMinor - reference(life.schedule, life.payments, today).takenOf(payments);
  await pay(life, no, paying);
  life.receivedMinor += paying.amountMinor;
  const payment = {
    day: paying.on,
    amountMinor: Math.min(paying.amountMinor, leftMinor),
    ...(only && { only }),
  };
  if (life.settledForMinor !== undefined || payment.amountMinor === 0) return;
  life.payments.push(payment);
  payments.push(payment);
}

async function payAmount(life: Life, { percent, late, again, told }: Extract<Step, { kind: 'PAY' }>) {
  const { startDate, instalments } = life.loan;
  const amountMinor = Math.max(1, Math.floor((instalments[0]!.totalMinor * percent) / 100));
  if (!again || !life.method) {
    const no = await ordered(life, { amount: { currency: 'CNY', amountMinor } });
    if (no) life.method = { no, orderMinor: amountMinor, payments: [] };
  }
  // The model looks behind no settlement.
  const on = [addDays(today, -late), startDate, life.triedOn ?? ''].sort().at(-1)!;
  if (life.method) await payNormally(life, { amountMinor, on, notifications: told });
}

async function payDue(life: Life, { percent }: Extract<Step, { kind: 'PAY_DUE' }>) {
  const quote = await quoted(life, { scenario: 'NORMAL' });
  if (quote?.quotedFor !== today) return;
  const { totalMinor } = quote.amounts;
  const no = (await ordered(life, { quoteId: quote.quoteId }))!;
  life.method = { no, orderMinor: totalMinor, only: quote.instalments, payments: [] };
  await payNormally(life, { amountMinor: Math.max(1, Math.floor((totalMinor * percent) / 100)), on: today });
}

async function settle(life: Life, { percent }: Extract<Step, { kind: 'SETTLE' }>) {
  const quote = await quoted(life, { scenario: 'EARLY_SETTLEMENT' });
  if (quote?.quotedFor !== today) return;
  const { totalMinor } = quote.amounts;
  const { settlementMinor, takenMinor } = reference(life.schedule, life.payments, today);
  expect(totalMinor).toBe(settlementMinor);
  const no = (await ordered(life, { quoteId: quote.quoteId }))!;
  const amountMinor = Math.floor((totalMinor * percent) / 100);
  await pay(life, no, { amountMinor, on: today });
  life.receivedMinor += amountMinor;
  delete life.method;
  life.triedOn = today;
  // Underpaid it is a repayment as any other.
  if (amountMinor < totalMinor) life.payments.push({ day: today, amountMinor });
  else life.settledForMinor = takenMinor + totalMinor;
}

/** Does a step to a life; what cannot be done as the loan stands is left out. */
async function live(life: Life, step: Step): Promise<void> {
  if (step.kind === 'DAYS') return closeDaysUntil(addDays(today, step.days));
  if (step.kind === 'PAY') return payAmount(life, step);
  return step.kind === 'PAY_DUE' ? payDue(life, step) : settle(life, step);
}

interface ListedLoan {
  loanId: string;
  asOf: string;
  instalments: { number: number; owed: Record<`${keyof Owed}Minor`, number> }[];
}

/** What the platform says is owed of a loan, as the model says it, and what the model says. */
async function bothSides({ loan, schedule, payments, settledForMinor }: Life) {
  const { body } = await platform.get(`/v1/customers/${loan.customerId}/due-list`);
  const listed = (body.loans as ListedLoan[]).find(({ loanId }) => loanId === loan.loanId);
  const asOf = listed?.asOf ?? today;
  const owed = (listed?.instalments ?? []).map((one) => ({
    number: one.number,
    owed: {
      ...{ penalty: one.owed.penaltyMinor, fee: one.owed.feeMinor },
      ...{ interest: one.owed.interestMinor, principal: one.owed.principalMinor },
    },
  }));
  return { owed, model: settledForMinor === undefined ? reference(schedule, payments, asOf).owed : [] };
}

const takenMinorOf = ({ schedule, payments, settledForMinor }: Life): number =>
  settledForMinor ?? reference(schedule, payments, today).takenMinor;

const stepsBy = (from: number): [number, Step][] =>
  fc.sample(fc.array(fc.tuple(fc.nat(), anyStep), { minLength: stepCount, maxLength: stepCount }), {
    ...{ seed: from, numRuns: 1 },
  })[0]!;

async function payableOf(customerId: string): Promise<number> {
  const accounts = await positionOf(platform.db, 'general', customerId);
  return accounts.find(({ code }) => code === 'customer-payable')?.balanceMinor ?? 0;
}

test(`whatever ${stepCount} things happen to loans of two customers (seed ${seed}), they stand as the model says`, async () => {
  const first = await newLife();
  const lives = [first, await newLife(first.loan.customerId), await newLife()];
  const customerIds = [...new Set(lives.map(({ loan }) => loan.customerId))];
  today = '';
  await closeDaysUntil(first.loan.startDate);
  for (const [index, [which, step]] of stepsBy(seed).entries()) {
    const running = lives.filter(({ isFollowed }) => !isFollowed);
    const life = running[which % running.length]!;
    await live(life, step);
    const where = { step: index, of: lives.indexOf(life), ...step, today };
    for (const one of running) {
      const { owed, model } = await bothSides(one);
      const loan = lives.indexOf(one);
      expect({ where, loan, owed }).toEqual({ where, loan, owed: model });
    }
    for (const customerId of customerIds) {
      const own = lives.filter(({ loan }) => loan.customerId === customerId);
      const payable = own.reduce((sum, one) => sum + one.receivedMinor - takenMinorOf(one), 0);
      expect({ where, payable: await payableOf(customerId) }).toEqual({ where, payable });
    }
    expect(await booksDisagree(platform.db)).toEqual([]);
    // Whoever has paid all borrows again.
    if ((await bothSides(life)).owed.length > 0) continue;
    life.isFollowed = true;
    lives.push(await newLife(life.loan.customerId));
  }
  expect(checkTrace(await platform.trace()).problems).toEqual([]);
}, 300_000);
