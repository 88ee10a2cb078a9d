import fc from 'fast-check';
import { addDays, type IsoDate } from '../../../../domain/calendar';
import type { ProductTerms } from '../../../../domain/product-terms';
import { applyExtension, extensionProblem, quoteExtension } from '../../../../domain/servicing/extension';
import { livePostings, type Intent, type Loan } from '../../../../domain/servicing/loan';
import { applyPayment, undo } from '../../../../domain/servicing/payment';
import { positionOf } from '../../../../domain/servicing/position';
import { quote, quoteProblem } from '../../../../domain/servicing/quote';
import {
  appliedOf,
  canEnd,
  canExtend,
  endingMinor,
  extend,
  extensionOn,
  hear,
  owed,
  referenceLoan,
  takeBack,
  takenOf,
  type ReferenceLoan,
} from '../../../support/reference-loan';
import { exampleLoan, payment } from './loan-example';

// The rules, held against the model that the random lives on the whole platform are held against too: many more lives, of
// loans alone.

const terms = {
  annualRate: '0.094822',
  dayCount: '30/360',
  method: 'EQUAL_INSTALMENT',
  fees: [],
  graceDays: 3,
  penalty: { annualRate: '0.142233', dayCount: 'ACT/360' },
  earlySettlement: { interest: 'TO_DATE', feeRate: '0', remainingFees: 'WAIVED' },
  cancellation: { windowDays: 7, interest: 'TO_DATE', deductedFees: 'KEPT' },
  extension: {
    ...{ maxPeriods: 3, maxTimes: 2, maxTotalPeriods: 36, maxOverdueDays: 30 },
    ...{ feeRate: '0.005', arrears: 'DUE' },
  },
} satisfies Partial<ProductTerms>;

const days = fc.constantFrom(0, 0, 1, 3, 10, 40);
const anyStep = fc.oneof(
  fc.record({
    kind: fc.constant('PAY'),
    days,
    /** By how many days it is heard late. */
    late: fc.constantFrom(0, 0, 2, 15, 60),
    /** Of the first instalment, or of what ends the loan. */
    percent: fc.integer({ min: 1, max: 250 }),
    intent: fc.constantFrom('AMOUNT', 'FIRST', 'EARLY_SETTLEMENT', 'CANCELLATION'),
  }),
  fc.record({
    kind: fc.constant('UNDO'),
    ...{ days, which: fc.nat(), percent: fc.constantFrom(100, 100, 50, 10), atFault: fc.boolean() },
  }),
  fc.record({ kind: fc.constant('EXTEND'), days, periods: fc.integer({ min: 1, max: 3 }) }),
);
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;
type StepOf<K extends Step['kind']> = Extract<Step, { kind: K }>;

interface Both {
  loan: Loan;
  model: ReferenceLoan;
  today: IsoDate;
}

const ofSchedule = ({ instalments }: Pick<Loan, 'instalments'>) =>
  instalments.map(({ totalMinor: _total, ...one }) => one);

function pay(both: Both, { late, percent, intent }: StepOf<'PAY'>, id: string): void {
  const { loan, model, today } = both;
  const early = addDays(today, -late);
  const day = early < loan.startDate ? loan.startDate : early;
  let meant: Intent = intent === 'FIRST' ? { kind: 'NORMAL', instalments: [1] } : { kind: 'NORMAL' };
  let ofMinor = loan.instalments[0]!.totalMinor;
  if (intent === 'EARLY_SETTLEMENT' || intent === 'CANCELLATION') {
    expect(quoteProblem(loan, today, { kind: intent }) === undefined).toBe(canEnd(model, intent, today));
    if (!canEnd(model, intent, today)) return;
    ofMinor = quote(loan, today, { kind: intent }).totalMinor;
    expect(ofMinor).toBe(endingMinor(model, today));
    meant = { kind: intent, quotedFor: today };
  }
  // Three of four endings are paid as they were quoted.
  const amountMinor =
    meant.kind !== 'NORMAL' && percent > 60 ? ofMinor : Math.ceil((ofMinor * percent) / 100);
  if (amountMinor === 0) return;
  both.loan = applyPayment(loan, payment(id, day, amountMinor, meant)).loan;
  hear(model, {
    ...{ id, day, amountMinor },
    ...(meant.kind === 'NORMAL' && meant.instalments && { only: [...meant.instalments] }),
    ...(meant.kind !== 'NORMAL' && { ends: { by: meant.kind as 'CANCELLATION', quotedFor: today } }),
  });
}

