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
} from '../support/reference-loan';
import {
  claim,
  needsApproval,
  payableOf,
  payBack,
  receive,
  referencePurse,
  refundable,
  withNoLoan,
} from '../support/reference-money';

// The model that the random lives of loans are held against (servicing-model.test.ts), held against sums done by hand:
// CNY 1,200.00 over three months from 15 January 2024 at 9.4822 %, in equal parts of the principal.

const newLoan = (): ReferenceLoan =>
  referenceLoan('2024-01-15', [
    instalment(1, '2024-01-15', '2024-02-15', 948),
    instalment(2, '2024-02-15', '2024-03-15', 632),
    instalment(3, '2024-03-15', '2024-04-15', 316),
  ]);
const instalment = (number: number, periodStart: string, dueDate: string, interestMinor: number) => ({
  ...{ number, periodStart, dueDate, principalMinor: 40_000, interestMinor, feeMinor: 0 },
});
const paid = (loan: ReferenceLoan, day: string, amountMinor: number, id = 'P1', more: object = {}) =>
  hear(loan, { id, day, amountMinor, ...more });
const withFirstPaid = (): ReferenceLoan => {
  const loan = newLoan();
  paid(loan, '2024-02-15', 40_948, 'P0');
  return loan;
};
/** Number, penalty, interest and principal of what is owed. */
const brief = (loan: ReferenceLoan, day: string) =>
  owed(loan, day).map(({ number, owed: { penalty, interest, principal } }) => [
    ...[number, penalty, interest, principal],
  ]);
const settling = { ends: { by: 'EARLY_SETTLEMENT', quotedFor: '2024-02-25' } } as const;

test('a payment goes to penalty, interest and principal of what is past due, then to interest in advance', () => {
  const loan = newLoan();
  // 400.00 × 14.2233 % × 10/360 = 1.58
  expect(brief(loan, '2024-02-25')[0]).toEqual([1, 158, 948, 40_000]);
  expect(paid(loan, '2024-02-25', 50_000)).toBe(50_000);
  expect(brief(loan, '2024-02-25')).toEqual([
    [2, 0, 0, 40_000 - (50_000 - 158 - 948 - 40_000 - 632 - 316)],
    [3, 0, 0, 40_000],
  ]);
});

test('three days after the due date are grace; the fourth bears penalty from the due date', () => {
  const [inGrace, after] = ['2024-02-18', '2024-02-19'].map((day) => owed(newLoan(), day)[0]!);
  expect([inGrace!.timing, inGrace!.owed.penalty]).toEqual(['DUE', 0]);
  // 400.00 × 14.2233 % × 4/360 = 0.63
  expect([after!.timing, after!.owed.penalty]).toEqual(['PAST_DUE', 63]);
});

test('a payment that is heard late counts on its day, and moves the later one along', () => {
  const loan = newLoan();
  paid(loan, '2024-02-25', 41_106, 'P2');
  paid(loan, '2024-02-15', 40_948, 'P1');
  expect(brief(loan, '2024-02-25')).toEqual([[3, 0, 0, 40_000 - (41_106 - 632 - 316 - 40_000)]]);
});

test('what was meant for an instalment that is paid in the end stands with no loan', () => {
  const loan = newLoan();
  paid(loan, '2024-02-25', 41_106, 'P2', { only: [1] });
  paid(loan, '2024-02-15', 40_948, 'P1', { only: [1] });
  expect(takenOf(loan, 'P2')).toBe(0);
});

test('an ending asks for interest to date, and nets what was paid beyond it', () => {
  const loan = withFirstPaid();
  // 800.00 × 9.4822 % × 10/360 = 2.11
  expect(endingMinor(loan, '2024-02-25')).toBe(80_211);
  paid(loan, '2024-02-15', 1_000, 'P1');
  expect(endingMinor(loan, '2024-02-25')).toBe(79_211);
  expect(paid(loan, '2024-02-25', 80_000, 'P2', settling)).toBe(79_211);
  expect(brief(loan, '2024-02-25')).toEqual([]);
  expect(appliedOf(loan)).toBe(40_948 + 1_000 + 79_211);
});

test('an ending that is underpaid is a normal repayment', () => {
  const loan = withFirstPaid();
  paid(loan, '2024-02-25', 80_210, 'P1', settling);
  expect(brief(loan, '2024-02-25')).toEqual([[3, 0, 0, 80_000 - (80_210 - 632 - 316)]]);
});

