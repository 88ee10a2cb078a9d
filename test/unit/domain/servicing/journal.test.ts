import fc from 'fast-check';
import { addDays } from '../../../../domain/calendar';
import { sumMinor } from '../../../../domain/money';
import { journalChanges } from '../../../../domain/servicing/journal';
import type { Loan } from '../../../../domain/servicing/loan';
import { applyPayment } from '../../../../domain/servicing/payment';
import { positionOf } from '../../../../domain/servicing/position';
import { quote, quoteProblem } from '../../../../domain/servicing/quote';
import { anyLoan, exampleLoan, payment } from './loan-example';

const dueDate = '2024-02-15';

describe('the journal of a payment', () => {
  test('has what it pays of each component', () => {
    const { postings } = applyPayment(exampleLoan(), payment('P1', dueDate, 41_200));
    expect(journalChanges(postings)).toEqual({
      ...{ appliedMinor: 41_200, couponMinor: 0, returnedFeeMinor: 0 },
      ...{ principalMinor: 40_000, interestMinor: 1_200, feeMinor: 0, penaltyMinor: 0 },
    });
  });

  test('that is heard late takes back the penalty that a later one has paid', () => {
    const late = applyPayment(exampleLoan(), payment('P1', addDays(dueDate, 20), 50_000));
    const penaltyMinor = journalChanges(late.postings).penaltyMinor;
    expect(penaltyMinor).toBeGreaterThan(0);
    const { postings } = applyPayment(late.loan, payment('P2', dueDate, 41_200));
    expect(journalChanges(postings)).toMatchObject({ appliedMinor: 41_200, penaltyMinor: -penaltyMinor });
  });

  test('of a cancellation returns the deducted fee, and takes back the interest that was paid', () => {
    const fees = [
      { code: 'DEDUCTED', timing: 'DEDUCTED', basis: { kind: 'FIXED', amountMinor: 3_000 } },
    ] as const;
    const paid = applyPayment(exampleLoan({ fees: [...fees] }), payment('P1', '2024-01-16', 1_200));
    const { intent, totalMinor } = quote(paid.loan, '2024-01-17', { kind: 'CANCELLATION' });
    const { postings } = applyPayment(paid.loan, payment('P2', '2024-01-17', totalMinor, intent));
    expect(journalChanges(postings)).toEqual({
      ...{ appliedMinor: totalMinor, couponMinor: 0, returnedFeeMinor: 3_000 },
      ...{ principalMinor: 120_000, interestMinor: -1_200, feeMinor: 0, penaltyMinor: 0 },
    });
  });
});

const anyPayments = fc.array(
  fc.record({
    days: fc.integer({ min: 0, max: 150 }),
    percent: fc.integer({ min: 1, max: 250 }),
    intent: fc.constantFrom('AMOUNT', 'AMOUNT', 'EARLY_SETTLEMENT', 'CANCELLATION'),
    couponMinor: fc.constantFrom(0, 0, 20),
  }),
  { maxLength: 6 },
);

test('whatever is paid, in whichever order it is heard: journals balance, and their principal is what is not open any more', () => {
  fc.assert(
    fc.property(anyLoan, anyPayments, (fresh, payments) => {
      let loan: Loan = fresh;
      const totals = { appliedMinor: 0, principalMinor: 0 };
      const excesses: number[] = [];
      payments.forEach(({ days, percent, intent, couponMinor }, index) => {
        const day = addDays(fresh.startDate, days);
        const isLast = loan.postings.every(({ valueDate }) => valueDate <= day);
        const quoted =
          intent !== 'AMOUNT' && isLast && !quoteProblem(loan, day, { kind: intent })
            ? quote(loan, day, { kind: intent })
            : undefined;
        const wantedMinor = quoted?.totalMinor ?? fresh.instalments[0]!.totalMinor;
        const amountMinor = Math.floor((wantedMinor * percent) / 100);
        const posted = applyPayment(
          loan,
          payment(`P${index}`, day, amountMinor, quoted?.intent, couponMinor),
        );
        const changes = journalChanges(posted.postings);
        expect(changes.appliedMinor + changes.couponMinor + changes.returnedFeeMinor).toBe(
          changes.principalMinor + changes.interestMinor + changes.feeMinor + changes.penaltyMinor,
        );
        // A payment only ever closes principal; what opens it again is a refund.
        expect(changes.principalMinor).toBeGreaterThanOrEqual(0);
        // What is not applied is excess, or went back.
        expect(amountMinor - changes.appliedMinor).toBe(
          sumMinor(posted.excess.map((one) => one.amountMinor)) + posted.returnMinor,
        );
        excesses.push(amountMinor - changes.appliedMinor);
        totals.appliedMinor += changes.appliedMinor;
        totals.principalMinor += changes.principalMinor;
        loan = posted.loan;
      });
      const principalMinor = sumMinor(fresh.instalments.map((one) => one.principalMinor));
      const openMinor = positionOf(loan, addDays(fresh.startDate, 150)).owedMinor.PRINCIPAL;
      expect(totals.principalMinor).toBe(principalMinor - openMinor);
      // What all payers have not put towards the loan is never negative: the books could not owe it.
      expect(sumMinor(excesses)).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 400 },
  );
}, 60_000);
