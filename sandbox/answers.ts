import { createHash } from 'node:crypto';
import type { MessageAnswer } from '../schemas/outside/message';
import type { PayoutAnswer } from '../schemas/outside/payout';
import type { Outcome } from './behaviours';
import type { Order, Truth } from './order-log';

export type PartyAnswer = PayoutAnswer | MessageAnswer;

/** What the party says of an order, in the words of its operation, when it says that `truth` is the truth. */
export function answerOf(order: Order, truth: Truth): PartyAnswer {
  const { party, requestNo, wanted } = order;
  switch (truth.status) {
    case 'PROCESSING':
      return { requestNo, status: 'PROCESSING' };
    case 'FAILED': {
      const { code } = truth;
      return { requestNo, status: 'FAILED', failure: { code, message: `${party} refused: ${code}.` } };
    }
    case 'SUCCEEDED': {
      const done = { requestNo, status: 'SUCCEEDED', transactionNo: transactionNoOf(order) } as const;
      return wanted.operation === 'payout' ? { ...done, paidAt: truth.at } : { ...done, sentAt: truth.at };
    }
  }
}

/** An outcome that the party only claims; its instant is fixed, so that a repetition says the same. */
export const claimed = (order: Order, outcome: Outcome): Truth => ({ ...outcome, at: order.receivedAt });

/** The party's own number of what it did: derived, so that it is unique without a counter to keep. */
export function transactionNoOf({ party, requestNo }: Order): string {
  const digest = createHash('sha256').update(`${party}/${requestNo}`).digest('hex');
  return `TX${digest.slice(0, 24).toUpperCase()}`;
}
