import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { positionOf } from '../../../db/books/posting';
import { advanceBusinessDate, businessDates } from '../../../db/business-date';
import { addDays } from '../../../domain/calendar';
import { checkTrace } from '../../../scripts/check-trace';
import { booksDisagree, owedByTables } from '../../support/books-agree';
import { newLoan, pays, takesBack } from '../../support/borrowers';
import { newCustomer, send, startPlatform, type Platform } from '../../support/platform';
import {
  canEnd,
  canExtend,
  endingMinor,
  extensionOn,
  owed,
  referenceLoan,
  type Ending,
  type Owed,
  type ReferenceInstalment,
  type ReferenceLoan,
} from '../../support/reference-loan';
import {
  claim,
  needsApproval,
  payableOf,
  payBack,
  receive,
  receiveForExtension,
  referencePurse,
  refundable,
  reject,
  withNoLoan,
  type ReferenceExtension,
  type ReferenceLine,
  type ReferencePurse,
  type ReferenceReceipt,
  type ReferenceRefund,
} from '../../support/reference-money';
import { until } from '../../support/until';

// Random lives of loans on the whole platform, held after every step against a small model that shares no code with it.
// MODEL_SEED and MODEL_STEPS say which lives, and how long; a failure names the seed and the step.

const seed = Number(process.env.MODEL_SEED ?? 20260115);
const stepCount = Number(process.env.MODEL_STEPS ?? 45);
/** The day on which the lives begin: a fixed one, so that a seed is the same lives whenever it is run. */
const firstDay = '2031-01-15';
/** Two loans of the usual amount, and no third. */
const limitMinor = 2_500_000;
const loanMinor = 1_000_000;

let platform: Platform;
let today = '';
beforeAll(async () => {
  platform = await startPlatform({ workerSets: 2 });
}, 120_000);
afterAll(() => platform.stop());

/** A customer, with what the model knows. */
interface Borrower {
  customerId: string;
  purse: ReferencePurse;
}
/** An order that can be paid, at any time and however often. */
interface Order {
  id: string;
  borrower: Borrower;
  totalMinor: number;
  lines: ReferenceLine[];
  extension?: ReferenceExtension;
}
interface Refund {
  of: ReferenceRefund;
  borrower: Borrower;
  /** Absent where nobody has to approve it. */
  actId: string | undefined;
  flowId: string;
}
/** All that there is to go on with. */
interface World {
  borrowers: Borrower[];
  orders: Order[];
  refunds: Refund[];
}

