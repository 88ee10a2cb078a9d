import fc from 'fast-check';
import { repaymentPlan } from '../../../../domain/amortization';
import { addDays, type IsoDate } from '../../../../domain/calendar';
import { sumMinor } from '../../../../domain/money';
import type { ExtensionTerms } from '../../../../domain/product-terms';
import {
  applyExtension,
  extensionProblem,
  fundingTermProblem,
  quoteExtension,
} from '../../../../domain/servicing/extension';
import type { Loan, Payment } from '../../../../domain/servicing/loan';
import { applyPayment, undo } from '../../../../domain/servicing/payment';
import { positionOf } from '../../../../domain/servicing/position';
import { anyLoan, exampleLoan, payment } from './loan-example';

const extension = exampleLoan().terms.extension!;
const loanWith = (changes: Partial<ExtensionTerms> = {}): Loan =>
  exampleLoan({ extension: { ...extension, ...changes } });
const paidOn = (loan: Loan, day: IsoDate, amountMinor: number): Loan =>
  applyPayment(loan, payment('EARLIER', day, amountMinor)).loan;
const extending = (day: IsoDate, amountMinor: number, periods = 1, quotedFor = day): Payment =>
  payment('E1', day, amountMinor, { kind: 'EXTENSION', quotedFor, periods });
const [dueDates, interests] = [
  (loan: Pick<Loan, 'instalments'>) => loan.instalments.map(({ dueDate }) => dueDate),
  (loan: Pick<Loan, 'instalments'>) => loan.instalments.map(({ interestMinor }) => interestMinor),
];

test('what is not due moves by a period, and the time that is added bears interest', () => {
  const running = paidOn(loanWith(), '2024-02-15', 41_200);
  const quoted = quoteExtension(running, '2024-03-01', 1);
  expect(dueDates(quoted)).toEqual(['2024-02-15', '2024-04-15', '2024-05-15']);
  // Two months on 800.00 (8.00 each), then one on 400.00.
  expect(interests(quoted)).toEqual([1_200, 1_600, 400]);
  // 1 % of 800.00
  expect(quoted).toMatchObject({ feeMinor: 800, totalMinor: 800, addedInterestMinor: 800 });
});

test('a bullet loan bears interest for its longer time', () => {
  const bullet = exampleLoan({ method: 'BULLET' });
  expect(quoteExtension(bullet, '2024-04-15', 1)).toMatchObject({
    instalments: [{ dueDate: '2024-05-15', interestMinor: 4_800, principalMinor: 120_000 }],
  });
});

test('on its due date an instalment can still be moved', () => {
  expect(dueDates(quoteExtension(loanWith(), '2024-02-15', 1))[0]).toBe('2024-03-15');
});

test('arrears are paid with the fee, or stay due, as the product says', () => {
  // 400.00 × 18 % × 10/360 = 2.00
  const paid = { PENALTY: 200, FEE: 0, INTEREST: 1_200, PRINCIPAL: 40_000 };
  expect(quoteExtension(loanWith({ arrears: 'PAID' }), '2024-02-25', 1)).toMatchObject({
    ...{ arrearsMinor: paid, feeMinor: 800, totalMinor: 800 + 41_400 },
  });
  expect(quoteExtension(loanWith({ arrears: 'DUE' }), '2024-02-25', 1)).toMatchObject({
    ...{ feeMinor: 800, totalMinor: 800 },
  });
});

test('the fee keeps within the cost cap over the loan’s whole life', () => {
  // A loan of 1,000,000 for three months (91 days) may cost 0.1 % a day; a month more adds 30 days.
  const terms = {
    currency: 'IDR',
    method: 'BULLET',
    annualRate: '0.36',
    extension: { ...extension, feeRate: '0.2' },
  };
  const loan = exampleLoan(terms as never, {
    market: 'ID',
    principalMinor: 1_000_000,
    startDate: '2026-01-15',
  });
  // 15 January to 15 May are 120 days: 120,000 less four months' interest at 3 %.
  expect(quoteExtension(loan, '2026-04-01', 1).feeMinor).toBe(0);
  const cheaper = { ...loan, terms: { ...loan.terms, annualRate: '0.24' } };
  const { instalments } = repaymentPlan({
    ...{ principalMinor: 1_000_000, terms: cheaper.terms, instalmentCount: 3, startDate: '2026-01-15' },
  });
  // 120,000 − 80,000
  expect(quoteExtension({ ...cheaper, instalments }, '2026-04-01', 1).feeMinor).toBe(40_000);
});

