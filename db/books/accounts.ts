import { type Knex } from 'knex';

import { type Side } from '../../domain/books/chart-of-accounts';

import { BooksQueryError, type AccountRef } from './errors';

/** An account that has been opened. */
export interface Account extends AccountRef {
  readonly accountId: number;
  readonly normalSide: Side;
}

/** Which of an entry's two days counts: when it was posted, or when the fact counts. */
export type DayKind = 'posting' | 'value';

/** The columns of `books.entry` and `books.movement` by kind of day. */
export const DAY_COLUMN: Readonly<Record<DayKind, string>> = { posting: 'posting_date', value: 'value_date' };

/**
 * Reads an account.
 *
 * @throws BooksQueryError UNKNOWN_ACCOUNT when no posting has opened it.
 */
export async function accountById(db: Knex, accountId: number): Promise<Account> {
  const { rows } = await db.raw<{ rows: Account[] }>(`${SELECT_ACCOUNT} where a.id = ?`, [accountId]);
  if (!rows[0]) throw new BooksQueryError('UNKNOWN_ACCOUNT', `There is no account ${accountId}.`);
  return rows[0];
}

/** Finds the account of an owner; undefined while no posting has opened it. */
export async function findAccount(db: Knex, account: AccountRef): Promise<Account | undefined> {
  const { rows } = await db.raw<{ rows: Account[] }>(
    `${SELECT_ACCOUNT} where a.book = :book and a.owner = :owner and a.code = :code and a.currency = :currency`,
    { ...account },
  );
  return rows[0];
}

const SELECT_ACCOUNT = `
  select a.id as "accountId", a.book, a.code, a.owner, a.currency, c.normal_side as "normalSide"
  from books.account a join books.chart_account c on c.book = a.book and c.code = a.code`;

/**
 * Refuses a range of days that ends before it begins or is too long.
 *
 * @param range two dates, 'YYYY-MM-DD'.
 * @throws BooksQueryError INVALID_RANGE
 */
export function checkRange({ from, to }: { from: string; to: string }, maxDays: number): void {
  const days = (Date.parse(to) - Date.parse(from)) / 86_400_000 + 1;
  if (!(days >= 1 && days <= maxDays)) {
    throw new BooksQueryError(
      'INVALID_RANGE',
      `From ${from} to ${to} is no range of 1 to ${maxDays} days: give two dates as YYYY-MM-DD, the earlier first.`,
    );
  }
}
