import { type Knex } from 'knex';

// Few enough to stay far below the statement's time limit, however many postings these transactions made.
const DEFAULT_BATCH = 20_000;

/**
 * Rolls up the entries of hot accounts, in short transactions of their own, until all that have surely ended are done.
 * Nobody needs it for an exact balance: it only makes balances of hot accounts cheap to read. Postings do not wait for
 * it, it may run twice at once, and it may be stopped at any time.
 *
 * @param options `batch`: the most transactions of the database whose entries one step rolls up.
 * @returns how many steps it took.
 */
export async function rollUpHotAccounts(db: Knex, { batch = DEFAULT_BATCH } = {}): Promise<number> {
  for (let steps = 1; ; steps += 1) {
    const { rows } = await db.raw<{ rows: { isMore: boolean }[] }>(
      'select books.roll_up_hot_accounts(?) as "isMore"',
      [batch],
    );
    if (rows[0]?.isMore !== true) return steps;
  }
}
