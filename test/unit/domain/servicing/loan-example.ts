import fc from 'fast-check';
import { repaymentPlan } from '../../../../domain/amortization';
import { addDays, type IsoDate } from '../../../../domain/calendar';
import type { Intent, Loan, Payment } from '../../../../domain/servicing/loan';
import type { ProductTerms } from '../../../../domain/product-terms';
import { anyTerms } from '../arbitraries';
import { exampleTerms } from '../product-example';

/** CNY 1,200.00 over three months from 15 January 2024 at 12 % a year, as docs/products.md has it. */
export function exampleLoan(
  terms: Partial<ProductTerms> = {},
  changes: { market?: string; principalMinor?: number; instalmentCount?: number; startDate?: IsoDate } = {},
): Loan {
  const { market = 'CN', principalMinor = 120_000, instalmentCount = 3, startDate = '2024-01-15' } = changes;
  const all = exampleTerms({
    annualRate: '0.12',
    method: 'EQUAL_PRINCIPAL',
    penalty: { annualRate: '0.18', dayCount: 'ACT/360' },
    earlySettlement: { interest: 'TO_DATE', feeRate: '0', remainingFees: 'WAIVED' },
    cancellation: { windowDays: 60, interest: 'NONE', deductedFees: 'RETURNED' },
    extension: {
      ...{ maxPeriods: 2, maxTimes: 1, maxTotalPeriods: 100, maxOverdueDays: 15 },
      ...{ feeRate: '0.01', arrears: 'PAID' },
    },
    ...terms,
  });
  const { instalments } = repaymentPlan({ principalMinor, terms: all, instalmentCount, startDate });
  return { market, terms: all, startDate, instalments, extensions: [], payments: [], postings: [] };
}

export const payment = (
  id: string,
  valueDate: IsoDate,
  amountMinor: number,
  intent: Intent = { kind: 'NORMAL' },
  couponMinor = 0,
): Payment => ({ id, valueDate, amountMinor, intent, couponMinor });

const anySettlement = fc.record({
  interest: fc.constantFrom('TO_DATE', 'FULL_PERIOD'),
  feeRate: fc.constantFrom('0', '0.01', '0.05'),
  remainingFees: fc.constantFrom('WAIVED', 'DUE'),
});
const anyCancellation = fc.record({
  windowDays: fc.integer({ min: 1, max: 60 }),
  interest: fc.constantFrom('NONE', 'TO_DATE'),
  deductedFees: fc.constantFrom('RETURNED', 'KEPT'),
});

/** Loans of every method and day count, with fees in the instalments and some with one deducted. */
export const anyLoan: fc.Arbitrary<Loan> = fc
  .record({
    terms: anyTerms,
    graceDays: fc.constantFrom(0, 0, 3),
    earlySettlement: anySettlement,
    cancellation: anyCancellation,
    deductedMinor: fc.constantFrom(0, 50),
    principalMinor: fc.oneof(fc.integer({ min: 100, max: 2_000 }), fc.integer({ min: 10_000, max: 10 ** 9 })),
    instalmentCount: fc.integer({ min: 1, max: 6 }),
    startDay: fc.integer({ min: 0, max: 800 }),
  })
  .map(({ terms, deductedMinor, principalMinor, instalmentCount, startDay, ...parts }) => {
    const basis = { kind: 'FIXED', amountMinor: deductedMinor } as const;
    const deducted = { code: 'DEDUCTED', timing: 'DEDUCTED', basis } as const;
    const fees = deductedMinor > 0 ? [...terms.fees, deducted] : terms.fees;
    const startDate = addDays('2024-01-01', startDay);
    return exampleLoan(
      { ...terms, ...parts, fees },
      { market: 'CN', principalMinor, instalmentCount, startDate },
    );
  });

export const lastDueDate = (loan: Loan): IsoDate => loan.instalments.at(-1)!.dueDate;
