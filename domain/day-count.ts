import type { Decimal } from 'decimal.js';
import { dayParts, daysBetween, daysInMonth, type IsoDate } from './calendar';
import { Exact } from './money';
import type { DayCount } from './product-terms';

/**
 * The part of a year that interest runs for, from one day to another. A rule is additive: from a to b and
 * from b to c make from a to c, so that no day's interest is counted twice or left out wherever a period is
 * cut.
 *
 * @param from the first day that bears interest
 * @param to the day after the last one that bears interest
 * @param anchor the day that the loan's periods are counted from
 * @returns unrounded, computed with `Exact`
 */
export type DayCountRule = (from: IsoDate, to: IsoDate, anchor: IsoDate) => Decimal;

/** The day counts that a product can choose, by their usual names. */
export const dayCounts: Record<DayCount, DayCountRule> = {
  '30/360': (from, to, anchor) => new Exact(day30(to, anchor) - day30(from, anchor)).div(360),
  /** Real days over 360 (ISDA 2006 §4.16(e)): a whole year bears interest for 365 or 366 days. */
  'ACT/360': (from, to) => new Exact(daysBetween(from, to)).div(360),
  /**
   * ACT/365 with year split, which ISDA 2006 §4.16(b) names Actual/Actual (ISDA): the days in each calendar
   * year over that year's 365 or 366, so that a whole year is 1 whichever it is. It is not Actual/365 (Fixed),
   * §4.16(d), which would make a leap year dearer.
   */
  'ACT/ACT-ISDA': (from, to) => yearsSinceYearZero(to).minus(yearsSinceYearZero(from)),
};

/** Where a day stands on a line on which every calendar year has the length 1. */
function yearsSinceYearZero(date: IsoDate): Decimal {
  const { year } = dayParts(date);
  const newYear = `${date.slice(0, 4)}-01-01`;
  return new Exact(daysBetween(newYear, date)).div(daysInMonth(year, 2) === 29 ? 366 : 365).plus(year);
}

/**
 * The number of a day on a calendar of 30-day months, as 30E/360 ("Eurobond basis", ISDA 2006 §4.16(g)) has
 * it: the 31st counts as the 30th. It is this variant and not the American bond basis (§4.16(f)), because
 * there the 31st counts as a day of its own at the end of some periods, so that 15 to 31 January and 31
 * January to 15 February make 31 days, and a loan settled on the 31st would pay a day twice.
 *
 * Neither variant makes 31 January to 28 February a whole month, which the borrower was promised. So where a
 * month lacks the anchor's day, its last day stands for that day, as it does when periods are made. A whole
 * month from any anchor is then 1/12 of a year exactly.
 */
function day30(date: IsoDate, anchor: IsoDate): number {
  const { year, month, day } = dayParts(date);
  const isLastOfMonth = day === daysInMonth(year, month);
  const countedDay = isLastOfMonth ? Math.max(day, dayParts(anchor).day) : day;
  return year * 360 + month * 30 + Math.min(countedDay, 30);
}
