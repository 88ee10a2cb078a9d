import type { Decimal } from 'decimal.js';
import { repaymentPlan } from './amortization';
import { addDays, addMonths, daysBetween, type IsoDate } from './calendar';
import { costCaps, type CostCap } from './cost-cap-table';
import { dayCounts } from './day-count';
import { deductedFees, payoutMinor } from './fees';
import { Exact, formatMoney, money, roundDown, sumMinor } from './money';
import type { DayCount, PeriodUnit, ProductTerms, Rate } from './product-terms';

/** What a loan has cost its borrower up to a day, as the caps see it; amounts in minor units. */
export interface LoanCost {
  principalMinor: number;
  /** What the borrower received: the principal without the deducted fees. */
  payoutMinor: number;
  /** All interest, fees and penalty charged so far, paid or not, beside the deducted fees. */
  chargedMinor: number;
  /** What the borrower has paid so far, in the order of days. */
  payments: { date: IsoDate; amountMinor: number }[];
  /** The first day that bears interest, and the last due date that was agreed. */
  startDate: IsoDate;
  endDate: IsoDate;
  /** What the loan's periods are counted in. */
  periodUnit: PeriodUnit;
}

/**
 * How much may still be charged to a loan on a day, as interest, fee or penalty, so that no limit of the cap in
 * force when the loan was made is passed. A cap that comes later does not reach back into an agreement.
 *
 * @param market the market's id
 * @param loan what the loan has cost up to that day
 * @param onDate the day of the charge, not before any payment
 * @returns minor units, rounded down; 0 where a limit is reached
 * @throws RangeError if no cap was in force, or payments are not in the order of days
 */
export function chargeAllowedMinor(market: string, loan: LoanCost, onDate: IsoDate): number {
  const cap = costCapOn(market, loan.startDate);
  if (!cap) throw new RangeError(noCap(market, loan.startDate));
  const narrowest = Exact.min(...rooms(cap, loan, onDate).map(({ roomMinor }) => roomMinor));
  return Math.max(0, roundDown(narrowest));
}

/**
 * How much of a fee that is charged and paid on a day leaves a loan within the cap, if it goes on as planned.
 *
 * @param market the market's id
 * @param plan the loan to its end without the fee: all that it charges, what was paid, and what is to be paid when
 * @param fee what is wanted, in minor units, 0 or more, and the day of it
 * @returns minor units, rounded down; 0 to what is wanted
 * @throws RangeError if no cap was in force when the loan was made, or payments are not in the order of days
 */
export function plannedFeeAllowedMinor(
  market: string,
  plan: LoanCost,
  fee: { date: IsoDate; amountMinor: number },
): number {
  const cap = costCapOn(market, plan.startDate);
  if (!cap) throw new RangeError(noCap(market, plan.startDate));
  if (fee.amountMinor === 0) return 0;
  const roomsAt = (amountMinor: number) => {
    const isBefore = ({ date }: { date: IsoDate }): boolean => date <= fee.date;
    const payments = [
      ...plan.payments.filter(isBefore),
      { date: fee.date, amountMinor },
      ...plan.payments.filter((one) => !isBefore(one)),
    ];
    return rooms(cap, { ...plan, chargedMinor: plan.chargedMinor + amountMinor, payments }, plan.endDate);
  };
  const full = roomsAt(fee.amountMinor);
  const allowed = roomsAt(0).map(({ roomMinor }, index) => {
    const leftMinor = full[index]!.roomMinor;
    // Each room shrinks in proportion to the fee, so what takes all of it is found by the rule of three.
    return leftMinor.gte(0)
      ? new Exact(fee.amountMinor)
      : roomMinor.times(fee.amountMinor).div(roomMinor.minus(leftMinor));
  });
  return Math.max(0, roundDown(Exact.min(...allowed)));
}

/**
 * Says where a product would cost more than the law of its market allows; asked when it is published. Each
 * number of periods on offer is run through, for the smallest loan, where fixed fees weigh most and everything
 * else the same, and from each month of a common and of a leap year, since real days make some months dearer.
 *
 * @param market the market's id
 * @param terms sound terms, without problems by `checkProductTerms`
 * @param onDate the day on which the product is published, which chooses the cap
 * @returns a sentence for each limit that is passed; none if the product may be published
 */
export function costCapProblems(market: string, terms: ProductTerms, onDate: IsoDate): string[] {
  const cap = costCapOn(market, onDate);
  if (!cap) return [noCap(market, onDate)];
  const loans = terms.term.counts.flatMap((count) =>
    startDates.map((start) => plannedCost(terms, count, start)),
  );
  return [...planProblems(cap, terms, loans), ...penaltyProblems(cap, terms, loans)];
}

/** The first days of the months of a common and a leap year. */
const startDates = Array.from({ length: 24 }, (_, month) => addMonths('2023-01-01', month));

/** What the smallest loan costs when it is paid as planned. */
function plannedCost(terms: ProductTerms, instalmentCount: number, startDate: IsoDate): LoanCost {
  const principalMinor = terms.amount.minMinor;
  const { instalments, totals } = repaymentPlan({ principalMinor, terms, instalmentCount, startDate });
  return {
    principalMinor,
    payoutMinor: payoutMinor(principalMinor, deductedFees(terms, principalMinor)),
    chargedMinor: sumMinor([totals.interestMinor, totals.feeMinor]),
    payments: instalments.map(({ dueDate, totalMinor }) => ({ date: dueDate, amountMinor: totalMinor })),
    startDate,
    endDate: instalments.at(-1)?.dueDate ?? startDate,
    periodUnit: terms.term.unit,
  };
}

