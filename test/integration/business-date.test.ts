import { booksOn } from '../../db/books/posting';
import { advanceBusinessDate, businessDates } from '../../db/business-date';

import { COMMON, openBooksDatabase, type BooksDatabase } from './books/fixture';

let books: BooksDatabase;
beforeEach(async () => {
  books = await openBooksDatabase();
});
afterEach(() => books.close());

const dateOf = async (market: string) =>
  (await businessDates(books.db)).find((date) => date.market === market)?.businessDate;

const grant = (customer: string) =>
  ({
    ...COMMON,
    scenario: 'credit.granted',
    businessKey: `line of ${customer}`,
    owners: { customer },
    amounts: { limit: 10 },
  }) as const;

test('advancing moves one market to the next day and leaves the others', async () => {
  expect(await advanceBusinessDate(books.db, { market: 'ID', from: '2026-01-05' })).toBe(true);
  expect([await dateOf('ID'), await dateOf('CN')]).toEqual(['2026-01-06', '2026-01-05']);
});

test('advancing twice from the same day moves once', async () => {
  const both = await Promise.all([
    advanceBusinessDate(books.db, { market: 'ID', from: '2026-01-05' }),
    advanceBusinessDate(books.db, { market: 'ID', from: '2026-01-05' }),
  ]);
  expect(both.sort()).toEqual([false, true]);
  expect(await dateOf('ID')).toBe('2026-01-06');
});

test.each([
  ['a day that is not the current one', { market: 'ID', from: '2026-01-07' }, 'NOT_CURRENT'],
  ['to an earlier day', { market: 'ID', from: '2026-01-05', to: '2026-01-05' }, 'NOT_FORWARD'],
  ['an unknown market', { market: 'XX', from: '2026-01-05' }, 'UNKNOWN_MARKET'],
])('advancing %s is refused', async (_name, advance, code) => {
  await expect(advanceBusinessDate(books.db, advance)).rejects.toMatchObject({ code });
  expect(await dateOf('ID')).toBe('2026-01-05');
});

test('the day does not end while a posting of the day is open, and what comes after lands in the next', async () => {
  const order: string[] = [];
  const open = await books.db.transaction();
  const first = await booksOn(open, { market: 'ID' }).post(grant('early'));
  const advance = advanceBusinessDate(books.db, { market: 'ID', from: '2026-01-05' }).then(() =>
    order.push('day'),
  );
  await untilSomeoneWaitsForALock();
  // It arrives while the day is waiting to end, so it waits behind it.
  const late = books.inBooks((b) => b.post(grant('late')));
  order.push('commit');
  await open.commit();
  await advance;
  expect(order).toEqual(['commit', 'day']);
  expect([first.postingDate, (await late).postingDate]).toEqual(['2026-01-05', '2026-01-06']);
});

test('every posting of one transaction lands in the same day, however many days end meanwhile', async () => {
  const days = ['2026-01-05', '2026-01-06', '2026-01-07', '2026-01-08'];
  const advances = (async () => {
    for (const from of days) await advanceBusinessDate(books.db, { market: 'ID', from });
  })();
  const transactions = Array.from({ length: 40 }, (_, n) =>
    books.inBooks(async (b) => {
      const pair = [await b.post(grant(`a${n}`)), await b.post(grant(`b${n}`))];
      return new Set(pair.map(({ postingDate }) => postingDate)).size;
    }),
  );
  expect(await Promise.all(transactions)).toEqual(transactions.map(() => 1));
  await advances;
});

test('a transaction that could see an old day is refused', async () => {
  const posting = books.db.transaction((tx) => booksOn(tx, { market: 'ID' }).post(grant('stale')), {
    isolationLevel: 'repeatable read',
  });
  await expect(posting).rejects.toThrow('READ COMMITTED');
});

async function untilSomeoneWaitsForALock(): Promise<void> {
  for (;;) {
    const { rows } = await books.owner.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (rows.length > 0) return;
  }
}
