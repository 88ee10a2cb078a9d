import { transactionNoOf } from './answers';
import type { OrderState } from './order-log';
import type { Wanted } from './requests';

/** Something that a party really did. */
interface Done {
  party: string;
  requestNo: string;
  transactionNo: string;
}

/** Money that a party really paid; `paidAt` is an RFC 3339 instant. */
export type Effect = Done & Omit<Extract<Wanted, { operation: 'payout' }>, 'operation'> & { paidAt: string };

/** Money that a party really paid back; `refundedAt` is an RFC 3339 instant. */
export type PaidBack = Done &
  Omit<Extract<Wanted, { operation: 'refund' }>, 'operation'> & { refundedAt: string };

/** A message that a party really sent; `sentAt` is an RFC 3339 instant. */
export type SentMessage = Done &
  Omit<Extract<Wanted, { operation: 'message' }>, 'operation'> & { sentAt: string };

/** All money that was paid by these orders. */
export function effectsOf(orders: readonly OrderState[]): Effect[] {
  return orders.flatMap((order) => {
    const { party, requestNo, wanted, truth } = order;
    if (wanted.operation !== 'payout' || truth.status !== 'SUCCEEDED') return [];
    const { reference, amount } = wanted;
    const transactionNo = transactionNoOf(order);
    return [{ party, requestNo, reference, amount, transactionNo, paidAt: truth.at }];
  });
}

/** All money that was paid back by these orders. */
export function refundsOf(orders: readonly OrderState[]): PaidBack[] {
  return orders.flatMap((order) => {
    const { party, requestNo, wanted, truth } = order;
    if (wanted.operation !== 'refund' || truth.status !== 'SUCCEEDED') return [];
    const { reference, amount, originalTransactionNo } = wanted;
    const transactionNo = transactionNoOf(order);
    return [
      { party, requestNo, reference, amount, originalTransactionNo, transactionNo, refundedAt: truth.at },
    ];
  });
}

/** All messages that were sent by these orders. */
export function sentMessagesOf(orders: readonly OrderState[]): SentMessage[] {
  return orders.flatMap((order) => {
    const { party, requestNo, wanted, truth } = order;
    if (wanted.operation !== 'message' || truth.status !== 'SUCCEEDED') return [];
    const { reference, channel, template, language } = wanted;
    const transactionNo = transactionNoOf(order);
    return [{ party, requestNo, reference, channel, template, language, transactionNo, sentAt: truth.at }];
  });
}
