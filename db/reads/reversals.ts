import type { Knex } from 'knex';
import type { Currency, MarketId } from '../../schemas/generated/messages';

/** A disbursed loan, as the reversal of its disbursement is judged. Amounts are in the currency's minor unit. */
export interface ReversalBasis {
  loanId: string;
  applicationId: string;
  customerId: string;
  partnerId: string;
  market: MarketId;
  timeZone: string;
  currency: Currency;
  principalMinor: number;
  payoutMinor: number;
  state: string;
}

/** A loan with what was paid out for it; undefined when no such loan is booked. */
export async function reversalBasis(db: Knex, loanId: string): Promise<ReversalBasis | undefined> {
  const { rows } = await db.raw<{ rows: ReversalBasis[] }>(
    `select l.loan_id as "loanId", a.application_id as "applicationId", l.customer_id as "customerId",
            l.partner_id as "partnerId", l.market, m.time_zone as "timeZone", l.currency,
            l.principal_minor as "principalMinor", a.payout_minor as "payoutMinor", l.state
       from asset_center.loan l
       join loan_engine.loan_application a on a.loan_id = l.loan_id
       join reference.market m on m.id = l.market
      where l.loan_id = ?`,
    [loanId],
  );
  return rows[0];
}

/** The reversal of a disbursement. */
export interface ReversalView {
  reversalId: string;
  loanId: string;
  state: 'REQUESTED' | 'REVERSED' | 'REJECTED';
  reasonCodes: string[];
}

/** A reversal by its id; undefined when the refund-reversal service has not seen it (yet). */
export async function reversalView(db: Knex, reversalId: string): Promise<ReversalView | undefined> {
  const { rows } = await db.raw<{ rows: ReversalView[] }>(
    `select reversal_id as "reversalId", loan_id as "loanId", state, reason_codes as "reasonCodes"
       from refund_reversal_service.reversal where reversal_id = ?`,
    [reversalId],
  );
  return rows[0];
}
