import { type Knex } from 'knex';

import { COMMON, openBooksDatabase, snapshotOf, type BooksDatabase } from './fixture';

// Raw SQL, mostly as the application's role: what the database refuses whatever the code does.
let books: BooksDatabase;
let available: number;
let frozen: number;
let contributed: number;

beforeAll(async () => {
  books = await openBooksDatabase();
  await books.inBooks(async (b) => {
    const owners = { fundingPartner: 'FP1' };
    await b.post({
      ...COMMON,
      scenario: 'funds.contributed',
      businessKey: 'c',
      owners,
      amounts: { contributed: 100 },
    });
    await b.post({
      ...COMMON,
      scenario: 'funds.reserved',
      businessKey: 'r',
      owners,
      amounts: { payout: 40 },
    });
  });
  const accounts = await books.db('books.account').select<{ id: number; code: string }[]>('id', 'code');
  const idOf = (code: string) => accounts.find((account) => account.code === code)?.id ?? 0;
  [available, frozen, contributed] = [idOf('available'), idOf('frozen'), idOf('contributed')];
});

afterAll(() => books.close());

interface RawJournal {
  readonly key: string;
  readonly reverses?: number;
  readonly market?: string;
}

async function insertJournal(tx: Knex, { key, reverses, market = 'ID' }: RawJournal): Promise<number> {
  const [journal] = await tx('books.journal').insert(
    {
      book: 'funds',
      market,
      business_key: key,
      scenario: 'raw',
      description: 'raw',
      value_date: '2026-01-05',
      content_hash: 'raw',
      reverses_journal_id: reverses ?? null,
    },
    ['id'],
  );
  return (journal as { id: number }).id;
}

type RawEntry = [
  accountId: number,
  side: 'DEBIT' | 'CREDIT',
  amountMinor: number,
  changes?: Record<string, unknown>,
];

async function insertEntries(tx: Knex, journalId: number, entries: readonly RawEntry[]): Promise<void> {
  await tx('books.entry').insert(
    entries.map(([account_id, side, amount_minor, changes], index) => ({
      journal_id: journalId,
      line: index + 1,
      account_id,
      side,
      amount_minor,
      currency: 'IDR',
      posting_date: '2026-01-05',
      value_date: '2026-01-05',
      ...changes,
    })),
  );
}

/** Expects that the transaction is refused with the message, and that it left nothing behind. */
async function expectRefused(work: (tx: Knex.Transaction) => Promise<unknown>, message: string | RegExp) {
  const before = await snapshotOf(books.db);
  await expect(books.db.transaction(work)).rejects.toThrow(message);
  expect(await snapshotOf(books.db)).toEqual(before);
}

const journalOf = async (key: string) =>
  (await books.db('books.journal').where({ business_key: key }).first<{ id: number }>('id')).id;

test('a journal whose debits and credits differ is refused', () =>
  expectRefused(
    async (tx) =>
      insertEntries(tx, await insertJournal(tx, { key: 'x' }), [
        [available, 'DEBIT', 10],
        [contributed, 'CREDIT', 9],
      ]),
    'its debits and credits differ in IDR',
  ));

test('a journal with a single entry is refused', () =>
  expectRefused(
    async (tx) => insertEntries(tx, await insertJournal(tx, { key: 'x' }), [[available, 'DEBIT', 10]]),
    'its debits and credits differ in IDR',
  ));

test('entries of two journals in one statement are refused', () =>
  expectRefused(async (tx) => {
    const [one, other] = [await insertJournal(tx, { key: 'x' }), await insertJournal(tx, { key: 'y' })];
    await insertEntries(tx, one, [
      [available, 'DEBIT', 10],
      [contributed, 'CREDIT', 10, { journal_id: other }],
    ]);
  }, 'transaction or journal than the rest'));

test('a journal without entries is refused at commit', () =>
  expectRefused((tx) => insertJournal(tx, { key: 'x' }), 'it has no entries'));

test('a balanced pair of entries for an old journal is refused', () =>
  expectRefused(
    async (tx) =>
      insertEntries(tx, await journalOf('c'), [
        [available, 'DEBIT', 10, { line: 3 }],
        [contributed, 'CREDIT', 10, { line: 4 }],
      ]),
    'it was posted whole by an earlier transaction',
  ));

test('a second statement of entries for a journal is refused, in its own transaction too', () =>
  expectRefused(async (tx) => {
    const journalId = await insertJournal(tx, { key: 'x' });
    await insertEntries(tx, journalId, [
      [available, 'DEBIT', 10],
      [contributed, 'CREDIT', 10],
    ]);
    await insertEntries(tx, journalId, [
      [available, 'DEBIT', 10, { line: 3 }],
      [contributed, 'CREDIT', 10, { line: 4 }],
    ]);
  }, 'its lines are not numbered from 1'));

