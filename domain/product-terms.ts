import { deductedFees } from './fees';
import { Exact, formatMoney, money, sumMinor, type Currency, type Money } from './money';

/** A decimal string, such as "0.094822": a rate per year, or a part of the principal. */
export type Rate = string;

export type Method = 'EQUAL_INSTALMENT' | 'EQUAL_PRINCIPAL' | 'INTEREST_FIRST' | 'BULLET';
export type DayCount = '30/360' | 'ACT/360' | 'ACT/ACT-ISDA';
export type PeriodUnit = 'MONTH' | 'DAY';

/** What a payment can be put towards: a part of an instalment, by when the instalment is due. */
export type AllocationTarget =
  `${'PAST_DUE' | 'DUE' | 'IN_ADVANCE'}_${'PENALTY' | 'FEE' | 'INTEREST' | 'PRINCIPAL'}`;

/** A fixed amount, or a part of the principal. */
export type FeeBasis = { kind: 'FIXED'; amountMinor: number } | { kind: 'PERCENTAGE'; rate: Rate };

export interface FeeTerms {
  code: string;
  /** DEDUCTED is kept back from the payout; PER_INSTALMENT is paid with the instalments. */
  timing: 'DEDUCTED' | 'PER_INSTALMENT';
  basis: FeeBasis;
}

/** What a version of a product promises; data, in the form of schemas/common/product-terms.json. */
export interface ProductTerms {
  currency: Currency;
  /** Which principals are lent: from the minimum in steps up to the maximum, in minor units. */
  amount: { minMinor: number; maxMinor: number; stepMinor: number };
  /** How many periods a loan may run, and how long one is: `length` months or days. */
  term: { unit: PeriodUnit; length: number; counts: number[] };
  annualRate: Rate;
  dayCount: DayCount;
  method: Method;
  fees: FeeTerms[];
  /** For how many days after its due date an instalment can still be paid without penalty. */
  graceDays: number;
  penalty: PenaltyTerms;
  /** What a payment is put towards first, second, and so on; every target stands in it once. */
  allocationOrder: AllocationTarget[];
  /** How a loan can be settled before its time; a product without it, and so on, does not offer it. */
  earlySettlement?: EarlySettlementTerms;
  cancellation?: CancellationTerms;
  extension?: ExtensionTerms;
}

export interface EarlySettlementTerms {
  /** TO_DATE: interest up to the day. FULL_PERIOD: of the period that has begun too. */
  interest: 'TO_DATE' | 'FULL_PERIOD';
  /** The fee, as a part of the principal that is not due yet; never more than the interest saved. */
  feeRate: Rate;
  /** What becomes of the fees of instalments that are not due yet. */
  remainingFees: 'WAIVED' | 'DUE';
}

export interface CancellationTerms {
  /** For how many days after its first day a loan can be cancelled. */
  windowDays: number;
  /** The interest of the days that it ran. */
  interest: 'NONE' | 'TO_DATE';
  deductedFees: 'RETURNED' | 'KEPT';
}

export interface ExtensionTerms {
  /** The most periods that are added at once, and how often that can be done. */
  maxPeriods: number;
  maxTimes: number;
  /** The most periods that a loan may run in all. */
  maxTotalPeriods: number;
  /** For how many days a loan may be overdue and still be extended. */
  maxOverdueDays: number;
  /** The fee, as a part of the principal whose due dates move. */
  feeRate: Rate;
  /** Whether what is past due is paid with the fee or stays due. */
  arrears: 'PAID' | 'DUE';
}

/** What overdue principal bears, in place of interest; a rate of "0" is no penalty. */
export interface PenaltyTerms {
  annualRate: Rate;
  /** A penalty counts real days: by 30/360 a payment could be a day late and cost nothing. */
  dayCount: Exclude<DayCount, '30/360'>;
}

/** Why a loan cannot be had on a product's terms: a code that stays the same, and a sentence for people. */
export interface TermsProblem {
  code: 'WRONG_CURRENCY' | 'AMOUNT_OUT_OF_RANGE' | 'TERM_NOT_OFFERED';
  message: string;
}

