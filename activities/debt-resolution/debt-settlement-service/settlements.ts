import type { Knex } from 'knex';
import { settle, undo, type Settlement } from '../../../domain/debt-resolution/settlement';
import { money, type Currency, type Money } from '../../../domain/money';
import type { DebtShare, SettleDebtData } from '../../../schemas/generated/messages';
import { openContracts } from './contracts';
import type { LineToSettle } from './divided-orders';

/** Keeps that an order is settled. Returns false where it was before. */
export async function keepSettlement(
  tx: Knex.Transaction,
  { orderId, confirmedBy, valueDate }: SettleDebtData & { valueDate: string },
): Promise<boolean> {
  const { rowCount } = await tx.raw<{ rowCount: number }>(
    `insert into debt_settlement_service.settlement (order_id, confirmed_by, value_date) values (?, ?, ?)
     on conflict do nothing`,
    [orderId, confirmedBy, valueDate],
  );
  return rowCount === 1;
}

/** Settles the debtor's contracts, one after the other, by a line; what exceeds the debt is owed to the debtor. */
export async function settleLine(
  tx: Knex.Transaction,
  line: LineToSettle & { orderId: string; valueDate: string },
): Promise<DebtShare> {
  const { orderId: order_id, number, currency, amountMinor, valueDate } = line;
  const debtorId = line.debtorId!;
  const settlement = settle(await openContracts(tx, { debtorId, currency }), amountMinor);
  await tx('debt_settlement_service.settled_line').insert({
    ...{ order_id, number, member_user_id: debtorId, amount_minor: amountMinor },
    excess_minor: settlement.excessMinor,
  });
  await addRecords(
    tx,
    settlement.contracts.map((one) => ({ ...one, type: 'INCOME' })),
    { order_id, number, value_date: valueDate },
  );
  return shareOf({ number, debtorId, currency }, settlement);
}

/** What of a settled line a refund has returned is owed again. */
export async function undoLine(
  tx: Knex.Transaction,
  returned: { orderId: string; refundId: string; number: number; amount: Money; valueDate: string },
): Promise<DebtShare> {
  const { orderId: order_id, refundId: refund_id, number, amount, valueDate } = returned;
  const line = await settledLine(tx, order_id, number);
  const undone = undo(line.settlement, line.undoneMinor, amount.amountMinor);
  await tx('debt_settlement_service.undone_line').insert({
    ...{ order_id, refund_id, number, amount_minor: amount.amountMinor, excess_minor: undone.excessMinor },
  });
  await addRecords(
    tx,
    undone.contracts.map((one) => ({
      ...{ ...one, type: 'EXPENSE' as const },
      refund_status: one.amountMinor === line.standsMinor.get(one.contractId) ? 'FULL' : 'PARTIAL',
    })),
    { order_id, number, refund_id, value_date: valueDate },
  );
  return shareOf({ number, debtorId: line.debtorId, currency: amount.currency }, undone);
}

/** Whose debts an order has settled. */
export const debtorsOf = (tx: Knex.Transaction, orderId: string): Promise<string[]> =>
  tx('debt_settlement_service.settled_line').where('order_id', orderId).pluck('member_user_id');

/** Whether nothing of what an order settled stands any more. */
export async function isUndone(tx: Knex.Transaction, orderId: string): Promise<boolean> {
  const { rows } = await tx.raw<{ rows: { isUndone: boolean }[] }>(
    `select (select sum(amount_minor) from debt_settlement_service.settled_line where order_id = :orderId)
          = (select sum(amount_minor) from debt_settlement_service.undone_line where order_id = :orderId) as "isUndone"`,
    { orderId },
  );
  return rows[0]!.isUndone;
}

interface SettledLine {
  debtorId: string;
  settlement: Settlement;
  undoneMinor: number;
  /** What of it stands yet, by contract. */
  standsMinor: ReadonlyMap<string, number>;
}

async function settledLine(tx: Knex.Transaction, orderId: string, number: number): Promise<SettledLine> {
  const { rows } = await tx.raw<{ rows: { debtorId: string; excessMinor: number; undoneMinor: number }[] }>(
    `select l.member_user_id as "debtorId", l.excess_minor as "excessMinor",
            (select coalesce(sum(u.amount_minor), 0)::bigint from debt_settlement_service.undone_line u
              where u.order_id = l.order_id and u.number = l.number) as "undoneMinor"
       from debt_settlement_service.settled_line l where l.order_id = ? and l.number = ?`,
    [orderId, number],
  );
  const [line] = rows;
  if (!line) throw new Error(`Line ${number} of order ${orderId} has settled nothing.`);
  const records = await tx('debt_settlement_service.repayment_record')
    .where({ order_id: orderId, number })
    .orderBy('id')
    .select<{ contractId: string; type: 'INCOME' | 'EXPENSE'; amountMinor: number }[]>(
      ...(['contract_id as contractId', 'type', 'amount_minor as amountMinor'] as const),
    );
  const standsMinor = new Map<string, number>();
  for (const { contractId, type, amountMinor } of records) {
    const before = standsMinor.get(contractId) ?? 0;
    standsMinor.set(contractId, before + (type === 'INCOME' ? amountMinor : -amountMinor));
  }
  const contracts = records.filter(({ type }) => type === 'INCOME');
  const { debtorId, excessMinor, undoneMinor } = line;
  return { debtorId, settlement: { contracts, excessMinor }, undoneMinor, standsMinor };
}

/** Adds to the records of contracts; a trigger moves each contract by its record. */
async function addRecords(
  tx: Knex.Transaction,
  records: readonly { contractId: string; type: 'INCOME' | 'EXPENSE'; amountMinor: number }[],
  common: object,
): Promise<void> {
  if (records.length === 0) return;
  await tx('debt_settlement_service.repayment_record').insert(
    records.map(({ contractId: contract_id, amountMinor: amount_minor, ...record }) => ({
      ...{ ...common, ...record, contract_id, amount_minor },
    })),
  );
}

const shareOf = (
  { number, debtorId, currency }: { number: number; debtorId: string; currency: Currency },
  { contracts, excessMinor }: Settlement,
): DebtShare => ({
  ...{ number, debtorId, excess: money(currency, excessMinor) },
  contracts: contracts.map(({ contractId, amountMinor }) => ({
    ...{ contractId, amount: money(currency, amountMinor) },
  })),
});
