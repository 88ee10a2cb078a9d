import fc from 'fast-check';

import { BooksRefusal } from '../../../db/books/errors';
import { positionOf } from '../../../db/books/posting';
import { trialBalance } from '../../../db/books/trial-balance';
import { type Scenario } from '../../../domain/books/posting-rules';

import { COMMON, driftedAccounts, openBooksDatabase, type BooksDatabase } from './fixture';

let books: BooksDatabase;
beforeAll(async () => {
  books = await openBooksDatabase();
});
afterAll(() => books.close());

const MOVES = [
  'funds.reserved',
  'funds.reservation-released',
  'funds.payout-started',
  'funds.payout-failed',
  'funds.paid-out',
] as const satisfies readonly Scenario[];

interface Operation {
  readonly move: (typeof MOVES)[number];
  readonly partner: number;
  readonly payout: number;
  readonly businessKey: number;
}

// Few partners and keys, so that operations meet: at a limit, in a retry, in a conflict.
const operations = fc.array(
  fc.record<Operation>({
    move: fc.constantFrom(...MOVES),
    partner: fc.integer({ min: 0, max: 2 }),
    payout: fc.integer({ min: 1, max: 60 }),
    businessKey: fc.integer({ min: 0, max: 60 }),
  }),
  { minLength: 40, maxLength: 120 },
);

test('whatever runs at once: books balance, positions are conserved, and each key posts at most once', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(operations, async (all) => {
      run += 1;
      const partners = [0, 1, 2].map((n) => `FP${n} of run ${run}`);
      await Promise.all(
        partners.map((fundingPartner) =>
          books.inBooks((b) =>
            b.post({
              ...COMMON,
              scenario: 'funds.contributed',
              businessKey: `contribution of ${fundingPartner}`,
              owners: { fundingPartner },
              amounts: { contributed: 100 },
            }),
          ),
        ),
      );
      const answers = await Promise.all(
        all.map(({ move, partner, payout, businessKey }) =>
          books
            .inBooks((b) =>
              b.post({
                ...COMMON,
                scenario: move,
                businessKey: `${businessKey} of run ${run}`,
                owners: { fundingPartner: partners[partner] ?? '' },
                amounts: { payout },
              }),
            )
            .catch((error: unknown) => {
              // A deadlock, a time-out or a broken rule would be another error, and fails the test.
              if (!(error instanceof BooksRefusal)) throw error;
              return undefined;
            }),
        ),
      );
      const posted = answers.filter((answer) => answer?.replayed === false);
      const { rows } = await books.db.raw<{ rows: { count: number }[] }>(
        `select count(*) as count from books.journal where business_key like '%' || cast(? as text)
           and scenario <> 'funds.contributed'`,
        [` of run ${run}`],
      );
      expect(rows[0]?.count).toBe(posted.length);
      for (const partner of partners) {
        const positions = await positionOf(books.db, 'funds', partner);
        const held = positions.filter(({ code }) => code !== 'contributed');
        expect(held.every(({ balanceMinor }) => balanceMinor >= 0)).toBe(true);
        expect(held.reduce((sum, { balanceMinor }) => sum + balanceMinor, 0)).toBe(100);
      }
    }),
    { numRuns: 8 },
  );
  expect((await trialBalance(books.db)).totals.every(({ balanced }) => balanced)).toBe(true);
  expect(await driftedAccounts(books.db)).toEqual([]);
});

test('of many simultaneous reservations only as many succeed as the account holds', async () => {
  const owners = { customer: 'edge' };
  await books.inBooks((b) =>
    b.post({ ...COMMON, scenario: 'credit.granted', businessKey: 'edge', owners, amounts: { limit: 95 } }),
  );
  const results = await Promise.allSettled(
    Array.from({ length: 30 }, (_, n) =>
      books.inBooks((b) =>
        b.post({
          ...COMMON,
          scenario: 'credit.reserved',
          businessKey: `edge ${n}`,
          owners,
          amounts: { principal: 10 },
        }),
      ),
    ),
  );
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(9);
  const refused = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : [],
  );
  expect(refused.every((reason) => reason instanceof BooksRefusal)).toBe(true);
});

test('one fact told by many at once is posted once, and all get the same journal', async () => {
  const told = await Promise.all(
    Array.from({ length: 20 }, () =>
      books.inBooks((b) =>
        b.post({
          ...COMMON,
          scenario: 'credit.granted',
          businessKey: 'told often',
          owners: { customer: 'told often' },
          amounts: { limit: 10 },
        }),
      ),
    ),
  );
  expect(new Set(told.map(({ journalId }) => journalId)).size).toBe(1);
  expect(told.filter(({ replayed }) => !replayed)).toHaveLength(1);
});
