import fc from 'fast-check';

import { findAccount, type DayKind } from '../../../db/books/accounts';
import { balancesOf } from '../../../db/books/balances';
import { booksOn } from '../../../db/books/posting';
import { statementOf, type StatementLine, type StatementQuery } from '../../../db/books/statement';
import { trialBalance } from '../../../db/books/trial-balance';
import { advanceBusinessDate } from '../../../db/business-date';

import { COMMON, openBooksDatabase, rollUpAll, type BooksDatabase } from './fixture';

let books: BooksDatabase;
beforeEach(async () => {
  books = await openBooksDatabase();
});
afterEach(() => books.close());

const contribute = (contributed: number, valueDate = '2026-01-05', businessKey = `${contributed}`) =>
  books.inBooks((b) => b.post(contribution(contributed, valueDate, businessKey)));

const contribution = (contributed: number, valueDate = '2026-01-05', businessKey = `${contributed}`) =>
  ({
    ...COMMON,
    scenario: 'funds.contributed',
    businessKey,
    valueDate,
    owners: { fundingPartner: 'FP1' },
    amounts: { contributed },
  }) as const;

const reserve = (payout: number, valueDate = '2026-01-05') =>
  books.inBooks((b) =>
    b.post({
      ...{ ...COMMON, scenario: 'funds.reserved', businessKey: `reserved ${payout}`, valueDate },
      ...{ owners: { fundingPartner: 'FP1' }, amounts: { payout } },
    }),
  );

const nextDay = (from: string) => advanceBusinessDate(books.db, { market: 'ID', from });

/** The id of an account of FP1: `available` is guarded, `contributed` hot. */
async function accountId(code: 'available' | 'contributed'): Promise<number> {
  const account = await findAccount(books.db, { book: 'funds', code, owner: 'FP1', currency: 'IDR' });
  return account!.accountId;
}

const JANUARY = { by: 'posting', from: '2026-01-01', to: '2026-01-31' } as const;

/** All pages from `after` on, as one list of lines. */
async function linesOf(id: number, query: StatementQuery): Promise<StatementLine[]> {
  const page = await statementOf(books.db, id, query);
  return page.next === undefined
    ? [...page.lines]
    : [...page.lines, ...(await linesOf(id, { ...query, after: page.next }))];
}

const brief = ({ postingDate, valueDate, side, amountMinor, balanceMinor }: StatementLine) =>
  [postingDate, valueDate, side, amountMinor, balanceMinor] as const;

/** Three postings on two days; the last one counts for an earlier day. */
async function threePostings(): Promise<void> {
  await contribute(100, '2026-01-05');
  await nextDay('2026-01-05');
  await reserve(30, '2026-01-06');
  await contribute(7, '2026-01-02');
}

test('a statement by posting date shows the balance after each entry', async () => {
  await threePostings();
  const statement = await statementOf(books.db, await accountId('available'), { ...JANUARY, limit: 10 });
  expect(statement).toMatchObject({ openingMinor: 0, closingMinor: 77 });
  expect(statement.lines.map(brief)).toEqual([
    ['2026-01-05', '2026-01-05', 'DEBIT', 100, 100],
    ['2026-01-06', '2026-01-06', 'CREDIT', 30, 70],
    ['2026-01-06', '2026-01-02', 'DEBIT', 7, 77],
  ]);
});

test('a statement by value date shows each entry on the day for which it counts', async () => {
  await threePostings();
  const statement = await statementOf(books.db, await accountId('available'), {
    ...{ by: 'value', from: '2026-01-03', to: '2026-01-06', limit: 10 },
  });
  expect(statement).toMatchObject({ openingMinor: 7, closingMinor: 77 });
  expect(statement.lines.map(brief)).toEqual([
    ['2026-01-05', '2026-01-05', 'DEBIT', 100, 107],
    ['2026-01-06', '2026-01-06', 'CREDIT', 30, 77],
  ]);
});

test('a statement names what each entry records', async () => {
  const { journalId } = await contribute(100);
  const { lines } = await statementOf(books.db, await accountId('available'), { ...JANUARY, limit: 10 });
  expect(lines).toEqual([
    {
      ...{ journalId, line: 1, postingDate: '2026-01-05', valueDate: '2026-01-05' },
      ...{ scenario: 'funds.contributed', businessKey: '100', description: 'test' },
      ...{ side: 'DEBIT', amountMinor: 100, balanceMinor: 100 },
    },
  ]);
});

