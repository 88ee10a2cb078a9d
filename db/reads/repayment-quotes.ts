import type { Knex } from 'knex';
import type { Currency, RepaymentAmounts, RepaymentScenario } from '../../schemas/generated/messages';

/** A repayment quote. Amounts are in the currency's minor unit. */
export interface RepaymentQuoteView {
  quoteId: string;
  loanId: string;
  customerId: string;
  scenario: RepaymentScenario;
  /** What a normal repayment is for; null for all. */
  instalments: number[] | null;
  /** 'YYYY-MM-DD', the value date on which it holds. */
  quotedFor: string;
  scheduleVersion: number;
  currency: Currency;
  /** Of the loan's market, as an IANA name. */
  timeZone: string;
  amounts: RepaymentAmounts;
}

/** A repayment quote by its id; undefined when there is none. */
export async function repaymentQuote(db: Knex, quoteId: string): Promise<RepaymentQuoteView | undefined> {
  const { rows } = await db.raw<{ rows: RepaymentQuoteView[] }>(
    `select q.quote_id as "quoteId", q.loan_id as "loanId", q.customer_id as "customerId", q.scenario, q.instalments, q.quoted_for as "quotedFor",
            q.schedule_version as "scheduleVersion", q.currency, m.time_zone as "timeZone",
            jsonb_build_object(
              'principalMinor', q.principal_minor, 'interestMinor', q.interest_minor, 'feeMinor', q.fee_minor,
              'penaltyMinor', q.penalty_minor, 'waiverMinor', q.waiver_minor, 'couponMinor', q.coupon_minor,
              'returnedFeeMinor', q.returned_fee_minor, 'totalMinor', q.total_minor,
              'returnMinor', q.return_minor) as amounts
       from asset_center.repayment_quote q
       join asset_center.loan l on l.loan_id = q.loan_id
       join reference.market m on m.id = l.market
      where q.quote_id = ?`,
    [quoteId],
  );
  return rows[0];
}
