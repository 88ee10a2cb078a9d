import fc from 'fast-check';
import { addDays } from '../../../domain/calendar';
import { penaltyMinor, type OverdueSpan } from '../../../domain/penalty';
import { anyDate, anyPrincipalMinor, anyRate } from './arbitraries';
import { exampleTerms } from './product-example';

const terms = exampleTerms({ graceDays: 3, penalty: { annualRate: '0.18', dayCount: 'ACT/360' } });
const span = (from: string, to: string, principalMinor = 100_000): OverdueSpan => ({
  principalMinor,
  from,
  to,
});

const anyTermsOfPenalty = fc.record({
  graceDays: fc.constant(0),
  penalty: fc.record({ annualRate: anyRate, dayCount: fc.constantFrom('ACT/360', 'ACT/ACT-ISDA') }),
});
const anyDays = fc.integer({ min: 0, max: 800 });

test('principal of 1,000.00 that is ten days overdue at 18 % bears 5.00', () => {
  expect(penaltyMinor([span('2024-03-01', '2024-03-11')], terms)).toBe(500);
});

test('an instalment paid on its due date bears none', () => {
  expect(penaltyMinor([span('2024-03-01', '2024-03-01')], { ...terms, graceDays: 0 })).toBe(0);
});

test('an instalment paid on the last day of grace bears none', () => {
  expect(penaltyMinor([span('2024-03-01', '2024-03-04')], terms)).toBe(0);
});

test('after the grace the penalty counts from the due date', () => {
  expect(penaltyMinor([span('2024-03-01', '2024-03-05')], terms)).toBe(200);
});

test('a part-payment lowers the penalty from its day on', () => {
  const overdue = [span('2024-03-01', '2024-03-11'), span('2024-03-11', '2024-03-21', 40_000)];
  expect(penaltyMinor(overdue, terms)).toBe(500 + 200);
});

test('nothing overdue bears nothing', () => {
  expect(penaltyMinor([], terms)).toBe(0);
});

test('a rate of zero is no penalty', () => {
  const free = exampleTerms({ penalty: { annualRate: '0', dayCount: 'ACT/360' } });
  expect(penaltyMinor([span('2024-03-01', '2025-03-01')], free)).toBe(0);
});

test('spans with a gap are refused', () => {
  const overdue = [span('2024-03-01', '2024-03-11'), span('2024-03-12', '2024-03-21')];
  expect(() => penaltyMinor(overdue, terms)).toThrow('must begin where the one before ends');
});

test('a span that ends before it begins is refused', () => {
  expect(() => penaltyMinor([span('2024-03-11', '2024-03-01')], terms)).toThrow('must not end');
});

test('no day is charged twice or left out, wherever an overdue time is cut', () => {
  fc.assert(
    fc.property(
      anyTermsOfPenalty,
      anyPrincipalMinor,
      anyDate,
      anyDays,
      anyDays,
      (each, principal, from, first, second) => {
        const [cut, to] = [addDays(from, first), addDays(from, first + second)];
        const parts = [span(from, cut, principal), span(cut, to, principal)];
        expect(penaltyMinor(parts, each)).toBe(penaltyMinor([span(from, to, principal)], each));
      },
    ),
  );
});

test('what accrues in a day is never negative', () => {
  fc.assert(
    fc.property(anyTermsOfPenalty, anyPrincipalMinor, anyDate, anyDays, (each, principal, from, days) => {
      const upTo = (count: number): number =>
        penaltyMinor([span(from, addDays(from, count), principal)], each);
      expect(upTo(days + 1)).toBeGreaterThanOrEqual(upTo(days));
    }),
  );
});