test('an account that grows by credits counts them up', async () => {
  await contribute(100);
  const statement = await statementOf(books.db, await accountId('contributed'), { ...JANUARY, limit: 10 });
  expect(statement.closingMinor).toBe(100);
  expect(statement.lines.map(brief)).toEqual([['2026-01-05', '2026-01-05', 'CREDIT', 100, 100]]);
});

test('a range without entries opens and closes with the same balance', async () => {
  await threePostings();
  const range = { by: 'posting', from: '2026-02-01', to: '2026-02-28', limit: 1 } as const;
  expect(await statementOf(books.db, await accountId('available'), range)).toMatchObject({
    ...{ openingMinor: 77, closingMinor: 77, lines: [] },
  });
});

const history = fc.array(
  fc.record({ amount: fc.integer({ min: 1, max: 1000 }), valueDay: fc.integer({ min: 1, max: 9 }) }),
  { minLength: 1, maxLength: 12 },
);

test('pages of any size make the same statement, on a hot and on a guarded account, before and after a roll-up', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      ...[
        history,
        fc.constantFrom<DayKind>('posting', 'value'),
        fc.integer({ min: 1, max: 5 }),
        fc.boolean(),
      ],
      async (postings, by, limit, isRolledUp) => {
        run += 1;
        for (const [n, { amount, valueDay }] of postings.entries()) {
          await contribute(amount, `2026-01-0${valueDay}`, `${n} of run ${run}`);
        }
        if (isRolledUp) await rollUpAll(books.db);
        for (const id of [await accountId('available'), await accountId('contributed')]) {
          const query = { by, from: '2026-01-03', to: '2026-01-07' };
          const whole = await statementOf(books.db, id, { ...query, limit: 1000 });
          expect(await linesOf(id, { ...query, limit })).toEqual(whole.lines);
          const balances = await balancesOf(books.db, id, query);
          expect(whole.closingMinor).toBe(whole.lines.at(-1)?.balanceMinor ?? whole.openingMinor);
          expect(balances.at(-1)?.balanceMinor).toBe(whole.closingMinor);
        }
      },
    ),
    { numRuns: 12 },
  );
});

test('what is posted between two pages appears on none of them', async () => {
  for (const amount of [1, 2, 3, 4]) await contribute(amount);
  const id = await accountId('available');
  const whole = await linesOf(id, { ...JANUARY, by: 'value', limit: 10 });
  const first = await statementOf(books.db, id, { ...JANUARY, by: 'value', limit: 2 });
  await contribute(50, '2026-01-01');
  await contribute(51, '2026-01-30');
  await rollUpAll(books.db);
  const rest = await statementOf(books.db, id, { ...JANUARY, by: 'value', limit: 2, after: first.next });
  expect([...first.lines, ...rest.lines]).toEqual(whole);
  expect(rest).toMatchObject({ openingMinor: 0, closingMinor: 10 });
  expect(rest.next).toBeUndefined();
});

test('an older journal that commits between two pages appears on none of them either', async () => {
  const payout = (loan: string, payout: number) =>
    ({
      ...COMMON,
      scenario: 'general.loan-disbursed-from-custody',
      businessKey: loan,
      owners: { loan, paymentChannel: 'PC1' },
      amounts: { principal: payout, payout, deductedFees: 0 },
    }) as const;
  await books.inBooks((b) => b.post(payout('LN1', 1)));
  const slow = await books.db.transaction();
  await booksOn(slow, { market: 'ID' }).post(payout('LN2', 50));
  await books.inBooks((b) => b.post(payout('LN3', 2)));

  const custody = { book: 'general', code: 'custody-cash', owner: 'PC1', currency: 'IDR' };
  const { accountId: id } = (await findAccount(books.db, custody))!;
  const first = await statementOf(books.db, id, { ...JANUARY, limit: 1 });
  await slow.commit();
  const rest = await linesOf(id, { ...JANUARY, limit: 1, after: first.next });
  expect([...first.lines, ...rest].map(({ balanceMinor }) => balanceMinor)).toEqual([-1, -3]);
  expect((await linesOf(id, { ...JANUARY, limit: 1 })).map(({ balanceMinor }) => balanceMinor)).toEqual([
    -1, -51, -53,
  ]);
});

