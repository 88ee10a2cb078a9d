import fc from 'fast-check';
import {
  addDays,
  addMonths,
  dayInZone,
  daysBetween,
  parseIsoDate,
  startOfDay,
} from '../../../domain/calendar';
import { anyDate } from './arbitraries';

const someDays = fc.integer({ min: -40_000, max: 40_000 });
const someMonths = fc.integer({ min: -600, max: 600 });

test.each(['2024-02-29', '2023-02-28', '1999-12-31'])('%s is a date', (text) => {
  expect(parseIsoDate(text)).toBe(text);
});

test.each(['2023-02-29', '2024-13-01', '2024-00-10', '2024-01-00', '2024-1-1', '20240101', '0099-01-01', ''])(
  '"%s" is refused as a date',
  (text) => {
    expect(() => parseIsoDate(text)).toThrow(`but it is "${text}"`);
  },
);

test.each([
  ['2023-01-31', 1, '2023-02-28'],
  ['2024-01-31', 1, '2024-02-29'],
  ['2024-01-31', 2, '2024-03-31'],
  ['2024-01-31', 3, '2024-04-30'],
  ['2024-01-30', 1, '2024-02-29'],
  ['2023-01-29', 1, '2023-02-28'],
  ['2024-02-29', 12, '2025-02-28'],
  ['2024-02-29', 48, '2028-02-29'],
  ['2024-11-30', 2, '2025-01-30'],
  ['2024-03-31', -1, '2024-02-29'],
  ['2024-01-15', -13, '2022-12-15'],
  ['2024-01-15', 0, '2024-01-15'],
])('%s and %d months are %s', (anchor, months, expected) => {
  expect(addMonths(anchor, months)).toBe(expected);
});

test('a month after an anchor falls in that month, on the anchor day or the last day before it', () => {
  fc.assert(
    fc.property(anyDate, someMonths, (anchor, months) => {
      const [year, month, day] = anchor.split('-').map(Number) as [number, number, number];
      const lastOfMonth = new Date(Date.UTC(year, month + months, 0));
      lastOfMonth.setUTCDate(Math.min(day, lastOfMonth.getUTCDate()));
      expect(addMonths(anchor, months)).toBe(lastOfMonth.toISOString().slice(0, 10));
    }),
  );
});

test('later months are later days', () => {
  fc.assert(
    fc.property(anyDate, someMonths, (anchor, months) => {
      expect(addMonths(anchor, months) < addMonths(anchor, months + 1)).toBe(true);
    }),
  );
});

test('days added are the days between', () => {
  fc.assert(
    fc.property(anyDate, someDays, (date, days) => {
      expect(daysBetween(date, addDays(date, days))).toBe(days);
    }),
  );
});

test('a leap year has 366 days', () => {
  expect(daysBetween('2024-01-01', '2025-01-01')).toBe(366);
});

test.each([0.5, NaN])('%d months are refused', (months) => {
  expect(() => addMonths('2024-01-31', months)).toThrow(RangeError);
});

test('a day beyond the year 9999 is refused', () => {
  expect(() => addDays('9999-12-31', 1)).toThrow(RangeError);
});

test.each([
  ['2024-01-31T16:59:59Z', 'Asia/Jakarta', '2024-01-31'],
  ['2024-01-31T17:00:00Z', 'Asia/Jakarta', '2024-02-01'],
  ['2024-02-28T16:00:00.000Z', 'Asia/Shanghai', '2024-02-29'],
  ['2024-02-01T00:30:00+07:00', 'UTC', '2024-01-31'],
  ['2023-12-31T23:30:00-05:00', 'Asia/Jakarta', '2024-01-01'],
])('%s falls in %s on %s', (instant, timeZone, day) => {
  expect(dayInZone(instant, timeZone)).toBe(day);
});

test.each(['2024-01-31T17:30:00', '2024-01-31', '2023-02-29T00:00:00Z', '2024-01-31T25:00:00Z', 'now'])(
  '"%s" is refused as an instant',
  (instant) => {
    expect(() => dayInZone(instant, 'Asia/Jakarta')).toThrow(RangeError);
  },
);

test('an unknown time zone is refused by its name', () => {
  expect(() => dayInZone('2024-01-31T17:30:00Z', 'Asia/Atlantis')).toThrow('Asia/Atlantis');
});

describe('startOfDay', () => {
  test.each([
    ['2024-02-01', 'Asia/Jakarta', '2024-01-31T17:00:00.000Z'],
    ['2024-02-29', 'Asia/Shanghai', '2024-02-28T16:00:00.000Z'],
    ['2024-02-01', 'UTC', '2024-02-01T00:00:00.000Z'],
    // The day on which the clocks change, and the one after it.
    ['2024-03-31', 'Europe/Berlin', '2024-03-30T23:00:00.000Z'],
    ['2024-04-01', 'Europe/Berlin', '2024-03-31T22:00:00.000Z'],
    ['2024-11-04', 'America/New_York', '2024-11-04T05:00:00.000Z'],
  ])('%s begins in %s at %s', (date, timeZone, instant) => {
    expect(startOfDay(date, timeZone)).toBe(instant);
    expect(dayInZone(instant, timeZone)).toBe(date);
    expect(dayInZone(new Date(Date.parse(instant) - 1).toISOString(), timeZone)).toBe(addDays(date, -1));
  });

  test('refuses what is no day and no time zone', () => {
    expect(() => startOfDay('2023-02-29', 'UTC')).toThrow(RangeError);
    expect(() => startOfDay('2024-01-01', 'Mars/Olympus')).toThrow(RangeError);
  });
});
