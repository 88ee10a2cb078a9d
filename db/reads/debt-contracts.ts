import type { Knex } from 'knex';
import { actualsMinor } from '../../domain/debt-resolution/settlement';
import type { Currency } from '../../domain/money';

/** A debt contract as it stands; amounts in minor units. */
export interface DebtContractView {
  contractId: string;
  caseEntrustId: string;
  memberUserId: string;
  /** Of a debtor's contracts the lowest is settled first. */
  position: number;
  currency: Currency;
  totalDebtMinor: number;
  settledMinor: number;
  remainingMinor: number;
  /** A completed contract is open again once a refund has rolled back what settled it. */
  status: 'OPEN' | 'COMPLETED';
  plan: { period: string; planMinor: number; actualMinor: number }[];
  records: RepaymentRecordView[];
}

/** One movement of a contract. Order and line are absent where it was settled before this platform was there. */
export interface RepaymentRecordView {
  orderId: string | null;
  number: number | null;
  refundId: string | null;
  type: 'INCOME' | 'EXPENSE';
  amountMinor: number;
  refundStatus: 'NONE' | 'PARTIAL' | 'FULL';
  valueDate: string;
}

type Row = Omit<DebtContractView, 'status' | 'plan'> & { plan: { period: string; planMinor: number }[] };

/** A contract with its plan and all that it was moved by, the oldest first; undefined when there is none. */
export async function debtContractView(db: Knex, contractId: string): Promise<DebtContractView | undefined> {
  const { rows } = await db.raw<{ rows: Row[] }>(
    `select c.contract_id as "contractId", c.case_entrust_id as "caseEntrustId", c.member_user_id as "memberUserId",
            c.position, c.currency, c.total_debt_minor as "totalDebtMinor", c.settled_minor as "settledMinor",
            c.remaining_minor as "remainingMinor",
            (select coalesce(json_agg(json_build_object('period', p.period, 'planMinor', p.plan_minor) order by p.period), '[]')
               from debt_settlement_service.repayment_plan p where p.contract_id = c.contract_id) as plan,
            (select coalesce(json_agg(json_build_object('orderId', r.order_id, 'number', r.number, 'refundId', r.refund_id,
                      'type', r.type, 'amountMinor', r.amount_minor, 'refundStatus', r.refund_status,
                      'valueDate', r.value_date) order by r.id), '[]')
               from debt_settlement_service.repayment_record r where r.contract_id = c.contract_id) as records
       from debt_settlement_service.debt_contract c where c.contract_id = ?`,
    [contractId],
  );
  const [row] = rows;
  if (!row) return undefined;
  const actuals = actualsMinor(row.plan, row.settledMinor);
  return {
    ...row,
    status: row.remainingMinor === 0 ? 'COMPLETED' : 'OPEN',
    plan: row.plan.map((month, index) => ({ ...month, actualMinor: actuals[index]! })),
  };
}
