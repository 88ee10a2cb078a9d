import type { Knex } from 'knex';
import type { Currency, MarketId, RepaymentMethod } from '../../schemas/generated/messages';

/** How far an order is: how it ended tells first, then its cancellation, then what has come, then the clock. */
export type ExtensionState =
  | ('RECEIVED' | 'CREATED' | 'REJECTED' | 'APPROVED' | 'METHOD_CREATED')
  | ('EXPIRED' | 'EXTENDED' | 'CANCELLED' | 'FAILED');

/** What a submitted order has come to. */
export interface ExtensionProgress {
  state: ExtensionState;
  method: RepaymentMethod | null;
  reasonCodes: string[];
}

/** How far an order is that was submitted: the flow may not have got to its first step yet, or was refused there. */
export async function extensionProgress(
  db: Knex,
  orderId: string,
  flowId: string,
): Promise<ExtensionProgress> {
  const { rows } = await db.raw<{ rows: ExtensionProgress[] }>(
    `select case when not open.is_so then o.state
                 when cancelled.is_so or paid.is_so then 'CANCELLED'
                 when (o.method ->> 'expiresAt')::timestamptz <= now() then 'EXPIRED'
                 else o.state end as state,
            o.method,
            case when not open.is_so then o.reason_codes
                 when cancelled.is_so then array['CANCELLED']
                 when paid.is_so then array['NOT_AS_QUOTED']
                 else o.reason_codes end as "reasonCodes"
       from extension_engine.extension_order o
       cross join lateral (select o.state not in ('EXTENDED', 'REJECTED', 'FAILED')
                                    or o.reason_codes = array['CANCELLED'] as is_so) open
       cross join lateral (select exists (select from extension_engine.fee_payment p
                                           where p.order_id = o.order_id) as is_so) paid
       cross join (select exists (select from extension_engine.order_cancellation
                                   where order_id = :orderId) as is_so) cancelled
      where o.order_id = :orderId
     union all
     select 'FAILED', null, array[refusal ->> 'code'] from messages.handling
      where flow_id = :flowId and service = 'extension-engine' and message_type = 'create-extension-order'
        and refusal is not null
     union all
     select 'CANCELLED', null, array['CANCELLED'] from extension_engine.order_cancellation
      where order_id = :orderId`,
    { orderId, flowId },
  );
  return rows[0] ?? { state: 'RECEIVED', method: null, reasonCodes: [] };
}

/** What an order is made from: the quote, and what has become of its loan since. */
export interface ExtensionBasis {
  customerId: string;
  market: MarketId;
  businessDate: string;
  periods: number;
  quotedFor: string;
  currency: Currency;
  totalMinor: number;
  overdueDays: number;
  timesExtended: number;
  /** The loan has another schedule or a new posting since, or is not active. */
  isOutdated: boolean;
  isTaken: boolean;
}

/** A quote of a loan's extension with what an order of it needs to know; undefined when there is no such quote. */
export async function extensionBasis(
  db: Knex,
  loanId: string,
  quoteId: string,
): Promise<ExtensionBasis | undefined> {
  const { rows } = await db.raw<{ rows: ExtensionBasis[] }>(
    `select q.customer_id as "customerId", l.market, d.business_date as "businessDate", q.periods,
            q.quoted_for as "quotedFor", q.currency, q.total_minor as "totalMinor", q.overdue_days as "overdueDays",
            q.times_extended as "timesExtended",
            l.state <> 'ACTIVE' or q.schedule_version <> l.schedule_version
              or q.last_posting <> (select coalesce(max(p.number), 0) from asset_center.posting p
                                     where p.loan_id = l.loan_id) as "isOutdated",
            exists (select from extension_engine.extension_order o where o.quote_id = q.quote_id) as "isTaken"
       from asset_center.extension_quote q
       join asset_center.loan l on l.loan_id = q.loan_id
       join reference.business_date d on d.market = l.market
      where q.quote_id = :quoteId and q.loan_id = :loanId`,
    { loanId, quoteId },
  );
  return rows[0];
}
