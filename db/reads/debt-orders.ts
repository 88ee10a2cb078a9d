import type { Knex } from 'knex';
import { debtOrderFlowId } from '../../domain/identifiers';
import type { Currency } from '../../domain/money';

/**
 * How far a mall's order is in settling debts (化债状态). ROLLED_BACK and PARTIALLY_ROLLED_BACK tell of what it has settled; whether
 * a contract is completed is the contract's own state.
 */
export type DebtOrderState =
  'PENDING' | 'FAILED' | 'DIVIDED' | 'SETTLED' | 'PARTIALLY_ROLLED_BACK' | 'ROLLED_BACK';

/** A line of an order's divide, and what has become of it; amounts in minor units. */
export interface DebtOrderLineView {
  number: number;
  orderDetailId: string | null;
  ledgerId: string;
  merType: 'SUPPLIER' | 'DEBTOR';
  amountMinor: number;
  /** Left out of the divide, or returned after it. */
  refundedMinor: number;
  leftOutMinor: number;
  dividedMinor: number;
  returnedMinor: number;
  settledMinor: number;
  rolledBackMinor: number;
}

/** A refund of an order. Where its debts are to be rolled back, it is done once they are. */
export interface DebtOrderRefundView {
  refundId: string;
  orderDetailId: string | null;
  amountMinor: number;
  state: 'REQUESTED' | 'REFUSED' | 'RETURNING' | 'LEFT_OUT' | 'RETURNED';
  reasonCode: string | null;
  /** Whether the debts have followed: rolled back, or nothing was to be. */
  isDone: boolean;
}

/** What an order of which something is open waits for, and since when (RFC 3339). */
export interface DebtOrderWait {
  what: 'CLEARING' | 'DIVIDE' | 'RECEIPT' | 'DEBTOR' | 'RETURN' | 'COMPLETION' | 'PEOPLE';
  since: string;
}

/** A mall's order as it stands; amounts in minor units. */
export interface DebtOrderView {
  orderId: string;
  mallId: string;
  market: string;
  currency: Currency;
  amountMinor: number;
  refundedMinor: number;
  state: DebtOrderState;
  /** Whether the rest of it has gone to the receiving merchant. */
  isCompleted: boolean;
  lines: DebtOrderLineView[];
  /** What contracts were moved by it, the first first. */
  movements: {
    number: number;
    contractId: string;
    type: 'INCOME' | 'EXPENSE';
    amountMinor: number;
    refundId: string | null;
    valueDate: string;
  }[];
  refunds: DebtOrderRefundView[];
  /** Undefined where nothing of it is open. */
  waitsFor: DebtOrderWait | undefined;
}

interface Row extends Omit<DebtOrderView, 'waitsFor'> {
  isCleared: boolean;
  /** When the oldest question was opened that has no answer. */
  askedAt: string | null;
  /** When its settlement was refused first, as a ledger id was nobody's. */
  unmappedAt: string | null;
  /** When messages were sent last, by type; what Yeepay was to do, by the operation. */
  sentAt: Record<string, string>;
}

/** An order with its lines and refunds, in the order in which they count; undefined when nobody has told us of it. */
export async function debtOrderView(db: Knex, orderId: string): Promise<DebtOrderView | undefined> {
  const { rows } = await db.raw<{ rows: Row[] }>(
    `select d.order_id as "orderId", d.mall_id as "mallId", d.market, d.currency, d.order_amount_minor as "amountMinor",
            d.refunded_minor as "refundedMinor", d.completed_on is not null as "isCompleted",
            d.cleared_on is not null as "isCleared",
            case when undone.minor > 0 and undone.minor = settled.minor then 'ROLLED_BACK'
                 when undone.minor > 0 then 'PARTIALLY_ROLLED_BACK'
                 when d.debts_settled_on is not null then 'SETTLED'
                 when d.status = 'COMPLETED' then 'DIVIDED'
                 else d.status end as state,
            (${LINES}) as lines, (${MOVEMENTS}) as movements, (${REFUNDS}) as refunds,
            (select min(q.opened_at) from operations.question q
              where q.flow_id = :flowId and not exists (select from operations.answer a
                                                         where a.flow_id = q.flow_id and a.question = q.question)) as "askedAt",
            (select min(h.handled_at) from messages.handling h
              where h.flow_id = :flowId and h.refusal ->> 'code' = 'LEDGER_NOT_MAPPED') as "unmappedAt",
            (select coalesce(json_object_agg(s.what, s.at), '{}')
               from (select coalesce(m.body #>> '{data,operation}', m.message_type) as what, max(m.recorded_at) as at
                       from messages.message m where m.flow_id = :flowId group by 1) s) as "sentAt"
       from divide_service.divide_record d
      cross join lateral (select coalesce(sum(l.amount_minor), 0) as minor
                            from debt_settlement_service.settled_line l where l.order_id = d.order_id) settled
      cross join lateral (select coalesce(sum(u.amount_minor), 0) as minor
                            from debt_settlement_service.undone_line u where u.order_id = d.order_id) undone
      where d.order_id = :orderId`,
    { orderId, flowId: debtOrderFlowId(orderId) },
  );
  const [row] = rows;
  if (!row) return undefined;
  const { isCleared, askedAt, unmappedAt, sentAt, ...view } = row;
  return { ...view, waitsFor: waitOf(row) };
}

