import { dayAfter, type Instalment } from '../amortization';
import { compareDays, dayParts, daysBetween, type IsoDate } from '../calendar';
import { plannedFeeAllowedMinor } from '../cost-caps';
import { dayCounts } from '../day-count';
import { Exact, roundHalfUp, sumMinor } from '../money';
import type { ProductTerms } from '../product-terms';
import {
  components,
  withPostings,
  type ExtensionProblemCode,
  type Loan,
  type MinorByComponent,
  type Payment,
  type ServicingProblem,
} from './loan';
import { assertNew, type Posted } from './payment';
import { byComponent, positionOf, type InstalmentPosition } from './position';
import { costBase, extraFeesMinor, paymentsUpTo, penaltyChargedMinor } from './settlement';

/** What an extension costs, and the schedule that it makes. */
export interface ExtensionQuote {
  periods: number;
  validThrough: IsoDate;
  feeMinor: number;
  /** What is past due and is paid with the fee; 0 where the product lets it stay due. */
  arrearsMinor: MinorByComponent;
  /** What the customer pays now: fee and arrears. */
  totalMinor: number;
  /** How much more interest the new schedule asks for than the old one. */
  addedInterestMinor: number;
  /** The new version of the schedule, whole. */
  instalments: Instalment[];
}

/**
 * Says why a loan cannot be extended on a day; undefined if it can.
 *
 * @param periods by how many of the product's periods
 */
export function extensionProblem(
  loan: Loan,
  day: IsoDate,
  periods: number,
): ServicingProblem<ExtensionProblemCode> | undefined {
  const { extension } = loan.terms;
  if (!extension) return { code: 'NOT_OFFERED', message: "The loan's product offers no extension" };
  const position = positionOf(loan, day);
  if (position.settled) return { code: 'LOAN_SETTLED', message: `Nothing is owed of the loan on ${day}` };
  if (!movable(position.instalments, day).length) {
    const message = `Every instalment that is owed was due before ${day}; only what is not past due can be extended`;
    return { code: 'NOTHING_TO_EXTEND', message };
  }
  if (!Number.isSafeInteger(periods) || periods < 1 || periods > extension.maxPeriods) {
    const message = `The number of periods must be from 1 to ${extension.maxPeriods}, but it is ${periods}`;
    return { code: 'PERIODS_OUT_OF_RANGE', message };
  }
  const { overdueDays } = position;
  if (overdueDays > extension.maxOverdueDays) {
    const message = `The loan is ${overdueDays} days overdue, and may be ${extension.maxOverdueDays} at most`;
    return { code: 'TOO_LONG_OVERDUE', message };
  }
  if (loan.extensions.length >= extension.maxTimes) {
    const message = `The loan has been extended ${loan.extensions.length} times, the most that its product allows`;
    return { code: 'EXTENDED_TOO_OFTEN', message };
  }
  const addedPeriods = sumMinor([...loan.extensions, periods]);
  const totalPeriods = periodsUpTo(loan, costBase(loan).endDate) + periods;
  const originalPeriods = totalPeriods - addedPeriods;
  const mostPeriods = Math.min(extension.maxTotalPeriods, 2 * originalPeriods);
  if (totalPeriods > mostPeriods) {
    const message = `The loan may run for ${mostPeriods} periods in all, but would for ${totalPeriods}`;
    return { code: 'TERM_TOO_LONG', message };
  }
  return undefined;
}

/**
 * Says why the contract of a loan's funding partner does not let it be extended; undefined if it does.
 *
 * @param day on which `extensionProblem` finds nothing
 * @param longestTermDays from the loan's first day to its last due date; null where the contract has no such rule
 */
export function fundingTermProblem(
  loan: Loan,
  day: IsoDate,
  periods: number,
  longestTermDays: number | null,
): ServicingProblem<ExtensionProblemCode> | undefined {
  if (longestTermDays === null) return undefined;
  const { instalments } = quoteExtension(loan, day, periods);
  const termDays = Math.max(...instalments.map(({ dueDate }) => daysBetween(loan.startDate, dueDate)));
  if (termDays <= longestTermDays) return undefined;
  const message = `The loan's funding partner lets it run for ${longestTermDays} days, but it would for ${termDays}`;
  return { code: 'FUNDING_TERM_TOO_LONG', message };
}

