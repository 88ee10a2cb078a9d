import { createHash } from 'node:crypto';
import { crashPoint } from '../crash/point';
import { recordReceipt } from '../db/access/receipts';
import type { ToldFate, ToldUnasked } from '../db/access/told';
import { receiptIdOf } from '../domain/identifiers';
import { composeEvent } from '../schemas/compose';
import { message } from '../schemas/message';
import type { RepaymentReceived } from '../schemas/outside/repayment';
import { repaymentFlowId } from './addresses';
import { checkInstant } from './instants';
import type { FlowNeeds } from './needs';
import { Problem } from './problem';
import type { Answer, Call } from './route';
import { common, oneOf, type Schema } from './schema';
import { startMoneyIn } from './temporal';

const methodNo: Schema = {
  description: 'Our number of the method that was paid by, if it was one of ours.',
  ...{ type: 'string', minLength: 1, maxLength: 100 },
};

/** Money that came in. Not closed: the party may be a version ahead of us. */
export const repaymentReceived: Schema = {
  type: 'object',
  required: ['type', 'transactionNo', 'amount', 'paidAt'],
  properties: {
    type: oneOf('repayment.received'),
    transactionNo: common('receipt-transaction-no'),
    amount: { description: 'All that was paid.', ...common('positive-money') },
    paidAt: { description: 'When the customer paid.', ...common('instant') },
    methodNo,
    payerReference: common('payer-reference'),
  },
};

export const repaymentReceivedExample: RepaymentReceived = {
  ...{ type: 'repayment.received', transactionNo: 'TX20260201000042', paidAt: '2026-02-01T09:12:00+07:00' },
  amount: { currency: 'IDR', amountMinor: 895_129 },
  ...{ methodNo: 'RM-RO01JDC5T8W2ZB-1', payerReference: 'RO01JDC5T8W2ZB' },
};

/**
 * Takes in money that a party tells us of: recorded once, and a flow of its own puts it where it belongs. Whatever it is
 * for, and whether anybody knows, it is not refused: it is here.
 */
export async function takeInReceipt(
  { db, temporal, config }: FlowNeeds,
  call: Call,
  body: RepaymentReceived,
): Promise<Answer> {
  const party = call.parameters['party']!;
  await checkInstant(db, call.log, { party, instant: body.paidAt, pointer: '/paidAt' });
  crashPoint('after-receive', 'receipt');
  const receiptId = receiptIdOf(party, body.transactionNo);
  const taken = checkTold(
    call,
    await recordReceipt(db, {
      ...notificationOf(call, body),
      eventOf: (receipt, market) =>
        composeEvent(
          { source: 'partner-hub', market, flowId: repaymentFlowId(receiptId) },
          message('external-repayment-notified', receipt),
        ),
    }),
  );
  // Also when it was here before: the process may have died the first time between recording it and starting the flow.
  await startMoneyIn(temporal, { taskQueue: config.taskQueue, receiptId, notified: taken.event });
  crashPoint('before-answer', 'receipt');
  return { status: 200, body: { status: taken.fate === 'RECEIVED' ? 'accepted' : 'already-received' } };
}

/** What a party told us without being asked, as it is recorded. */
export const notificationOf = <Body extends object>(
  { parameters, rawBody }: Call,
  body: Body,
): ToldUnasked<Body> => ({
  ...{ party: parameters['party']!, body, webhookId: parameters['webhook-id']! },
  bodyHash: createHash('sha256').update(rawBody).digest(),
});

/** What was recorded; throws the problem with a notification of which nothing was. */
export function checkTold<Fate extends { fate: ToldFate['fate'] }>(
  { parameters, body, log }: Call,
  told: Fate,
): Extract<Fate, { fate: 'RECEIVED' | 'TOLD_AGAIN' | 'KNOWN' }> {
  const party = parameters['party']!;
  switch (told.fate) {
    case 'UNKNOWN_PARTY':
      throw new Problem('UNKNOWN_PARTY', 'No party of this id receives money for us.');
    case 'REPLAYED':
      throw new Problem('NOTIFICATION_REPLAYED', 'Give a notification with another body an id of its own.');
    case 'CONTRADICTED': {
      const { transactionNo } = body as { transactionNo: string };
      log.warn({ party, transactionNo }, 'a notification contradicts what was told of a transaction before');
      throw new Problem('RECEIPT_CONTRADICTED', 'What was told first stands. Tell us by another way.');
    }
  }
  return told as Extract<Fate, { fate: 'RECEIVED' | 'TOLD_AGAIN' | 'KNOWN' }>;
}
