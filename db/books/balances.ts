import { type Knex } from 'knex';

import { accountById, checkRange, DAY_COLUMN, type DayKind } from './accounts';

const MAX_DAYS = 3_660;

/** Which days of a history: both ends count; dates are 'YYYY-MM-DD'. */
export interface BalanceRange {
  readonly by: DayKind;
  readonly from: string;
  readonly to: string;
}

/** One day of an account, in minor units: what moved on it, and the balance at its end. */
export interface DayBalance {
  readonly day: string;
  readonly debitMinor: number;
  readonly creditMinor: number;
  /** In the direction of the account's normal side. */
  readonly balanceMinor: number;
}

/**
 * Reads the balance of an account at the end of each day of a range, days without movement included.
 *
 * @throws BooksQueryError UNKNOWN_ACCOUNT, or INVALID_RANGE when `to` is before `from` or ten years after it.
 */
export async function balancesOf(db: Knex, accountId: number, range: BalanceRange): Promise<DayBalance[]> {
  checkRange(range, MAX_DAYS);
  const { normalSide } = await accountById(db, accountId);
  const { rows } = await db.raw<{ rows: DayBalance[] }>(
    `with moved as (
       select m.:dayColumn: as day, sum(m.debit_minor) as debit_minor, sum(m.credit_minor) as credit_minor
       from books.movement m
       where m.account_id = :accountId and m.:dayColumn: <= :to
       group by 1
     ), balanced as (
       select day, coalesce(debit_minor, 0) as debit_minor, coalesce(credit_minor, 0) as credit_minor,
         :direction * sum(coalesce(debit_minor - credit_minor, 0)) over (order by day) as balance_minor
       from moved
         full join (
           select cast(:from as date) + n as day from generate_series(0, cast(:to as date) - cast(:from as date)) n
         ) asked using (day)
     )
     select day, debit_minor::bigint as "debitMinor", credit_minor::bigint as "creditMinor",
       balance_minor::bigint as "balanceMinor"
     from balanced where day >= :from order by day`,
    {
      ...{ accountId, from: range.from, to: range.to, dayColumn: DAY_COLUMN[range.by] },
      direction: normalSide === 'DEBIT' ? 1 : -1,
    },
  );
  return rows;
}
