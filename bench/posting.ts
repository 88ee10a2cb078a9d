import { type Knex } from 'knex';
import { Client } from 'pg';

import { booksOn } from '../db/books/posting';
import { migrate } from '../db/migrate';
import { connect } from '../db/pool';
import {
  entriesFor,
  POSTING_RULES,
  type AmountsOf,
  type OwnersOf,
  type Scenario,
} from '../domain/books/posting-rules';
import { startPostgres } from '../scripts/local/postgres';

const CONNECTIONS = 8;
const OWNERS = 1_000;
const ROUNDS = 9;
const ROUND_MS = 1_000;
const GRANTED_MINOR = 1_000_000_000;

/** One comparison, as the platform's other benchmarks report theirs. */
export interface Comparison {
  readonly name: string;
  /** Medians over the rounds, in `unit`. */
  readonly ours: number;
  readonly reference: number;
  /** The median of the rounds' ratios. */
  readonly ratio: number;
  readonly unit: 'postings/s';
  readonly conditions: string;
}

type Post = (key: string, owner: number) => Promise<unknown>;

/** The same facts written by hand: no guard but a CHECK, no idempotency but a unique key, nothing kept from changing. */
const HAND_WRITTEN = `
  create schema hand;
  create table hand.journal (
    id bigint generated always as identity primary key, book text not null, market text not null,
    business_key text not null, scenario text not null, description text not null, posting_date date not null,
    value_date date not null, caused_by_message_id uuid, flow_id text, posted_at timestamptz not null default now(),
    unique (book, business_key));
  create table hand.entry (
    journal_id bigint not null, line integer not null, account_id bigint not null, side text not null,
    amount_minor bigint not null check (amount_minor > 0), currency text not null, posting_date date not null,
    primary key (journal_id, line));
  create index on hand.entry (account_id, journal_id);
  create table hand.account_balance (account_id bigint primary key, balance_minor bigint not null
    check (balance_minor >= 0)) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
  insert into hand.account_balance select id, ${GRANTED_MINOR} from generate_series(0, ${2 * OWNERS}) id;
  grant usage on schema hand to credit_application;
  grant select, insert, update on all tables in schema hand to credit_application;`;

const REFERENCE_DATA = `
  insert into reference.currency (code, minor_unit) values ('IDR', 0);
  insert into reference.market (id, time_zone, currency) values ('ID', 'Asia/Jakarta', 'IDR');
  insert into reference.business_date (market, business_date) values ('ID', '2026-01-05');`;

const COMMON = { valueDate: '2026-01-05', currency: 'IDR', description: 'Benchmark' } as const;

/**
 * Measures the books against hand-written SQL on a PostgreSQL of their own: the same pool, one transaction a posting, the
 * sides in turns.
 *
 * @returns `posting-spread`, where postings rarely meet on an account, and `posting-hot`, where one side of every posting
 *   is the same account.
 */
export async function comparePosting(): Promise<Comparison[]> {
  const postgres = await startPostgres({ onProgress: () => undefined });
  const db = connect(postgres.url, { max: CONNECTIONS, applicationName: 'bench' });
  try {
    await prepare(postgres.url, db);
    return [
      await compare(
        'posting-spread',
        booksSpread(db),
        byHand(db, (owner) => [2 * owner + 1, 2 * owner + 2]),
      ),
      await compare(
        'posting-hot',
        booksHot(db),
        byHand(db, (owner) => [owner + 1, 0]),
      ),
    ];
  } finally {
    await db.destroy();
    await postgres.stop();
  }
}

async function prepare(databaseUrl: string, db: Knex): Promise<void> {
  await migrate(databaseUrl);
  const owner = new Client({ connectionString: databaseUrl });
  await owner.connect();
  await owner.query(REFERENCE_DATA + HAND_WRITTEN);
  await owner.end();
  for (const customer of Array.from({ length: OWNERS }, (_, n) => `C${n}`)) {
    await db.transaction((tx) =>
      booksOn(tx, { market: 'ID' }).post({
        ...{ ...COMMON, scenario: 'credit.granted', businessKey: `line of ${customer}` },
        ...{ owners: { customer }, amounts: { limit: GRANTED_MINOR } },
      }),
    );
  }
}

