import type { Knex } from 'knex';
import type { Currency, ExtensionAmounts, Instalment } from '../../schemas/generated/messages';

/** The quote of an extension. Amounts are in the currency's minor unit. */
export interface ExtensionQuoteView {
  quoteId: string;
  loanId: string;
  customerId: string;
  periods: number;
  /** 'YYYY-MM-DD', the value date on which it holds. */
  quotedFor: string;
  scheduleVersion: number;
  currency: Currency;
  /** Of the loan's market, as an IANA name. */
  timeZone: string;
  amounts: ExtensionAmounts;
  newInstalments: Instalment[];
}

/** The quote of an extension by its id; undefined when there is none. */
export async function extensionQuote(db: Knex, quoteId: string): Promise<ExtensionQuoteView | undefined> {
  const { rows } = await db.raw<{ rows: ExtensionQuoteView[] }>(
    `select q.quote_id as "quoteId", q.loan_id as "loanId", q.customer_id as "customerId", q.periods,
            q.quoted_for as "quotedFor", q.schedule_version as "scheduleVersion", q.currency, m.time_zone as "timeZone",
            jsonb_build_object(
              'feeMinor', q.fee_minor,
              'arrears', jsonb_build_object(
                'penaltyMinor', q.arrears_penalty_minor, 'feeMinor', q.arrears_fee_minor,
                'interestMinor', q.arrears_interest_minor, 'principalMinor', q.arrears_principal_minor,
                'totalMinor', q.total_minor - q.fee_minor),
              'totalMinor', q.total_minor, 'addedInterestMinor', q.added_interest_minor) as amounts,
            q.new_instalments as "newInstalments"
       from asset_center.extension_quote q
       join asset_center.loan l on l.loan_id = q.loan_id
       join reference.market m on m.id = l.market
      where q.quote_id = ?`,
    [quoteId],
  );
  return rows[0];
}
