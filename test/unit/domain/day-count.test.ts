import fc from 'fast-check';
import { addDays, addMonths } from '../../../domain/calendar';
import { dayCounts } from '../../../domain/day-count';
import { Exact } from '../../../domain/money';
import { anyDate } from './arbitraries';

const thirty360 = dayCounts['30/360'];
const days30 = (from: string, to: string, anchor = from): number =>
  thirty360(from, to, anchor).times(360).toDecimalPlaces(20).toNumber();

test.each([
  ['2023-01-31', '2023-02-28', 30],
  ['2024-01-31', '2024-02-29', 30],
  ['2024-01-15', '2024-02-15', 30],
  ['2024-01-15', '2024-01-30', 15],
  ['2024-01-15', '2024-01-31', 15],
  ['2024-01-31', '2024-02-15', 15],
  ['2024-02-28', '2024-03-01', 3],
  ['2024-01-01', '2025-01-01', 360],
])('30/360 counts %s to %s as %d days', (from, to, days) => {
  expect(days30(from, to)).toBe(days);
});

test('30/360 makes the month before and after a short month end whole', () => {
  expect(days30('2023-02-28', '2023-03-31', '2023-01-31')).toBe(30);
});

test('30/360 makes every whole month from any anchor a twelfth of a year', () => {
  fc.assert(
    fc.property(anyDate, fc.integer({ min: 0, max: 600 }), (anchor, months) => {
      const part = thirty360(addMonths(anchor, months), addMonths(anchor, months + 1), anchor);
      expect(part.eq(new Exact(1).div(12))).toBe(true);
    }),
  );
});

test('30/360 counts no day twice and leaves none out, wherever a period is cut', () => {
  const offset = fc.integer({ min: 0, max: 800 });
  fc.assert(
    fc.property(anyDate, offset, offset, offset, (anchor, first, second, third) => {
      const [from, cut, to] = [first, first + second, first + second + third].map((days) =>
        addDays(anchor, days),
      );
      expect(days30(from!, cut!, anchor) + days30(cut!, to!, anchor)).toBe(days30(from!, to!, anchor));
    }),
  );
});

test('30/360 never counts backwards', () => {
  fc.assert(
    fc.property(anyDate, fc.integer({ min: 0, max: 800 }), (anchor, days) => {
      expect(days30(addDays(anchor, days), addDays(anchor, days + 1), anchor)).toBeGreaterThanOrEqual(0);
    }),
  );
});
