import type { Decimal } from 'decimal.js';
import { addDays, addMonths, type IsoDate } from './calendar';
import { dayCounts } from './day-count';
import { instalmentFees } from './fees';
import { Exact, roundHalfUp, sumMinor } from './money';
import type { Method, PeriodUnit, ProductTerms } from './product-terms';

/** The parts of what a borrower pays, in minor units of the loan's currency. */
export interface RepaymentParts {
  principalMinor: number;
  interestMinor: number;
  feeMinor: number;
  totalMinor: number;
}

/** One payment of a plan; interest runs from the first day of its period up to and without the due date. */
export interface Instalment extends RepaymentParts {
  /** 1 for the first. */
  number: number;
  periodStart: IsoDate;
  dueDate: IsoDate;
}

export interface RepaymentPlan {
  instalments: Instalment[];
  totals: RepaymentParts;
}

interface Period {
  start: IsoDate;
  end: IsoDate;
}

interface Loan {
  principalMinor: number;
  periods: Period[];
  /** The unrounded interest on one unit of balance over a period. */
  periodRate: (period: Period) => Decimal;
}

type Repayment = Period & { principalMinor: number; interestMinor: number };

/** Divides a loan into repayments. A method may repay less often than once a period. */
type MethodRule = (loan: Loan) => Repayment[];

/** The repayment methods that a product can choose. */
const methods: Record<Method, MethodRule> = {
  /** 等额本息: every payment is the level payment, of which interest is taken first. */
  EQUAL_INSTALMENT: (loan) => {
    const levelMinor = levelPaymentMinor(loan);
    return amortize(loan, loan.periods, (interestMinor) => levelMinor - interestMinor);
  },
  /** 等额本金: every period repays the same part of the principal, rounded down; interest falls with the balance. */
  EQUAL_PRINCIPAL: (loan) => {
    const partMinor = Math.floor(loan.principalMinor / loan.periods.length);
    return amortize(loan, loan.periods, () => partMinor);
  },
  /** 先息后本: every period pays its interest, the last one all the principal. */
  INTEREST_FIRST: (loan) => amortize(loan, loan.periods, () => 0),
  /** 一次性还本付息: one payment at the end, with simple interest for the whole time; nothing is compounded. */
  BULLET: (loan) => amortize(loan, [wholeOf(loan.periods)], () => 0),
};

/** The day a number of months or days after a loan's start, from which all its due dates are counted. */
export const dayAfter: Record<PeriodUnit, (startDate: IsoDate, units: number) => IsoDate> = {
  MONTH: addMonths,
  DAY: addDays,
};

/**
 * Makes the plan by which a loan is repaid. Principal parts sum to the principal exactly, the last one takes
 * the residue, and no part is negative. Whether the product offers this amount and term is not asked here.
 *
 * @param loan.principalMinor a positive safe integer, in minor units of the terms' currency
 * @param loan.instalmentCount how many periods the loan runs, 1 or more; a bullet loan too has one instalment
 *   at the end of them all
 * @param loan.startDate the first day that bears interest; due dates are counted from it
 * @throws RangeError if an argument is out of its range
 */
export function repaymentPlan(loan: {
  principalMinor: number;
  terms: ProductTerms;
  instalmentCount: number;
  startDate: IsoDate;
}): RepaymentPlan {
  const { principalMinor, terms, instalmentCount, startDate } = loan;
  assertPositiveInteger('principal', principalMinor);
  assertPositiveInteger('number of instalments', instalmentCount);

  const { unit, length } = terms.term;
  const periods = Array.from({ length: instalmentCount }, (_, index) => ({
    start: dayAfter[unit](startDate, index * length),
    end: dayAfter[unit](startDate, (index + 1) * length),
  }));
  const periodRate = ({ start, end }: Period): Decimal =>
    dayCounts[terms.dayCount](start, end, startDate).times(terms.annualRate);

  const repayments = methods[terms.method]({ principalMinor, periods, periodRate });
  const feesMinor = instalmentFees(terms, principalMinor, repayments.length);
  const instalments = repayments.map((repayment, index) =>
    instalment(index + 1, repayment, feesMinor[index] ?? 0),
  );
  return { instalments, totals: totalsOf(instalments) };
}

/**
 * The payment that, made at each period's end, repays the loan with interest: the principal over the sum of
 * the periods' discount factors, rounded half-up once. With equal periods this is the annuity formula P·i /
 * (1 − (1+i)^−n); as a sum it holds for periods of unequal length and for a rate of zero too.
 */
function levelPaymentMinor({ principalMinor, periods, periodRate }: Loan): number {
  let discountFactor = new Exact(1);
  let sumOfFactors = new Exact(0);
  for (const period of periods) {
    discountFactor = discountFactor.div(periodRate(period).plus(1));
    sumOfFactors = sumOfFactors.plus(discountFactor);
  }
  return roundHalfUp(new Exact(principalMinor).div(sumOfFactors));
}

/**
 * Runs the balance down: interest of a period is the balance × its rate, rounded half-up; of the principal,
 * what the method wants is repaid, but never more than the balance nor less than nothing, and the last period
 * repays whatever is left.
 *
 * The bounds matter at the edges only. Where a tiny loan's level payment was rounded up (7 rupiah over 12
 * months: 1 instead of 0.58), the balance is repaid early and the remaining instalments are empty. Where a
 * long and dear loan counts real days, the interest of a long month can be above the level payment; that
 * month then pays its interest alone, so that the balance never grows.
 */
function amortize(
  { principalMinor, periodRate }: Loan,
  periods: Period[],
  wantedPrincipalMinor: (interestMinor: number) => number,
): Repayment[] {
  let balanceMinor = principalMinor;
  return periods.map((period, index) => {
    const interestMinor = roundHalfUp(periodRate(period).times(balanceMinor));
    const isLast = index === periods.length - 1;
    const wantedMinor = isLast ? balanceMinor : wantedPrincipalMinor(interestMinor);
    const repaidMinor = Math.max(0, Math.min(balanceMinor, wantedMinor));
    balanceMinor -= repaidMinor;
    return { ...period, principalMinor: repaidMinor, interestMinor };
  });
}

/** From the start of the first period to the end of the last. */
function wholeOf(periods: Period[]): Period {
  const [first, last] = [periods[0], periods.at(-1)];
  if (!first || !last) throw new RangeError('A loan must run for at least one period');
  return { start: first.start, end: last.end };
}

function instalment(number: number, repayment: Repayment, feeMinor: number): Instalment {
  const { start, end, principalMinor, interestMinor } = repayment;
  const totalMinor = sumMinor([principalMinor, interestMinor, feeMinor]);
  return { number, periodStart: start, dueDate: end, principalMinor, interestMinor, feeMinor, totalMinor };
}

function totalsOf(instalments: Instalment[]): RepaymentParts {
  const total = (part: keyof RepaymentParts): number => sumMinor(instalments.map((each) => each[part]));
  return {
    principalMinor: total('principalMinor'),
    interestMinor: total('interestMinor'),
    feeMinor: total('feeMinor'),
    totalMinor: total('totalMinor'),
  };
}

function assertPositiveInteger(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value <= 0) {
    throw new RangeError(`The ${name} must be a positive whole number, but it is ${value}`);
  }
}
