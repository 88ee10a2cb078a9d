import type { Knex } from 'knex';

/**
 * How far a mall's order is in settling debts (化债状态). ROLLED_BACK and PARTIALLY_ROLLED_BACK tell of what it has settled; whether
 * a contract is completed is the contract's own state.
 */
export type DebtOrderState =
  'PENDING' | 'FAILED' | 'DIVIDED' | 'SETTLED' | 'PARTIALLY_ROLLED_BACK' | 'ROLLED_BACK';

/** A mall's order as it stands; amounts in minor units. */
export interface DebtOrderView {
  orderId: string;
  mallId: string;
  market: string;
  currency: string;
  amountMinor: number;
  refundedMinor: number;
  state: DebtOrderState;
  /** Whether the rest of it has gone to the receiving merchant. */
  isCompleted: boolean;
  lines: {
    number: number;
    orderDetailId: string | null;
    ledgerId: string;
    merType: 'SUPPLIER' | 'DEBTOR';
    amountMinor: number;
    /** Left out of the divide, or returned after it. */
    refundedMinor: number;
  }[];
  refunds: {
    refundId: string;
    orderDetailId: string | null;
    amountMinor: number;
    state: 'REQUESTED' | 'REFUSED' | 'RETURNING' | 'LEFT_OUT' | 'RETURNED';
    reasonCode: string | null;
  }[];
}

/** An order with its lines and refunds, in the order in which they count; undefined when nobody has told us of it. */
export async function debtOrderView(db: Knex, orderId: string): Promise<DebtOrderView | undefined> {
  const { rows } = await db.raw<{ rows: DebtOrderView[] }>(
    `select d.order_id as "orderId", d.mall_id as "mallId", d.market, d.currency, d.order_amount_minor as "amountMinor",
            d.refunded_minor as "refundedMinor", d.completed_on is not null as "isCompleted",
            case when undone.minor > 0 and undone.minor = settled.minor then 'ROLLED_BACK'
                 when undone.minor > 0 then 'PARTIALLY_ROLLED_BACK'
                 when d.debts_settled_on is not null then 'SETTLED'
                 when d.status = 'COMPLETED' then 'DIVIDED'
                 else d.status end as state,
            (select coalesce(json_agg(json_build_object('number', i.number, 'orderDetailId', i.order_detail_id,
                      'ledgerId', i.ledger_id, 'merType', i.mer_type, 'amountMinor', i.amount_minor,
                      'refundedMinor', i.refunded_minor) order by i.number), '[]')
               from divide_service.divide_item i where i.order_id = d.order_id) as lines,
            (select coalesce(json_agg(json_build_object('refundId', r.refund_id, 'orderDetailId', r.order_detail_id,
                      'amountMinor', r.amount_minor, 'state', r.state, 'reasonCode', r.reason_code) order by r.number), '[]')
               from divide_service.order_refund r where r.order_id = d.order_id) as refunds
       from divide_service.divide_record d
      cross join lateral (select coalesce(sum(l.amount_minor), 0) as minor
                            from debt_settlement_service.settled_line l where l.order_id = d.order_id) settled
      cross join lateral (select coalesce(sum(u.amount_minor), 0) as minor
                            from debt_settlement_service.undone_line u where u.order_id = d.order_id) undone
      where d.order_id = ?`,
    [orderId],
  );
  return rows[0];
}
