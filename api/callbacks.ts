import { createHash } from 'node:crypto';
import type { OutsideAnswer } from '../db/outside';
import type { MessageCallback } from '../schemas/outside/message';
import type { PayoutCallback } from '../schemas/outside/payout';
import type { RefundCallback } from '../schemas/outside/refund';
import type { RepaymentMethodCallback } from '../schemas/outside/repayment-method';
import type { RepaymentReceived, RepaymentTakenBack } from '../schemas/outside/repayment';
import type { PartySecrets } from '../schemas/outside/signature';
import { repaymentTakenBack, repaymentTakenBackExample, takeInChargeback } from './chargebacks';
import type { FlowNeeds } from './needs';
import { repaymentReceived, repaymentReceivedExample, takeInReceipt } from './receipts';
import type { Answer, Call, Parameter, Route } from './route';
import { common, object, oneOf, type Schema } from './schema';
import { checkSignature, signatureParameters } from './signed';
import { takeInWord } from './words';

type Needs = FlowNeeds & { config: { partySecrets: PartySecrets } };

const partyParameter: Parameter = {
  in: 'path',
  name: 'party',
  description: 'Id of the party that calls back.',
  schema: common('party-id'),
  required: true,
  example: 'partner-nusantara',
  invalid: 'UNKNOWN_PARTY',
};

/** Not closed: the party may be a version ahead of us. */
const settled: Schema = {
  type: 'object',
  required: ['type', 'requestNo', 'status'],
  properties: {
    type: oneOf('payout.settled', 'message.settled'),
    requestNo: common('request-no'),
    status: oneOf('SUCCEEDED', 'FAILED'),
    transactionNo: { description: 'Where it succeeded.', ...common('transaction-no') },
    paidAt: { description: 'When the money left, where a payout succeeded.', ...common('instant') },
    sentAt: { description: 'When the customer had it, where a message succeeded.', ...common('instant') },
    failure: { description: 'Where it failed.', ...common('failure') },
  },
  if: { properties: { status: { const: 'SUCCEEDED' } } },
  then: {
    required: ['transactionNo'],
    if: { properties: { type: { const: 'payout.settled' } } },
    then: { required: ['paidAt'] },
    else: { required: ['sentAt'] },
  },
  else: { required: ['failure'] },
};

const requestNo = 'PO-LA01JD8X3M7Q2V-1';
/** As open as the first form. */
const methodSettled: Schema = {
  type: 'object',
  required: ['type', 'requestNo', 'status'],
  properties: {
    type: oneOf('repayment-method.settled'),
    requestNo: common('request-no'),
    status: oneOf('SUCCEEDED', 'FAILED'),
    transactionNo: { description: 'Where it succeeded.', ...common('transaction-no') },
    createdAt: { description: 'When the method was made, where it was.', ...common('instant') },
    method: { description: 'How the payer can pay, where a method was made.', ...common('repayment-method') },
    failure: { description: 'Where it failed.', ...common('failure') },
  },
  if: { properties: { status: { const: 'SUCCEEDED' } } },
  then: { required: ['transactionNo', 'createdAt', 'method'] },
  else: { required: ['failure'] },
};

/** As open as the first form. */
const refundSettled: Schema = {
  type: 'object',
  required: ['type', 'requestNo', 'status'],
  properties: {
    type: oneOf('refund.settled'),
    requestNo: common('request-no'),
    status: oneOf('SUCCEEDED', 'FAILED'),
    transactionNo: { description: 'Where it succeeded.', ...common('transaction-no') },
    refundedAt: { description: 'When the money went back, where it did.', ...common('instant') },
    failure: { description: 'Where it failed.', ...common('failure') },
  },
  if: { properties: { status: { const: 'SUCCEEDED' } } },
  then: { required: ['transactionNo', 'refundedAt'] },
  else: { required: ['failure'] },
};

type Callback = PayoutCallback | MessageCallback | RepaymentMethodCallback | RefundCallback;

type Unasked = RepaymentReceived | RepaymentTakenBack;

