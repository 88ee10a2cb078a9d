import type { Knex } from 'knex';
import type { RepaymentTakenBack } from '../../schemas/outside/repayment';
import { recordTold, type ToldFate, type ToldUnasked } from './told';

/** Records that a party has taken money back, once, and each notification of it, once: both or neither. */
export function recordChargeback(db: Knex, told: ToldUnasked<RepaymentTakenBack>): Promise<ToldFate> {
  const { chargebackNo, transactionNo, amount, takenBackAt, reasonCode } = told.body;
  const row = {
    ...{ chargeback_no: chargebackNo, transaction_no: transactionNo },
    ...{ currency: amount.currency, amount_minor: amount.amountMinor },
    ...{ taken_back_at: takenBackAt, reason_code: reasonCode },
  };
  return recordTold(db, 'chargeback', told, { table: 'outside.chargeback', number: 'chargeback_no', row });
}
