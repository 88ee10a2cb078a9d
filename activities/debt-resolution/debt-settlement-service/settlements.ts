import type { Knex } from 'knex';
import { insertRows } from '../../../db/insert-rows';
import { settle, undo, type Settlement } from '../../../domain/debt-resolution/settlement';
import { money, sumMinor, type Currency } from '../../../domain/money';
import type { DebtShare, DividedLine, MarketId, SettleDebtData } from '../../../schemas/generated/messages';
import { openContracts, type OpenContract } from './contracts';
import type { LineToSettle } from './divided-orders';

/** Keeps that an order is settled, on the day that its market is in. Returns that day; undefined where it was settled before. */
export async function keepSettlement(
  tx: Knex.Transaction,
  market: MarketId,
  { orderId, confirmedBy }: SettleDebtData,
): Promise<string | undefined> {
  const { rows } = await tx.raw<{ rows: { valueDate: string }[] }>(
    `insert into debt_settlement_service.settlement (order_id, confirmed_by, value_date)
     values (?, ?, reference.hold_business_date(?))
     on conflict do nothing returning value_date as "valueDate"`,
    [orderId, confirmedBy, market],
  );
  return rows[0]?.valueDate;
}

/**
 * Settles by an order's lines, one after the other, the contracts of their debtors; what exceeds a debt is owed to its debtor.
 *
 * @param lines each of a debtor who is known
 * @returns what each line did, and the contracts of which nothing remains
 */
export async function settleLines(
  tx: Knex.Transaction,
  lines: readonly LineToSettle[],
  { orderId: order_id, valueDate: value_date }: { orderId: string; valueDate: string },
): Promise<{ shares: DebtShare[]; completed: OpenContract[] }> {
  const open = await openContracts(
    tx,
    lines.map(({ debtorId }) => debtorId!),
  );
  const settled = lines.map(({ number, currency, amountMinor, ...line }) => {
    const debtorId = line.debtorId!;
    const contracts = open.filter((one) => one.debtorId === debtorId && one.currency === currency);
    const settlement = settle(contracts, amountMinor);
    for (const part of settlement.contracts) {
      contracts.find((one) => one.contractId === part.contractId)!.remainingMinor -= part.amountMinor;
    }
    return { of: { number, debtorId, currency }, amountMinor, settlement };
  });
  await insertRows(tx, {
    'debt_settlement_service.settled_line': settled.map(({ of, amountMinor, settlement }) => ({
      ...{ order_id, number: of.number, member_user_id: of.debtorId, amount_minor: amountMinor },
      excess_minor: settlement.excessMinor,
    })),
    // A trigger moves each contract by its records.
    'debt_settlement_service.repayment_record': settled.flatMap(({ of: { number }, settlement }) =>
      settlement.contracts.map(({ contractId: contract_id, amountMinor: amount_minor }) => ({
        ...{ order_id, number, contract_id, amount_minor, value_date, type: 'INCOME' },
      })),
    ),
  });
  return {
    shares: settled.map(({ of, settlement }) => shareOf(of, settlement)),
    completed: open.filter(({ remainingMinor }) => remainingMinor === 0),
  };
}