const percents = fc.constantFrom(100, 100, 100, 100, 100, 60, 99, 130);
/** How an order is paid; not yet, where `isLeft`. */
const paying = fc.record({
  percent: percents,
  /** By how many days it is heard late. */
  late: fc.constantFrom(0, 0, 0, 1, 4, 20),
  told: fc.constantFrom<number[]>([1], [1, 1], [1, 2]),
  /** Whether the party that was not asked gets it. */
  elsewhere: fc.constantFrom(false, false, true),
});
type Paying = typeof paying extends fc.Arbitrary<infer T> ? T : never;
const isLeft = fc.constantFrom(false, false, false, true);
const which = fc.nat();
const step = {
  days: fc.record({
    kind: fc.constant('DAYS'),
    which,
    days: fc.constantFrom(1, 1, 2, 3, 4, 7, 12, 20, 31),
  }),
  borrow: fc.record({ kind: fc.constant('BORROW'), which }),
  /** An amount, in per cent of the first instalment: of one loan, or of each of the customer's. */
  payAmount: fc.record({
    kind: fc.constant('PAY_AMOUNT'),
    which,
    ...{ ofInstalment: fc.integer({ min: 5, max: 230 }), ofAll: fc.constantFrom(false, false, true) },
    ...{ paying, isLeft },
  }),
  payDue: fc.record({ kind: fc.constant('PAY_DUE'), which, paying, isLeft }),
  end: fc.record({
    kind: fc.constant('END'),
    which,
    by: fc.constantFrom<Ending>('EARLY_SETTLEMENT', 'CANCELLATION', 'CANCELLATION'),
    ...{ paying, isLeft },
  }),
  extend: fc.record({
    kind: fc.constant('EXTEND'),
    which,
    periods: fc.constantFrom(1, 1, 2, 3),
    approved: fc.constantFrom(true, true, false),
    ...{ paying, isLeft },
  }),
  payOrder: fc.record({ kind: fc.constant('PAY_ORDER'), which, paying }),
  cancelOrder: fc.record({ kind: fc.constant('CANCEL_ORDER'), which }),
  refund: fc.record({
    kind: fc.constant('REFUND'),
    which,
    cause: fc.constantFrom('PAID_TWICE', 'OVERPAID', 'WRONGLY_CHARGED', 'DISBURSEMENT_WENT_WRONG'),
    /** Of what can go back; 101: more than that. */
    percent: fc.constantFrom(100, 100, 50, 20, 101),
    atFault: fc.boolean(),
    decided: fc.constantFrom<Decision>('APPROVE', 'APPROVE', 'REJECT', 'LATER'),
  }),
  chargeback: fc.record({
    kind: fc.constant('CHARGEBACK'),
    which,
    /** Of what came in, whatever has gone back of it. */
    percent: fc.constantFrom(100, 100, 50, 20),
    told: fc.constantFrom<number[]>([1], [1, 1], [1, 2]),
  }),
  decide: fc.record({
    kind: fc.constant('DECIDE'),
    which,
    answer: fc.constantFrom<'APPROVE' | 'REJECT'>('APPROVE', 'APPROVE', 'REJECT'),
  }),
};
type Decision = 'APPROVE' | 'REJECT' | 'LATER';
type StepOf<K extends keyof typeof step> = (typeof step)[K] extends fc.Arbitrary<infer T> ? T : never;
type Step = { [K in keyof typeof step]: StepOf<K> }[keyof typeof step];

const weights: Record<keyof typeof step, number> = {
  ...{ days: 6, borrow: 1, payAmount: 5, payDue: 3, end: 3, extend: 3 },
  ...{ payOrder: 3, cancelOrder: 1, refund: 6, chargeback: 2, decide: 2 },
};
const anyStep = fc.oneof(
  ...(Object.keys(step) as (keyof typeof step)[]).map((name) => ({
    arbitrary: step[name] as fc.Arbitrary<Step>,
    weight: weights[name],
  })),
);
const stepsBy = (from: number): Step[] => fc.sample(fc.noBias(anyStep), { seed: from, numRuns: stepCount });

/** One of what there is; undefined where there is none. */
const oneOf = <T>(ones: readonly T[], which: number): T | undefined => ones[which % ones.length];
const partOf = (minor: number, percent: number): number => Math.max(1, Math.floor((minor * percent) / 100));
const sum = (ones: readonly number[]): number => ones.reduce((total, one) => total + one, 0);
const cny = (amountMinor: number) => ({ currency: 'CNY' as const, amountMinor });

/** A loan that owes something, and whose it is: one of which more is true, if there is one. */
function owing({ borrowers }: World, which: number, more: (loan: ReferenceLoan) => boolean = () => true) {
  const all = borrowers.flatMap((borrower) =>
    [...borrower.purse.loans].map(([loanId, loan]) => ({ borrower, loanId, loan })),
  );
  const some = all.filter(({ loan }) => owed(loan, today).length > 0);
  const fitting = some.filter(({ loan }) => more(loan));
  return oneOf(fitting.length > 0 ? fitting : some, which);
}

