import fc from 'fast-check';
import type { FeeTerms, ProductTerms } from '../../../domain/product-terms';
import { exampleTerms } from './product-example';

/** Days of this century, month ends and leap days more often than chance would have them. */
export const anyDate = fc.oneof(
  fc
    .date({
      min: new Date('2000-01-01T00:00:00Z'),
      max: new Date('2099-12-31T00:00:00Z'),
      noInvalidDate: true,
    })
    .map((date) => date.toISOString().slice(0, 10)),
  fc.constantFrom(
    '2023-01-29',
    '2023-01-30',
    '2023-01-31',
    '2023-02-28',
    '2024-01-31',
    '2024-02-28',
    '2024-02-29',
  ),
);

/** Rates from 0 to 36 % a year, as the decimal strings of product terms. */
export const anyRate = fc
  .integer({ min: 0, max: 360_000 })
  .map((millionths) => (millionths / 1_000_000).toFixed(6));

/** Principals from one minor unit to 10^12, tiny ones as often as large ones. */
export const anyPrincipalMinor = fc.oneof(
  fc.integer({ min: 1, max: 500 }),
  fc.integer({ min: 1, max: 10 ** 12 }),
);

export const anyInstalmentCount = fc.integer({ min: 1, max: 60 });

export const anyDayCount = fc.constantFrom('30/360', 'ACT/360', 'ACT/ACT-ISDA');

const anyBasis: fc.Arbitrary<FeeTerms['basis']> = fc.oneof(
  fc.record({ kind: fc.constant('FIXED'), amountMinor: fc.integer({ min: 1, max: 5_000 }) }),
  fc.record({ kind: fc.constant('PERCENTAGE'), rate: anyRate }),
);

/** Terms of every method, day count and kind of period, with and without a fee in the instalments. */
export const anyTerms: fc.Arbitrary<ProductTerms> = fc
  .record({
    annualRate: anyRate,
    method: fc.constantFrom('EQUAL_INSTALMENT', 'EQUAL_PRINCIPAL', 'INTEREST_FIRST', 'BULLET'),
    dayCount: anyDayCount,
    term: fc.oneof(
      fc.record({ unit: fc.constant('MONTH'), length: fc.constantFrom(1, 1, 1, 3) }),
      fc.record({ unit: fc.constant('DAY'), length: fc.integer({ min: 1, max: 45 }) }),
    ),
    bases: fc.array(anyBasis, { maxLength: 2 }),
  })
  .map(({ bases, term, ...terms }) =>
    exampleTerms({
      ...terms,
      term: { ...term, counts: [1] },
      fees: bases.map((basis, index) => ({ code: `FEE_${index}`, timing: 'PER_INSTALMENT', basis })),
    }),
  );
