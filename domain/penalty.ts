import { daysBetween, type IsoDate } from './calendar';
import { dayCounts } from './day-count';
import { Exact, roundHalfUp } from './money';
import type { ProductTerms } from './product-terms';

/** A time in which one amount of an instalment's principal was overdue. */
export interface OverdueSpan {
  principalMinor: number;
  /** The first day that bears penalty: the due date, or the day on which a part was paid. */
  from: IsoDate;
  /** The day on which it was paid, or up to and without which penalty is asked for. */
  to: IsoDate;
}

/**
 * What an instalment's overdue principal bears as penalty (罚息). It bears it from the due date on, on which its
 * interest ends, so that no day is charged twice or left out. An instalment paid within the grace days was paid
 * in time and bears none; after them the penalty counts from the due date, as the grace was for paying in it.
 *
 * The spans are rounded together, half-up, once. So accrue day by day by differences: what the spans up to
 * today bear less what was accrued before.
 *
 * @param overdue the overdue principal of one instalment since its due date, in order; a part-payment ends one
 *   span and begins the next
 * @param terms the loan's product terms
 * @returns minor units, 0 or more
 * @throws RangeError if a principal is no whole number of minor units above 0, or the spans do not follow each
 *   other
 */
export function penaltyMinor(
  overdue: readonly OverdueSpan[],
  terms: Pick<ProductTerms, 'graceDays' | 'penalty'>,
): number {
  overdue.forEach((span, index) => assertFollows(span, overdue[index - 1]));
  const [first, last] = [overdue[0], overdue.at(-1)];
  if (!first || !last || daysBetween(first.from, last.to) <= terms.graceDays) return 0;

  const { annualRate, dayCount } = terms.penalty;
  const principalYears = overdue.reduce(
    (sum, { principalMinor, from, to }) =>
      sum.plus(dayCounts[dayCount](from, to, from).times(principalMinor)),
    new Exact(0),
  );
  return roundHalfUp(principalYears.times(annualRate));
}

function assertFollows({ principalMinor, from, to }: OverdueSpan, previous: OverdueSpan | undefined): void {
  if (!Number.isSafeInteger(principalMinor) || principalMinor <= 0) {
    throw new RangeError(`Overdue principal must be a positive whole number, but it is ${principalMinor}`);
  }
  if (to < from) throw new RangeError(`An overdue span must not end (${to}) before it begins (${from})`);
  if (previous && previous.to !== from) {
    throw new RangeError(
      `An overdue span must begin where the one before ends, on ${previous.to}, not ${from}`,
    );
  }
}
