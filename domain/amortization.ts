import type { Decimal } from 'decimal.js';
import { addMonths, type IsoDate } from './calendar';
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
};

/** The end of a loan's nth period, by the unit of its term. */
const periodEnds: Record<PeriodUnit, (startDate: IsoDate, number: number) => IsoDate> = {
  MONTH: addMonths,
};

/**
 * Makes the plan by which a loan is repaid. Principal parts sum to the principal exactly, the last one takes
 * the residue, and no part is negative. Whether the product offers this amount and term is not asked here.
 *
 * @param loan.principalMinor a positive safe integer, in minor units of the terms' currency
 * @param loan.instalmentCount how many periods the loan runs, 1 or more
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

  const periodEnd = periodEnds[terms.term.unit];
  const periods = Array.from({ length: instalmentCount }, (_, index) => ({
    start: periodEnd(startDate, index),
    end: periodEnd(startDate, index + 1),
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
 * what the method wants is repaid, but never more than the balance, and the last period repays whatever is
 * left.
 *
 * The cap matters for tiny principals only. Where the level payment was rounded up (7 rupiah over 12 months:
 * 1 instead of 0.58), the balance is repaid early and the remaining instalments are empty; where it was
 * rounded down to 0, the last instalment carries everything. From below nothing needs a cap: over periods of
 * one length an unrounded level payment is above the first period's unrounded interest, rounding keeps that
 * order, and the balance never grows.
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
    const repaidMinor = isLast ? balanceMinor : Math.min(balanceMinor, wantedPrincipalMinor(interestMinor));
    balanceMinor -= repaidMinor;
    return { ...period, principalMinor: repaidMinor, interestMinor };
  });
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
