/**
 * A calendar day as 'YYYY-MM-DD'. It is a plain string so that it passes through JSON and SQL as it is, and
 * so that days compare with < and >. What comes from outside goes through `parseIsoDate` first.
 */
export type IsoDate = string;

/** The parts of a day as people count them: month 1–12, day 1–31. */
export interface DayParts {
  year: number;
  month: number;
  day: number;
}

const dayMs = 86_400_000;
const isoDatePattern = /^\d{4}-\d{2}-\d{2}$/;
const instantPattern = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

/**
 * Accepts a calendar day.
 *
 * @param text a day as 'YYYY-MM-DD'
 * @returns the same text
 * @throws RangeError if it has another form, or names a day that does not exist (2023-02-29)
 */
export function parseIsoDate(text: string): IsoDate {
  dayParts(text);
  return text;
}

/**
 * Takes a day apart.
 *
 * @throws RangeError if it is not an existing day written as 'YYYY-MM-DD'
 */
export function dayParts(date: IsoDate): DayParts {
  const isWritten = isoDatePattern.test(date);
  const [year, month, day] = [Number(date.slice(0, 4)), Number(date.slice(5, 7)), Number(date.slice(8))];
  // JavaScript's own calendar takes the years below 100 for others.
  if (!isWritten || year < 100 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) {
    throw new RangeError(`A date must be an existing day written as YYYY-MM-DD, but it is "${date}"`);
  }
  return { year, month, day };
}

/**
 * How many days a month has.
 *
 * @param month 1–12
 */
export function daysInMonth(year: number, month: number): number {
  // By hand: a loan's position asks for the days of hundreds of dates, and a Date for each took most of its time.
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/**
 * The day a number of months after an anchor. A month that lacks the anchor's day gives its last day instead,
 * and the count starts at the anchor each time: 31 January + 1 month is the end of February, + 2 months is 31
 * March. Counting from the previous result instead would leave every later month at the 28th.
 *
 * @param months a whole number; may be negative or zero
 * @throws RangeError if the anchor is no date, months is no whole number, or the result is outside years
 *   100–9999
 */
export function addMonths(anchor: IsoDate, months: number): IsoDate {
  const { year, month, day } = dayParts(anchor);
  const monthsSinceYearZero = year * 12 + month - 1 + wholeNumber(months, 'months');
  const toYear = Math.floor(monthsSinceYearZero / 12);
  const toMonth = monthsSinceYearZero - toYear * 12 + 1;
  return isoDate({ year: toYear, month: toMonth, day: Math.min(day, daysInMonth(toYear, toMonth)) });
}

/**
 * The day a number of days after another.
 *
 * @param days a whole number; may be negative or zero
 * @throws RangeError if date is no date, days is no whole number, or the result is outside years 100–9999
 */
export function addDays(date: IsoDate, days: number): IsoDate {
  const to = new Date(utcMs(date) + wholeNumber(days, 'days') * dayMs);
  return isoDate({ year: to.getUTCFullYear(), month: to.getUTCMonth() + 1, day: to.getUTCDate() });
}

/**
 * How many days lie between two days: 1 from a day to the next, negative if `to` is the earlier one.
 *
 * @throws RangeError if one of them is no date
 */
export function daysBetween(from: IsoDate, to: IsoDate): number {
  return (utcMs(to) - utcMs(from)) / dayMs;
}

/** Puts days in order, for `sort`: negative if the first is the earlier one. */
export const compareDays = (one: IsoDate, other: IsoDate): number => (one < other ? -1 : one > other ? 1 : 0);

/**
 * The calendar day that an instant falls on in a market. Money counts on this day, wherever the server
 * stands.
 *
 * @param instant an RFC 3339 date-time with its offset ('2024-01-31T17:30:00Z', '2024-02-01T00:30:00+07:00')
 * @param timeZone an IANA name ('Asia/Jakarta')
 * @throws RangeError if the instant has no offset or does not exist, or the time zone is unknown
 */
export function dayInZone(instant: string, timeZone: string): IsoDate {
  const [, writtenDay] = instantPattern.exec(instant) ?? [];
  const epochMs = Date.parse(instant);
  // Without an offset JavaScript would read the instant in the server's own time zone.
  if (writtenDay === undefined || Number.isNaN(epochMs)) {
    throw new RangeError(
      `An instant must be a date-time with an offset, such as 2024-01-31T17:30:00Z, but it is "${instant}"`,
    );
  }
  parseIsoDate(writtenDay);
  const parts = Object.fromEntries(
    dayFormatOf(timeZone)
      .formatToParts(epochMs)
      .map(({ type, value }) => [type, Number(value)]),
  );
  return isoDate({ year: parts.year ?? 0, month: parts.month ?? 0, day: parts.day ?? 0 });
}

const dayFormats = new Map<string, Intl.DateTimeFormat>();

/** Made once for each zone: making one takes as long as some ten uses of it. */
function dayFormatOf(timeZone: string): Intl.DateTimeFormat {
  const made =
    dayFormats.get(timeZone) ??
    new Intl.DateTimeFormat('en-US-u-ca-iso8601-nu-latn', {
      timeZone,
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
    });
  dayFormats.set(timeZone, made);
  return made;
}

/**
 * The instant at which a calendar day begins in a market, and the day before it ends.
 *
 * @param timeZone an IANA name ('Asia/Jakarta')
 * @returns an RFC 3339 date-time in UTC
 * @throws RangeError if it is no date, or the time zone is unknown
 */
export function startOfDay(date: IsoDate, timeZone: string): string {
  const format = new Intl.DateTimeFormat('en-US-u-ca-iso8601-nu-latn', {
    ...{ timeZone, year: 'numeric', month: 'numeric', day: 'numeric' },
    ...{ hour: 'numeric', minute: 'numeric', second: 'numeric', hourCycle: 'h23' },
  });
  /** How far the zone's clocks are ahead of UTC at an instant. */
  const offsetMs = (epochMs: number): number => {
    const parts = Object.fromEntries(
      format.formatToParts(epochMs).map(({ type, value }) => [type, Number(value)]),
    );
    const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) - epochMs;
  };
  // The offset at UTC's midnight may be that of the other side of a change of clocks, so it is looked up once more.
  const nearMs = utcMs(date) - offsetMs(utcMs(date));
  return new Date(utcMs(date) - offsetMs(nearMs)).toISOString();
}

function isoDate({ year, month, day }: DayParts): IsoDate {
  const [yyyy, mm, dd] = [
    String(year).padStart(4, '0'),
    String(month).padStart(2, '0'),
    String(day).padStart(2, '0'),
  ];
  return parseIsoDate(`${yyyy}-${mm}-${dd}`);
}

function utcMs(date: IsoDate): number {
  const { year, month, day } = dayParts(date);
  return Date.UTC(year, month - 1, day);
}

function wholeNumber(count: number, unit: string): number {
  if (!Number.isSafeInteger(count)) {
    throw new RangeError(`A number of ${unit} must be whole, but it is ${count}`);
  }
  return count;
}
