import fc from 'fast-check';
import { addDays, addMonths } from '../../../domain/calendar';
import { dayCounts } from '../../../domain/day-count';
import { Exact } from '../../../domain/money';
import { anyDate, anyDayCount } from './arbitraries';

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

test.each([
  ['ACT/360', '2024-01-01', '2025-01-01', '366/360'],
  ['ACT/360', '2023-01-31', '2023-02-28', '28/360'],
  ['ACT/ACT-ISDA', '2023-01-01', '2024-01-01', '1'],
  ['ACT/ACT-ISDA', '2024-01-01', '2025-01-01', '1'],
  ['ACT/ACT-ISDA', '2023-06-01', '2023-06-02', '1/365'],
  ['ACT/ACT-ISDA', '2024-06-01', '2024-06-02', '1/366'],
  ['ACT/ACT-ISDA', '2024-02-28', '2024-03-01', '2/366'],
] as const)('%s counts %s to %s as %s of a year', (dayCount, from, to, part) => {
  const [days = 0, year = 1] = part.split('/').map(Number);
  expect(dayCounts[dayCount](from, to, from).minus(new Exact(days).div(year)).abs().lt('1e-50')).toBe(true);
});

// The example of ISDA's paper "EMU and Market Conventions" (1998): 61 days of 2003 and 121 of 2004.
test('ACT/ACT-ISDA splits 1 November 2003 to 1 May 2004 at New Year', () => {
  const years = dayCounts['ACT/ACT-ISDA']('2003-11-01', '2004-05-01', '2003-11-01');
  expect(years.toFixed(12)).toBe('0.497724380567');
});

const offset = fc.integer({ min: 0, max: 800 });

test('no day is counted twice and none left out, wherever a period is cut, by any day count', () => {
  fc.assert(
    fc.property(anyDayCount, anyDate, offset, offset, offset, (dayCount, anchor, first, second, third) => {
      const [from, cut, to] = [first, first + second, first + second + third].map((days) =>
        addDays(anchor, days),
      );
      const rule = dayCounts[dayCount];
      const parts = rule(from!, cut!, anchor).plus(rule(cut!, to!, anchor));
      expect(
        parts
          .minus(rule(from!, to!, anchor))
          .abs()
          .lt('1e-50'),
      ).toBe(true);
    }),
  );
});

test('no day count ever counts backwards', () => {
  fc.assert(
    fc.property(anyDayCount, anyDate, offset, (dayCount, anchor, days) => {
      const years = dayCounts[dayCount](addDays(anchor, days), addDays(anchor, days + 1), anchor);
      expect(years.gte(0)).toBe(true);
    }),
  );
});
