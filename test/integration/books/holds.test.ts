import fc from 'fast-check';

import { BooksRefusal } from '../../../db/books/errors';
import { holdOf } from '../../../db/books/holds';
import { positionOf, type Books } from '../../../db/books/posting';

import { COMMON, driftedAccounts, openBooksDatabase, snapshotOf, type BooksDatabase } from './fixture';

let books: BooksDatabase;
beforeAll(async () => {
  books = await openBooksDatabase();
});
afterAll(() => books.close());

const grant = (customer: string, limit: number) =>
  books.inBooks((b) =>
    b.post({
      ...{ ...COMMON, scenario: 'credit.granted', businessKey: `line of ${customer}` },
      ...{ owners: { customer }, amounts: { limit } },
    }),
  );

const newHold = (customer: string, amountMinor: number, businessKey = `hold of ${customer}`) => ({
  account: { book: 'credit', code: 'available', owner: customer, currency: 'IDR' },
  ...{ businessKey, amountMinor, description: 'test' },
});

/** Takes from the customer's `available`, off a hold where one is named. */
const take = (customer: string, principal: number, businessKey: string, commitsHold?: string) => (b: Books) =>
  b.post({
    ...{ ...COMMON, scenario: 'credit.reserved', businessKey, commitsHold },
    ...{ owners: { customer }, amounts: { principal } },
  });

const release = (customer: string, businessKey: string, amountMinor?: number) => (b: Books) =>
  b.release({ book: 'credit', hold: `hold of ${customer}`, businessKey, amountMinor });

const position = async (customer: string) => {
  const hold = await holdOf(books.db, 'credit', `hold of ${customer}`);
  const accounts = await positionOf(books.db, 'credit', customer);
  return {
    balanceMinor: accounts.find(({ code }) => code === 'available')?.balanceMinor,
    ...{
      committedMinor: hold?.committedMinor,
      releasedMinor: hold?.releasedMinor,
      openMinor: hold?.openMinor,
    },
  };
};

test('a hold stays in the balance and limits what other postings may take', async () => {
  await grant('limits', 100);
  await books.inBooks((b) => b.hold(newHold('limits', 70)));
  await expect(books.inBooks(take('limits', 31, 'limits 1'))).rejects.toMatchObject({
    code: 'GUARDED_ACCOUNT_LIMIT',
    account: { askedMinor: 31, availableMinor: 30 },
  });
  await books.inBooks(take('limits', 30, 'limits 2'));
  expect(await position('limits')).toMatchObject({ balanceMinor: 70, openMinor: 70 });
});

test('a hold is committed in parts, and the rest is released', async () => {
  await grant('parts', 100);
  await books.inBooks((b) => b.hold(newHold('parts', 80)));
  await books.inBooks(take('parts', 30, 'parts 1', 'hold of parts'));
  await books.inBooks(take('parts', 20, 'parts 2', 'hold of parts'));
  expect(await books.inBooks(release('parts', 'parts done'))).toEqual({ releasedMinor: 30, replayed: false });
  expect(await position('parts')).toEqual({
    ...{ balanceMinor: 50, committedMinor: 50, releasedMinor: 30, openMinor: 0 },
  });
});

test('all holds of an account together never exceed its balance', async () => {
  await grant('together', 100);
  await books.inBooks((b) => b.hold(newHold('together', 60)));
  await expect(books.inBooks((b) => b.hold(newHold('together', 41, 'second')))).rejects.toMatchObject({
    code: 'GUARDED_ACCOUNT_LIMIT',
    account: { askedMinor: 41, availableMinor: 40 },
  });
});

test('nothing can be held on an account that was never opened', async () => {
  await expect(books.inBooks((b) => b.hold(newHold('nobody', 1)))).rejects.toMatchObject({
    code: 'GUARDED_ACCOUNT_LIMIT',
    account: { availableMinor: 0 },
  });
});

test('no more can be committed than is open', async () => {
  await grant('committed', 100);
  await books.inBooks((b) => b.hold(newHold('committed', 50)));
  const before = await snapshotOf(books.db);
  await expect(
    books.inBooks(take('committed', 51, 'committed 1', 'hold of committed')),
  ).rejects.toMatchObject({ code: 'HOLD_LIMIT', hold: { askedMinor: 51, openMinor: 50 } });
  expect(await snapshotOf(books.db)).toEqual(before);
});

