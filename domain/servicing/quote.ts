import type { IsoDate } from '../calendar';
import { sumMinor } from '../money';
import type {
  Component,
  Intent,
  Loan,
  Posting,
  PostingKind,
  QuoteProblemCode,
  ServicingProblem,
} from './loan';
import { entered } from './payment';
import { payableOn } from './position';
import { endingProblem, type Ending } from './settlement';

/** What a customer asks the price of. A normal repayment of neither instalments nor amount is of all that is due. */
export type QuoteRequest =
  { kind: 'NORMAL'; instalments?: readonly number[]; amountMinor?: number } | { kind: Ending };

/**
 * What a payment would do, in minor units: principal + interest + fee + penalty − waiver − coupon − returned fee =
 * total. What was paid in vain and is netted is in none of them.
 */
export interface Quote {
  /** What the payment must be posted with to do as quoted. */
  intent: Intent;
  /** The last day on which it does. */
  validThrough: IsoDate;
  principalMinor: number;
  interestMinor: number;
  feeMinor: number;
  penaltyMinor: number;
  waiverMinor: number;
  couponMinor: number;
  returnedFeeMinor: number;
  /** What the customer pays; 0 or more. */
  totalMinor: number;
  /** What goes back to the customer, where more was paid before than is asked for now. */
  returnMinor: number;
}

/** Says why a repayment cannot be quoted for a day; undefined if it can. */
export function quoteProblem(
  loan: Loan,
  day: IsoDate,
  request: QuoteRequest,
): ServicingProblem<QuoteProblemCode> | undefined {
  if (request.kind !== 'NORMAL') return endingProblem(loan, day, request.kind);
  const numbers = loan.instalments.map(({ number }) => number);
  const unknown = request.instalments?.filter((number) => !numbers.includes(number)) ?? [];
  if (unknown.length > 0) {
    const message = `The loan has instalments ${numbers.join(', ')}, but not ${unknown.join(', ')}`;
    return { code: 'UNKNOWN_INSTALMENT', message };
  }
  const payable = payableOn(loan, day);
  const total = (ones: typeof payable): number => sumMinor(ones.map(({ totalMinor }) => totalMinor));
  if (total(payable) === 0) {
    return { code: 'LOAN_SETTLED', message: `Nothing is owed of the loan on ${day}` };
  }
  const only = instalmentsOf(loan, day, request);
  if (total(payable.filter(({ number }) => !only || only.includes(number))) > 0) return undefined;
  const message = `Nothing is owed of instalments ${only?.join(', ') || 'that are due'} on ${day}`;
  return { code: 'NOTHING_DUE', message };
}

/**
 * Quotes a repayment for a day by posting it in thought; so a payment of the total that counts on that day posts to
 * the minor unit as quoted.
 *
 * @param day the value date that it is quoted for, not before what was posted last
 * @param couponMinor what we pay in the customer's place, at most
 * @throws RangeError if it cannot be quoted; `quoteProblem` says so before
 */
export function quote(loan: Loan, day: IsoDate, request: QuoteRequest, couponMinor = 0): Quote {
  const problem = quoteProblem(loan, day, request);
  if (problem) throw new RangeError(problem.message);

  const intent: Intent =
    request.kind === 'NORMAL'
      ? { kind: 'NORMAL', ...optional(instalmentsOf(loan, day, request)) }
      : { kind: request.kind, quotedFor: day };
  const enter = (moneyMinor: number, couponUsedMinor: number): Posting[] => {
    const entry = { paymentId: '', day, moneyMinor, couponMinor: couponUsedMinor, intent };
    return entered(loan, entry).postings.slice(loan.postings.length);
  };
  const mostMinor = request.kind === 'NORMAL' ? (request.amountMinor ?? Infinity) : Infinity;
  const priceMinor = sumMinor(
    enter(mostMinor + couponMinor, 0)
      .filter(({ by }) => by === 'PAYMENT')
      .map(({ amountMinor }) => amountMinor),
  );
  const usedMinor = Math.min(couponMinor, priceMinor);
  const postings = enter(priceMinor - usedMinor, usedMinor);
  const sumOf = (wanted: (by: PostingKind, component: Component) => boolean): number =>
    sumMinor(
      postings.filter(({ by, component }) => wanted(by, component)).map(({ amountMinor }) => amountMinor),
    );
  const gross = (component: Component): number =>
    sumOf((by, one) => one === component && ['PAYMENT', 'COUPON', 'WAIVER', 'RETURNED_FEE'].includes(by));
  return {
    intent,
    validThrough: day,
    principalMinor: gross('PRINCIPAL'),
    interestMinor: gross('INTEREST'),
    feeMinor: gross('FEE'),
    penaltyMinor: gross('PENALTY'),
    waiverMinor: sumOf((by) => by === 'WAIVER'),
    couponMinor: sumOf((by) => by === 'COUPON'),
    returnedFeeMinor: sumOf((by) => by === 'RETURNED_FEE'),
    totalMinor: sumOf((by) => by === 'PAYMENT'),
    returnMinor: -sumOf((by) => by === 'NETTING'),
  };
}

const optional = (instalments: readonly number[] | undefined) => (instalments ? { instalments } : {});

/** The instalments that a normal repayment may go towards; undefined for all. */
function instalmentsOf(
  loan: Loan,
  day: IsoDate,
  { instalments, amountMinor }: Extract<QuoteRequest, { kind: 'NORMAL' }>,
): readonly number[] | undefined {
  if (instalments || amountMinor !== undefined) return instalments;
  return payableOn(loan, day)
    .filter(({ timing, totalMinor }) => timing !== 'IN_ADVANCE' && totalMinor > 0)
    .map(({ number }) => number);
}
