import type { Knex } from 'knex';
import type { LineOfOrder } from '../../domain/repayment-order';
import type {
  CollectedBy,
  Currency,
  MarketId,
  Payer,
  RepaymentMethod,
  RepaymentScenario,
} from '../../schemas/generated/messages';

/** What a line of an order is for; amounts are in the order's currency. */
export interface RepaymentOrderLineView {
  loanId: string;
  partnerId: string;
  quoteId: string | null;
  scenario: RepaymentScenario;
  instalments: number[] | null;
  /** 'YYYY-MM-DD' */
  quotedFor: string | null;
  amountMinor: number;
}

/** A repayment order as it stands now. Amounts are in the currency's minor unit. */
export interface RepaymentOrderView {
  orderId: string;
  customerId: string;
  market: MarketId;
  payer: Payer;
  currency: Currency;
  amountMinor: number;
  receivedMinor: number;
  state: RepaymentOrderState;
  lines: RepaymentOrderLineView[];
  party: string | null;
  collectedBy: CollectedBy | null;
  methodNo: string | null;
  method: RepaymentMethod | null;
  reasonCodes: string[];
}

/** How far an order is: what has come tells first, then that it was cancelled, then the clock. */
export type RepaymentOrderState =
  'CREATED' | 'ROUTED' | 'METHOD_CREATED' | 'PARTLY_PAID' | 'PAID' | 'EXPIRED' | 'CANCELLED' | 'FAILED';

/** A repayment order by its id; undefined when the repayment engine has not created it (yet). */
export async function repaymentOrderView(db: Knex, orderId: string): Promise<RepaymentOrderView | undefined> {
  const { rows } = await db.raw<{ rows: RepaymentOrderView[] }>(
    `select o.order_id as "orderId", o.customer_id as "customerId", o.market, o.payer, o.currency,
            o.amount_minor as "amountMinor", r.received_minor as "receivedMinor",
            case when r.received_minor >= o.amount_minor then 'PAID'
                 when r.received_minor > 0 then 'PARTLY_PAID'
                 when exists (select from repayment_engine.order_cancellation c where c.order_id = o.order_id) then 'CANCELLED'
                 when o.state = 'METHOD_CREATED' and o.expires_at <= now() then 'EXPIRED'
                 else o.state end as state,
            (select jsonb_agg(jsonb_build_object(
                      'loanId', l.loan_id, 'partnerId', l.partner_id, 'quoteId', l.quote_id, 'scenario', l.scenario,
                      'instalments', l.instalments, 'quotedFor', l.quoted_for, 'amountMinor', l.amount_minor)
                    order by l.number)
               from repayment_engine.repayment_order_line l where l.order_id = o.order_id) as lines,
            o.party, o.collected_by as "collectedBy", o.method_no as "methodNo", o.method,
            o.reason_codes as "reasonCodes"
       from repayment_engine.repayment_order o
       cross join lateral repayment_engine.received_minor(o.order_id) r(received_minor)
      where o.order_id = ?`,
    [orderId],
  );
  return rows[0];
}

/** What a line of an order is made from: what is asked for, and what is known of the loan and the quote. */
export interface OrderBasis extends LineOfOrder {
  loan: { currency: Currency; state: string; partnerId: string } | undefined;
  quote?:
    | {
        quotedFor: string;
        totalMinor: number;
        isOutdated: boolean;
        scenario: RepaymentScenario;
        instalments: number[] | null;
      }
    | undefined;
}

/**
 * What is known of a customer, and of some loans of that customer and quotes of them, in the order in which they are asked
 * for.
 *
 * @returns undefined when there is no such customer
 */
export async function orderBasisOf(
  db: Knex,
  customerId: string,
  wanted: readonly { loanId: string; quoteId?: string }[],
): Promise<
  | {
      market: MarketId;
      businessDate: string;
      found: { loan: OrderBasis['loan']; quote: OrderBasis['quote'] }[];
    }
  | undefined
> {
  const { rows } = await db.raw<{
    rows: {
      market: MarketId;
      businessDate: string;
      loan: OrderBasis['loan'] | null;
      quote: OrderBasis['quote'] | null;
    }[];
  }>(
    `select c.market, d.business_date as "businessDate",
            case when l.loan_id is not null then
              jsonb_build_object('currency', l.currency, 'state', l.state, 'partnerId', l.partner_id) end as loan,
            case when q.quote_id is not null then
              jsonb_build_object(
                'quotedFor', q.quoted_for, 'totalMinor', q.total_minor, 'scenario', q.scenario,
                'instalments', q.instalments,
                'isOutdated', q.schedule_version <> l.schedule_version
                              or q.last_posting <> (select coalesce(max(p.number), 0) from asset_center.posting p
                                                     where p.loan_id = l.loan_id)) end as quote
       from reference.customer c
       join reference.business_date d on d.market = c.market
       cross join unnest(:loanIds::text[], :quoteIds::text[]) with ordinality as w(loan_id, quote_id, place)
       left join asset_center.loan l on l.loan_id = w.loan_id and l.customer_id = c.id
       left join asset_center.repayment_quote q on q.quote_id = w.quote_id and q.loan_id = l.loan_id
      where c.id = :customerId
      order by w.place`,
    {
      customerId,
      loanIds: wanted.map(({ loanId }) => loanId),
      quoteIds: wanted.map(({ quoteId }) => quoteId ?? null),
    },
  );
  const [first] = rows;
  if (!first) return undefined;
  const { market, businessDate } = first;
  return {
    ...{ market, businessDate },
    found: rows.map(({ loan, quote }) => ({ loan: loan ?? undefined, quote: quote ?? undefined })),
  };
}

/** What is known of an order that the repayment engine has not created: whether it was cancelled, and why it was refused. */
export async function orderWithoutRow(
  db: Knex,
  orderId: string,
  flowId: string,
): Promise<{ isCancelled: boolean; refusal: string | null }> {
  const { rows } = await db.raw<{ rows: { isCancelled: boolean; refusal: string | null }[] }>(
    `select exists (select from repayment_engine.order_cancellation where order_id = :orderId) as "isCancelled",
            (select refusal ->> 'code' from messages.handling
              where flow_id = :flowId and service = 'repayment-engine' and message_type = 'create-repayment-order') as refusal`,
    { orderId, flowId },
  );
  return rows[0]!;
}