/** Closes days until the market is in a day; the parties' clocks go along. */
async function closeDaysUntil(day: string): Promise<void> {
  const { businessDate } = (await businessDates(platform.db)).find(({ market }) => market === 'CN')!;
  if (day > businessDate)
    await advanceBusinessDate(platform.db, { market: 'CN', from: businessDate, to: day });
  await send(`${platform.sandbox.url}/control/clock`, { now: `${day}T12:00:00+08:00` });
  today = day;
}

const openPrincipalOf = ({ loans }: ReferencePurse): number =>
  sum([...loans.values()].flatMap((loan) => owed(loan, today).map((one) => one.owed.principal)));

/** Takes a loan where the credit line has room for it; where not, it is refused. */
async function borrow({ customerId, purse }: Borrower): Promise<void> {
  if (openPrincipalOf(purse) + loanMinor > limitMinor) {
    const { outcome } = await platform.apply({ market: 'CN', customerId, principalMinor: loanMinor });
    expect(outcome).toMatchObject({ outcome: 'REJECTED', reasonCodes: ['CREDIT_LIMIT_EXCEEDED'] });
    return;
  }
  const { loanId, startDate } = await newLoan(platform, 'CN', customerId);
  expect(startDate).toBe(today);
  const { body } = await platform.get(`/v1/loans/${loanId}`);
  const { instalments } = body.schedule as { instalments: ReferenceInstalment[] };
  purse.loans.set(loanId, referenceLoan(startDate, instalments));
}

/** Pays an order, and waits until the money has come to rest. */
async function pay(order: Order, { percent, late, told, elsewhere }: Paying): Promise<void> {
  const { borrower, id, extension, lines, totalMinor } = order;
  const starts = [...borrower.purse.loans.values()].map(({ startDate }) => startDate);
  const day = [addDays(today, -late), ...starts.sort().slice(0, 1)].sort().at(-1)!;
  const amountMinor = partOf(totalMinor, percent);
  const party = elsewhere || extension ? 'cn-payout' : 'bank-huaxin';
  const { transactionNo, result } = await pays(platform, {
    ...{ party, amountMinor, on: day, methodNo: `RM-${id}-1`, notifications: told },
  });
  await result();
  const receipt = { id: `${party}.${transactionNo}`, day, amountMinor, claimedMinor: 0 };
  if (!extension) return receive(borrower.purse, lines, receipt);
  receiveForExtension(borrower.purse, extension, receipt);
  await goesBack(borrower, receipt);
}

/** What an extension has not taken of its payment goes back by itself; above the market's limit when an operator approves it. */
async function goesBack(borrower: Borrower, receipt: ReferenceReceipt): Promise<void> {
  const leftMinor = withNoLoan(borrower.purse, receipt);
  if (leftMinor === 0) return;
  const of = claim(borrower.purse, receipt, leftMinor, false);
  const [party, transactionNo] = receipt.id.split('.') as [string, string];
  const row = platform.db('refund_reversal_service.refund').where({ party, transaction_no: transactionNo });
  const refundId = await until(async () => (await row.clone().pluck<string[]>('refund_id'))[0]);
  const flowId = `refund-and-reversal-lifecycle:${refundId}`;
  const act = await platform
    .db('operations.act')
    .where({ flow_id: flowId })
    .first<{ id: string } | undefined>('id');
  expect(act !== undefined).toBe(needsApproval(of));
  if (act) await approve(act.id);
  await ended({ flowId, of, borrower }, 'APPROVE');
}

async function ordered(
  world: World,
  borrower: Borrower,
  wanted: { line: object; of: Omit<ReferenceLine, 'takenMinor'> }[],
): Promise<Order> {
  const { status, body } = await platform.post(
    '/v1/repayment-orders',
    {
      customerId: borrower.customerId,
      lines: wanted.map(({ line, of }) => ({ loanId: of.loanId, ...line })),
    },
    'app',
    { 'idempotency-key': randomUUID(), prefer: 'wait=20' },
  );
  expect([status, body]).toEqual([201, body]);
  const lines = wanted.map(({ of }) => ({ ...of, takenMinor: 0 }));
  const order = {
    id: String(body.orderId),
    borrower,
    lines,
    totalMinor: sum(lines.map((one) => one.amountMinor)),
  };
  world.orders.push(order);
  return order;
}

