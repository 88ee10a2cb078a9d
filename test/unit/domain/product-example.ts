import type { ProductTerms } from '../../../domain/product-terms';

/** Sound terms of a CNY product; a test changes what it is about. */
export const exampleTerms = (changes: Partial<ProductTerms> = {}): ProductTerms => ({
  currency: 'CNY',
  amount: { minMinor: 50_000, maxMinor: 5_000_000, stepMinor: 10_000 },
  term: { unit: 'MONTH', counts: [3, 6, 12] },
  annualRate: '0.094822',
  dayCount: '30/360',
  method: 'EQUAL_INSTALMENT',
  fees: [],
  ...changes,
});