const booksSpread = (db: Knex): Post =>
  byBooks(db, 'credit.reserved', (owner) => ({
    owners: { customer: `C${owner}` },
    amounts: { principal: 1 },
  }));

const booksHot = (db: Knex): Post =>
  byBooks(db, 'general.loan-disbursed-from-custody', (owner) => ({
    owners: { loan: `L${owner}`, paymentChannel: 'the hot one', market: 'ID' },
    amounts: { principal: 1, payout: 1, deductedFees: 0 },
  }));

/** One call of the engine, which is a transaction of its own. */
function byBooks<S extends Scenario>(
  db: Knex,
  scenario: S,
  of: (owner: number) => { owners: OwnersOf<S>; amounts: AmountsOf<S> },
): Post {
  const { book } = POSTING_RULES[scenario];
  return (businessKey, owner) =>
    db.raw('select books.post(?, ?, ?, ?, ?, ?, null, null, ?)', [
      ...[book, 'ID', businessKey, scenario, 'Benchmark', '2026-01-05'],
      JSON.stringify(entriesFor(scenario, { ...of(owner), currency: 'IDR' })),
    ]);
}

/** Writes a posting as a program would without the books; balances in the order of their ids, so that none deadlock. */
const byHand =
  (db: Knex, accountsOf: (owner: number) => [debit: number, credit: number]): Post =>
  (businessKey, owner) =>
    db.transaction(async (tx) => {
      const [debit, credit] = accountsOf(owner);
      const { rows } = await tx.raw<{ rows: { id: number }[] }>(
        `insert into hand.journal (book, market, business_key, scenario, description, posting_date, value_date)
         values ('credit', 'ID', ?, 'credit.reserved', 'Benchmark', '2026-01-05', '2026-01-05') returning id`,
        [businessKey],
      );
      await tx.raw(
        `insert into hand.entry values
           (:id, 1, :debit, 'DEBIT', 1, 'IDR', '2026-01-05'), (:id, 2, :credit, 'CREDIT', 1, 'IDR', '2026-01-05')`,
        { id: rows[0]!.id, debit, credit },
      );
      for (const [account, delta] of [[debit, 1] as const, [credit, -1] as const].sort(([a], [b]) => a - b)) {
        await tx.raw(
          'update hand.account_balance set balance_minor = balance_minor + ? where account_id = ?',
          [delta, account],
        );
      }
    });

async function compare(name: string, books: Post, hand: Post): Promise<Comparison> {
  const rounds: { ours: number; reference: number }[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const ours = await postingsPerSecond(books, `books ${name} ${round}`);
    const reference = await postingsPerSecond(hand, `hand ${name} ${round}`);
    // The first round warms up.
    if (round > 0) rounds.push({ ours, reference });
  }
  return {
    name,
    ours: Math.round(median(rounds.map(({ ours }) => ours))),
    reference: Math.round(median(rounds.map(({ reference }) => reference))),
    ratio: Number(median(rounds.map(({ ours, reference }) => ours / reference)).toFixed(2)),
    unit: 'postings/s',
    conditions: `${CONNECTIONS} connections, one transaction a posting, fsync off, ${ROUNDS} rounds of ${ROUND_MS} ms`,
  };
}

async function postingsPerSecond(post: Post, keyPrefix: string): Promise<number> {
  const start = performance.now();
  let posted = 0;
  const client = async (): Promise<void> => {
    while (performance.now() - start < ROUND_MS) {
      const n = posted;
      posted += 1;
      // Every owner in turn: the connections work on different ones at any time.
      await post(`${keyPrefix} ${n}`, n % OWNERS);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, client));
  return posted / ((performance.now() - start) / 1_000);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

if (require.main === module) {
  comparePosting()
    .then((comparisons) => console.table(comparisons, ['name', 'ours', 'reference', 'ratio', 'unit']))
    .catch((error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    });
}