async function payAmount(world: World, { which, ofInstalment, ofAll, ...how }: StepOf<'payAmount'>) {
  const found = owing(world, which);
  if (!found) return;
  const { borrower } = found;
  const all = [...borrower.purse.loans].filter(([, loan]) => owed(loan, today).length > 0);
  const wanted = (ofAll ? all : [[found.loanId, found.loan] as const]).map(([loanId, { instalments }]) => {
    const { principalMinor, interestMinor } = instalments[0]!;
    const amountMinor = partOf(principalMinor + interestMinor, ofInstalment);
    return { line: { amount: cny(amountMinor) }, of: { loanId, amountMinor } };
  });
  const order = await ordered(world, borrower, wanted);
  if (!how.isLeft) await pay(order, how.paying);
}

interface Quote {
  quoteId: string;
  quotedFor: string;
  instalments?: number[];
  amounts: { totalMinor: number };
}

async function quoted(path: string, request: object): Promise<Quote | undefined> {
  const { status, body } = await platform.post(path, request);
  if (status === 422) return undefined;
  expect([status, body]).toEqual([201, expect.objectContaining({ quotedFor: today })]);
  return body as unknown as Quote;
}

async function payDue(world: World, { which, ...how }: StepOf<'payDue'>): Promise<void> {
  const found = owing(world, which);
  if (!found) return;
  const { borrower, loanId, loan } = found;
  const due = owed(loan, today).filter(({ timing }) => timing !== 'IN_ADVANCE');
  const quote = await quoted(`/v1/loans/${loanId}/repayment-quotes`, { scenario: 'NORMAL' });
  const dueMinor = sum(due.flatMap((one) => Object.values(one.owed)));
  expect(quote?.amounts.totalMinor ?? 0).toBe(dueMinor);
  if (!quote) return;
  const of = { loanId, amountMinor: dueMinor, only: due.map(({ number }) => number) };
  const order = await ordered(world, borrower, [{ line: { quoteId: quote.quoteId }, of }]);
  if (!how.isLeft) await pay(order, how.paying);
}

async function end(world: World, { which, by, ...how }: StepOf<'end'>): Promise<void> {
  const found = owing(world, which, (loan) => canEnd(loan, by, today));
  if (!found) return;
  const { borrower, loanId, loan } = found;
  const quote = await quoted(`/v1/loans/${loanId}/repayment-quotes`, { scenario: by });
  const priceMinor = canEnd(loan, by, today) ? endingMinor(loan, today) : undefined;
  expect(quote?.amounts.totalMinor).toBe(priceMinor);
  // What costs nothing cannot be ordered.
  if (!quote || !priceMinor) return;
  const of = { loanId, amountMinor: priceMinor, ends: { by, quotedFor: today } };
  const order = await ordered(world, borrower, [{ line: { quoteId: quote.quoteId }, of }]);
  if (!how.isLeft) await pay(order, how.paying);
}

async function extendLoan(world: World, { which, periods, approved, ...how }: StepOf<'extend'>) {
  const found = owing(world, which, (loan) => canExtend(loan, today, periods));
  if (!found) return;
  const { borrower, loanId, loan } = found;
  const quote = await quoted(`/v1/loans/${loanId}/extension-quotes`, { periods });
  const price = canExtend(loan, today, periods) ? extensionOn(loan, today, periods) : undefined;
  expect(quote === undefined).toBe(price === undefined);
  if (!quote || !price) return;
  expect(quote).toMatchObject({ newInstalments: price.instalments.map(briefly) });
  const priceMinor = quote.amounts.totalMinor;
  // Less where the cost cap leaves no room, because much was paid in advance. What costs nothing is never paid.
  expect(priceMinor).toBeLessThanOrEqual(price.feeMinor);
  if (priceMinor === 0) return;
  const isOverdue = owed(loan, today).some(({ timing }) => timing === 'PAST_DUE');
  const id = await extensionOrdered(
    { loanId, quoteId: quote.quoteId },
    { needsPerson: isOverdue || loan.extended.length > 0, approved },
  );
  if (!id) return;
  const terms = { loanId, periods, quotedFor: today, priceMinor };
  const extension = { ...terms, changes: loan.changes, isDone: false };
  const order = { id, borrower, lines: [], totalMinor: priceMinor, extension };
  world.orders.push(order);
  if (!how.isLeft) await pay(order, how.paying);
}