const examples: Record<string, Callback | Unasked> = {
  succeeded: {
    ...{ type: 'payout.settled', requestNo, status: 'SUCCEEDED' },
    ...{ transactionNo: 'TX20260131000017', paidAt: '2026-01-31T15:00:00+07:00' },
  },
  failed: {
    ...{ type: 'payout.settled', requestNo, status: 'FAILED' },
    failure: { code: 'BENEFICIARY_REFUSED', message: 'The account is closed.' },
  },
  methodCreated: {
    ...{ type: 'repayment-method.settled', requestNo: 'RM-RO01JD8X3M7Q2V-1', status: 'SUCCEEDED' },
    ...{ transactionNo: 'MT20260131000017', createdAt: '2026-01-31T15:00:00+07:00' },
    method: { kind: 'VA', value: '8808123456789012', expiresAt: '2026-01-31T15:30:00+07:00' },
  },
  repaymentReceived: repaymentReceivedExample,
  repaymentTakenBack: repaymentTakenBackExample,
};

/** The routes by which outside parties tell us what became of our requests, and of money that came in or was taken back. */
export function callbackRoutes(needs: Needs): Route[] {
  return [
    {
      method: 'post',
      path: '/callbacks/{party}',
      operationId: 'receiveCallback',
      tag: 'Callbacks',
      summary: 'Tell the final outcome of a request, or of money that came in or was taken back',
      description:
        'For outside parties. Signed over the raw bytes; a signature holds for five minutes. Send the same notification ' +
        'again, with the same webhook-id, until the answer is 2xx. What is told later than the first final outcome is ' +
        'recorded and changes nothing. Money that came in (`repayment.received`) is known by its transaction number: what ' +
        'is told of it first stands. Money that was taken back (`repayment.taken-back`) is known by the number of the taking back.',
      access: {
        signature: (call) => checkSignature(needs.config.partySecrets, call.parameters['party']!, call),
      },
      parameters: [partyParameter, ...signatureParameters],
      body: {
        schema: { oneOf: [settled, methodSettled, refundSettled, repaymentReceived, repaymentTakenBack] },
        examples,
      },
      answers: {
        200: {
          description: 'It is recorded, now or already before.',
          schema: object({ status: oneOf('accepted', 'already-received') }),
          example: { status: 'accepted' },
        },
      },
      problems: [
        ...(['UNKNOWN_PARTY', 'SIGNATURE_MISSING', 'SIGNATURE_INVALID', 'SIGNATURE_EXPIRED'] as const),
        ...([
          'UNKNOWN_REQUEST',
          'NOTIFICATION_REPLAYED',
          'TRANSACTION_TAKEN',
          'RECEIPT_CONTRADICTED',
          'TEMPORARILY_UNAVAILABLE',
        ] as const),
      ],
      handle: (call) => receive(needs, call),
    },
  ];
}

async function receive(needs: Needs, call: Call): Promise<Answer> {
  const { parameters, body, rawBody, log } = call;
  const callback = body as Callback | Unasked;
  const party = parameters['party']!;
  if (callback.type === 'repayment.received') return takeInReceipt(needs, call, callback);
  if (callback.type === 'repayment.taken-back') return takeInChargeback(needs, call, callback);
  const { requestNo } = callback;
  const status = await takeInWord(needs, log, {
    ...{ party, requestNo, body: callback, answer: answerOf(callback) },
    webhookId: parameters['webhook-id']!,
    bodyHash: createHash('sha256').update(rawBody).digest(),
    isOfMoney: callback.type === 'payout.settled' || callback.type === 'refund.settled',
    paidAtPointer: `/${effectTimes[callback.type]}`,
  });
  return { status: 200, body: { status } };
}

/** The field of each callback that has the time at which it took effect. */
const effectTimes = {
  'payout.settled': 'paidAt',
  'message.settled': 'sentAt',
  'repayment-method.settled': 'createdAt',
  'refund.settled': 'refundedAt',
} as const satisfies Record<Callback['type'], string>;

/** The final word in a callback; the time at which it took effect has a name of its own for each operation. */
function answerOf(callback: Callback): OutsideAnswer {
  if (callback.status === 'FAILED') return { status: 'FAILED', failure: callback.failure };
  const { status, transactionNo } = callback;
  switch (callback.type) {
    case 'payout.settled':
      return { status, transactionNo, paidAt: callback.paidAt };
    case 'message.settled':
      return { status, transactionNo, paidAt: callback.sentAt };
    case 'repayment-method.settled':
      return { status, transactionNo, paidAt: callback.createdAt, method: callback.method };
    case 'refund.settled':
      return { status, transactionNo, paidAt: callback.refundedAt };
  }
}
