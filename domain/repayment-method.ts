/** How a payer can pay, as the party that collects it says. */
export interface Method {
  kind: 'QR' | 'VA' | 'DEEP_LINK';
  value: string;
  /** RFC 3339 instant from which on it takes no money. */
  expiresAt: string;
}

/** What became of the request for a method; GIVEN_UP: its party was asked for too long. */
type Answer =
  | { status: 'SUCCEEDED'; transactionNo: string; method?: Method }
  | { status: 'FAILED'; failure: { code: string } };

/**
 * How often a party is asked for a method, half a minute in all: then another one is, or the payer is told. A method that
 * nobody was shown brings no money, so it may be given up; whoever asks a party for money may not do so.
 */
export const methodAsks = 6;

/** What is asked of a party, by what it is for. */
export const methodBusinessKey = (orderId: string, attempt: number): string =>
  `method to pay repayment order ${orderId}, attempt ${attempt}`;

/** The method that a party has given with its own number of it, or why it has given none. */
export function methodIn(
  party: string,
  answer: Answer,
):
  | { transactionNo: string; method: Method }
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
