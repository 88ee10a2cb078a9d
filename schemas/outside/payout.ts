/**
 * The payout protocol that funding partners and payment channels speak: one party pays a borrower on our
 * request. Every request and every callback is signed as `schemas/outside/signature.ts` says.
 *
 * - `POST /{kind}/{partyId}/payouts` with a `PayoutRequest` answers 200 with a `PayoutAnswer`. The request
 *   number is the idempotency key: the same number with the same content gets the payout's present answer,
 *   with other content it gets 409.
 * - `GET /{kind}/{partyId}/payouts/{requestNo}` answers 200 with a `PayoutAnswer`, or 404 with the code
 *   `UNKNOWN_REQUEST` if the party has never taken such a request.
 * - `POST /callbacks/{partyId}` at the platform, with a `PayoutCallback`: repeated with the same `webhook-id`
 *   until the platform answers 2xx.
 */

/** The first segment of a party's paths; it tells which kind of party is addressed. */
export type PartyKind = 'funding-partners' | 'payment-channels';

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

export interface PayoutFailure {
  /** Stable code such as `INSUFFICIENT_FUNDS` or `BENEFICIARY_REFUSED`. */
  code: string;
  message: string;
}

/** An outcome that is final at the party: it never changes afterwards. */
export type SettledPayout =
  | {
      requestNo: string;
      status: 'SUCCEEDED';
      /** The party's number of the money movement, unique at the party. */
      transactionNo: string;
      /** RFC 3339 instant at which the party paid. */
      paidAt: string;
    }
  | { requestNo: string; status: 'FAILED'; failure: PayoutFailure };

export type PayoutAnswer = SettledPayout | { requestNo: string; status: 'PROCESSING' };

export type PayoutCallback = { type: 'payout.settled' } & SettledPayout;

/** The body of every answer other than 200. */
export interface PartyProblem {
  code:
    | 'UNKNOWN_PARTY'
    | 'UNKNOWN_REQUEST'
    | 'INVALID_REQUEST'
    | 'REQUEST_CONFLICT'
    | 'SIGNATURE_MISSING'
    | 'SIGNATURE_INVALID'
    | 'SIGNATURE_EXPIRED'
    | 'INTERNAL_ERROR';
  message: string;
}
