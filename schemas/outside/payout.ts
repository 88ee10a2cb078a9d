/**
 * A payout: a funding partner or a payment channel pays a borrower on our request. The exchange is that of
 * `schemas/outside/protocol.ts`, with the collection `payouts` and the callback `payout.settled`.
 */
import type { Answer, Settled } from './protocol';

export interface PayoutRequest {
  /** Idempotency key of the payout, unique at the party. */
  requestNo: string;
  /** `amountMinor` is a positive integer in the currency's minor unit. */
  amount: { currency: string; amountMinor: number };
  /** The account is named by an opaque token that only the party can resolve, never by its number. */
  beneficiary: { customerId: string; accountToken: string };
  /** The business action that the payout serves, for example the loan application's id. */
  reference: string;
}

/** `paidAt` is the RFC 3339 instant at which the party paid. */
type Paid = { paidAt: string };

export type SettledPayout = Settled<Paid>;
export type PayoutAnswer = Answer<Paid>;
export type PayoutCallback = { type: 'payout.settled' } & SettledPayout;
