import type { Instalment } from '../amortization';
import type { IsoDate } from '../calendar';
import type { ProductTerms } from '../product-terms';

export const components = ['PENALTY', 'FEE', 'INTEREST', 'PRINCIPAL'] as const;
export type Component = (typeof components)[number];

/** An amount of each component, in minor units of the loan's currency. */
export type MinorByComponent = Record<Component, number>;

export type EndingProblemCode = 'LOAN_SETTLED' | 'NOT_OFFERED' | 'WINDOW_CLOSED';
export type QuoteProblemCode = EndingProblemCode | 'NOTHING_DUE' | 'UNKNOWN_INSTALMENT';
export type ExtensionProblemCode =
  | 'LOAN_SETTLED'
  | 'NOT_OFFERED'
  | 'NOTHING_TO_EXTEND'
  | 'PERIODS_OUT_OF_RANGE'
  | 'TOO_LONG_OVERDUE'
  | 'EXTENDED_TOO_OFTEN'
  | 'TERM_TOO_LONG'
  | 'FUNDING_TERM_TOO_LONG';

/** A reason why a loan does not allow something: a code that stays the same, and a sentence for people. */
export interface ServicingProblem<Code = QuoteProblemCode | ExtensionProblemCode> {
  code: Code;
  message: string;
}

/** What a payer means a payment to do. A settlement or cancellation holds for the day that it was quoted for. */
export type Intent =
  | { kind: 'NORMAL'; instalments?: readonly number[] }
  | { kind: 'EARLY_SETTLEMENT' | 'CANCELLATION'; quotedFor: IsoDate }
  | { kind: 'EXTENSION'; quotedFor: IsoDate; periods: number };

/** Money that came in for a loan. */
export interface Payment {
  id: string;
  /** The day on which it counts: when it was paid, however late it was heard of. */
  valueDate: IsoDate;
  amountMinor: number;
  intent: Intent;
  /** What we pay in the payer's place; what is not needed of it lapses. */
  couponMinor?: number;
}

/**
 * Why a posting is there:
 * - PAYMENT: the payer's money; COUPON: ours, in the payer's place;
 * - WAIVER: what we forgo, though the contract asks for it;
 * - ADJUSTMENT: what the contract itself asks for less than the schedule (interest of days on which the loan no
 *   longer runs) or, negative, beyond it (the fee of a settlement or an extension);
 * - NETTING: interest and fees that were paid and are not asked for any more, taken out there (negative) and put
 *   towards principal; where less principal is open, the sum is negative: that much goes back to the customer;
 * - RETURNED_FEE: a fee that was kept back from the payout, put towards principal.
 */
export type PostingKind = 'PAYMENT' | 'COUPON' | 'WAIVER' | 'ADJUSTMENT' | 'NETTING' | 'RETURNED_FEE';

/** What a payment changed of one component of one instalment. Never changed itself: what is undone is a further one. */
export interface Posting {
  /** Its place among the loan's postings, 1 for the first. */
  number: number;
  /** The payment that it belongs to. */
  paymentId: string;
  valueDate: IsoDate;
  instalment: number;
  component: Component;
  by: PostingKind;
  /** What is owed less by it, in minor units; negative where more is owed. Never 0. */
  amountMinor: number;
  /** The posting that this one takes back, in part or whole. */
  undoes?: number;
}

/** A loan under way. What is owed = schedule + penalty − postings, always computed and never kept. */
export interface Loan {
  market: string;
  terms: ProductTerms;
  /** The first day that bears interest. */
  startDate: IsoDate;
  /** The version of the schedule that holds. */
  instalments: readonly Instalment[];
  /** How many periods each extension has added, in order. */
  extensions: readonly number[];
  /** In the order in which they were heard of. */
  payments: readonly Payment[];
  /** In the order in which they were posted. */
  postings: readonly Posting[];
}

/** The loan with further postings, numbered on from its last. */
export function withPostings(loan: Loan, added: readonly Omit<Posting, 'number'>[]): Loan {
  const first = loan.postings.length + 1;
  return {
    ...loan,
    postings: [...loan.postings, ...added.map((one, index) => ({ ...one, number: first + index }))],
  };
}

/** A payment's postings as far as they are not undone, oldest first. */
export function livePostings(loan: Loan, paymentId: string): Posting[] {
  const own = loan.postings.filter((one) => one.paymentId === paymentId);
  const undoneMinor = new Map<number, number>();
  for (const { undoes, amountMinor } of own) {
    if (undoes) undoneMinor.set(undoes, (undoneMinor.get(undoes) ?? 0) + amountMinor);
  }
  return own
    .filter(({ undoes }) => !undoes)
    .map((one) => ({ ...one, amountMinor: one.amountMinor + (undoneMinor.get(one.number) ?? 0) }))
    .filter(({ amountMinor }) => amountMinor !== 0);
}