const briefly = ({ number, dueDate, principalMinor, interestMinor }: ReferenceInstalment) => ({
  ...{ number, dueDate, principalMinor, interestMinor },
});

/** Orders an extension, and has it approved where a person must. Gives the order's id if it can be paid. */
async function extensionOrdered(
  wanted: { loanId: string; quoteId: string },
  { needsPerson, approved }: { needsPerson: boolean; approved: boolean },
): Promise<string | undefined> {
  const prefer = needsPerson ? 'wait=0' : 'wait=20';
  const { status, body } = await platform.post('/v1/extensions', wanted, 'app', { prefer });
  expect([status, body]).toEqual([needsPerson ? 202 : 201, body]);
  const id = String(body.orderId);
  const comesTo = (state: string) =>
    until(async () => (await platform.get(`/v1/extensions/${id}`)).body.state === state);
  if (needsPerson) {
    await comesTo('CREATED');
    await platform.decide(`extension:${id}`, 'review', approved ? 'APPROVE' : 'REJECT');
  }
  const isMade = !needsPerson || approved;
  await comesTo(isMade ? 'METHOD_CREATED' : 'REJECTED');
  return isMade ? id : undefined;
}

async function cancelOrder(world: World, { which }: StepOf<'cancelOrder'>): Promise<void> {
  const order = oneOf(world.orders, which);
  if (!order) return;
  const { id, extension } = order;
  const path = `/v1/${extension ? 'extensions' : 'repayment-orders'}/${id}/cancellation`;
  const { status } = await platform.post(path, { reason: 'pays otherwise' });
  expect([200, 409]).toContain(status);
  if (extension && status === 200) extension.isDone = true;
}

async function refund(world: World, { which, ...wanted }: StepOf<'refund'>): Promise<void> {
  const { cause, percent, atFault } = wanted;
  const fromLoans = cause === 'WRONGLY_CHARGED' || cause === 'DISBURSEMENT_WENT_WRONG';
  const all = world.borrowers.flatMap((borrower) =>
    borrower.purse.receipts.map((receipt) => ({
      ...{ borrower, receipt, mostMinor: refundable(borrower.purse, receipt, fromLoans) },
    })),
  );
  const found = oneOf(percent > 100 ? all : all.filter(({ mostMinor }) => mostMinor > 0), which);
  if (!found) return;
  const { borrower, receipt, mostMinor } = found;
  const amountMinor = percent > 100 ? mostMinor + 1 : partOf(mostMinor, percent);
  const asked = await refundAsked(receipt, { cause, amountMinor, atFault });
  expect(asked === undefined).toBe(amountMinor > mostMinor);
  if (!asked) return;
  const of = claim(borrower.purse, receipt, amountMinor, atFault);
  const one = { of, borrower, ...asked };
  expect(asked.actId !== undefined).toBe(needsApproval(of));
  if (asked.actId === undefined) return ended(one, 'APPROVE');
  world.refunds.push(one);
  if (wanted.decided !== 'LATER') await decide(world, one, wanted.decided);
}

