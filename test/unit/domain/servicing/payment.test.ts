import type { Loan, Posting } from '../../../../domain/servicing/loan';
import { applyPayment, undo } from '../../../../domain/servicing/payment';
import { positionOf } from '../../../../domain/servicing/position';
import { exampleLoan, payment } from './loan-example';

// Equal principal, 30/360: 412.00 on 15 February, 408.00 on 15 March, 404.00 on 15 April; three days of grace.
const loan = exampleLoan();
const brief = (postings: Posting[]) =>
  postings.map(({ instalment, component, amountMinor }) => [instalment, component, amountMinor]);
const owed = (of: Loan, asOf: string): number => positionOf(of, asOf).totalMinor;

test('penalty is paid before interest, and interest before principal', () => {
  // 400.00 × 18 % × 10/360 = 2.00
  const { postings, outcome } = applyPayment(loan, payment('P1', '2024-02-25', 30_000));
  expect(brief(postings)).toEqual([
    [1, 'PENALTY', 200],
    [1, 'INTEREST', 1_200],
    [1, 'PRINCIPAL', 28_600],
  ]);
  expect(outcome).toBe('PARTIAL');
});

test('what is past due is paid before what is due, though another instalment is older by its number', () => {
  const { postings } = applyPayment(loan, payment('P1', '2024-03-16', 41_200 + 600 + 900));
  // 400.00 × 18 % × 30/360 = 6.00; the second instalment is within its grace.
  expect(brief(postings)).toEqual([
    [1, 'PENALTY', 600],
    [1, 'INTEREST', 1_200],
    [1, 'PRINCIPAL', 40_000],
    [2, 'INTEREST', 800],
    [2, 'PRINCIPAL', 100],
  ]);
});

test('an instalment paid in full is settled', () => {
  const { outcome, settledInstalments } = applyPayment(loan, payment('P1', '2024-02-15', 41_200));
  expect({ outcome, settledInstalments }).toEqual({ outcome: 'INSTALMENT_SETTLED', settledInstalments: [1] });
});

test('all instalments paid in full settle the loan, and what is beyond is excess', () => {
  const { outcome, excess } = applyPayment(loan, payment('P1', '2024-02-15', 122_500));
  expect({ outcome, excess }).toEqual({
    ...{ outcome: 'LOAN_SETTLED', excess: [{ paymentId: 'P1', amountMinor: 100 }] },
  });
});

test('a payment for some instalments goes to no other', () => {
  const intent = { kind: 'NORMAL', instalments: [2] } as const;
  const { postings, excess } = applyPayment(loan, payment('P1', '2024-02-15', 50_000, intent));
  expect(brief(postings)).toEqual([
    [2, 'INTEREST', 800],
    [2, 'PRINCIPAL', 40_000],
  ]);
  expect(excess).toEqual([{ paymentId: 'P1', amountMinor: 9_200 }]);
});

test('a payment for a settled loan is not applied', () => {
  const settled = applyPayment(loan, payment('P1', '2024-02-15', 122_400)).loan;
  const { outcome, postings, excess } = applyPayment(settled, payment('P2', '2024-02-16', 500));
  expect({ outcome, postings, excess }).toEqual({
    ...{ outcome: 'UNAPPLIED', postings: [], excess: [{ paymentId: 'P2', amountMinor: 500 }] },
  });
});

test('a coupon pays what the money leaves, and what is not needed of it lapses', () => {
  const intent = { kind: 'NORMAL', instalments: [1] } as const;
  const { postings, excess } = applyPayment(loan, payment('P1', '2024-02-15', 40_000, intent, 1_300));
  expect(postings.map(({ by, amountMinor }) => [by, amountMinor])).toEqual([
    ['PAYMENT', 1_200],
    ['PAYMENT', 38_800],
    ['COUPON', 1_200],
  ]);
  expect(excess).toEqual([]);
});

test('a payment in time that is heard late takes back the penalty and moves the later payment along', () => {
  const later = applyPayment(loan, payment('P2', '2024-02-25', 41_400)).loan;
  const { loan: both, outcome } = applyPayment(later, payment('P1', '2024-02-15', 41_200));
  // The second payment settles the second instalment (408.00) and goes on to the third.
  const [first, second, third] = positionOf(both, '2024-02-25').instalments;
  expect([first!.settled, second!.settled, third!.totalMinor]).toEqual([true, true, 40_400 - 600]);
  expect(outcome).toBe('INSTALMENT_SETTLED');
});