/** The currencies whose law forbids to keep a fee back from the payout, with the reason that is shown. */
const lawAgainstDeductedFees: Partial<Record<Currency, string>> = {
  CNY:
    'interest must not be deducted from the principal in advance, and runs only on the money received ' +
    '(PRC Civil Code art. 670)',
};

const allocationTargets: AllocationTarget[] = (['PAST_DUE', 'DUE', 'IN_ADVANCE'] as const).flatMap((due) =>
  (['PENALTY', 'FEE', 'INTEREST', 'PRINCIPAL'] as const).map((part) => `${due}_${part}` as const),
);

const ratePattern = /^(0|[1-9]\d*)(\.\d+)?$/;

/**
 * Says what is wrong with a product's terms before they are used. Their form is the schema's matter; this
 * holds what a schema cannot say. What the law lets a loan cost is held by `costCapProblems`.
 *
 * @param market the market that the product is for
 * @param terms in the form that schemas/common/product-terms.json allows
 * @returns a sentence for each problem; none if the terms may be used
 */
export function checkProductTerms(market: { id: string; currency: Currency }, terms: ProductTerms): string[] {
  const problems = [
    ...(terms.currency === market.currency
      ? []
      : [`currency must be ${market.currency}, as market ${market.id} has it, but it is ${terms.currency}`]),
    ...amountRangeProblems(terms),
    ...positiveProblems('term.length', terms.term.length),
    ...countProblems(terms.term.counts),
    ...rateProblems('annualRate', terms.annualRate),
    ...daysProblems('graceDays', terms.graceDays),
    ...rateProblems('penalty.annualRate', terms.penalty.annualRate),
    ...allocationProblems(terms.allocationOrder),
    ...duplicates(terms.fees.map((fee) => fee.code)).map((code) => `fee ${code} is listed more than once`),
    ...terms.fees.flatMap((fee) => feeProblems(terms.currency, fee)),
    ...servicingProblems(terms),
  ];
  // What fees amount to can only be told from sound ones.
  return problems.length > 0 ? problems : payoutProblems(terms);
}

/**
 * Says why a principal cannot be borrowed on a product's terms.
 *
 * @returns the problem, or undefined if it can; a principal off the product's step is AMOUNT_OUT_OF_RANGE too
 */
export function amountProblem(terms: ProductTerms, principal: Money): TermsProblem | undefined {
  const { minMinor, maxMinor, stepMinor } = terms.amount;
  if (principal.currency !== terms.currency) {
    const message = `The product lends ${terms.currency}, but the amount is in ${principal.currency}`;
    return { code: 'WRONG_CURRENCY', message };
  }
  const inRange = principal.amountMinor >= minMinor && principal.amountMinor <= maxMinor;
  if (inRange && (principal.amountMinor - minMinor) % stepMinor === 0) return undefined;
  const [min, max, step] = [minMinor, maxMinor, stepMinor].map((minor) =>
    formatMoney(money(terms.currency, minor)),
  );
  const offer = `from ${min} to ${max} in steps of ${step}`;
  const message = `The amount must be ${offer}, but it is ${formatMoney(principal)}`;
  return { code: 'AMOUNT_OUT_OF_RANGE', message };
}

/**
 * Says why a number of instalments cannot be had on a product's terms.
 *
 * @returns the problem, or undefined if it can
 */
export function termProblem(terms: ProductTerms, instalmentCount: number): TermsProblem | undefined {
  if (terms.term.counts.includes(instalmentCount)) return undefined;
  const counts = terms.term.counts.join(', ');
  const message = `The number of instalments must be one of ${counts}, but it is ${instalmentCount}`;
  return { code: 'TERM_NOT_OFFERED', message };
}

function amountRangeProblems({ amount }: ProductTerms): string[] {
  const { minMinor, maxMinor, stepMinor } = amount;
  const unsound = Object.entries(amount).flatMap(([name, minor]) =>
    positiveProblems(`amount.${name}`, minor),
  );
  if (unsound.length > 0) return unsound;
  if (minMinor > maxMinor) {
    return [`amount.minMinor (${minMinor}) must not be above amount.maxMinor (${maxMinor})`];
  }
  if ((maxMinor - minMinor) % stepMinor !== 0) {
    return [
      `amount.maxMinor (${maxMinor}) must be whole steps of ${stepMinor} above amount.minMinor (${minMinor})`,
    ];
  }
  return [];
}

