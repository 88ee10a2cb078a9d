import type { Instalment } from '../amortization';
import { daysBetween, type IsoDate } from '../calendar';
import { sumMinor } from '../money';
import { penaltyMinor, type OverdueSpan } from '../penalty';
import type { Loan, MinorByComponent, Posting } from './loan';

/** How an instalment stands on a day. */
export interface InstalmentPosition {
  number: number;
  dueDate: IsoDate;
  /** DUE from its due date through the grace days, in which it can still be paid in time. */
  timing: 'PAST_DUE' | 'DUE' | 'IN_ADVANCE';
  /** Real days since it was due, once it is past due; 0 before that, and when it is settled. */
  overdueDays: number;
  owedMinor: MinorByComponent;
  totalMinor: number;
  settled: boolean;
}

/** How a loan stands on a day. */
export interface LoanPosition {
  asOf: IsoDate;
  instalments: InstalmentPosition[];
  owedMinor: MinorByComponent;
  totalMinor: number;
  /** Of the instalment that is overdue longest. */
  overdueDays: number;
  settled: boolean;
}

/**
 * What is owed of a loan on a day: schedule + penalty − the postings that count by then.
 *
 * @param asOf the day; penalty counts up to and without it
 * @returns each instalment of the schedule and the totals; nothing is negative on the day of the last posting or later
 */
export function positionOf(loan: Loan, asOf: IsoDate): LoanPosition {
  const instalments = loan.instalments.map((one) => instalmentOn(loan, one, postingsOf(loan, one), asOf));
  const owedMinor = byComponent((component) => sumMinor(instalments.map((one) => one.owedMinor[component])));
  return {
    asOf,
    instalments,
    owedMinor,
    totalMinor: sumMinor(instalments.map((one) => one.totalMinor)),
    overdueDays: Math.max(0, ...instalments.map((one) => one.overdueDays)),
    settled: instalments.every((one) => one.settled),
  };
}

/**
 * What a payment can be put towards on a day: what is owed then, but no more than is owed on any later day on which
 * something was posted. The two differ where an allocation has been undone since: the day then looks paid.
 *
 * @returns the position of that day, with no amount below 0
 */
export function payableOn(loan: Loan, day: IsoDate): InstalmentPosition[] {
  return loan.instalments.map((instalment) => {
    const postings = postingsOf(loan, instalment);
    const today = instalmentOn(loan, instalment, postings, day);
    const later = [...new Set(postings.map(({ valueDate }) => valueDate))]
      .filter((date) => date > day)
      .map((date) => owedOn(loan, instalment, postings, date));
    const owedMinor = byComponent((component) =>
      Math.max(0, Math.min(...[today.owedMinor, ...later].map((owed) => owed[component]))),
    );
    return { ...today, owedMinor, totalMinor: sumMinor(Object.values(owedMinor)) };
  });
}

export const byComponent = (amountOf: (component: keyof MinorByComponent) => number): MinorByComponent => ({
  PENALTY: amountOf('PENALTY'),
  FEE: amountOf('FEE'),
  INTEREST: amountOf('INTEREST'),
  PRINCIPAL: amountOf('PRINCIPAL'),
});

const postingsOf = (loan: Loan, { number }: Instalment): Posting[] =>
  loan.postings.filter(({ instalment }) => instalment === number);

function instalmentOn(
  loan: Loan,
  instalment: Instalment,
  postings: readonly Posting[],
  asOf: IsoDate,
): InstalmentPosition {
  const { number, dueDate } = instalment;
  const owedMinor = owedOn(loan, instalment, postings, asOf);
  const totalMinor = sumMinor(Object.values(owedMinor));
  const settled = Object.values(owedMinor).every((minor) => minor === 0);
  const daysSinceDue = daysBetween(dueSince(instalment, postings, asOf), asOf);
  const isPastDue = daysSinceDue > loan.terms.graceDays;
  const timing = isPastDue ? 'PAST_DUE' : dueDate <= asOf ? 'DUE' : 'IN_ADVANCE';
  const overdueDays = isPastDue && !settled ? daysSinceDue : 0;
  return { number, dueDate, timing, overdueDays, owedMinor, totalMinor, settled };
}

function owedOn(
  { terms }: Loan,
  instalment: Instalment,
  postings: readonly Posting[],
  asOf: IsoDate,
): MinorByComponent {
  const scheduledMinor: MinorByComponent = {
    PENALTY: sumMinor(overduePrincipal(instalment, postings, asOf).map((time) => penaltyMinor(time, terms))),
    FEE: instalment.feeMinor,
    INTEREST: instalment.interestMinor,
    PRINCIPAL: instalment.principalMinor,
  };
  const counted = postings.filter(({ valueDate }) => valueDate <= asOf);
  return byComponent((component) => {
    const own = counted.filter((one) => one.component === component);
    return scheduledMinor[component] - sumMinor(own.map(({ amountMinor }) => amountMinor));
  });
}

/**
 * The times in which principal was overdue: one, or further ones where it was paid and has been opened again since
 * (a refund that is no fault of the customer's). Each is a time of its own, with its own days of grace.
 */
function overduePrincipal(
  { principalMinor, dueDate }: Instalment,
  postings: readonly Posting[],
  asOf: IsoDate,
): OverdueSpan[][] {
  const changes = postings.filter(({ component }) => component === 'PRINCIPAL');
  const times: OverdueSpan[][] = [[]];
  for (const { from, to, openMinor } of stretches(principalMinor, dueDate, changes, asOf)) {
    if (openMinor > 0) times.at(-1)!.push({ principalMinor: openMinor, from, to });
    else times.push([]);
  }
  return times;
}

/** Since when an instalment is due without a break: its due date, or the day on which it was opened again. */
function dueSince(instalment: Instalment, postings: readonly Posting[], asOf: IsoDate): IsoDate {
  const { principalMinor, interestMinor, feeMinor, dueDate } = instalment;
  const changes = postings.filter(({ component }) => component !== 'PENALTY');
  const scheduledMinor = sumMinor([principalMinor, interestMinor, feeMinor]);
  const settled = stretches(scheduledMinor, dueDate, changes, asOf).filter(({ openMinor }) => openMinor <= 0);
  return settled.at(-1)?.to ?? dueDate;
}

/** The time since the due date, cut where the amount that was open changed. */
function stretches(
  scheduledMinor: number,
  dueDate: IsoDate,
  changes: readonly Posting[],
  asOf: IsoDate,
): { from: IsoDate; to: IsoDate; openMinor: number }[] {
  if (asOf <= dueDate) return [];
  const cuts = changes.map(({ valueDate }) => valueDate).filter((date) => date > dueDate && date < asOf);
  const days = [...new Set([dueDate, ...cuts.sort(), asOf])];
  return days.slice(1).map((to, index) => {
    const from = days[index] ?? dueDate;
    const paid = changes.filter(({ valueDate }) => valueDate <= from).map(({ amountMinor }) => amountMinor);
    return { from, to, openMinor: scheduledMinor - sumMinor(paid) };
  });
}

/** Amounts by component in the words of the contracts, with their sum. */
export const owedAmounts = ({ PENALTY, FEE, INTEREST, PRINCIPAL }: MinorByComponent) => ({
  ...{ penaltyMinor: PENALTY, feeMinor: FEE, interestMinor: INTEREST, principalMinor: PRINCIPAL },
  totalMinor: sumMinor([PENALTY, FEE, INTEREST, PRINCIPAL]),
});
