import { booksOn, positionOf } from '../../../db/books/posting';
import { rollUpHotAccounts } from '../../../db/books/roll-up';

import { COMMON, openBooksDatabase, rollUpAll, snapshotOf, type BooksDatabase } from './fixture';

let books: BooksDatabase;
beforeAll(async () => {
  books = await openBooksDatabase();
});
afterAll(() => books.close());

// `available` is guarded and `contributed` hot, and every contribution adds the same to both.
const contribution = (fundingPartner: string, businessKey: string, contributed: number) =>
  ({
    ...COMMON,
    scenario: 'funds.contributed',
    businessKey,
    owners: { fundingPartner },
    amounts: { contributed },
  }) as const;

const balancesOf = async (partner: string) => {
  const positions = await positionOf(books.db, 'funds', partner);
  const balanceOf = (code: string) => positions.find((position) => position.code === code)?.balanceMinor;
  return { guarded: balanceOf('available'), hot: balanceOf('contributed') };
};

test('while postings and roll-ups run at once, every balance that is read is exact', async () => {
  let posting = true;
  const postings = Promise.all(
    Array.from({ length: 6 }, async (_, worker) => {
      for (let n = 1; n <= 40; n += 1) {
        await books.inBooks((b) => b.post(contribution('busy', `busy ${worker} ${n}`, n)));
      }
    }),
  ).finally(() => (posting = false));
  const rollUps = Promise.all(
    [1, 7].map(async (batch) => {
      while (posting) await rollUpHotAccounts(books.db, { batch });
    }),
  );
  const reads = Promise.all(
    [1, 2].map(async () => {
      while (posting) {
        const { guarded, hot } = await balancesOf('busy');
        expect(hot).toBe(guarded);
      }
    }),
  );
  await Promise.all([postings, rollUps, reads]);
  await rollUpAll(books.db);
  expect(await balancesOf('busy')).toEqual({ guarded: 6 * 820, hot: 6 * 820 });
});

test('what commits after later transactions were rolled up is not lost', async () => {
  const slow = await books.db.transaction();
  await booksOn(slow, { market: 'ID' }).post(contribution('slow', 'slow 1', 5));
  // Another partner: a second posting on a guarded account waits for the first one.
  await books.inBooks((b) => b.post(contribution('fast', 'fast 1', 7)));
  await rollUpHotAccounts(books.db);
  expect(await balancesOf('fast')).toEqual({ guarded: 7, hot: 7 });
  await slow.commit();
  expect(await balancesOf('slow')).toEqual({ guarded: 5, hot: 5 });
  await rollUpAll(books.db);
  expect(await balancesOf('slow')).toEqual({ guarded: 5, hot: 5 });
});

test('a rolled-up balance is read from the totals of its days', async () => {
  await books.inBooks((b) => b.post(contribution('rolled', 'rolled 1', 3)));
  await books.inBooks((b) => b.post(contribution('rolled', 'rolled 2', 4)));
  await rollUpAll(books.db);
  const { rows } = await books.db.raw<{ rows: unknown[] }>(
    `select t.posting_date, t.value_date, t.debit_minor, t.credit_minor
     from books.daily_total t join books.account a on a.id = t.account_id where a.owner = 'rolled'`,
  );
  expect(rows).toEqual([
    { posting_date: '2026-01-05', value_date: '2026-01-05', debit_minor: 0, credit_minor: 7 },
  ]);
});

test('a roll-up changes no balance and no history', async () => {
  await books.inBooks((b) => b.post(contribution('unchanged', 'unchanged 1', 3)));
  const before = [await snapshotOf(books.db), await balancesOf('unchanged')];
  await rollUpAll(books.db);
  expect([await snapshotOf(books.db), await balancesOf('unchanged')]).toEqual(before);
});

test.each([
  ['backward', `update books.roll_up set before_xid = '1'`],
  ['past what may still run', `update books.roll_up set before_xid = '9000000000000000000'`],
])('the roll-up is refused %s, for the owner too', async (_name, statement) => {
  await expect(books.owner.query(statement)).rejects.toThrow('the roll-up only moves forward');
});

const CHANGES = [
  'delete from books.roll_up',
  'truncate books.roll_up',
  `insert into books.roll_up (only_row, before_xid) values (true, '1')`,
  'update books.daily_total set debit_minor = 0',
  'delete from books.daily_total',
  'truncate books.daily_total',
  `insert into books.daily_total values (1, '2026-01-05', '2026-01-05', 1, 0)`,
];

test.each(CHANGES)('the application is refused: %s', async (statement) => {
  await expect(books.db.raw(statement)).rejects.toThrow('permission denied');
});

test.each(CHANGES)('the owner is refused: %s', async (statement) => {
  await expect(books.owner.query(statement)).rejects.toThrow(/refuses (UPDATE|DELETE|INSERT|TRUNCATE)/);
});