test('no more can be released than is open', async () => {
  await grant('released', 100);
  await books.inBooks((b) => b.hold(newHold('released', 50)));
  await expect(books.inBooks(release('released', 'too much', 51))).rejects.toMatchObject({
    code: 'HOLD_LIMIT',
    hold: { askedMinor: 51, openMinor: 50 },
  });
});

test('placing, committing and releasing again changes nothing', async () => {
  await grant('again', 100);
  const steps = [
    (b: Books) => b.hold(newHold('again', 50)),
    take('again', 20, 'again 1', 'hold of again'),
    release('again', 'again part', 10),
    release('again', 'again rest'),
  ];
  const first = [];
  for (const step of steps) first.push(await books.inBooks<unknown>(step));
  const before = await snapshotOf(books.db);
  const second = [];
  for (const step of steps) second.push(await books.inBooks<unknown>(step));
  expect(second).toEqual(first.map((answer) => ({ ...(answer as object), replayed: true })));
  expect(await snapshotOf(books.db)).toEqual(before);
});

test('the same keys with other content are refused', async () => {
  await grant('conflicts', 100);
  await books.inBooks((b) => b.hold(newHold('conflicts', 50)));
  await books.inBooks(take('conflicts', 10, 'conflicts 1', 'hold of conflicts'));
  await books.inBooks(release('conflicts', 'conflicts part', 10));
  const conflict = { code: 'BUSINESS_KEY_CONFLICT' };
  await expect(books.inBooks((b) => b.hold(newHold('conflicts', 51)))).rejects.toMatchObject(conflict);
  await expect(books.inBooks(take('conflicts', 10, 'conflicts 1'))).rejects.toMatchObject(conflict);
  await expect(books.inBooks(release('conflicts', 'conflicts part', 11))).rejects.toMatchObject(conflict);
});

test('what a reversed journal took off a hold comes back to the account', async () => {
  await grant('reversed', 100);
  await books.inBooks((b) => b.hold(newHold('reversed', 50)));
  const { journalId } = await books.inBooks(take('reversed', 50, 'reversed 1', 'hold of reversed'));
  await books.inBooks((b) => b.reverse({ ...COMMON, journalId, businessKey: 'reversed back' }));
  expect(await position('reversed')).toMatchObject({ balanceMinor: 100, committedMinor: 50, openMinor: 0 });
});

test('a hold that does not exist can be neither committed nor released', async () => {
  await grant('missing', 100);
  await expect(books.inBooks(take('missing', 1, 'missing 1', 'hold of missing'))).rejects.toThrow('no hold');
  await expect(books.inBooks(release('missing', 'missing'))).rejects.toThrow('no hold');
});

test('a journal that commits a hold must take from its account', async () => {
  await grant('elsewhere', 100);
  await grant('held', 100);
  await books.inBooks((b) => b.hold(newHold('held', 50)));
  await expect(books.inBooks(take('elsewhere', 1, 'elsewhere 1', 'hold of held'))).rejects.toThrow(
    'it commits a hold, but takes nothing from the account of the hold',
  );
});

test('a hold or release of nothing is refused', async () => {
  await grant('nothing', 100);
  await expect(books.inBooks((b) => b.hold(newHold('nothing', 0)))).rejects.toThrow(
    'at least one minor unit',
  );
  await books.inBooks((b) => b.hold(newHold('nothing', 1)));
  await expect(books.inBooks(release('nothing', 'nothing', 0))).rejects.toThrow('at least one minor unit');
});

test('a hot account cannot be held', async () => {
  const hold = { ...newHold('hot', 1), account: { ...newHold('hot', 1).account, code: 'granted' } };
  await expect(books.inBooks((b) => b.hold(hold))).rejects.toThrow('no guarded code "granted"');
});

const CHANGES = ['hold', 'hold_movement'].flatMap((table) => [
  `update books.${table} set id = default`,
  `delete from books.${table}`,
  `truncate books.${table} cascade`,
]);
const INSERTS = [
  `insert into books.hold (book, business_key, account_id, amount_minor, description) values ('credit', 'x', 1, 1, 'x')`,
  `insert into books.hold_movement (hold_id, business_key, amount_minor) values (1, 'x', 1)`,
];

