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

/** The rows that a roll-back adds, by table: what of them are an order's and its refund's. */
const ADDED: Record<string, string> = {
  'divide_service.order_refund': 'order_id = :orderId',
  'divide_service.refund_line': 'order_id = :orderId',
  'debt_settlement_service.undone_line': 'order_id = :orderId',
  'debt_settlement_service.repayment_record': `order_id = :orderId and type = 'EXPENSE'`,
  'outside.request': `flow_id = :flowId and operation = 'yeepay-divide-back'`,
  'books.journal': `flow_id = :flowId and business_key like '%refund %'`,
  'books.entry': `journal_id in (select id from books.journal where flow_id = :flowId and business_key like '%refund %')`,
  'messages.handling': 'flow_id = :flowId and id > :handledBefore',
  'messages.message': 'flow_id = :flowId and id > :sentBefore',
};

/** The rows that it changes, by table: which they are, and what changes. */
const CHANGED: Record<string, { which: string; key: string; column: string }> = {
  'divide_service.divide_record': { which: 'order_id = :orderId', key: 'order_id', column: 'refunded_minor' },
  'divide_service.divide_item': {
    ...{ which: 'order_id = :orderId', key: 'order_id, number', column: 'refunded_minor' },
  },
  'debt_settlement_service.debt_contract': {
    ...{ which: 'true', key: 'contract_id', column: 'settled_minor' },
  },
  'books.account_balance': {
    which: `account_id in (select e.account_id from books.entry e join books.journal j on j.id = e.journal_id
                            where j.flow_id = :flowId and j.business_key like '%refund %')`,
    ...{ key: 'account_id', column: 'balance_minor' },
  },
};

const handOf = (table: string): string => `hand.${table.split('.')[1]}`;

/** An order whose refund is done, and what was on record before it. */
type Refunded = { orderId: string; flowId: string; handledBefore: number; sentBefore: number };

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
    await db.raw(HAND_WRITTEN);

    let refunded: Refunded;
    const pairs = await inTurns(
      ROUNDS,
      {
        async ours() {
          const orderId = await mall.carry(lines);
          refunded = { orderId, flowId: debtOrderFlowId(orderId), ...(await onRecord(db)) };
          return millisecondsOf(() => mall.refund(orderId));
        },
        async reference() {
          await asBefore(db, refunded);
          return millisecondsOf(() => db.raw(SAME_ROWS, refunded));
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
        `An order of ${ITEMS} items, each with a line of one of ${DEBTORS} debtors, is settled; then all of it is refunded. Ours: ` +
        `from the mall's message to the end of the workflow's run, with the return at Yeepay (which answers at once), the ` +
        `roll-back, the books, and the messages on record. By hand: the very rows that this has added and changed, in tables ` +
        `of the same columns, checks and indexes, without triggers and foreign keys, by one statement that knows them already; ` +
        `${ROUNDS} rounds in turns; fsync off.`,
    };
  },
};

const HAND_WRITTEN = `create schema hand; ${[...Object.keys(ADDED), ...Object.keys(CHANGED)]
  .map((table) => `create table ${handOf(table)} (like ${table} including all excluding generated);`)
  .join(' ')}`;

/** Adds and changes the rows of a roll-back, all at once. */
const SAME_ROWS = `with ${[
  ...Object.entries(ADDED).map(
    ([table, which], n) =>
      `added_${n} as (insert into ${handOf(table)} overriding system value select * from ${table} where ${which})`,
  ),
  ...Object.entries(CHANGED).map(
    ([table, { which, key, column }], n) =>
      `changed_${n} as (update ${handOf(table)} h set ${column} = known.${column}
         from (select ${key}, ${column} from ${table} where ${which}) known
        where (${key.replace(/\w+/g, 'h.$&')}) = (${key.replace(/\w+/g, 'known.$&')}))`,
  ),
].join(', ')} select`;

/** Empties the tables of the hand-written side but for what a roll-back changes. */
async function asBefore(db: Knex, refunded: Refunded): Promise<void> {
  const tables = [...Object.keys(ADDED), ...Object.keys(CHANGED)].map(handOf);
  await db.raw(`truncate ${tables.join(', ')}`);
  for (const [table, { which }] of Object.entries(CHANGED)) {
    await db.raw(`insert into ${handOf(table)} select * from ${table} where ${which}`, refunded);
  }
}

/** The last that is on record. */
async function onRecord(db: Knex): Promise<Pick<Refunded, 'handledBefore' | 'sentBefore'>> {
  const { rows } = await db.raw<{ rows: { handledBefore: number; sentBefore: number }[] }>(
    `select (select max(id) from messages.handling) as "handledBefore", (select max(id) from messages.message) as "sentBefore"`,
  );
  return rows[0]!;
}

async function millisecondsOf(work: () => PromiseLike<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
