import fc from 'fast-check';
import { deductedFees, instalmentFees, payoutMinor } from '../../../domain/fees';
import { sumMinor } from '../../../domain/money';
import type { FeeTerms } from '../../../domain/product-terms';
import { anyInstalmentCount, anyPrincipalMinor, anyRate } from './arbitraries';
import { exampleTerms } from './product-example';

const withFees = (...fees: FeeTerms[]) => exampleTerms({ currency: 'IDR', fees });
const service: FeeTerms = {
  code: 'SERVICE',
  timing: 'DEDUCTED',
  basis: { kind: 'PERCENTAGE', rate: '0.03' },
};
const stamp: FeeTerms = { code: 'STAMP', timing: 'DEDUCTED', basis: { kind: 'FIXED', amountMinor: 10_000 } };
const monthly: FeeTerms = {
  code: 'MONTHLY',
  timing: 'PER_INSTALMENT',
  basis: { kind: 'FIXED', amountMinor: 700 },
};
const spread: FeeTerms = {
  code: 'SPREAD',
  timing: 'PER_INSTALMENT',
  basis: { kind: 'PERCENTAGE', rate: '0.01' },
};

test('deducted fees are those of the terms, in their order', () => {
  expect(deductedFees(withFees(service, monthly, stamp), 5_000_000)).toEqual([
    { code: 'SERVICE', amountMinor: 150_000 },
    { code: 'STAMP', amountMinor: 10_000 },
  ]);
});

test('a percentage of the principal is rounded half-up', () => {
  expect(deductedFees(withFees(service), 50)).toEqual([{ code: 'SERVICE', amountMinor: 2 }]);
});

test('a deducted fee that rounds to nothing is left out', () => {
  expect(deductedFees(withFees(service), 16)).toEqual([]);
});

test('the payout is the principal without the deducted fees', () => {
  expect(payoutMinor(5_000_000, deductedFees(withFees(service, stamp), 5_000_000))).toBe(4_840_000);
});

test('a payout of nothing is refused', () => {
  expect(() => payoutMinor(10_000, deductedFees(withFees(stamp), 10_000))).toThrow(
    'nothing of the principal 10000',
  );
});

test('a fixed instalment fee is paid with every instalment', () => {
  expect(instalmentFees(withFees(monthly), 1_000, 3)).toEqual([700, 700, 700]);
});

test('a percentage instalment fee is spread, and the last part takes the residue', () => {
  expect(instalmentFees(withFees(spread), 100_000, 6)).toEqual([166, 166, 166, 166, 166, 170]);
});

test('instalment fees of several kinds are paid together, and deducted ones are not among them', () => {
  expect(instalmentFees(withFees(service, monthly, spread), 60_000, 2)).toEqual([1_000, 1_000]);
});

test('the parts of a spread fee sum to the fee, and none is negative', () => {
  fc.assert(
    fc.property(anyPrincipalMinor, anyRate, anyInstalmentCount, (principalMinor, rate, count) => {
      const basis = { kind: 'PERCENTAGE', rate } as const;
      const parts = instalmentFees(withFees({ ...spread, basis }), principalMinor, count);
      const whole = deductedFees(withFees({ ...service, basis }), principalMinor);
      expect(sumMinor(parts)).toBe(sumMinor(whole.map((fee) => fee.amountMinor)));
      expect(Math.min(...parts)).toBeGreaterThanOrEqual(0);
    }),
  );
});