test.each<[string, Record<string, unknown>, string]>([
  ['in another currency than its account', { currency: 'CNY' }, 'not in the currency of its account'],
  ['on an account that does not exist', { account_id: 0 }, 'an account that does not exist'],
  ['on another day than its journal', { posting_date: '2026-01-04' }, 'another posting date'],
  [
    'with another value date than its journal',
    { value_date: '2026-01-04' },
    'another posting date, value date',
  ],
  ['of another transaction than its journal', { xid: '5' }, 'another posting date, value date, transaction'],
  ['for a journal that does not exist', { journal_id: 0 }, 'it does not exist'],
  ['of amount 0', { amount_minor: 0 }, 'entry_amount_minor_check'],
  ['beyond the safe integers', { amount_minor: '9007199254740992' }, 'entry_amount_minor_check'],
])('an entry %s is refused', (_name, changes, message) =>
  expectRefused(
    async (tx) =>
      insertEntries(tx, await insertJournal(tx, { key: 'x' }), [
        [available, 'DEBIT', 10, changes],
        [contributed, 'CREDIT', 10, changes],
      ]),
    message,
  ),
);

test('an entry on an account of another book is refused', async () => {
  await books.inBooks((b) =>
    b.post({
      ...COMMON,
      scenario: 'credit.granted',
      businessKey: 'other book',
      owners: { customer: 'C1' },
      amounts: { limit: 5 },
    }),
  );
  const { id } = await books
    .db('books.account')
    .where({ book: 'credit', code: 'granted' })
    .first<{ id: number }>('id');
  await expectRefused(
    async (tx) =>
      insertEntries(tx, await insertJournal(tx, { key: 'x' }), [
        [available, 'DEBIT', 10],
        [id, 'CREDIT', 10],
      ]),
    'an account of another book',
  );
});

test('a guarded account past its limit is refused', () =>
  expectRefused(
    async (tx) =>
      insertEntries(tx, await insertJournal(tx, { key: 'x' }), [
        [frozen, 'DEBIT', 61],
        [available, 'CREDIT', 61],
      ]),
    'is asked for more than it holds',
  ));

test('a journal of a market without a business date is refused', () =>
  expectRefused((tx) => insertJournal(tx, { key: 'x', market: 'XX' }), 'market "XX" has no business date'));

test('an account that the chart does not have is refused', () =>
  expectRefused(
    (tx) => tx('books.account').insert({ book: 'funds', code: 'petty-cash', owner: 'FP1', currency: 'IDR' }),
    'no code "petty-cash" in book "funds"',
  ));

test('an account in an unknown currency is refused', () =>
  expectRefused(
    (tx) => tx('books.account').insert({ book: 'funds', code: 'available', owner: 'FP1', currency: 'XXX' }),
    'currency "XXX" is unknown',
  ));

test('a reversal that does not mirror its original is refused', () =>
  expectRefused(async (tx) => {
    const journalId = await insertJournal(tx, { key: 'x', reverses: await journalOf('r') });
    await insertEntries(tx, journalId, [
      [available, 'DEBIT', 39],
      [frozen, 'CREDIT', 39],
    ]);
  }, 'it does not mirror journal'));

test('a second reversal of one journal is refused', async () => {
  const owners = { fundingPartner: 'FP1' };
  const { journalId } = await books.inBooks((b) =>
    b.post({ ...COMMON, scenario: 'funds.reserved', businessKey: 'twice', owners, amounts: { payout: 1 } }),
  );
  await books.inBooks((b) => b.reverse({ ...COMMON, journalId, businessKey: 'twice reversed' }));
  await expectRefused((tx) => insertJournal(tx, { key: 'x', reverses: journalId }), 'reverses_journal_id');
});

test.each(['posting_date', 'xid', 'posted_at'])(
  'the application cannot choose the %s of a journal',
  (column) =>
    expectRefused(
      (tx) =>
        tx.raw(
          `insert into books.journal (book, market, business_key, scenario, description, value_date, content_hash, ??)
                values ('funds', 'ID', 'x', 'raw', 'raw', '2026-01-05', 'raw', default)`,
          [column],
        ),
      'permission denied',
    ),
);

const CHANGES = ['journal', 'entry', 'account'].flatMap((table) => [
  `update books.${table} set ${table === 'entry' ? 'line = line' : 'book = book'}`,
  `delete from books.${table}`,
  `truncate books.${table} cascade`,
]);
const BALANCE_CHANGES = [
  'update books.account_balance set balance_minor = balance_minor + 1',
  'delete from books.account_balance',
  'insert into books.account_balance values (-1, 5)',
  'truncate books.account_balance',
];

test.each([...CHANGES, ...BALANCE_CHANGES])('the application is refused: %s', (statement) =>
  expectRefused((tx) => tx.raw(statement), 'permission denied'),
);

test.each([...CHANGES, ...BALANCE_CHANGES])('the owner is refused: %s', async (statement) => {
  await expect(books.owner.query(statement)).rejects.toThrow(/refuses (UPDATE|DELETE|INSERT|TRUNCATE)/);
});

test('the application cannot move the business date but by its function', () =>
  expectRefused(
    (tx) => tx.raw(`update reference.business_date set business_date = '2030-01-01'`),
    'permission denied',
  ));