/** What of an order's settled lines a refund has returned is owed again. */
export async function undoLines(
  tx: Knex.Transaction,
  lines: readonly Pick<DividedLine, 'number' | 'amount'>[],
  { orderId: order_id, refundId: refund_id, valueDate: value_date }: RollbackOf,
): Promise<DebtShare[]> {
  const before = await settledLines(
    tx,
    order_id,
    lines.map(({ number }) => number),
  );
  const undone = lines.map(({ number, amount: { amountMinor, currency } }) => {
    const line = before.get(number);
    if (!line) throw new Error(`Line ${number} of order ${order_id} has settled nothing.`);
    const { debtorId, standsMinor } = line;
    const settlement = undo(line.settlement, line.undoneMinor, amountMinor);
    return { of: { number, debtorId, currency }, amountMinor, settlement, standsMinor };
  });
  await insertRows(tx, {
    'debt_settlement_service.undone_line': undone.map(({ of: { number }, amountMinor, settlement }) => ({
      ...{ order_id, refund_id, number, amount_minor: amountMinor, excess_minor: settlement.excessMinor },
    })),
    // A trigger moves each contract by its records.
    'debt_settlement_service.repayment_record': undone.flatMap(
      ({ of: { number }, settlement, standsMinor }) =>
        settlement.contracts.map(({ contractId: contract_id, amountMinor: amount_minor }) => ({
          ...{ order_id, number, contract_id, amount_minor, value_date, type: 'EXPENSE', refund_id },
          refund_status: amount_minor === standsMinor.get(contract_id) ? 'FULL' : 'PARTIAL',
        })),
    ),
  });
  return undone.map(({ of, settlement }) => shareOf(of, settlement));
}

type RollbackOf = { orderId: string; refundId: string; valueDate: string };

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

/** What lines of an order have settled, and what of it was undone; by the line's number. */
async function settledLines(
  tx: Knex.Transaction,
  orderId: string,
  numbers: readonly number[],
): Promise<Map<number, SettledLine>> {
  // Three lists, joined here: how PostgreSQL joins a thousand lines follows from what it knows of the tables at the moment, and took it
  // between 10 and 600 ms.
  const { rows } = await tx.raw<{ rows: [SettledRows] }>(
    `select (select json_agg(json_build_object('number', number, 'debtorId', member_user_id, 'excessMinor', excess_minor))
               from debt_settlement_service.settled_line
              where order_id = :orderId and number = any(:numbers)) as lines,
            (select json_agg(json_build_object('number', number, 'amountMinor', amount_minor))
               from debt_settlement_service.undone_line
              where order_id = :orderId and number = any(:numbers)) as undone,
            (select json_agg(json_build_object('number', number, 'contractId', contract_id, 'type', type,
                                               'amountMinor', amount_minor) order by id)
               from debt_settlement_service.repayment_record
              where order_id = :orderId and number = any(:numbers)) as records`,
    { orderId, numbers: [...numbers] },
  );
  const { lines, undone, records } = rows[0];
  const [undoneOf, recordsOf] = [byNumber(undone ?? []), byNumber(records ?? [])];
  return new Map(
    (lines ?? []).map((line) => [
      line.number,
      asSettled(line, undoneOf.get(line.number) ?? [], recordsOf.get(line.number) ?? []),
    ]),
  );
}

function byNumber<Row extends { number: number }>(rows: readonly Row[]): Map<number, Row[]> {
  const grouped = new Map<number, Row[]>();
  for (const row of rows) {
    const group = grouped.get(row.number) ?? [];
    grouped.set(row.number, group);
    group.push(row);
  }
  return grouped;
}

interface SettledRows {
  lines: { number: number; debtorId: string; excessMinor: number }[] | null;
  undone: { number: number; amountMinor: number }[] | null;
  records: SettledRecord[] | null;
}
interface SettledRecord {
  number: number;
  contractId: string;
  type: 'INCOME' | 'EXPENSE';
  amountMinor: number;
}

function asSettled(
  { debtorId, excessMinor }: { debtorId: string; excessMinor: number },
  undone: readonly { amountMinor: number }[],
  records: readonly SettledRecord[],
): SettledLine {
  const standsMinor = new Map<string, number>();
  for (const { contractId, type, amountMinor } of records) {
    const before = standsMinor.get(contractId) ?? 0;
    standsMinor.set(contractId, before + (type === 'INCOME' ? amountMinor : -amountMinor));
  }
  const contracts = records
    .filter(({ type }) => type === 'INCOME')
    .map(({ contractId, amountMinor }) => ({ contractId, amountMinor }));
  const undoneMinor = sumMinor(undone.map(({ amountMinor }) => amountMinor));
  return { debtorId, settlement: { contracts, excessMinor }, undoneMinor, standsMinor };
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