/**
 * Quotes an extension: what is owed and not due before the day moves by a number of periods. The principal parts stay.
 * For the time that is added, the principal that moves bears interest at the contract's rate, rounded half-up, with the
 * first instalment that moves; the later ones bear the interest of their new periods, and none less than was paid of it.
 * The fee is a part of the principal that moves, rounded half-up, as far as the cost cap leaves room for it.
 *
 * @param day not before what was posted last
 * @throws RangeError if the loan cannot be extended; `extensionProblem` says so before
 */
export function quoteExtension(loan: Loan, day: IsoDate, periods: number): ExtensionQuote {
  const problem = extensionProblem(loan, day, periods);
  if (problem) throw new RangeError(problem.message);

  const { feeRate, arrears } = loan.terms.extension!;
  const position = positionOf(loan, day);
  const moving = movable(position.instalments, day);
  const instalments = movedSchedule(loan, moving, periods);
  const extended = { ...loan, instalments };
  const movedMinor = sumMinor(moving.map(({ owedMinor }) => owedMinor.PRINCIPAL));
  const wantedMinor = roundHalfUp(new Exact(feeRate).times(movedMinor));
  const feeMinor = plannedFeeAllowedMinor(loan.market, plannedCost(extended, day), {
    date: day,
    amountMinor: wantedMinor,
  });
  const pastDue = arrears === 'DUE' ? [] : position.instalments.filter(({ dueDate }) => dueDate < day);
  const arrearsMinor = byComponent((component) =>
    sumMinor(pastDue.map(({ owedMinor }) => owedMinor[component])),
  );
  const interestOf = (schedule: readonly Instalment[]): number =>
    sumMinor(schedule.map(({ interestMinor }) => interestMinor));
  return {
    ...{ periods, validThrough: day, feeMinor, arrearsMinor, instalments },
    totalMinor: sumMinor([feeMinor, ...Object.values(arrearsMinor)]),
    addedInterestMinor: interestOf(instalments) - interestOf(loan.instalments),
  };
}

/**
 * Extends a loan by the payment of what it costs. It applies only if the loan still stands as it was quoted: the
 * payment counts no later than the quote holds, nothing that counts later has been posted, and it covers the price of
 * its day. If not, nothing changes, and all of the payment is excess.
 *
 * @param payment with the intent of an extension
 * @returns the loan with the new schedule and the postings, and whether it was extended
 * @throws RangeError as `applyPayment` does
 */
export function applyExtension(loan: Loan, payment: Payment): Posted & { extended: boolean } {
  assertNew(loan, payment);
  const { id: paymentId, valueDate, amountMinor, intent } = payment;
  if (intent.kind !== 'EXTENSION') throw new RangeError(`Payment ${paymentId} is not for an extension`);
  const heard = { ...loan, payments: [...loan.payments, payment] };
  const isCurrent =
    valueDate <= intent.quotedFor && loan.postings.every((posting) => posting.valueDate <= valueDate);
  const price =
    isCurrent && !extensionProblem(loan, valueDate, intent.periods)
      ? quoteExtension(loan, valueDate, intent.periods)
      : undefined;
  if (!price || price.totalMinor > amountMinor) {
    const excess = [{ paymentId, amountMinor }];
    return { loan: heard, postings: [], excess, returnMinor: 0, extended: false };
  }
  const first = movable(positionOf(loan, valueDate).instalments, valueDate)[0]!;
  const posting = { paymentId, valueDate, by: 'PAYMENT' } as const;
  const fee = {
    ...posting,
    instalment: first.number,
    component: 'FEE',
    amountMinor: price.feeMinor,
  } as const;
  const arrears = positionOf(loan, valueDate)
    .instalments.filter(({ dueDate }) => dueDate < valueDate && loan.terms.extension!.arrears === 'PAID')
    .flatMap(({ number, owedMinor }) =>
      components.map((component) => ({
        ...{ ...posting, instalment: number, component },
        amountMinor: owedMinor[component],
      })),
    );
  const added = [{ ...fee, by: 'ADJUSTMENT' as const, amountMinor: -price.feeMinor }, fee, ...arrears];
  const posted = withPostings(
    { ...heard, instalments: price.instalments, extensions: [...loan.extensions, intent.periods] },
    added.filter((one) => one.amountMinor !== 0),
  );
  const excessMinor = amountMinor - price.totalMinor;
  return {
    loan: posted,
    postings: posted.postings.slice(loan.postings.length),
    excess: excessMinor > 0 ? [{ paymentId, amountMinor: excessMinor }] : [],
    returnMinor: 0,
    extended: true,
  };
}