/** One operator asks for a refund; undefined where it is refused, because less can go back. */
async function refundAsked(
  { id }: ReferenceReceipt,
  { cause, amountMinor, atFault }: { cause: string; amountMinor: number; atFault: boolean },
) {
  const [party, transactionNo] = id.split('.') as [string, string];
  const toAccount = party === 'bank-huaxin' ? { accountToken: 'tok_back_home' } : {};
  const { status, body } = await platform.post(
    '/v1/refunds',
    {
      ...{ party, transactionNo, cause, amount: cny(amountMinor), customerAtFault: atFault },
      ...{ reason: 'tried by a test', ...toAccount },
    },
    'ops',
  );
  if (status === 422) {
    expect(body.code).toBe('NOT_REFUNDABLE');
    return undefined;
  }
  expect([status, body]).toEqual([202, body]);
  return { flowId: String(body.flowId), actId: body.actId as string | undefined };
}

async function decide(world: World, one: Refund, answer: 'APPROVE' | 'REJECT'): Promise<void> {
  if (answer === 'REJECT') await platform.decide(one.flowId, 'refund', 'REJECT');
  else await approve(one.actId!);
  world.refunds.splice(world.refunds.indexOf(one), 1);
  await ended(one, answer);
}

async function approve(actId: string): Promise<void> {
  const reason = { reason: 'seen too' };
  const { status } = await platform.post(`/v1/ops/acts/${actId}/approvals`, reason, 'otherOps');
  expect(status).toBe(201);
}

/** Waits for the end of a refund. */
async function ended({ flowId, of, borrower }: Omit<Refund, 'actId'>, answer: 'APPROVE' | 'REJECT') {
  const outcome = await platform.client.workflow.getHandle(flowId).result();
  expect(outcome).toMatchObject({ outcome: answer === 'APPROVE' ? 'REFUNDED' : 'REJECTED' });
  if (answer === 'APPROVE') payBack(borrower.purse, of, today);
  else reject(borrower.purse, of);
}

/** A party takes money back that came in, also what was refunded before: that its payer has twice, and owes. */
async function chargeBack(world: World, { which, percent, told }: StepOf<'chargeback'>): Promise<void> {
  const all = world.borrowers.flatMap(({ purse }) => purse.receipts.map((receipt) => ({ purse, receipt })));
  const isDecided = ({ purse, receipt }: (typeof all)[number]) =>
    purse.pending.every((one) => one.receipt !== receipt);
  // Where a refund waits to be decided, so does the chargeback; and no receipt is taken back twice.
  const found = oneOf(
    all.filter((one) => isDecided(one) && !one.receipt.isTakenBack),
    which,
  );
  if (!found) return;
  const { purse, receipt } = found;
  const [party, transactionNo] = receipt.id.split('.') as [string, string];
  const amountMinor = partOf(receipt.amountMinor, percent);
  const taken = await takesBack(platform, {
    ...{ party, transactionNo, amount: cny(amountMinor), notifications: told },
  });
  await taken.result();
  receipt.isTakenBack = true;
  const claimedMinor = Math.min(amountMinor, receipt.amountMinor - receipt.claimedMinor);
  expect(await taken.kept()).toMatchObject({ claimedMinor, receivableMinor: amountMinor - claimedMinor });
  if (claimedMinor > 0) payBack(purse, claim(purse, receipt, claimedMinor, true), today);
}

/** Does a step; what there is nothing for is left out. */
async function live(world: World, one: Step): Promise<void> {
  switch (one.kind) {
    case 'DAYS':
      return closeDaysUntil(addDays(today, one.days));
    case 'BORROW':
      return borrow(oneOf(world.borrowers, one.which)!);
    case 'PAY_AMOUNT':
      return payAmount(world, one);
    case 'PAY_DUE':
      return payDue(world, one);
    case 'END':
      return end(world, one);
    case 'EXTEND':
      return extendLoan(world, one);
    case 'PAY_ORDER': {
      const order = oneOf(world.orders, one.which);
      return order && pay(order, one.paying);
    }
    case 'CANCEL_ORDER':
      return cancelOrder(world, one);
    case 'REFUND':
      return refund(world, one);
    case 'CHARGEBACK':
      return chargeBack(world, one);
    case 'DECIDE': {
      const pending = oneOf(world.refunds, one.which);
      return pending && decide(world, pending, one.answer);
    }
  }
}

