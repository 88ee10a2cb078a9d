/**
 * A refund: a payment channel pays money back on our request, by the way it came or to an account that is named. The
 * exchange is that of `schemas/outside/protocol.ts`, with the collection `refunds` and the callback `refund.settled`.
 */
import type { Answer, Settled } from './protocol';

export interface RefundRequest {
  /** Idempotency key of the refund, unique at the party. */
  requestNo: string;
  /** Number of the transaction by which the money came in, at whoever received it. */
  originalTransactionNo: string;
  /** `amountMinor` is a positive integer in the currency's minor unit. */
  amount: { currency: string; amountMinor: number };
  /** Without a token it goes back by the way it came; the token is one that only the party can resolve. */
  beneficiary: { customerId: string; accountToken?: string };
  /** The refund's id. */
  reference: string;
}

/** `refundedAt` is the RFC 3339 instant at which the party paid it back. */
type Refunded = { refundedAt: string };

export type SettledRefund = Settled<Refunded>;
export type RefundAnswer = Answer<Refunded>;
export type RefundCallback = { type: 'refund.settled' } & SettledRefund;