test('a cancellation is open for seven days', () => {
  const loan = newLoan();
  // 1,200.00 × 9.4822 % × 2/360 = 0.63
  expect(endingMinor(loan, '2024-01-17')).toBe(120_063);
  expect(['2024-01-22', '2024-01-23'].map((day) => canEnd(loan, 'CANCELLATION', day))).toEqual([true, false]);
});

test('a refund opens an instalment again from its day, with days of grace; or from the due date', () => {
  const [noFault, atFault] = [false, true].map((isAtFault) => {
    const loan = withFirstPaid();
    takeBack(loan, 'P0', { amountMinor: 40_948, day: '2024-03-01', atFault: isAtFault });
    return loan;
  });
  expect(owed(noFault!, '2024-03-01')[0]).toMatchObject({ timing: 'DUE', owed: { penalty: 0 } });
  // 400.00 × 14.2233 % × 5/360 = 0.79
  expect(brief(noFault!, '2024-03-06')[0]).toEqual([1, 79, 948, 40_000]);
  // 400.00 × 14.2233 % × 15/360 = 2.37
  expect(brief(atFault!, '2024-03-01')[0]).toEqual([1, 237, 948, 40_000]);
});

test('a refund of a part takes back what was allocated last', () => {
  const loan = newLoan();
  paid(loan, '2024-02-15', 42_000);
  takeBack(loan, 'P1', { amountMinor: 1_000, day: '2024-02-16', atFault: false });
  // 1.04 of principal, 3.16 and 5.80 of interest.
  expect(brief(loan, '2024-02-16')).toEqual([
    [2, 0, 580, 40_000],
    [3, 0, 316, 40_000],
  ]);
});

test('of an ending nothing stays when a part of it is refunded', () => {
  const loan = withFirstPaid();
  paid(loan, '2024-02-25', 80_211, 'P1', settling);
  takeBack(loan, 'P1', { amountMinor: 211, day: '2024-03-01', atFault: false });
  expect(brief(loan, '2024-03-01')).toEqual([[3, 0, 0, 632 + 316]]);
});

test('an extension moves what is not due, for a fee and the interest of the time that is added', () => {
  const loan = withFirstPaid();
  expect(canExtend(loan, '2024-03-01', 1)).toBe(true);
  // 800.00 × 9.4822 % / 12 = 6.32; 0.5 % of 800.00
  expect(extensionOn(loan, '2024-03-01', 1)).toMatchObject({
    feeMinor: 400,
    instalments: [
      { dueDate: '2024-02-15', interestMinor: 948 },
      { dueDate: '2024-04-15', interestMinor: 632 + 632 },
      { dueDate: '2024-05-15', interestMinor: 316 },
    ],
  });
  extend(loan, { id: 'E1', day: '2024-03-01', periods: 1, feeMinor: 400 });
  // It counts from the extension's day on.
  paid(loan, '2024-02-20', 1_000);
  expect(loan.takings.at(-1)).toMatchObject({
    of: 'P1',
    number: 2,
    component: 'interest',
    day: '2024-03-01',
  });
  expect(canExtend(loan, '2024-03-01', 3)).toBe(false);
});

test('what is too much stands with no loan, and goes back before what is taken back from loans', () => {
  const purse = referencePurse();
  const loan = newLoan();
  purse.loans.set('LN1', loan);
  const line = { loanId: 'LN1', amountMinor: 40_948, takenMinor: 0 };
  receive(purse, [line], { id: 'R1', day: '2024-02-15', amountMinor: 50_000, claimedMinor: 0 });
  receive(purse, [line], { id: 'R2', day: '2024-02-15', amountMinor: 40_948, claimedMinor: 0 });
  const [first, second] = purse.receipts;
  expect([withNoLoan(purse, first!), withNoLoan(purse, second!)]).toEqual([9_052, 40_948]);
  expect([false, true].map((fromLoans) => refundable(purse, first!, fromLoans))).toEqual([9_052, 50_000]);
  const refund = claim(purse, first!, 10_000, false);
  expect([refund.parts, needsApproval(refund)]).toEqual([[{ loanId: 'LN1', amountMinor: 948 }], true]);
  payBack(purse, refund, '2024-02-15');
  expect([takenOf(loan, 'R1'), payableOf(purse)]).toEqual([40_000, 40_948]);
});
