import { createHash } from 'node:crypto';
import type { MessageAnswer } from '../schemas/outside/message';
import type { PayoutAnswer } from '../schemas/outside/payout';
import type { RefundAnswer } from '../schemas/outside/refund';
import type { Method, RepaymentMethodAnswer } from '../schemas/outside/repayment-method';
import type { Outcome } from './behaviours';
import type { Order, Truth } from './order-log';
import type { Told } from './orders';

export type PartyAnswer = PayoutAnswer | MessageAnswer | RepaymentMethodAnswer | RefundAnswer;

/** What a party that speaks our own protocol says of an order, in the words of its operation. */
export function answerOf({ order, truth }: Told): PartyAnswer {
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
      switch (wanted.operation) {
        case 'payout':
          return { ...done, paidAt: truth.at };
        case 'message':
          return { ...done, sentAt: truth.at };
        case 'repayment-method':
          return { ...done, createdAt: truth.at, method: methodOf(order, wanted, truth.at) };
        case 'refund':
          return { ...done, refundedAt: truth.at };
        default:
          throw new Error(`${wanted.operation} is not of our own protocol.`);
      }
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

/** The method that is usual for a currency; a link, where none is. */
function methodOf(
  order: Order,
  { amount, expiresInSeconds }: Extract<Order['wanted'], { operation: 'repayment-method' }>,
  createdAt: string,
): Method {
  const transactionNo = transactionNoOf(order);
  const address = `https://${order.party}.example/pay/${transactionNo}`;
  const expiresAt = new Date(Date.parse(createdAt) + expiresInSeconds * 1_000).toISOString();
  switch (amount.currency) {
    case 'CNY':
      return { kind: 'QR', value: address, expiresAt };
    case 'IDR':
      return {
        kind: 'VA',
        value: BigInt(`0x${transactionNo.slice(2)}`)
          .toString()
          .slice(0, 16),
        expiresAt,
      };
    default:
      return { kind: 'DEEP_LINK', value: address, expiresAt };
  }
}
