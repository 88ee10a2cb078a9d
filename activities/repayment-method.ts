import type { RepaymentMethod } from '../schemas/generated/messages';
import type { OutsideAnswer } from './outside';

// What funding partners and payment channels have in common when they are asked for a method to pay by.

/**
 * How often a party is asked for a method, half a minute in all: then another one is, or the payer is told. A method that
 * nobody was shown brings no money, so it may be given up; whoever asks a party for money may not do so.
 */
export const methodAsks = 6;

/** What is asked of a party, by what it is for. */
export const methodBusinessKey = (orderId: string, attempt: number): string =>
  `method to pay repayment order ${orderId}, attempt ${attempt}`;

/** The method that a party has given, or why it has given none. */
export function methodIn(
  party: string,
  answer: OutsideAnswer,
):
  | { transactionNo: string; method: RepaymentMethod }
  | { code: 'METHOD_REFUSED' | 'METHOD_NOT_GIVEN_IN_TIME'; reason: string } {
  if (answer.status === 'SUCCEEDED' && answer.method) {
    return { transactionNo: answer.transactionNo, method: answer.method };
  }
  // Operators can find out that it was made, and not what it is.
  if (answer.status === 'SUCCEEDED' || answer.failure.code === 'GIVEN_UP') {
    return { code: 'METHOD_NOT_GIVEN_IN_TIME', reason: `${party} gave no method in time.` };
  }
  return { code: 'METHOD_REFUSED', reason: `${party} gives no method: ${answer.failure.code}.` };
}
