import { Client } from 'pg';
import { type Knex } from 'knex';

import { booksOn, type Books } from '../../../db/books/posting';
import { rollUpHotAccounts } from '../../../db/books/roll-up';
import { connect } from '../../../db/pool';
import { createTestDatabase } from '../../support/database';

/** A database of one's own with two markets, seen as the application and as the owner. */
export interface BooksDatabase {
  /** Acts as the application's role. */
  readonly db: Knex;
  /** Acts as the owner of the tables. */
  readonly owner: Client;
  /** For a connection of the test's own. */
  readonly url: string;
  /** Posts in a transaction of its own, in market ID. */
  inBooks<T>(work: (books: Books) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Opens a migrated database whose markets ID and CN are at business date 2026-01-05. */
export async function openBooksDatabase(): Promise<BooksDatabase> {
  const database = await createTestDatabase();
  const owner = new Client({ connectionString: database.adminUrl });
  await owner.connect();
  await owner.query(`
    insert into reference.currency (code, minor_unit) values ('IDR', 0), ('CNY', 2);
    insert into reference.market (id, time_zone, currency)
      values ('ID', 'Asia/Jakarta', 'IDR'), ('CN', 'Asia/Shanghai', 'CNY');
    insert into reference.business_date (market, business_date) values ('ID', '2026-01-05'), ('CN', '2026-01-05');
  `);
  const db = connect(database.url, { max: 12, applicationName: 'books-test' });
  return {
    db,
    owner,
    url: database.url,
    inBooks: (work) => db.transaction((tx) => work(booksOn(tx, { market: 'ID' }))),
    async close() {
      await db.destroy();
      await owner.end();
      await database.drop();
    },
  };
}

/** What all postings in these tests have in common. */
export const COMMON = { valueDate: '2026-01-05', currency: 'IDR', description: 'test' } as const;

/** Rolls up all that is posted. A transaction of another test on the same server may hold it up, but not for long. */
export async function rollUpAll(db: Knex): Promise<void> {
  for (;;) {
    await rollUpHotAccounts(db);
    const { rows } = await db.raw<{ rows: { isDone: boolean }[] }>(
      'select before_xid > (select max(xid) from books.journal) as "isDone" from books.roll_up',
    );
    if (rows[0]?.isDone === true) return;
  }
}

/** All that the books hold, to show that something changed nothing. */
export async function snapshotOf(db: Knex): Promise<unknown> {
  const { rows } = await db.raw<{ rows: { snapshot: unknown }[] }>(`
    select jsonb_build_object(
      'journals', (select jsonb_agg(j order by j.id) from books.journal j),
      'entries', (select jsonb_agg(e order by e.journal_id, e.line) from books.entry e),
      'accounts', (select jsonb_agg(a order by a.id) from books.account a),
      'balances', (select jsonb_agg(b order by b.account_id) from books.account_balance b),
      'holds', (select jsonb_agg(h order by h.id) from books.hold h),
      'holdMovements', (select jsonb_agg(m order by m.id) from books.hold_movement m)) as snapshot`);
  return rows[0]?.snapshot;
}

/** The guarded accounts whose balance is not the sum of their entries, or whose holds are not the sum of open holds. */
export async function driftedAccounts(db: Knex): Promise<unknown[]> {
  const { rows } = await db.raw<{ rows: unknown[] }>(`
    select a.id, b.balance_minor, b.held_minor, sum(case e.side when c.normal_side then e.amount_minor else -e.amount_minor end)
    from books.account_balance b
      join books.account a on a.id = b.account_id
      join books.chart_account c on c.book = a.book and c.code = a.code
      left join books.entry e on e.account_id = a.id
    group by a.id, b.balance_minor, b.held_minor
    having b.held_minor <> (select coalesce(sum(h.open_minor), 0) from books.hold_position h where h.account_id = a.id)
      or b.balance_minor <> coalesce(sum(case e.side when c.normal_side then e.amount_minor else -e.amount_minor end), 0)
  `);
  return rows;
}