/** A sentence for each limit that a plan passes, with the loan that passes it furthest. */
function planProblems(cap: CostCap, { currency }: ProductTerms, loans: LoanCost[]): string[] {
  const worst = new Map<string, { loan: LoanCost; excessMinor: number }>();
  for (const loan of loans) {
    for (const { limit, roomMinor } of rooms(cap, loan, loan.endDate)) {
      const excessMinor = Math.max(0, -roundDown(roomMinor));
      // Interest and fees are rounded to the minor unit in each instalment; that alone is no excess.
      const tolerated = Math.max(loan.payments.length, worst.get(limit)?.excessMinor ?? 0);
      if (excessMinor > tolerated) worst.set(limit, { loan, excessMinor });
    }
  }
  return [...worst].map(([limit, { loan, excessMinor }]) => {
    const [lent, excess] = [loan.principalMinor, excessMinor].map((minor) =>
      formatMoney(money(currency, minor)),
    );
    return `${lent} from ${loan.startDate} to ${loan.endDate} cost ${excess} more than ${limit} (${cap.source})`;
  });
}

/**
 * Overdue principal bears penalty and nothing else, so where a day's penalty is within a day's share of the limit,
 * any delay is.
 */
function penaltyProblems(cap: CostCap, { penalty }: ProductTerms, loans: LoanCost[]): string[] {
  const dayOf = (dayCount: DayCount, day: IsoDate): Decimal => dayCounts[dayCount](day, addDays(day, 1), day);
  const dailyRates = [...new Set(loans.flatMap((loan) => dailyRateOf(cap, loan) ?? []))];
  const shareOfADay = (day: IsoDate): { limit: string; share: Decimal }[] => [
    ...(cap.annualRate
      ? [{ limit: perYear(cap.annualRate), share: dayOf('ACT/ACT-ISDA', day).times(cap.annualRate) }]
      : []),
    ...dailyRates.map((rate) => ({ limit: perDay(rate), share: new Exact(rate) })),
  ];
  const passed = ['2023-01-01', '2024-01-01'].flatMap((day) =>
    shareOfADay(day).filter(({ share }) => dayOf(penalty.dayCount, day).times(penalty.annualRate).gt(share)),
  );
  const { annualRate, dayCount } = penalty;
  return [...new Set(passed.map(({ limit }) => limit))].map(
    (limit) => `a penalty of ${perYear(annualRate)} by ${dayCount} is more than ${limit} (${cap.source})`,
  );
}

/** How far a loan is from each limit, unrounded; negative where it is past one. */
function rooms(cap: CostCap, loan: LoanCost, onDate: IsoDate): { limit: string; roomMinor: Decimal }[] {
  const costMinor = sumMinor([loan.chargedMinor, loan.principalMinor, -loan.payoutMinor]);
  const paidMinor = sumMinor(loan.payments.map(({ amountMinor }) => amountMinor));
  const owedMinor = sumMinor([loan.principalMinor, loan.chargedMinor, -paidMinor]);
  const shareOfPrincipal = (share: Decimal.Value): Decimal =>
    new Exact(loan.principalMinor).times(share).minus(costMinor);

  const { annualRate, totalShare } = cap;
  const dailyRate = dailyRateOf(cap, loan);
  const days = daysBetween(loan.startDate, onDate > loan.endDate ? onDate : loan.endDate);
  const found = [
    annualRate && {
      limit: perYear(annualRate),
      roomMinor: mostOwed(annualRate, loan, onDate).minus(owedMinor),
    },
    dailyRate && { limit: perDay(dailyRate), roomMinor: shareOfPrincipal(new Exact(dailyRate).times(days)) },
    totalShare && {
      limit: `${percent(totalShare)} of the principal`,
      roomMinor: shareOfPrincipal(totalShare),
    },
  ];
  return found.filter((room) => typeof room === 'object');
}

/**
 * What a borrower would owe whose payout bears the capped rate and nothing else. A loan that is planned to end at
 * this sum or below has an internal rate of return within the cap. As is the practice in China, a month is a
 * twelfth of a year (the monthly rate × 12); loans in days count real days.
 */
function mostOwed(annualRate: Rate, loan: LoanCost, onDate: IsoDate): Decimal {
  const years = dayCounts[loan.periodUnit === 'MONTH' ? '30/360' : 'ACT/ACT-ISDA'];
  let [balance, since] = [new Exact(loan.payoutMinor), loan.startDate];
  for (const { date, amountMinor } of [...loan.payments, { date: onDate, amountMinor: 0 }]) {
    if (date < since)
      throw new RangeError(`Payments must be in the order of days, but ${date} is after ${since}`);
    const growth = years(since, date, loan.startDate).times(annualRate).plus(1);
    [balance, since] = [balance.times(growth).minus(amountMinor), date];
  }
  return balance;
}

/** The cap of a market that is in force on a day; undefined where the table has none. */
export function costCapOn(market: string, date: IsoDate): CostCap | undefined {
  return (costCaps[market] ?? []).filter(({ validFrom }) => validFrom <= date).at(-1);
}

function dailyRateOf({ dailyRates }: CostCap, { startDate, endDate }: LoanCost): Rate | undefined {
  return dailyRates?.find(
    ({ upToMonths }) => upToMonths === null || endDate <= addMonths(startDate, upToMonths),
  )?.rate;
}

const noCap = (market: string, date: IsoDate): string =>
  `No cost cap of market ${market} is known for ${date}: add what its law allows before lending there`;

const percent = (share: Rate): string => `${new Exact(share).times(100).toFixed()} %`;
const perYear = (rate: Rate): string => `${percent(rate)} a year`;
const perDay = (rate: Rate): string => `${percent(rate)} a day`;