function countProblems(counts: number[]): string[] {
  if (counts.length === 0) return ['term.counts must offer at least one number of instalments'];
  return [
    ...counts.flatMap((count) => positiveProblems('each of term.counts', count)),
    ...duplicates(counts).map((count) => `term.counts lists ${count} more than once`),
  ];
}

function rateProblems(name: string, rate: Rate): string[] {
  if (!ratePattern.test(rate)) {
    return [`${name} must be a decimal string such as "0.094822", but it is "${rate}"`];
  }
  // A rate of 1 and above is almost always a percentage that was not divided by 100.
  return new Exact(rate).lt(1)
    ? []
    : [`${name} must be below 1 ("0.094822" is 9.4822 %), but it is "${rate}"`];
}

function daysProblems(name: string, days: number): string[] {
  if (Number.isSafeInteger(days) && days >= 0) return [];
  return [`${name} must be a whole number of days, 0 or more, but it is ${days}`];
}

function allocationProblems(order: AllocationTarget[]): string[] {
  const missing = allocationTargets.filter((target) => !order.includes(target));
  return [
    ...missing.map((target) => `allocationOrder must say when ${target} is paid`),
    ...duplicates(order).map((target) => `allocationOrder lists ${target} more than once`),
  ];
}

function servicingProblems({ term, earlySettlement, cancellation, extension }: ProductTerms): string[] {
  return [
    ...(earlySettlement ? rateProblems('earlySettlement.feeRate', earlySettlement.feeRate) : []),
    ...(cancellation ? positiveProblems('cancellation.windowDays', cancellation.windowDays) : []),
    ...(extension ? extensionProblems(extension, Math.max(...term.counts)) : []),
  ];
}

function extensionProblems(extension: ExtensionTerms, longestTerm: number): string[] {
  const { maxPeriods, maxTimes, maxTotalPeriods, maxOverdueDays, feeRate } = extension;
  const bound = `above ${longestTerm}, the longest term`;
  return [
    ...positiveProblems('extension.maxPeriods', maxPeriods),
    ...positiveProblems('extension.maxTimes', maxTimes),
    ...(Number.isSafeInteger(maxTotalPeriods) && maxTotalPeriods > longestTerm
      ? []
      : [`extension.maxTotalPeriods must be ${bound}, but it is ${maxTotalPeriods}`]),
    ...daysProblems('extension.maxOverdueDays', maxOverdueDays),
    ...rateProblems('extension.feeRate', feeRate),
  ];
}

function feeProblems(currency: Currency, { code, timing, basis }: FeeTerms): string[] {
  const law = timing === 'DEDUCTED' ? lawAgainstDeductedFees[currency] : undefined;
  const lawProblems = law ? [`fee ${code} must not be deducted from a payout in ${currency}: ${law}`] : [];
  const basisProblems =
    basis.kind === 'PERCENTAGE'
      ? rateProblems(`rate of fee ${code}`, basis.rate)
      : positiveProblems(`amount of fee ${code}`, basis.amountMinor);
  return [...lawProblems, ...basisProblems];
}

function positiveProblems(name: string, value: number): string[] {
  if (Number.isSafeInteger(value) && value > 0) return [];
  return [`${name} must be a positive whole number, but it is ${value}`];
}

function payoutProblems(terms: ProductTerms): string[] {
  // The smallest loan is the hardest case: fixed fees weigh most there, and percentages weigh the same
  // everywhere.
  const { minMinor } = terms.amount;
  const feesMinor = sumMinor(deductedFees(terms, minMinor).map((fee) => fee.amountMinor));
  if (feesMinor < minMinor) return [];
  return [`deducted fees (${feesMinor}) leave nothing of the smallest loan (${minMinor}) to pay out`];
}

function duplicates<T>(values: T[]): T[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}
