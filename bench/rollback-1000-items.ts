import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { connect } from '../db/pool';
import { debtOrderFlowId } from '../domain/identifiers';
import type { Benchmark } from './benchmark';
import { figuresOf, inTurns, threeDigits } from './comparison';
import { lineOf, listener, mallOf, orderMinor, seedDebtors } from './debt-orders';
import { ourQueue, prepareDisbursements } from './disbursements';

const ITEMS = 1_000;
const DEBTORS = 20;
const ROUNDS = 9;

/** The rows that a refund adds, by table: which they are, and what of them the database gives. */
const ADDED: Record<string, { which: string; given?: readonly string[] }> = {
  'divide_service.order_refund': { which: 'order_id = :orderId' },
  'divide_service.refund_line': { which: 'order_id = :orderId' },
  'debt_settlement_service.undone_line': { which: 'order_id = :orderId' },
  'debt_settlement_service.repayment_record': {
    ...{ which: `order_id = :orderId and type = 'EXPENSE'`, given: ['id'] },
  },
  'outside.request': { which: `flow_id = :flowId and operation = 'yeepay-divide-back'` },
  'messages.handling': { which: 'flow_id = :flowId and id > :handlingId', given: ['id'] },
  'messages.message': { which: 'flow_id = :flowId and id > :messageId', given: ['id', 'xid'] },
};

/** The journals that it adds, as the books take them in: entries of several journals in one statement are refused. */
const JOURNALS = `select j.*, (select json_agg(json_build_object('code', a.code, 'owner', a.owner, 'currency', e.currency,
                                                 'side', e.side, 'amountMinor', e.amount_minor) order by e.line)
                 from books.entry e join books.account a on a.id = e.account_id where e.journal_id = j.id) as entries
  from books.journal j where j.flow_id = :flowId and j.id > :journalId order by j.id`;

/** An order whose refund is done, and the last that was on record before it. */
interface Refunded extends Last {
  orderId: string;
  flowId: string;
}
type Last = Record<'handlingId' | 'messageId' | 'journalId', number>;

/** A refund of a large order until its debts are rolled back, against the same rows written by one statement. */
export const rollbackOfThousand: Benchmark = {
  name: 'rollback-1000-items',
  unit: 'ms',
  goal: { atMost: 5 },
  async measure(servers, onProgress) {
    const { addresses, client, close } = await prepareDisbursements(servers);
    const { onLine, isAsked } = listener();
    const worker = await servers.newProcess('worker', 'bench/worker.ts', ['ours'], addresses, onLine);
    const debtors = await seedDebtors(addresses.databaseUrl, DEBTORS);
    const mall = mallOf(client, { workflow: 'debt-order', taskQueue: ourQueue, prefix: 'MO' }, isAsked);
    const lines = Array.from({ length: ITEMS }, (_, n) => ({
      ...lineOf(debtors[n % DEBTORS]!, 'DEBTOR', Math.floor(orderMinor.settled / ITEMS)),
      orderDetailId: String(n),
    }));
    const db = connect(addresses.databaseUrl, { max: 1, applicationName: 'bench', asOwner: true });
    const sameRows = await writing(db);

    let refunded: Refunded;
    const pairs = await inTurns(
      ROUNDS,
      {
        async ours() {
          const orderId = await mall.carry(lines);
          refunded = { orderId, flowId: debtOrderFlowId(orderId), ...(await lastOnRecord(db)) };
          return millisecondsOf(() => mall.refund(orderId));
        },
        async reference() {
          const orderId = await mall.carry(lines);
          const rows = turnedTo(orderId, refunded.orderId, await addedRows(db, refunded));
          const last = await lastOnRecord(db);
          const tookMs = await millisecondsOf(() => db.raw(sameRows, rows));
          await compareRows(db, refunded, { orderId, flowId: debtOrderFlowId(orderId), ...last });
          return tookMs;
        },
      },
      ({ ours, reference }, round) =>
        onProgress(
          `round ${round} of ${ROUNDS}: ${threeDigits(ours)} ms, by hand ${threeDigits(reference)} ms`,
        ),
    );
    await Promise.all([db.destroy(), close(), worker.stop()]);
    return {
      ...figuresOf(pairs),
      conditions:
        `Orders of ${ITEMS} items, each with a line of one of ${DEBTORS} debtors, are settled. Ours: all of one is refunded, ` +
        `from the mall's message to the end of the workflow's run, with the return at Yeepay (which answers at once), the ` +
        `roll-back, the books, and the messages on record. By hand: for another of them, the very rows that this has added, into ` +
        `the same tables with all their checks, foreign keys, triggers and indexes, by one statement that is told all values ` +
        `as JSON; it posts the journals by books.post, and triggers move lines, contracts and balances, as they do for ours. ${ROUNDS} rounds in turns; fsync off.`,
    };
  },
};

