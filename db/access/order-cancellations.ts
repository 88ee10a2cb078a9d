import type { Knex } from 'knex';

/** An order that is not wanted any more, who says so, and why. */
export interface OrderCancellation {
  orderId: string;
  actor: string;
  reason: string;
}

/** By flow: where its orders are kept, and whether one has been paid, or was carried out without. */
const orders = {
  repayment: {
    ...{ table: 'repayment_engine.repayment_order', cancellations: 'repayment_engine.order_cancellation' },
    isDone: 'select repayment_engine.received_minor(?) > 0 as "isDone"',
  },
  extension: {
    ...{ table: 'extension_engine.extension_order', cancellations: 'extension_engine.order_cancellation' },
    isDone: `select exists (select from extension_engine.extension_order o
                              left join extension_engine.fee_payment p using (order_id)
                             where order_id = ? and (p.order_id is not null or o.state = 'EXTENDED')) as "isDone"`,
  },
};

/**
 * Records that an order is not wanted any more, unless it is done; the first one stands, so that a repetition changes
 * nothing.
 *
 * @returns whether it is cancelled now
 */
export async function cancelOrder(
  tx: Knex.Transaction,
  flow: keyof typeof orders,
  { orderId, actor, reason }: OrderCancellation,
): Promise<boolean> {
  const { table, cancellations, isDone } = orders[flow];
  // What comes in for the order locks the same row: either it is here already, or it finds the cancellation.
  await tx(table).where({ order_id: orderId }).forUpdate().first('order_id');
  const { rows } = await tx.raw<{ rows: { isDone: boolean }[] }>(isDone, [orderId]);
  if (rows[0]!.isDone) return false;
  await tx(cancellations).insert({ order_id: orderId, actor, reason }).onConflict('order_id').ignore();
  return true;
}
