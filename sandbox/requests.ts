import { createHash } from 'node:crypto';
import { stringify } from 'safe-stable-stringify';
import { messageChannels, type MessageRequest } from '../schemas/outside/message';
import type { PayoutRequest } from '../schemas/outside/payout';
import type { Operation } from '../schemas/outside/protocol';
import type { RefundRequest } from '../schemas/outside/refund';
import type { RepaymentMethodRequest } from '../schemas/outside/repayment-method';
import { closed, oneOf, reader, textUpTo } from './schema';
import type { YeepayWanted } from './yeepay/wanted';

/** What a party was asked to do, without who is paid or told, and without what the message says. */
export type Wanted =
  | ({ operation: 'payout' } & Pick<PayoutRequest, 'reference' | 'amount'>)
  | ({ operation: 'message' } & Pick<MessageRequest, 'reference' | 'channel' | 'template' | 'language'>)
  | ({ operation: 'repayment-method' } & Omit<RepaymentMethodRequest, 'requestNo'>)
  | ({ operation: 'refund' } & Pick<RefundRequest, 'reference' | 'amount' | 'originalTransactionNo'>)
  | YeepayWanted;

/** A request that is well formed. */
export interface Asked {
  requestNo: string;
  /** The customer whom it concerns, by an opaque token; undefined where the party is not told. */
  customerId: string | undefined;
  wanted: Wanted;
  /** Hash of the whole request, by which a repetition is told from another request of the same number. */
  contentHash: string;
}

/**
 * Reads the body of a request.
 * @returns what is asked, or in words what is wrong with it.
 */
export function readRequest(operation: Operation, rawBody: unknown): Asked | { problem: string } {
  let body: unknown;
  try {
    body = JSON.parse(String(rawBody));
  } catch {
    return { problem: 'The body is not JSON.' };
  }
  switch (operation) {
    case 'payout':
      return askedPayout(body);
    case 'message':
      return askedMessage(body);
    case 'repayment-method':
      return askedRepaymentMethod(body);
    case 'refund':
      return askedRefund(body);
  }
}

function askedPayout(body: unknown): Asked | { problem: string } {
  const request = readPayout(body);
  if ('problem' in request) return request;
  const { reference, amount, beneficiary } = request;
  return asked(request, beneficiary.customerId, { operation: 'payout', reference, amount });
}

function askedMessage(body: unknown): Asked | { problem: string } {
  const request = readMessage(body);
  if ('problem' in request) return request;
  const { reference, channel, template, language, recipient } = request;
  return asked(request, recipient, { operation: 'message', reference, channel, template, language });
}

function askedRepaymentMethod(body: unknown): Asked | { problem: string } {
  const request = readRepaymentMethod(body);
  if ('problem' in request) return request;
  const { reference, amount, expiresInSeconds } = request;
  return asked(request, undefined, { operation: 'repayment-method', reference, amount, expiresInSeconds });
}

function askedRefund(body: unknown): Asked | { problem: string } {
  const request = readRefund(body);
  if ('problem' in request) return request;
  const { reference, amount, originalTransactionNo, beneficiary } = request;
  const wanted = { operation: 'refund', reference, amount, originalTransactionNo } as const;
  return asked(request, beneficiary.customerId, wanted);
}

/** What a request asks, by its number and all that it holds. */
export function asked(request: { requestNo: string }, customerId: string | undefined, wanted: Wanted): Asked {
  const contentHash = createHash('sha256').update(stringify(request)).digest('hex');
  return { requestNo: request.requestNo, customerId, wanted, contentHash };
}

const text = textUpTo(100);

const amount = closed({
  currency: { type: 'string', pattern: '^[A-Z]{3}$' },
  amountMinor: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
});

const readPayout = reader<PayoutRequest>(
  'request',
  closed({
    requestNo: text,
    amount,
    beneficiary: closed({ customerId: text, accountToken: text }),
    reference: text,
  }),
);

const readRepaymentMethod = reader<RepaymentMethodRequest>(
  'request',
  closed({
    requestNo: text,
    amount,
    reference: text,
    expiresInSeconds: { type: 'integer', minimum: 1, maximum: 31_536_000 },
  }),
);

const readRefund = reader<RefundRequest>(
  'request',
  closed({
    requestNo: text,
    originalTransactionNo: text,
    amount,
    beneficiary: closed({ customerId: text }, { accountToken: text }),
    reference: text,
  }),
);

const readMessage = reader<MessageRequest>(
  'request',
  closed({
    requestNo: text,
    channel: oneOf(...messageChannels),
    recipient: text,
    template: text,
    language: { type: 'string', pattern: '^[a-z]{2}$' },
    text: textUpTo(2_000),
    reference: text,
  }),
);
