import type { AllocationTarget, ProductTerms } from '../../../domain/product-terms';

export const oldestFirst: AllocationTarget[] = [
  ...(['PAST_DUE_PENALTY', 'PAST_DUE_FEE', 'PAST_DUE_INTEREST', 'PAST_DUE_PRINCIPAL'] as const),
  ...(['DUE_PENALTY', 'DUE_FEE', 'DUE_INTEREST', 'DUE_PRINCIPAL'] as const),
  ...(['IN_ADVANCE_PENALTY', 'IN_ADVANCE_FEE', 'IN_ADVANCE_INTEREST', 'IN_ADVANCE_PRINCIPAL'] as const),
];

/** Sound terms of a CNY product; a test changes what it is about. */
export const exampleTerms = (changes: Partial<ProductTerms> = {}): ProductTerms => ({
  currency: 'CNY',
  amount: { minMinor: 50_000, maxMinor: 5_000_000, stepMinor: 10_000 },
  term: { unit: 'MONTH', length: 1, counts: [3, 6, 12] },
  annualRate: '0.094822',
  dayCount: '30/360',
  method: 'EQUAL_INSTALMENT',
  fees: [],
  graceDays: 3,
  penalty: { annualRate: '0.142233', dayCount: 'ACT/360' },
  allocationOrder: oldestFirst,
  ...changes,
});
