/**
 * Money that a party received of a customer: a funding partner or a payment channel tells us of it, without being asked,
 * by `POST /callbacks/{partyId}`, signed as `schemas/outside/signature.ts` says, and repeated with the same `webhook-id`
 * until the platform answers 2xx. What counts as the same money is the party and its transaction number: another
 * notification of it changes nothing.
 */
export interface RepaymentReceived {
  type: 'repayment.received';
  /** The party's own number of the transaction, unique at the party: letters, digits, dots, underscores and dashes. */
  transactionNo: string;
  /** `amountMinor` is a positive integer in the currency's minor unit. */
  amount: { currency: 'CNY' | 'IDR'; amountMinor: number };
  /** RFC 3339 instant at which the customer paid; from its day, in the market's time zone, the money counts. */
  paidAt: string;
  /** Our number of the method that was paid by. */
  methodNo?: string;
  /** What stands beside the payment; of a method of ours, the order. */
  payerReference?: string;
}