interface ListedLoan {
  loanId: string;
  asOf: string;
  outstanding: Record<`${keyof Owed}Minor`, number>;
  instalments: { number: number; timing: string; owed: Record<`${keyof Owed}Minor`, number> }[];
}

async function listed({ customerId }: Borrower): Promise<ListedLoan[]> {
  const { body } = await platform.get(`/v1/customers/${customerId}/due-list`);
  return body.loans as ListedLoan[];
}

const asListed = ({ penalty, fee, interest, principal }: Owed) => ({
  ...{ penaltyMinor: penalty, feeMinor: fee, interestMinor: interest, principalMinor: principal },
});
/** What the model says is owed of a loan, as the due list says it. */
const instalmentsOf = (loan: ReferenceLoan) =>
  owed(loan, today).map(({ number, timing, owed: own }) => ({ number, timing, owed: asListed(own) }));

async function payableInBooks({ customerId }: Borrower): Promise<number> {
  const accounts = await positionOf(platform.db, 'general', customerId);
  return accounts.find(({ code }) => code === 'customer-payable')?.balanceMinor ?? 0;
}

/** After a step: each loan as the model says, the tables as the list says, and every promise of the books. */
async function expectSound({ borrowers }: World): Promise<void> {
  for (const borrower of borrowers) {
    const list = await listed(borrower);
    for (const [loanId, loan] of borrower.purse.loans) {
      const own = list.find((one) => one.loanId === loanId);
      const instalments = (own?.instalments ?? []).map(({ number, timing, owed: each }) => {
        const { penaltyMinor, feeMinor, interestMinor, principalMinor } = each;
        return { number, timing, owed: { penaltyMinor, feeMinor, interestMinor, principalMinor } };
      });
      expect({ loanId, instalments }).toEqual({ loanId, instalments: instalmentsOf(loan) });
    }
    const outstanding = list.map(({ loanId, outstanding: { feeMinor, interestMinor, principalMinor } }) => ({
      ...{ loanId, feeMinor, interestMinor, principalMinor },
    }));
    const byId = (one: { loanId: string }, other: { loanId: string }) => (one.loanId < other.loanId ? -1 : 1);
    expect(await owedByTables(platform.db, borrower.customerId)).toEqual(outstanding.sort(byId));
    expect({ payableMinor: await payableInBooks(borrower) }).toEqual({
      payableMinor: payableOf(borrower.purse),
    });
  }
  expect(await booksDisagree(platform.db)).toEqual([]);
}

test(`whatever ${stepCount} things happen to loans of two customers (seed ${seed}), they stand as the model says`, async () => {
  await closeDaysUntil(firstDay);
  const world: World = { borrowers: [], orders: [], refunds: [] };
  for (const loans of [2, 1]) {
    const customerId = await newCustomer(platform.owner, 'CN', { limitMinor });
    const borrower = { customerId, purse: referencePurse() };
    world.borrowers.push(borrower);
    for (let loan = 0; loan < loans; loan += 1) await borrow(borrower);
  }
  for (const [index, one] of stepsBy(seed).entries()) {
    try {
      await live(world, one);
      await expectSound(world);
    } catch (error) {
      const where = `seed ${seed}, step ${index}, on ${today}: ${JSON.stringify(one)}`;
      throw new Error(`${where}\n${(error as Error).message}`, { cause: error });
    }
    // Whoever has paid all borrows again.
    for (const borrower of world.borrowers) {
      if (openPrincipalOf(borrower.purse) === 0) await borrow(borrower);
    }
  }
  expect(checkTrace(await platform.trace()).problems).toEqual([]);
}, 600_000);