const LINES = `
  select coalesce(json_agg(json_build_object('number', i.number, 'orderDetailId', i.order_detail_id,
           'ledgerId', i.ledger_id, 'merType', i.mer_type, 'amountMinor', i.amount_minor, 'refundedMinor', i.refunded_minor,
           'leftOutMinor', taken.left_out,
           'dividedMinor', case when d.status = 'COMPLETED' then i.amount_minor - taken.left_out else 0 end,
           'returnedMinor', taken.returned, 'settledMinor', coalesce(s.amount_minor, 0), 'rolledBackMinor', taken.undone)
         order by i.number), '[]')
    from divide_service.divide_item i
   cross join lateral (
          select coalesce(sum(l.amount_minor) filter (where r.state = 'LEFT_OUT'), 0) as left_out,
                 coalesce(sum(l.amount_minor) filter (where r.state = 'RETURNED'), 0) as returned,
                 (select coalesce(sum(u.amount_minor), 0) from debt_settlement_service.undone_line u
                   where u.order_id = i.order_id and u.number = i.number) as undone
            from divide_service.refund_line l join divide_service.order_refund r using (order_id, refund_id)
           where l.order_id = i.order_id and l.number = i.number) taken
    left join debt_settlement_service.settled_line s using (order_id, number)
   where i.order_id = d.order_id`;

const MOVEMENTS = `
  select coalesce(json_agg(json_build_object('number', p.number, 'contractId', p.contract_id, 'type', p.type,
           'amountMinor', p.amount_minor, 'refundId', p.refund_id, 'valueDate', p.value_date) order by p.id), '[]')
    from debt_settlement_service.repayment_record p where p.order_id = d.order_id`;

// What a debtor's line has returned has either settled nothing yet, or is undone.
const REFUNDS = `
  select coalesce(json_agg(json_build_object('refundId', r.refund_id, 'orderDetailId', r.order_detail_id,
           'amountMinor', r.amount_minor, 'state', r.state, 'reasonCode', r.reason_code,
           'isDone', r.state = 'LEFT_OUT' or r.state = 'RETURNED' and not exists (
              select from divide_service.refund_line l
                join debt_settlement_service.debtor_line b using (order_id, number)
               where l.order_id = r.order_id and l.refund_id = r.refund_id
                 and not exists (select from debt_settlement_service.undone_line u
                                  where (u.order_id, u.refund_id, u.number) = (l.order_id, l.refund_id, l.number))
                 and not exists (select from debt_settlement_service.returned_line t
                                  where (t.order_id, t.refund_id, t.number) = (l.order_id, l.refund_id, l.number))))
         order by r.number), '[]')
    from divide_service.order_refund r where r.order_id = d.order_id`;

/** What the order waits for: people first, and a refund before what it interrupts. */
function waitOf(row: Row): DebtOrderWait | undefined {
  const { state, isCleared, isCompleted, askedAt, unmappedAt, sentAt, refunds } = row;
  const since = (what: DebtOrderWait['what'], at: string | null | undefined): DebtOrderWait | undefined =>
    at ? { what, since: new Date(at).toISOString() } : undefined;
  const isRefunding = refunds.some((one) => one.state !== 'REFUSED' && !one.isDone);
  if (askedAt !== null) return since('PEOPLE', askedAt);
  if (state === 'PENDING' && !isCleared) return since('CLEARING', sentAt['CLEARING']);
  if (isRefunding) return since('RETURN', sentAt['RETURN'] ?? sentAt['DIVIDE']);
  if (state === 'PENDING') return since('DIVIDE', sentAt['DIVIDE']);
  if (state === 'FAILED' || isCompleted) return undefined;
  if (state !== 'DIVIDED') return since('COMPLETION', sentAt['COMPLETE']);
  return unmappedAt === null ? since('RECEIPT', sentAt['divide-completed']) : since('DEBTOR', unmappedAt);
}
