import type { Knex } from 'knex';
import { inTransaction } from '../transaction';

/**
 * Records that an order is not wanted any more, unless money has come for it; the first one stands, so that a repetition
 * changes nothing.
 *
 * @returns whether it is cancelled now
 */
export const cancelOrder = (
  db: Knex,
  { orderId, actor, reason }: { orderId: string; actor: string; reason: string },
): Promise<boolean> =>
  inTransaction(db, 'cancellation of an order', async (tx) => {
    // What comes in for the order locks the same row: either it is here already, or it finds the cancellation.
    await tx('repayment_engine.repayment_order').where({ order_id: orderId }).forUpdate().first('order_id');
    const { rows } = await tx.raw<{ rows: { isPaid: boolean }[] }>(
      `select repayment_engine.received_minor(?) > 0 as "isPaid"`,
      [orderId],
    );
    if (rows[0]!.isPaid) return false;
    await tx('repayment_engine.order_cancellation')
      .insert({ order_id: orderId, actor, reason })
      .onConflict('order_id')
      .ignore();
    return true;
  });
