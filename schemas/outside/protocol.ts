/**
 * What the protocols have in common that outside parties speak under our own contracts. Every request and every
 * callback is signed as `schemas/outside/signature.ts` says; what is asked stands in a file of its own for each
 * operation (`payout.ts`, `message.ts`, `repayment-method.ts`, `refund.ts`).
 *
 * - `POST /{kind}/{partyId}/{collection}` with the request answers 200 with an `Answer`. The request number is the
 *   idempotency key: the same number with the same content gets the present state, with other content it gets 409.
 * - `GET /{kind}/{partyId}/{collection}/{requestNo}` answers 200 with an `Answer`, or 404 with the code
 *   `UNKNOWN_REQUEST` if the party has never taken such a request. Where it disagrees with an answer or a callback,
 *   it is the query that is true.
 * - `POST /callbacks/{partyId}` at the platform, with the callback's type and a `Settled`: repeated with the same
 *   `webhook-id` until the platform answers 2xx.
 */

/** What can be asked, and by which words: `effectTime` names the field that says when the party did it. */
export const protocols = {
  payout: { collection: 'payouts', callbackType: 'payout.settled', effectTime: 'paidAt' },
  message: { collection: 'messages', callbackType: 'message.settled', effectTime: 'sentAt' },
  'repayment-method': {
    collection: 'repayment-methods',
    callbackType: 'repayment-method.settled',
    effectTime: 'createdAt',
  },
  refund: { collection: 'refunds', callbackType: 'refund.settled', effectTime: 'refundedAt' },
} as const;

export type Operation = keyof typeof protocols;

/** The first segment of a party's paths tells which kind of party is addressed, and so what can be asked of it. */
export const partyKinds = {
  'funding-partners': ['payout', 'repayment-method'],
  'payment-channels': ['payout', 'repayment-method', 'refund'],
  messaging: ['message'],
} as const satisfies Record<string, readonly Operation[]>;

export type PartyKind = keyof typeof partyKinds;

/** What can be asked of the parties of a kind. */
export type OperationOf<K extends PartyKind> = (typeof partyKinds)[K][number];

/** Why a party did not do what it was asked. */
export interface Failure {
  /** Stable code such as `INSUFFICIENT_FUNDS` or `BENEFICIARY_REFUSED`. */
  code: string;
  message: string;
}

/**
 * The party's final word; `Done` holds what an operation adds. `transactionNo` is the party's own number of what it
 * did (a movement of money, a message), unique at the party.
 */
export type Settled<Done> =
  | ({ requestNo: string; status: 'SUCCEEDED'; transactionNo: string } & Done)
  | { requestNo: string; status: 'FAILED'; failure: Failure };

export type Answer<Done> = Settled<Done> | { requestNo: string; status: 'PROCESSING' };

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