test.each([...CHANGES, ...INSERTS])('the application is refused: %s', async (statement) => {
  await expect(books.db.raw(statement)).rejects.toThrow('permission denied');
});

test.each(CHANGES)('the owner is refused: %s', async (statement) => {
  await expect(books.owner.query(statement)).rejects.toThrow(/refuses (UPDATE|DELETE|TRUNCATE)/);
});

test('the owner too is refused a hold past the balance, a release past the hold, and a commit without a journal of it', async () => {
  await grant('raw', 10);
  const { holdId } = await books.inBooks((b) => b.hold(newHold('raw', 6)));
  const { accountId } = (await holdOf(books.db, 'credit', 'hold of raw'))!;
  const { journalId } = await books.inBooks(take('raw', 1, 'raw 1'));
  const hold = `insert into books.hold (book, business_key, account_id, amount_minor, description)
                values ('credit', 'raw too much', ${accountId}, 4, 'x')`;
  await expect(books.owner.query(hold)).rejects.toThrow('asked for more than it holds');
  const movement = (column: string, value: unknown, amount: number) =>
    books.owner.query(
      `insert into books.hold_movement (hold_id, ${column}, amount_minor) values ($1, $2, $3)`,
      [holdId, value, amount],
    );
  await expect(movement('business_key', 'raw', 7)).rejects.toThrow('asked for more than is open');
  await expect(movement('journal_id', journalId, 1)).rejects.toThrow('refuses INSERT');
});

interface Operation {
  readonly kind: 'hold' | 'commit' | 'release' | 'take';
  readonly customer: number;
  readonly hold: number;
  readonly amount: number;
  readonly key: number;
}

// Few accounts, holds and keys, so that operations meet: at a limit, in a retry, in a conflict.
const operations = fc.array(
  fc.record<Operation>({
    kind: fc.constantFrom('hold', 'commit', 'release', 'take'),
    customer: fc.integer({ min: 0, max: 1 }),
    hold: fc.integer({ min: 0, max: 3 }),
    amount: fc.integer({ min: 1, max: 50 }),
    key: fc.integer({ min: 0, max: 30 }),
  }),
  { minLength: 40, maxLength: 120 },
);

test('whatever runs at once: holds are covered and never overdrawn, and no money is made or lost', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(operations, async (all) => {
      run += 1;
      const customers = [0, 1].map((n) => `C${n} of run ${run}`);
      await Promise.all(customers.map((customer) => grant(customer, 100)));
      await Promise.all(
        all.map(async ({ kind, customer: n, hold, amount, key }) => {
          const customer = customers[n]!;
          const [holdKey, businessKey] = [`${hold} of ${customer}`, `${key} of ${customer}`];
          const work = {
            hold: (b: Books) => b.hold(newHold(customer, amount, holdKey)),
            commit: take(customer, amount, businessKey, holdKey),
            release: (b: Books) =>
              b.release({ book: 'credit', hold: holdKey, businessKey, amountMinor: amount }),
            take: take(customer, amount, businessKey),
          }[kind];
          await books.inBooks<unknown>(work).catch((error: unknown) => {
            // A deadlock, a time-out or a broken rule would be another error, and fails the test.
            if (!(error instanceof BooksRefusal || /there is no hold/.test(String(error)))) throw error;
          });
        }),
      );
      const { rows } = await books.db.raw<{ rows: { balance: number; held: number; taken: number }[] }>(
        `select p.balance_minor as balance, p.held_minor as held,
           (select balance_minor from books.account_position where owner = p.owner and code = 'reserved') as taken
         from books.account_position p where p.code = 'available' and p.owner = any(?)`,
        [customers],
      );
      for (const { balance, held, taken } of rows) {
        expect(held).toBeGreaterThanOrEqual(0);
        expect(held).toBeLessThanOrEqual(balance);
        expect(balance + (taken ?? 0)).toBe(100);
      }
    }),
    { numRuns: 8 },
  );
  expect(await driftedAccounts(books.db)).toEqual([]);
});