test('a balance history shows every day of its range', async () => {
  await threePostings();
  const range = { from: '2026-01-04', to: '2026-01-07' };
  const id = await accountId('available');
  const days = async (by: DayKind) =>
    (await balancesOf(books.db, id, { ...range, by })).map(
      ({ day, debitMinor, creditMinor, balanceMinor }) => [...[day, debitMinor, creditMinor, balanceMinor]],
    );
  expect(await days('posting')).toEqual([
    ['2026-01-04', 0, 0, 0],
    ['2026-01-05', 100, 0, 100],
    ['2026-01-06', 7, 30, 77],
    ['2026-01-07', 0, 0, 77],
  ]);
  expect(await days('value')).toEqual([
    ['2026-01-04', 0, 0, 7],
    ['2026-01-05', 100, 0, 107],
    ['2026-01-06', 0, 30, 77],
    ['2026-01-07', 0, 0, 77],
  ]);
});

test('a trial balance shows a day as it moved and as it ended, by posting or value date', async () => {
  await threePostings();
  const available = async (filter: Parameters<typeof trialBalance>[1]) => {
    const { rows, totals } = await trialBalance(books.db, { book: 'funds', ...filter });
    expect(totals.every(({ balanced }) => balanced)).toBe(true);
    const row = rows.find(({ code }) => code === 'available');
    return [row?.debitMinor, row?.creditMinor];
  };
  expect(await available({ from: '2026-01-06', through: '2026-01-06' })).toEqual([7, 30]);
  expect(await available({ through: '2026-01-06' })).toEqual([107, 30]);
  expect(await available({ by: 'value', from: '2026-01-06', through: '2026-01-06' })).toEqual([0, 30]);
  expect(await available({ by: 'value', through: '2026-01-02' })).toEqual([7, 0]);
});

test.each<[string, Partial<StatementQuery>, string]>([
  ['ends before it begins', { from: '2026-01-02', to: '2026-01-01' }, 'INVALID_RANGE'],
  ['has no date', { from: 'yesterday' }, 'INVALID_RANGE'],
  ['is too long', { from: '1926-01-01' }, 'INVALID_RANGE'],
  ['has empty pages', { limit: 0 }, 'INVALID_RANGE'],
  ['has endless pages', { limit: 1001 }, 'INVALID_RANGE'],
  ['goes on from no cursor', { after: 'x' }, 'INVALID_CURSOR'],
])('a statement that %s is refused', async (_name, change, code) => {
  await contribute(1);
  const statement = statementOf(books.db, await accountId('available'), { ...JANUARY, limit: 10, ...change });
  await expect(statement).rejects.toMatchObject({ name: 'BooksQueryError', code });
});

test('a statement that goes on from the cursor of another one is refused', async () => {
  for (const amount of [1, 2]) await contribute(amount);
  const id = await accountId('available');
  const { next } = await statementOf(books.db, id, { ...JANUARY, limit: 1 });
  await expect(statementOf(books.db, id, { ...JANUARY, by: 'value', limit: 1, after: next })).rejects.toThrow(
    'does not belong to this statement',
  );
});

test('a cursor that was tampered with is refused, and not by an error of the database', async () => {
  for (const amount of [1, 2]) await contribute(amount);
  const id = await accountId('available');
  const { next } = await statementOf(books.db, id, { ...JANUARY, limit: 1 });
  const place = JSON.parse(Buffer.from(next!, 'base64url').toString()) as Record<string, unknown>;
  const changes = [
    { snapshot: '9:5:' },
    { snapshot: '1:5:7' },
    { day: '2026-99-99' },
    { journalId: 'x' },
    { line: 0.5 },
  ];
  for (const change of changes) {
    const after = Buffer.from(JSON.stringify({ ...place, ...change })).toString('base64url');
    await expect(statementOf(books.db, id, { ...JANUARY, limit: 1, after })).rejects.toMatchObject({
      code: 'INVALID_CURSOR',
    });
  }
});

test('an account that does not exist has no statement and no balances', async () => {
  const unknown = { name: 'BooksQueryError', code: 'UNKNOWN_ACCOUNT' };
  await expect(statementOf(books.db, 0, { ...JANUARY, limit: 1 })).rejects.toMatchObject(unknown);
  await expect(balancesOf(books.db, 0, JANUARY)).rejects.toMatchObject(unknown);
});
