import type { IsoDate } from './calendar';
import { money, type Currency, type Money } from './money';

/** Who pays an order: the customer who owes it, or somebody else for the customer. */
export type Payer = 'BORROWER' | 'OTHER';

/** Why an order is not taken: a code that stays the same, and a sentence for people. */
export interface OrderProblem {
  code:
    | 'LOAN_NOT_OF_CUSTOMER'
    | 'LOAN_REPEATED'
    | 'LOAN_NOT_ACTIVE'
    | 'UNKNOWN_QUOTE'
    | 'QUOTE_EXPIRED'
    | 'WRONG_CURRENCY'
    | 'NOTHING_TO_PAY'
    | 'ORDER_TOO_LARGE';
  message: string;
}

/** What an order asks for of one loan, beside what is known of the loan and the quote. */
export interface LineOfOrder {
  loanId: string;
  /** The customer's loan; undefined where the customer has none of that id. */
  loan: { currency: Currency; state: string } | undefined;
  /** Set where a quote is ordered. */
  quoteId?: string | undefined;
  /** That quote of that loan; undefined where there is none. `isOutdated`: the loan has changed since it was made. */
  quote?: { quotedFor: IsoDate; totalMinor: number; isOutdated: boolean } | undefined;
  /** Set where no quote is ordered. */
  amount?: Money | undefined;
}

/**
 * Holds an order against what is known of its loans and quotes.
 *
 * @param businessDate the day that the market is in
 * @returns the first problem, or undefined when there is none
 */
export function orderProblem(lines: readonly LineOfOrder[], businessDate: IsoDate): OrderProblem | undefined {
  for (const line of lines) {
    const problem = lineProblem(line);
    if (problem) return problem;
  }
  return termsProblem(lines.map(termsOf), businessDate);
}

/** What an order that was found well asks for of one loan: the quote's total, or the amount. */
export const termsOf = ({ loanId, loan, quote, amount }: LineOfOrder) => ({
  ...{ loanId, quotedFor: quote?.quotedFor },
  amount: amount ?? money(loan!.currency, quote!.totalMinor),
});

function lineProblem({ loanId, loan, quoteId, quote, amount }: LineOfOrder): OrderProblem | undefined {
  if (!loan) return { code: 'LOAN_NOT_OF_CUSTOMER', message: `The customer has no loan ${loanId}.` };
  if (loan.state !== 'ACTIVE') {
    const message = `Loan ${loanId} is ${loan.state}: only an active loan is repaid.`;
    return { code: 'LOAN_NOT_ACTIVE', message };
  }
  if (amount && amount.currency !== loan.currency) {
    const message = `Loan ${loanId} is in ${loan.currency}, the amount in ${amount.currency}.`;
    return { code: 'WRONG_CURRENCY', message };
  }
  if (quoteId === undefined) return undefined;
  if (!quote) return { code: 'UNKNOWN_QUOTE', message: `Loan ${loanId} has no quote ${quoteId}.` };
  if (quote.isOutdated) {
    return { code: 'QUOTE_EXPIRED', message: `Loan ${loanId} has changed since the quote was made.` };
  }
  return quote.totalMinor > 0
    ? undefined
    : { code: 'NOTHING_TO_PAY', message: `Quote ${quoteId} asks for no money.` };
}

/**
 * Holds an order against the day, and its lines against each other: all that can be said without a look at the loans.
 *
 * @param businessDate the day that the market is in
 * @returns the first problem, or undefined when there is none
 */
export function termsProblem(
  lines: readonly { loanId: string; amount: Money; quotedFor?: IsoDate | undefined }[],
  businessDate: IsoDate,
): OrderProblem | undefined {
  for (const [index, { loanId, amount, quotedFor }] of lines.entries()) {
    if (lines.findIndex((one) => one.loanId === loanId) < index) {
      return { code: 'LOAN_REPEATED', message: `Loan ${loanId} stands in the order more than once.` };
    }
    if (amount.currency !== lines[0]!.amount.currency) {
      return { code: 'WRONG_CURRENCY', message: 'The loans of one order are in one currency.' };
    }
    // By the business date and not by the clock: until the day is closed, money of that day may still be heard of.
    if (quotedFor !== undefined && quotedFor < businessDate) {
      const message = `The quote for loan ${loanId} held on ${quotedFor}: ask for a new one.`;
      return { code: 'QUOTE_EXPIRED', message };
    }
  }
  // Each is a safe integer, so that their sum as a float tells whether it is one too.
  const totalMinor = lines.reduce((sum, { amount }) => sum + amount.amountMinor, 0);
  if (Number.isSafeInteger(totalMinor)) return undefined;
  return { code: 'ORDER_TOO_LARGE', message: 'The amounts together are more than one order can be for.' };
}