/** The statement that writes rows such as `addedRows` gives: its parameters, by table and for the journals, are named alike. */
async function writing(db: Knex): Promise<string> {
  const inserts = await Promise.all(
    Object.entries(ADDED).map(async ([table, { given = [] }]) => {
      const columns = await columnsOf(db, table, given);
      return `${nameOf(table)} as (insert into ${table} (${columns})
        select ${columns} from jsonb_populate_recordset(null::${table}, :${nameOf(table)}::jsonb))`;
    }),
  );
  return `with ${inserts.join(', ')}
    select books.post(book, market, business_key, scenario, description, value_date, caused_by_message_id, flow_id, entries)
      from json_to_recordset(:journals)
        as (book text, market text, business_key text, scenario text, description text, value_date date,
            caused_by_message_id uuid, flow_id text, entries jsonb)`;
}

const nameOf = (table: string): string => table.replace('.', '_');

/** The columns of a table that a statement gives. */
async function columnsOf(db: Knex, table: string, given: readonly string[]): Promise<string> {
  const { rows } = await db.raw<{ rows: { name: string }[] }>(
    `select attname as name from pg_attribute
      where attrelid = ?::regclass and attnum > 0 and not attisdropped and attname <> all(?)`,
    [table, [...given]],
  );
  return rows.map(({ name }) => name).join(', ');
}

type Rows = Record<string, string>;

/** The rows that a refund has added, as JSON, by the names of their tables. */
async function addedRows(db: Knex, refunded: Refunded): Promise<Rows> {
  const queries = Object.entries(ADDED).map(([table, { which }]) => [
    ...[nameOf(table), `select * from ${table} where ${which}`],
  ]);
  const rows: Rows = {};
  for (const [name, query] of [...queries, ['journals', JOURNALS]]) {
    const { rows: found } = await db.raw<{ rows: { json: string }[] }>(
      `select coalesce(json_agg(r), '[]')::text as json from (${query}) r`,
      { ...refunded },
    );
    rows[name!] = found[0]!.json;
  }
  return rows;
}

/** The rows of one order as another one's: with its numbers, and with ids that nobody has. */
function turnedTo(orderId: string, from: string, rows: Rows): Rows {
  const ids = new Map<string, string>();
  const idFor = (id: string): string => {
    ids.set(id, ids.get(id) ?? randomUUID());
    return ids.get(id)!;
  };
  return Object.fromEntries(
    Object.entries(rows).map(([name, json]) => [
      ...[name, json.replaceAll(from, orderId).replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, idFor)],
    ]),
  ) as Rows;
}

/** Throws where the statement has not left as many rows, of every table, as the refund. */
async function compareRows(db: Knex, ours: Refunded, byHand: Refunded): Promise<void> {
  const [expected, written] = [await addedRows(db, ours), await addedRows(db, byHand)].map((rows) =>
    Object.entries(rows).map(([name, json]) => `${name} ${(JSON.parse(json) as unknown[]).length}`),
  );
  if (String(written) !== String(expected))
    throw new Error(`${String(expected)}, by hand ${String(written)}`);
}

async function lastOnRecord(db: Knex): Promise<Last> {
  const { rows } = await db.raw<{ rows: Last[] }>(
    `select (select max(id) from messages.handling) as "handlingId", (select max(id) from messages.message) as "messageId",
            (select max(id) from books.journal) as "journalId"`,
  );
  return rows[0]!;
}

async function millisecondsOf(work: () => PromiseLike<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
