import type { Knex } from 'knex';
import type { Currency } from '../../schemas/generated/messages';

/** Money that its party has taken back. Amounts are in the currency's minor unit. */
export interface ChargebackView {
  chargebackId: string;
  party: string;
  chargebackNo: string;
  transactionNo: string;
  currency: Currency;
  amountMinor: number;
  reasonCode: string;
  /** 'YYYY-MM-DD'. */
  takenBackOn: string;
  state: 'WAITS' | 'CHARGED' | 'CLAIMED_FROM_PARTY';
  /** Who had paid; null while that is not known. */
  customerId: string | null;
  /** What is undone of it, and what its payer has twice; nothing as long as it waits. */
  undoneMinor: number;
  receivableMinor: number;
}

/** A chargeback by its id; undefined when its flow has not looked at it (yet). */
export async function chargebackView(db: Knex, chargebackId: string): Promise<ChargebackView | undefined> {
  const { rows } = await db.raw<{ rows: ChargebackView[] }>(
    `select chargeback_id as "chargebackId", party, chargeback_no as "chargebackNo", transaction_no as "transactionNo",
            currency, amount_minor as "amountMinor", reason_code as "reasonCode", value_date as "takenBackOn", state,
            customer_id as "customerId", case state when 'CHARGED' then claimed_minor else 0 end as "undoneMinor",
            receivable_minor as "receivableMinor"
       from refund_reversal_service.chargeback where chargeback_id = ?`,
    [chargebackId],
  );
  return rows[0];
}