test('a fee that is paid today weighs more in a yearly cap than one at the end', () => {
  const terms = {
    annualRate: '0.12',
    method: 'BULLET',
    extension: { ...extension, feeRate: '0.5' },
  } as const;
  const loan = exampleLoan(terms, { instalmentCount: 3 });
  // On 15 April 1,200.00 at 2 % a month has grown by 72.00; the fee f is paid then and bears the cap's 2 % for a month:
  // 1,272.00 × 1.02 − 1.02 f = 1,200.00 + 48.00, so f = 48.47.
  expect(quoteExtension(loan, '2024-04-15', 1).feeMinor).toBe(4_847);
});

const settled = paidOn(loanWith(), '2024-02-15', 122_400);
const extended = applyExtension(loanWith({ maxTimes: 1 }), extending('2024-02-01', 1_200)).loan;
test.each<[string, Loan, IsoDate, number, string]>([
  ['a settled loan', settled, '2024-02-15', 1, 'LOAN_SETTLED'],
  ['a loan of which all is past due', loanWith({ maxOverdueDays: 99 }), '2024-04-16', 1, 'NOTHING_TO_EXTEND'],
  ['no periods', loanWith(), '2024-02-01', 0, 'PERIODS_OUT_OF_RANGE'],
  ['too many periods', loanWith(), '2024-02-01', 3, 'PERIODS_OUT_OF_RANGE'],
  ['a loan too long overdue', loanWith(), '2024-03-02', 1, 'TOO_LONG_OVERDUE'],
  ['a loan extended before', extended, '2024-02-01', 1, 'EXTENDED_TOO_OFTEN'],
  ['more than the product runs', loanWith({ maxTotalPeriods: 3 }), '2024-02-01', 1, 'TERM_TOO_LONG'],
  ['more than its first term again', loanWith({ maxPeriods: 4 }), '2024-02-01', 4, 'TERM_TOO_LONG'],
])('there is no extension of %s', (_what, loan, day, periods, code) => {
  expect(extensionProblem(loan, day, periods)?.code).toBe(code);
  expect(() => quoteExtension(loan, day, periods)).toThrow(RangeError);
});

test('a product without the terms offers no extension', () => {
  const { extension: _terms, ...terms } = loanWith().terms;
  expect(extensionProblem({ ...loanWith(), terms }, '2024-02-01', 1)?.code).toBe('NOT_OFFERED');
});

test('a paid extension makes the new schedule, and leaves nothing of the fee owed', () => {
  const { loan, extended: done, excess } = applyExtension(loanWith(), extending('2024-02-25', 42_300));
  expect({ done, excess }).toEqual({ done: true, excess: [{ paymentId: 'E1', amountMinor: 100 }] });
  expect(dueDates(loan)).toEqual(['2024-02-15', '2024-04-15', '2024-05-15']);
  expect(loan.extensions).toEqual([1]);
  expect(positionOf(loan, '2024-02-25')).toMatchObject({
    owedMinor: { PENALTY: 0, FEE: 0, INTEREST: 1_600 + 400, PRINCIPAL: 80_000 },
  });
});

test.each([
  ['underpaid', loanWith(), extending('2024-02-25', 42_199)],
  ['paid after its day', loanWith(), extending('2024-02-25', 42_200, 1, '2024-02-24')],
  ['paid, but dearer since', paidOn(loanWith(), '2024-02-26', 100), extending('2024-02-25', 42_200)],
])('an extension that is %s changes nothing, and all of it is excess', (_what, loan, one) => {
  const { extended: done, loan: after, postings, excess } = applyExtension(loan, one);
  expect({ done, postings, excess }).toEqual({
    ...{ done: false, postings: [], excess: [{ paymentId: 'E1', amountMinor: one.amountMinor }] },
  });
  expect({ ...after, payments: loan.payments }).toEqual(loan);
});

test('a payment from before an extension that is heard after it counts from its day on', () => {
  const { loan } = applyExtension(loanWith(), extending('2024-02-25', 42_200));
  const { postings } = applyPayment(loan, payment('P1', '2024-02-15', 500));
  expect(postings.map(({ valueDate }) => valueDate)).toEqual(['2024-02-25']);
});