const paidMinor = (loan: Loan, id: string): number =>
  livePostings(loan, id)
    .filter(({ by }) => by === 'PAYMENT')
    .reduce((total, { amountMinor }) => total + amountMinor, 0);

function takeSomeBack(both: Both, { which, percent, atFault }: StepOf<'UNDO'>): void {
  const { loan, model, today } = both;
  const standing = loan.payments.filter(({ id }) => paidMinor(loan, id) > 0);
  if (standing.length === 0) return;
  const { id } = standing[which % standing.length]!;
  const amountMinor = Math.ceil((paidMinor(loan, id) * percent) / 100);
  const paidOn = livePostings(loan, id)[0]!.valueDate;
  const day = today < paidOn ? paidOn : today;
  both.loan = undo(loan, { paymentId: id, amountMinor, day, customerAtFault: atFault }).loan;
  takeBack(model, id, { amountMinor, day, atFault });
}

function extendBoth(both: Both, { periods }: StepOf<'EXTEND'>, id: string): void {
  const { loan, model, today } = both;
  const canBe = extensionProblem(loan, today, periods) === undefined;
  expect(canBe).toBe(canExtend(model, today, periods));
  if (!canBe || loan.postings.some(({ valueDate }) => valueDate > today)) return;
  const { totalMinor, ...quoted } = quoteExtension(loan, today, periods);
  const price = extensionOn(model, today, periods);
  expect(ofSchedule(quoted)).toEqual(price.instalments);
  // Less where the cost cap leaves no room, because much was paid in advance.
  expect(totalMinor).toBeLessThanOrEqual(price.feeMinor);
  // What costs nothing cannot be ordered.
  if (totalMinor === 0) return;
  const intent = { kind: 'EXTENSION', quotedFor: today, periods } as const;
  both.loan = applyExtension(loan, payment(id, today, totalMinor, intent)).loan;
  extend(model, { id, day: today, periods, feeMinor: totalMinor });
}

function expectSame({ loan, model, today }: Both): void {
  const inRules = positionOf(loan, today).instalments.filter(({ settled }) => !settled);
  expect(
    inRules.map(({ number, timing, owedMinor: { PENALTY, FEE, INTEREST, PRINCIPAL } }) => ({
      ...{ number, timing },
      owed: { penalty: PENALTY, fee: FEE, interest: INTEREST, principal: PRINCIPAL },
    })),
  ).toEqual(owed(model, today));
  for (const { id } of loan.payments) expect([id, paidMinor(loan, id)]).toEqual([id, takenOf(model, id)]);
  const applied = loan.postings.filter(({ by }) => by === 'PAYMENT' || by === 'NETTING');
  expect(applied.reduce((total, { amountMinor }) => total + amountMinor, 0)).toBe(appliedOf(model));
}

test('whatever happens to a loan, it stands as the model says', () => {
  fc.assert(
    fc.property(
      fc.array(anyStep, { minLength: 2, maxLength: 12 }),
      fc.constantFrom('2024-01-15', '2024-01-31', '2023-11-30'),
      (steps, startDate) => {
        const loan = exampleLoan(terms, { startDate, instalmentCount: 6, principalMinor: 100_000 });
        const instalments = ofSchedule(loan).map((one) => ({ ...one }));
        const both: Both = { loan, model: referenceLoan(startDate, instalments), today: startDate };
        steps.forEach((step, index) => {
          both.today = addDays(both.today, step.days);
          if (step.kind === 'PAY') pay(both, step, `P${index}`);
          else if (step.kind === 'UNDO') takeSomeBack(both, step);
          else extendBoth(both, step, `E${index}`);
          expectSame(both);
        });
      },
    ),
    { numRuns: Number(process.env.MODEL_RUNS ?? 200) },
  );
}, 60_000);
