import type { Knex } from 'knex';
import { insertRows } from '../../../db/insert-rows';
import type { Currency } from '../../../domain/money';
import type { DivideCompletedData, DividedLine, MarketId } from '../../../schemas/generated/messages';

/** A debtor's line with what of it is to settle debts. */
export interface LineToSettle {
  number: number;
  ledgerId: string;
  currency: Currency;
  /** Above 0. */
  amountMinor: number;
  /** Null while the ledger id is nobody's who has a contract. */
  debtorId: string | null;
}

/** Keeps what an order's debtors were divided. */
export async function keepDivided(
  tx: Knex.Transaction,
  market: MarketId,
  { orderId: order_id, lines }: DivideCompletedData,
): Promise<void> {
  const ofDebtors = lines.filter(({ merType }) => merType === 'DEBTOR');
  await insertRows(tx, {
    'debt_settlement_service.divided_order': [{ order_id, market }],
    'debt_settlement_service.debtor_line': ofDebtors.map(({ number, ledgerId: ledger_id, amount }) => ({
      ...{ order_id, number, ledger_id, currency: amount.currency, amount_minor: amount.amountMinor },
    })),
  });
}

/** What of an order is left to settle debts, by line; undefined where the order is not divided. */
export async function linesToSettle(
  tx: Knex.Transaction,
  orderId: string,
): Promise<LineToSettle[] | undefined> {
  const { rows } = await tx.raw<{ rows: LineToSettle[] }>(
    `select l.number, l.ledger_id as "ledgerId", l.currency, l.amount_minor - returned.minor as "amountMinor",
            (select m.member_user_id from debt_settlement_service.ledger m
              where m.ledger_id = l.ledger_id
                and exists (select from debt_settlement_service.debt_contract c
                             where c.member_user_id = m.member_user_id and c.currency = l.currency)) as "debtorId"
       from debt_settlement_service.debtor_line l
      cross join lateral (select coalesce(sum(r.amount_minor), 0)::bigint as minor
                            from debt_settlement_service.returned_line r
                           where r.order_id = l.order_id and r.number = l.number) returned
      where l.order_id = ? and l.amount_minor > returned.minor
      order by l.number`,
    [orderId],
  );
  if (rows.length > 0) return rows;
  const order = await tx('debt_settlement_service.divided_order')
    .where('order_id', orderId)
    .first<object | undefined>('order_id');
  return order && [];
}

/** Keeps what was returned before it settled anything: it will settle nothing. */
export async function keepReturned(
  tx: Knex.Transaction,
  {
    orderId: order_id,
    refundId: refund_id,
    lines,
  }: { orderId: string; refundId: string; lines: DividedLine[] },
): Promise<void> {
  await insertRows(tx, {
    'debt_settlement_service.returned_line': lines.map(({ number, amount }) => ({
      ...{ order_id, refund_id, number, amount_minor: amount.amountMinor },
    })),
  });
}