test('also where what was paid for the extension has been refunded: its schedule stays', () => {
  const { loan } = applyExtension(loanWith(), extending('2024-02-25', 42_200));
  const refunded = undo(loan, { paymentId: 'E1', day: '2024-02-26', customerAtFault: false }).loan;
  const { postings } = applyPayment(refunded, payment('P1', '2024-02-15', 500));
  expect(postings.map(({ valueDate }) => valueDate)).toEqual(['2024-02-25']);
});

test('nothing goes behind an extension that cost nothing either', () => {
  const free = loanWith({ feeRate: '0', arrears: 'DUE' });
  const { loan, postings, extended: done } = applyExtension(free, extending('2024-02-01', 0));
  expect({ done, postings }).toEqual({ done: true, postings: [] });
  expect(dueDates(loan)).toEqual(['2024-03-15', '2024-04-15', '2024-05-15']);
  const later = applyPayment(loan, payment('P1', '2024-01-20', 500));
  expect(later.postings.map(({ valueDate }) => valueDate)).toEqual(['2024-02-01']);
});

test.each([
  [null, undefined],
  [121, undefined],
  [120, 'FUNDING_TERM_TOO_LONG'],
])('with a contract of the funding partner for %s days, 121 days are: %s', (longestTermDays, code) => {
  // From 15 January to 15 May 2024.
  expect(fundingTermProblem(loanWith(), '2024-02-01', 1, longestTermDays)?.code).toBe(code);
});

test.each([
  ['at fault, its fee is owed again', true, 800],
  ['not at fault, its fee is not asked for any more', false, 0],
])('an extension whose payment is undone stands; the customer being %s', (_what, customerAtFault, FEE) => {
  const { loan } = applyExtension(loanWith(), extending('2024-02-25', 42_200));
  const undone = undo(loan, { paymentId: 'E1', day: '2024-02-26', customerAtFault }).loan;
  expect(dueDates(undone)).toEqual(dueDates(loan));
  expect(positionOf(undone, '2024-02-26').owedMinor).toMatchObject({
    ...{ FEE, INTEREST: 1_200 + 1_600 + 400, PRINCIPAL: 120_000 },
  });
});

test('of an extension that is charged back in part, and refunded for the rest, only the first part is owed again', () => {
  const { loan } = applyExtension(loanWith(), extending('2024-02-25', 42_200));
  const back = { paymentId: 'E1', day: '2024-02-26' };
  // The arrears of 414.00 go back first, then 3.00 of the fee.
  const chargedBack = undo(loan, { ...back, amountMinor: 41_700, customerAtFault: true }).loan;
  const refunded = undo(chargedBack, { ...back, customerAtFault: false }).loan;
  expect(positionOf(refunded, '2024-02-26').owedMinor.FEE).toBe(300);
});

test('an extension moves no principal, takes back no payment, and asks for no less interest', () => {
  const anyCase = fc.tuple(anyLoan, fc.integer({ min: 0, max: 120 }), fc.integer({ min: 0, max: 10 ** 6 }));
  fc.assert(
    fc.property(anyCase, ([fresh, after, paidMinor]) => {
      const day = addDays(fresh.startDate, after);
      const running = paidMinor > 0 ? paidOn(fresh, fresh.startDate, paidMinor) : fresh;
      fc.pre(!extensionProblem(running, day, 1));
      const { totalMinor, arrearsMinor, addedInterestMinor, instalments } = quoteExtension(running, day, 1);
      const principals = (loan: Pick<Loan, 'instalments'>) =>
        loan.instalments.map((one) => one.principalMinor);
      expect(principals({ instalments })).toEqual(principals(running));

      const one = extending(day, totalMinor);
      const { loan, extended: done } = applyExtension(running, one);
      expect(done).toBe(true);
      const [before, since] = [running, loan].map((each) => positionOf(each, day));
      expect(since!.totalMinor).toBe(
        before!.totalMinor + addedInterestMinor - sumMinor(Object.values(arrearsMinor)),
      );
      for (const { owedMinor } of since!.instalments) {
        expect(Math.min(...Object.values(owedMinor))).toBeGreaterThanOrEqual(0);
      }
      const settledBefore = before!.instalments.filter((each) => each.settled);
      expect(since!.instalments).toEqual(expect.arrayContaining(settledBefore));
    }),
  );
});
