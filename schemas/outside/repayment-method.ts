/**
 * A method to pay by: a funding partner or a payment channel makes one on our request, and takes the payer's money by it.
 * The exchange is that of `schemas/outside/protocol.ts`, with the collection `repayment-methods` and the callback
 * `repayment-method.settled`.
 */
import type { Answer, Settled } from './protocol';

export interface RepaymentMethodRequest {
  /** Idempotency key of the method, unique at the party, which names it when money comes by the method. */
  requestNo: string;
  /** `amountMinor` is a positive integer in the currency's minor unit. */
  amount: { currency: string; amountMinor: number };
  /** The repayment order that is paid by it. */
  reference: string;
  /** How long it is to take money. */
  expiresInSeconds: number;
}

/** QR: the content of a QR code. VA: the number of a virtual account. DEEP_LINK: an address that opens an app. */
export const methodKinds = ['QR', 'VA', 'DEEP_LINK'] as const;

/** How the payer can pay; `expiresAt` is the RFC 3339 instant from which on it takes no money. */
export interface Method {
  kind: (typeof methodKinds)[number];
  value: string;
  expiresAt: string;
}

/** `createdAt` is the RFC 3339 instant at which the party made the method. */
type Created = { createdAt: string; method: Method };

export type SettledRepaymentMethod = Settled<Created>;
export type RepaymentMethodAnswer = Answer<Created>;
export type RepaymentMethodCallback = { type: 'repayment-method.settled' } & SettledRepaymentMethod;
