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

/**
 * Money that a party had told us of, or is about to, and that it has taken back: a chargeback, a recalled transfer, a debit
 * that bounced. It tells us as it tells of money that it received. What counts as the same taking back is the party and its
 * number of it.
 */
export interface RepaymentTakenBack {
  type: 'repayment.taken-back';
  /** The party's own number of the taking back, unique at the party: letters, digits, dots, underscores and dashes. */
  chargebackNo: string;
  /** Its number of the transaction that had brought the money. */
  transactionNo: string;
  /** All that had come in, or a part; `amountMinor` is a positive integer in the currency's minor unit. */
  amount: { currency: 'CNY' | 'IDR'; amountMinor: number };
  /** RFC 3339 instant at which it was taken back. */
  takenBackAt: string;
  /** The party's own code of why. */
  reasonCode: string;
}
