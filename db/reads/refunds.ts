import type { Knex } from 'knex';
import type { RefundableReceipt, RefundCause } from '../../domain/refund';
import type { Currency, MarketId } from '../../schemas/generated/messages';

/** Money that came in, as a refund of it is judged. */
export interface RefundBasis extends RefundableReceipt {
  customerId: string;
  market: MarketId;
  currency: Currency;
  /** Whether a funding partner collected it itself, so that it cannot go back by the way it came. */
  collectedByPartner: boolean;
  /** Up to which amount the market lets go back by itself what stands with no loan. */
  unapprovedUpToMinor: number;
}

/** What a receipt can give back; undefined when there is none of this transaction, or nobody knows yet who paid. */
export async function refundBasis(
  db: Knex,
  receipt: { party: string; transactionNo: string },
): Promise<RefundBasis | undefined> {
  const { rows } = await db.raw<{ rows: RefundBasis[] }>(
    `with receipt as (
       select r.party, r.transaction_no, r.currency, r.amount_minor, p.market, p.kind,
              coalesce(y.customer_id, i.customer_id) as customer_id
         from outside.receipt r
         join reference.party p on p.id = r.party
         join repayment_engine.repayment y on y.party = r.party and y.transaction_no = r.transaction_no
         left join repayment_engine.repayment_identification i on i.party = r.party and i.transaction_no = r.transaction_no
        where r.party = :party and r.transaction_no = :transactionNo
     ), allocated as (
       select o.loan_id, l.partner_id, sum(o.amount_minor) as amount_minor
         from receipt r
         join asset_center.loan l on l.customer_id = r.customer_id
         join asset_center.posting o on o.loan_id = l.loan_id
        where o.payment_id = r.party || '.' || r.transaction_no and o.kind = 'PAYMENT'
        group by o.loan_id, l.partner_id
     ), going_back as (
       -- Asked for, and not taken back from the loan yet: that happens together with the journal.
       select part.loan_id, sum(part.amount_minor) as amount_minor
         from refund_reversal_service.refund f join refund_reversal_service.refund_part part using (refund_id)
        where f.party = :party and f.transaction_no = :transactionNo and f.state not in ('REJECTED', 'FAILED')
          and not exists (select from books.journal j where j.book = 'general' and j.business_key = 'refund ' || f.refund_id)
        group by part.loan_id
     )
     select r.customer_id as "customerId", r.market, r.currency, r.kind = 'FUNDING_PARTNER' as "collectedByPartner",
            m.refund_unapproved_up_to_minor as "unapprovedUpToMinor", r.amount_minor as "receivedMinor",
            coalesce(f.refunded_minor, 0)::bigint as "refundedMinor",
            coalesce((select json_agg(json_build_object(
                               'loanId', a.loan_id, 'partnerId', a.partner_id,
                               'amountMinor', a.amount_minor - coalesce(g.amount_minor, 0)) order by a.loan_id)
                        from allocated a left join going_back g using (loan_id)
                       where a.amount_minor > coalesce(g.amount_minor, 0)), '[]') as allocated
       from receipt r
       join reference.market m on m.id = r.market
       left join refund_reversal_service.refunded_receipt f on f.party = r.party and f.transaction_no = r.transaction_no
      where r.customer_id is not null`,
    receipt,
  );
  return rows[0];
}

/** A refund. Amounts are in the currency's minor unit. */
export interface RefundView {
  refundId: string;
  customerId: string;
  cause: RefundCause;
  party: string;
  transactionNo: string;
  currency: Currency;
  amountMinor: number;
  parts: { loanId: string; amountMinor: number }[];
  customerAtFault: boolean;
  /** REFUNDED: paid back and taken back from the loans, which the ledger's journal tells. */
  state: 'REQUESTED' | 'PAYING_OUT' | 'ACCOUNT_NEEDED' | 'PAID_OUT' | 'REFUNDED' | 'REJECTED' | 'FAILED';
  reasonCodes: string[];
  /** 'YYYY-MM-DD'. */
  refundedOn: string | null;
}

/** A refund by its id; undefined when the refund-reversal service has not seen it (yet). */
export async function refundView(db: Knex, refundId: string): Promise<RefundView | undefined> {
  const { rows } = await db.raw<{ rows: RefundView[] }>(
    `select f.refund_id as "refundId", f.customer_id as "customerId", f.cause, f.party,
            f.transaction_no as "transactionNo", f.currency, f.amount_minor as "amountMinor",
            f.customer_at_fault as "customerAtFault", f.reason_codes as "reasonCodes", f.refunded_on as "refundedOn",
            coalesce((select json_agg(json_build_object('loanId', p.loan_id, 'amountMinor', p.amount_minor) order by p.number)
                        from refund_reversal_service.refund_part p where p.refund_id = f.refund_id), '[]') as parts,
            case when exists (select from books.journal j
                               where j.book = 'general' and j.business_key = 'refund ' || f.refund_id)
                 then 'REFUNDED' else f.state end as state
       from refund_reversal_service.refund f where f.refund_id = ?`,
    [refundId],
  );
  return rows[0];
}

/** Why the refund-reversal service refused a refund or a reversal that the API had accepted; undefined when it did not. */
export async function refusalOfRefund(db: Knex, flowId: string): Promise<string | undefined> {
  const row = await db('messages.handling')
    .where({ flow_id: flowId, service: 'refund-reversal-service' })
    .whereIn('message_type', ['create-repayment-refund', 'reverse-disbursement'])
    .whereNotNull('refusal')
    .first<{ refusal: { code: string } } | undefined>('refusal');
  return row?.refusal.code;
}
