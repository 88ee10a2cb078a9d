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

/** The reservation whose money a payout request moves: the two numbers have the application and the attempt in common. */
export const reservationOfRequest = (requestNo: string): string => requestNo.replace(/^P[OC]-/, 'FR-');

/** The flow that carries a refund, or the reversal of a disbursement. */
export const refundFlowIdOf = (businessId: string): string => `refund-and-reversal-lifecycle:${businessId}`;

/** The number under which a payment channel knows an attempt to pay a refund. */
export const refundRequestNoOf = (refundId: string, attempt: number): string => `RP-${refundId}-${attempt}`;

/** The fact that a loan was disbursed, as the general book names it. */
export const disbursementOf = (loanId: string): string => `disbursement of loan ${loanId}`;

/** The refund that a number is an attempt to pay (RP-<refund>-<attempt>); undefined for the number of anything else. */
export const refundOfRequest = (requestNo: string): string | undefined =>
  /^RP-(RF[0-9A-Z]+)-\d+$/.exec(requestNo)?.[1];

/** What is held of a payer's money for a refund, as the books know it. */
export const refundHoldOf = (refundId: string): string => `hold for refund ${refundId}`;

/** What is undone, as the books name it: a refund that was paid back, or a chargeback. */
export const undoingOf = (data: { refundId: string } | { chargebackId: string }): string =>
  'refundId' in data ? `refund ${data.refundId}` : `chargeback ${data.chargebackId}`;

/** The party that carries a market's messages to its customers. */
export const messagingPartyOf = (market: string): string => `${market.toLowerCase()}-messaging`;

/** The number under which the messaging party knows a notification. */
export const messageRequestNoOf = (notificationId: string): string =>
  `NT-${notificationId.replace(/[^A-Z0-9]/g, '-')}`;

/** The number of the method that an attempt at an order is paid by, as its party knows it. */
export const methodNoOf = (orderId: string, attempt: number): string => `RM-${orderId}-${attempt}`;
/** Money that came in: the party and its transaction. A party's id has no dot, so that two receipts never have one id. */
export const receiptIdOf = (party: string, transactionNo: string): string => `${party}.${transactionNo}`;

/** The party and the transaction of money that came in. */
export function receiptOf(receiptId: string): { party: string; transactionNo: string } {
  const dot = receiptId.indexOf('.');
  return { party: receiptId.slice(0, dot), transactionNo: receiptId.slice(dot + 1) };
}

/** The order whose method a number is of (RM-<order>-<attempt>); undefined for a number that is none of ours. */
export const orderOfMethod = (methodNo: string): string | undefined =>
  /^RM-(RO[0-9A-Z]+)-\d+$/.exec(methodNo)?.[1];

/** The extension whose method a number is of (RM-<order>-<attempt>); undefined for a number of anything else. */
export const extensionOfMethod = (methodNo: string): string | undefined =>
  /^RM-(EO[0-9A-Z]+)-\d+$/.exec(methodNo)?.[1];

/** The payment of what an extension costs. */
export const feePaymentIdOf = (orderId: string): string => `PM-${orderId}-1`;

/** What Yeepay is asked to do about a mall's order, by the letters that its requests' numbers begin with. */
const yeepayLetters = { CLEARING: 'YC', DIVIDE: 'YD', RETURN: 'YB', COMPLETE: 'YE' } as const;

/** The number under which Yeepay knows an attempt; of a return, with the number of the order's refund. */
export const yeepayRequestNoOf = (
  operation: keyof typeof yeepayLetters,
  orderId: string,
  attempt: number,
  refundNumber?: number,
): string => [yeepayLetters[operation], orderId, refundNumber, attempt].filter(Boolean).join('-');

/** The number of another attempt at what a number asks of Yeepay: all of them are the same but for their end. */
export const yeepayAttemptNo = (requestNo: string, attempt: number): string =>
  `${yeepayAttemptsOf(requestNo)}${attempt}`;

/** What the numbers of all attempts at what a number asks of Yeepay begin with. */
export const yeepayAttemptsOf = (requestNo: string): string => requestNo.replace(/\d+$/, '');

/** Which attempt a number of `yeepayRequestNoOf` is. */
export const yeepayAttemptOf = (requestNo: string): number =>
  Number(requestNo.slice(requestNo.lastIndexOf('-') + 1));

/** The flow that compares a market's day. */
export const reconciliationFlowId = (market: string, day: string): string =>
  `debt-reconciliation:${market}.${day}`;

/** The flow that carries a mall's order. */
export const debtOrderFlowId = (orderId: string): string => `debt-order:${orderId}`;
