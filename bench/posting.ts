import knex, { type Knex } from 'knex';
import { booksOn } from '../db/books/posting';
import { connect } from '../db/pool';
import {
  entriesFor,
  POSTING_RULES,
  type AmountsOf,
  type OwnersOf,
  type Scenario,
} from '../domain/books/posting-rules';
import type { Benchmark } from './benchmark';
import { figuresOf, inTurns, perSecond, threeDigits } from './comparison';

const OWNERS = 1_000;
const ROUNDS = 9;
const ROUND = { clients: 8, roundMs: 1_000 };
const GRANTED_MINOR = 1_000_000_000;

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

/** Postings that rarely meet on an account. */
export const postingSpread = posting('posting-spread', { atLeast: 0.8 }, booksSpread, (owner) => [
  2 * owner + 1,
  2 * owner + 2,
]);

/** Postings one side of which is the same account. */
export const postingHot = posting('posting-hot', { atLeast: 2 }, booksHot, (owner) => [owner + 1, 0]);

/** Measures the books, by our pool, against hand-written SQL, by Knex as it comes: as many connections, one transaction a posting. */
function posting(
  name: string,
  goal: Benchmark['goal'],
  byBooks: (db: Knex) => Post,
  accountsOf: (owner: number) => [debit: number, credit: number],
): Benchmark {
  return {
    ...{ name, goal, unit: 'postings/s' },
    async measure(servers, onProgress) {
      const databaseUrl = await servers.newDatabase(prepare);
      const db = connect(databaseUrl, { max: ROUND.clients, applicationName: 'bench' });
      const plain = knex({ client: 'pg', connection: databaseUrl, pool: { min: 0, max: ROUND.clients } });
      const books = byBooks(db);
      const hand = byHand(plain, accountsOf);
      const pairs = await inTurns(
        ROUNDS,
        {
          ours: (round) => perSecond(ROUND, (n) => books(`books ${round} ${n}`, n % OWNERS)),
          reference: (round) => perSecond(ROUND, (n) => hand(`hand ${round} ${n}`, n % OWNERS)),
        },
        ({ ours, reference }, round) =>
          onProgress(
            `round ${round} of ${ROUNDS}: ${threeDigits(ours)}/s, by hand ${threeDigits(reference)}/s`,
          ),
      );
      await Promise.all([db.destroy(), plain.destroy()]);
      return {
        ...figuresOf(pairs),
        conditions:
          `Knex on both sides, ${ROUND.clients} connections, one transaction a posting, ${OWNERS} owners in turn, prepared ` +
          `statements on both sides, ${ROUNDS} rounds of ${ROUND.roundMs / 1000} s in turns; fsync off. By hand: a ` +
          `journal, two entries and two balances, in four statements between BEGIN and COMMIT, the balances in one ` +
          `order so that none deadlock. One statement that does it all is faster: see docs/performance.md.`,
      };
    },
  };
}

/** Tables for the hand-written side, and a credit line for each owner. */
async function prepare(owner: Knex): Promise<void> {
  await owner.raw(REFERENCE_DATA + HAND_WRITTEN);
  for (let n = 0; n < OWNERS; n += 1) {
    await owner.transaction((tx) =>
      booksOn(tx, { market: 'ID' }).post({
        ...{ ...COMMON, scenario: 'credit.granted', businessKey: `line of C${n}` },
        ...{ owners: { customer: `C${n}` }, amounts: { limit: GRANTED_MINOR } },
      }),
    );
  }
}

function booksSpread(db: Knex): Post {
  return byEngine(db, 'credit.reserved', (owner) => ({
    owners: { customer: `C${owner}` },
    amounts: { principal: 1 },
  }));
}

function booksHot(db: Knex): Post {
  return byEngine(db, 'general.loan-disbursed-from-custody', (owner) => ({
    owners: { loan: `L${owner}`, paymentChannel: 'the hot one', market: 'ID' },
    amounts: { principal: 1, payout: 1, deductedFees: 0 },
  }));
}

/** One call of the engine, which is a transaction of its own. */
function byEngine<S extends Scenario>(
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
      const { rows } = await tx
        .raw<{ rows: { id: number }[] }>(
          `insert into hand.journal (book, market, business_key, scenario, description, posting_date, value_date)
         values ('credit', 'ID', ?, 'credit.reserved', 'Benchmark', '2026-01-05', '2026-01-05') returning id`,
          [businessKey],
        )
        .options({ name: 'journal' });
      await tx
        .raw(
          `insert into hand.entry values
           (:id, 1, :debit, 'DEBIT', 1, 'IDR', '2026-01-05'), (:id, 2, :credit, 'CREDIT', 1, 'IDR', '2026-01-05')`,
          { id: rows[0]!.id, debit, credit },
        )
        .options({ name: 'entries' });
      for (const [account, delta] of [[debit, 1] as const, [credit, -1] as const].sort(([a], [b]) => a - b)) {
        await tx
          .raw('update hand.account_balance set balance_minor = balance_minor + ? where account_id = ?', [
            delta,
            account,
          ])
          .options({ name: 'balance' });
      }
    });