test('a payment that was for an instalment which an earlier one has paid is excess', () => {
  const intent = { kind: 'NORMAL', instalments: [1] } as const;
  const later = applyPayment(loan, payment('P2', '2024-02-25', 41_400, intent)).loan;
  const { excess } = applyPayment(later, payment('P1', '2024-02-15', 41_200, intent));
  expect(excess).toEqual([{ paymentId: 'P2', amountMinor: 41_400 }]);
});

test('a refund undoes the last allocations first', () => {
  const paid = applyPayment(loan, payment('P1', '2024-02-15', 42_500)).loan;
  const { postings } = undo(paid, {
    paymentId: 'P1',
    amountMinor: 1_400,
    day: '2024-03-01',
    customerAtFault: false,
  });
  expect(postings).toMatchObject([
    { instalment: 2, component: 'PRINCIPAL', amountMinor: -100, undoes: 5 },
    { instalment: 3, component: 'INTEREST', amountMinor: -400, undoes: 4 },
    { instalment: 2, component: 'INTEREST', amountMinor: -800, undoes: 3 },
    { instalment: 1, component: 'PRINCIPAL', amountMinor: -100, undoes: 2 },
  ]);
});

test('never more is undone than was paid, in one or several goes', () => {
  const paid = applyPayment(loan, payment('P1', '2024-02-15', 41_200)).loan;
  const undoing = { paymentId: 'P1', day: '2024-03-01', customerAtFault: false };
  const half = undo(paid, { ...undoing, amountMinor: 20_600 }).loan;
  expect(() => undo(half, { ...undoing, amountMinor: 20_601 })).toThrow('at most 20600');
  expect(() => undo(undo(half, undoing).loan, undoing)).toThrow('at most 0');
});

test('a refund has no day before the payment', () => {
  const paid = applyPayment(loan, payment('P1', '2024-02-15', 41_200)).loan;
  expect(() => undo(paid, { paymentId: 'P1', day: '2024-02-14', customerAtFault: false })).toThrow(
    'cannot be undone on 2024-02-14',
  );
});

test('what is left of a refunded settlement is a normal repayment, and the interest is asked for again', () => {
  const intent = { kind: 'EARLY_SETTLEMENT', quotedFor: '2024-02-15' } as const;
  const settled = applyPayment(loan, payment('P1', '2024-02-15', 121_200, intent));
  expect(settled.outcome).toBe('LOAN_SETTLED');
  const undoing = { paymentId: 'P1', amountMinor: 21_200, day: '2024-02-15', customerAtFault: false };
  const { loan: refunded } = undo(settled.loan, undoing);
  expect(owed(refunded, '2024-02-15')).toBe(122_400 - 100_000);
});

test('undoing a payment with its coupon undoes the coupon', () => {
  const { loan: paid } = applyPayment(loan, payment('P1', '2024-02-15', 41_000, { kind: 'NORMAL' }, 200));
  const { loan: undone } = undo(paid, { paymentId: 'P1', day: '2024-02-15', customerAtFault: false });
  expect(owed(undone, '2024-02-15')).toBe(122_400);
});

test.each([
  ['below nothing', payment('P1', '2024-02-15', -1), '0 or more'],
  ['of a part of a minor unit', payment('P1', '2024-02-15', 1.5), 'whole number'],
  ['before the loan', payment('P1', '2024-01-14', 1), 'before the loan'],
  ['with a coupon below nothing', payment('P1', '2024-02-15', 1, { kind: 'NORMAL' }, -1), 'coupon'],
])('a payment %s is refused', (_what, one, problem) => {
  expect(() => applyPayment(loan, one)).toThrow(problem);
});

test('a payment is posted once', () => {
  const paid = applyPayment(loan, payment('P1', '2024-02-15', 100)).loan;
  expect(() => applyPayment(paid, payment('P1', '2024-02-15', 100))).toThrow('posted before');
});
