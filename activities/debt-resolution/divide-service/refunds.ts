import type { Knex } from 'knex';
import { insertRows } from '../../../db/insert-rows';
import { entitledMinor, refundProblem, type OrderRefund } from '../../../domain/debt-resolution/refund-share';
import { money } from '../../../domain/money';
import type { RefundRequestedData } from '../../../schemas/generated/messages';
import { message } from '../../../schemas/message';
import { asDivided, asLines, type Item, type Order } from './orders';

/** A refund of an order, as it is kept. */
export interface Refund {
  order_id: string;
  refund_id: string;
  /** Its place among the order's refunds. */
  number: number;
  order_detail_id: string | null;
  amount_minor: number;
  state: 'REQUESTED' | 'REFUSED' | 'RETURNING' | 'LEFT_OUT' | 'RETURNED';
}

/** A refund by its number; the step fails, for operators to see, where the mall has not asked for it. */
export async function refundOf(tx: Knex.Transaction, orderId: string, refundId: string): Promise<Refund> {
  const refund = await tx<Refund>('divide_service.order_refund')
    .where({ order_id: orderId, refund_id: refundId })
    .first();
  if (!refund) throw new Error(`Nobody has asked for refund ${refundId} of order ${orderId}.`);
  return refund;
}

/** The refunds that an order has, in the order in which they count. */
const refundsOf = (tx: Knex.Transaction, orderId: string): Promise<Refund[]> =>
  tx<Refund>('divide_service.order_refund')
    .where('order_id', orderId)
    .whereNot('state', 'REFUSED')
    .orderBy('number');

const asOrderRefund = ({
  order_detail_id: orderDetailId,
  amount_minor: amountMinor,
}: Refund): OrderRefund => ({
  ...{ orderDetailId, amountMinor },
});

/** Takes a refund in. One that the order cannot have is kept as refused, with the reason: nothing will follow it. */
export async function takeIn(
  tx: Knex.Transaction,
  order: Order,
  { refundId: refund_id, orderDetailId: detailId, amount }: RefundRequestedData,
): Promise<void> {
  const { order_id } = order;
  const earlier = await refundsOf(tx, order_id);
  const orderDetailId = detailId ?? null;
  const wanted = { orderDetailId, amountMinor: amount.amountMinor };
  const divided = await asDivided(tx, order);
  const problem =
    amount.currency === order.currency
      ? refundProblem(divided, earlier.map(asOrderRefund), wanted)
      : 'WRONG_CURRENCY';
  await tx('divide_service.order_refund').insert({
    ...{ order_id, refund_id, order_detail_id: orderDetailId, amount_minor: amount.amountMinor },
    // Also those that were refused have a place, which no other takes.
    number: tx('divide_service.order_refund').where({ order_id }).select(tx.raw('count(*) + 1')),
    ...{ state: problem ? 'REFUSED' : 'REQUESTED', reason_code: problem ?? null },
  });
}

/** What a refund takes of each line: what all refunds up to it entitle to, less what was taken before. */
export async function takenBy(tx: Knex.Transaction, order: Order, refund: Refund): Promise<Item[]> {
  const upToIt = (await refundsOf(tx, order.order_id)).filter(({ number }) => number <= refund.number);
  const entitled = entitledMinor(await asDivided(tx, order), upToIt.map(asOrderRefund));
  return order.items
    .map((item, index) => ({ ...item, amount_minor: entitled[index]! - item.refunded_minor }))
    .filter((item) => item.amount_minor > 0);
}

/**
 * A refund has what it takes of each line: left out of the divide, or returned by its receivers. The books are told, and the
 * debts follow.
 */
export async function taken(
  tx: Knex.Transaction,
  order: Order,
  refund: Refund,
  { items, state, valueDate }: { items: readonly Item[]; state: 'LEFT_OUT' | 'RETURNED'; valueDate: string },
) {
  const { order_id: orderId, currency, merchant_no: merchantNo } = order;
  const { refund_id: refundId, amount_minor } = refund;
  const ids = { order_id: orderId, refund_id: refundId };
  await insertRows(tx, {
    'divide_service.refund_line': items.map(({ number, amount_minor: minor }) => ({
      ...{ ...ids, number, amount_minor: minor },
    })),
  });
  await tx('divide_service.order_refund').where(ids).update({ state });
  const returned = state === 'RETURNED' ? asLines(items, currency) : [];
  const ofDebtors = returned.filter(({ merType }) => merType === 'DEBTOR');
  const remaining = money(currency, order.order_amount_minor - order.refunded_minor);
  return [
    message('post-ledger-event', {
      ...{ ledgerEventId: `refund ${refundId} of order ${orderId}`, scenario: 'order-refunded', orderId },
      ...{ refundId, merchantNo, amount: money(currency, amount_minor), lines: returned },
      ...{ isCompleted: order.completed_on !== null, valueDate },
    }),
    order.debts_settled_on !== null && ofDebtors.length > 0
      ? message('rollback-debt', { orderId, refundId, lines: ofDebtors, valueDate })
      : message('ignore-refund', { orderId, refundId, lines: ofDebtors, remaining, valueDate }),
  ] as const;
}