/** What is owed and not due before a day. */
const movable = (instalments: readonly InstalmentPosition[], day: IsoDate): InstalmentPosition[] =>
  instalments.filter(({ dueDate, settled }) => dueDate >= day && !settled);

function movedSchedule(loan: Loan, moving: readonly InstalmentPosition[], periods: number): Instalment[] {
  const { terms, startDate } = loan;
  const rate = (from: IsoDate, to: IsoDate) =>
    dayCounts[terms.dayCount](from, to, startDate).times(terms.annualRate);
  const movedDay = (date: IsoDate): IsoDate =>
    dayAfter[terms.term.unit](startDate, (periodsUpTo(loan, date) + periods) * terms.term.length);
  const owedPrincipalMinor = sumMinor(moving.map(({ owedMinor }) => owedMinor.PRINCIPAL));
  return loan.instalments.map((one, index) => {
    const position = moving.find(({ number }) => number === one.number);
    if (!position) return one;
    const isFirst = position === moving[0];
    const [periodStart, dueDate] = [
      isFirst ? one.periodStart : movedDay(one.periodStart),
      movedDay(one.dueDate),
    ];
    const balanceMinor = sumMinor(loan.instalments.slice(index).map(({ principalMinor }) => principalMinor));
    const interestMinor = isFirst
      ? one.interestMinor + roundHalfUp(rate(one.dueDate, dueDate).times(owedPrincipalMinor))
      : Math.max(
          roundHalfUp(rate(periodStart, dueDate).times(balanceMinor)),
          one.interestMinor - position.owedMinor.INTEREST,
        );
    const totalMinor = sumMinor([one.principalMinor, interestMinor, one.feeMinor]);
    return { ...one, periodStart, dueDate, interestMinor, totalMinor };
  });
}

/** How many of the product's periods lie between a loan's start and one of its due dates. */
function periodsUpTo({ terms, startDate }: Pick<Loan, 'terms' | 'startDate'>, date: IsoDate): number {
  const months = (one: IsoDate): number => dayParts(one).year * 12 + dayParts(one).month;
  const units: Record<ProductTerms['term']['unit'], number> = {
    MONTH: months(date) - months(startDate),
    DAY: daysBetween(startDate, date),
  };
  return units[terms.term.unit] / terms.term.length;
}

/** What an extended loan costs to its end if all that is owed is paid when it is due. */
function plannedCost(loan: Loan, day: IsoDate) {
  const toCome = positionOf(loan, day)
    .instalments.filter(({ settled }) => !settled)
    .map(({ dueDate, totalMinor }) => ({ date: dueDate > day ? dueDate : day, amountMinor: totalMinor }))
    .sort((one, other) => compareDays(one.date, other.date));
  return {
    ...costBase(loan),
    chargedMinor: sumMinor([
      ...loan.instalments.flatMap(({ interestMinor, feeMinor }) => [interestMinor, feeMinor]),
      penaltyChargedMinor(loan, day),
      extraFeesMinor(loan),
    ]),
    payments: [...paymentsUpTo(loan, day), ...toCome],
  };
}
