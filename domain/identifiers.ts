// Ids that are made of other ids, so that whoever knows the one can name the other before it exists.

/** The loan that a loan application becomes. */
export const loanIdOf = (applicationId: string): string => applicationId.replace(/^LA/, 'LN');

/** The contract of a loan. */
export const contractIdOf = (loanId: string): string => loanId.replace(/^LN/, 'LC');

/** The fund reservation of one attempt: it can be released without ever having been seen. */
export const reservationIdOf = (applicationId: string, attempt: number): string =>
  `FR-${applicationId}-${attempt}`;

/** The payment that pays out an attempt by our payment system. */
export const paymentIdOf = (applicationId: string, attempt: number): string =>
  `PM-${applicationId}-${attempt}`;

/** The number under which a funding partner knows the payout of an attempt. */
export const payoutRequestNoOf = (applicationId: string, attempt: number): string =>
  `PO-${applicationId}-${attempt}`;

/** The number under which a payment channel knows a payment. */
export const paymentRequestNoOf = (paymentId: string): string => paymentId.replace(/^PM-/, 'PC-');
