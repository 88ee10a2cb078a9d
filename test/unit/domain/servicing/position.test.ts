import { positionOf } from '../../../../domain/servicing/position';
import { applyPayment, undo } from '../../../../domain/servicing/payment';
import { exampleLoan, payment } from './loan-example';

// Equal principal, 30/360: 412.00 on 15 February, 408.00 on 15 March, 404.00 on 15 April; three days of grace.
const loan = exampleLoan();
const first = (asOf: string, of = loan) => positionOf(of, asOf).instalments[0]!;

test('before its due date an instalment is in advance, and on it due', () => {
  expect(first('2024-02-14').timing).toBe('IN_ADVANCE');
  expect(first('2024-02-15').timing).toBe('DUE');
});

test('within the grace days an instalment is due, with no penalty and no overdue days', () => {
  const { timing, overdueDays, owedMinor } = first('2024-02-18');
  expect({ timing, overdueDays, penaltyMinor: owedMinor.PENALTY }).toEqual({
    ...{ timing: 'DUE', overdueDays: 0, penaltyMinor: 0 },
  });
});

test('after the grace days it is past due, with penalty and overdue days from the due date', () => {
  // 400.00 × 18 % × 4/360 = 0.80
  const { timing, overdueDays, owedMinor } = first('2024-02-19');
  expect({ timing, overdueDays, penaltyMinor: owedMinor.PENALTY }).toEqual({
    ...{ timing: 'PAST_DUE', overdueDays: 4, penaltyMinor: 80 },
  });
});

test('a settled instalment is not overdue', () => {
  const { loan: paid } = applyPayment(loan, payment('P1', '2024-02-15', 41_200));
  expect(first('2024-05-01', paid)).toMatchObject({ settled: true, overdueDays: 0, totalMinor: 0 });
});

test('a loan is as long overdue as its oldest unpaid instalment', () => {
  expect(positionOf(loan, '2024-03-20').overdueDays).toBe(34);
});

test('the totals are those of the instalments', () => {
  expect(positionOf(loan, '2024-01-15')).toMatchObject({
    owedMinor: { PENALTY: 0, FEE: 0, INTEREST: 2_400, PRINCIPAL: 120_000 },
    totalMinor: 122_400,
  });
});

test('an instalment that a refund has opened again is due, with days of grace, from then on', () => {
  const { loan: paid } = applyPayment(loan, payment('P1', '2024-02-15', 41_200));
  const refunded = undo(paid, { paymentId: 'P1', day: '2024-03-01', customerAtFault: false }).loan;
  for (const day of ['2024-03-01', '2024-03-04']) {
    expect(first(day, refunded)).toMatchObject({ timing: 'DUE', overdueDays: 0, totalMinor: 41_200 });
  }
  // 400.00 × 18 % × 4/360 = 0.80
  expect(first('2024-03-05', refunded)).toMatchObject({
    timing: 'PAST_DUE',
    overdueDays: 4,
    totalMinor: 41_280,
  });
});

test('an instalment that a chargeback has opened again was never paid', () => {
  const { loan: paid } = applyPayment(loan, payment('P1', '2024-02-15', 41_200));
  const charged = undo(paid, { paymentId: 'P1', day: '2024-03-01', customerAtFault: true }).loan;
  // 400.00 × 18 % × 15/360 = 3.00
  expect(first('2024-03-01', charged)).toMatchObject({
    timing: 'PAST_DUE',
    overdueDays: 15,
    totalMinor: 41_500,
  });
});
