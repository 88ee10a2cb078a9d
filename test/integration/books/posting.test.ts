import { BooksRefusal, GuardedAccountLimit } from '../../../db/books/errors';
import { booksOn, positionOf } from '../../../db/books/posting';
import { trialBalance } from '../../../db/books/trial-balance';

import { COMMON, openBooksDatabase, snapshotOf, type BooksDatabase } from './fixture';

let books: BooksDatabase;
beforeAll(async () => {
  books = await openBooksDatabase();
});
afterAll(() => books.close());

const contribute = (fundingPartner: string, contributed: number) =>
  books.inBooks((b) =>
    b.post({
      ...COMMON,
      scenario: 'funds.contributed',
      businessKey: `contribution of ${fundingPartner}`,
      owners: { fundingPartner },
      amounts: { contributed },
    }),
  );

const reservation = (
  fundingPartner: string,
  payout: number,
  businessKey = `reservation of ${fundingPartner}`,
) =>
  ({
    ...COMMON,
    scenario: 'funds.reserved',
    businessKey,
    owners: { fundingPartner },
    amounts: { payout },
  }) as const;

test('a posting moves the positions of its owner', async () => {
  await contribute('moves', 100);
  await books.inBooks((b) => b.post(reservation('moves', 30)));
  expect(await positionOf(books.db, 'funds', 'moves')).toEqual([
    { code: 'available', currency: 'IDR', balanceMinor: 70 },
    { code: 'contributed', currency: 'IDR', balanceMinor: 100 },
    { code: 'frozen', currency: 'IDR', balanceMinor: 30 },
  ]);
});

test('a journal carries its cause, the business date of its market, and the value date', async () => {
  const cause = { market: 'CN', messageId: '7f0c2c5e-0c9c-4b0e-8a53-1f7f3e9a1d11', flowId: 'flow:LA1' };
  const { journalId } = await books.db.transaction((tx) =>
    booksOn(tx, cause).post({
      ...COMMON,
      valueDate: '2026-01-03',
      scenario: 'credit.granted',
      businessKey: 'line of cause',
      owners: { customer: 'cause' },
      amounts: { limit: 5 },
      currency: 'CNY',
    }),
  );
  expect(await books.db('books.journal').where({ id: journalId }).first<unknown>()).toMatchObject({
    caused_by_message_id: cause.messageId,
    flow_id: cause.flowId,
    market: 'CN',
    posting_date: '2026-01-05',
    value_date: '2026-01-03',
  });
});

test('the same key with the same content returns the first journal and changes nothing', async () => {
  await contribute('replays', 100);
  const first = await books.inBooks((b) => b.post(reservation('replays', 100)));
  const before = await snapshotOf(books.db);
  const second = await books.inBooks((b) =>
    b.post({ ...reservation('replays', 100), description: 'other words' }),
  );
  expect(second).toEqual({ ...first, replayed: true });
  expect(await snapshotOf(books.db)).toEqual(before);
});

test('the same key with other content is refused and changes nothing', async () => {
  await contribute('conflicts', 100);
  await books.inBooks((b) => b.post(reservation('conflicts', 10)));
  const before = await snapshotOf(books.db);
  await expect(books.inBooks((b) => b.post(reservation('conflicts', 11)))).rejects.toMatchObject({
    name: 'BooksRefusal',
    code: 'BUSINESS_KEY_CONFLICT',
  });
  expect(await snapshotOf(books.db)).toEqual(before);
});

test('a guarded account past its limit is refused with what was asked and what there is', async () => {
  await contribute('limited', 100);
  await expect(books.inBooks((b) => b.post(reservation('limited', 101)))).rejects.toMatchObject({
    code: 'GUARDED_ACCOUNT_LIMIT',
    account: {
      book: 'funds',
      code: 'available',
      owner: 'limited',
      currency: 'IDR',
      askedMinor: 101,
      availableMinor: 100,
    },
  });
});

test('a refusal changes nothing and leaves the transaction usable', async () => {
  const before = await snapshotOf(books.db);
  const answer = await books.db.transaction(async (tx) => {
    await expect(booksOn(tx, { market: 'ID' }).post(reservation('nobody', 1))).rejects.toThrow(
      GuardedAccountLimit,
    );
    const { rows } = await tx.raw<{ rows: { usable: boolean }[] }>('select true as usable');
    return rows[0]?.usable;
  });
  expect(answer).toBe(true);
  expect(await snapshotOf(books.db)).toEqual(before);
});

test('a reversal takes a journal back in full, and again returns the first reversal', async () => {
  await contribute('reversed', 100);
  const { journalId } = await books.inBooks((b) => b.post(reservation('reversed', 30)));
  const reversal = { ...COMMON, journalId, businessKey: 'reversal of reversed' };
  const first = await books.inBooks((b) => b.reverse(reversal));
  expect(await books.inBooks((b) => b.reverse(reversal))).toEqual({ ...first, replayed: true });
  expect(await positionOf(books.db, 'funds', 'reversed')).toEqual([
    { code: 'available', currency: 'IDR', balanceMinor: 100 },
    { code: 'contributed', currency: 'IDR', balanceMinor: 100 },
    { code: 'frozen', currency: 'IDR', balanceMinor: 0 },
  ]);
});

test('a second reversal under another key is refused', async () => {
  const { journalId } = await contribute('reversed twice', 100);
  await books.inBooks((b) => b.reverse({ ...COMMON, journalId, businessKey: 'first reversal' }));
  const second = books.inBooks((b) => b.reverse({ ...COMMON, journalId, businessKey: 'second reversal' }));
  await expect(second).rejects.toThrow(BooksRefusal);
  await expect(second).rejects.toMatchObject({ code: 'ALREADY_REVERSED' });
});

test('a journal that does not exist cannot be reversed', async () => {
  const reversal = books.inBooks((b) => b.reverse({ ...COMMON, journalId: 0, businessKey: 'of nothing' }));
  await expect(reversal).rejects.toThrow('there is no journal 0 to reverse');
});

test('a trial balance sums each code and shows that the book balances', async () => {
  await books.db.transaction((tx) =>
    booksOn(tx, { market: 'CN' }).post({
      ...COMMON,
      scenario: 'general.loan-disbursed-by-partner',
      businessKey: 'disbursement for the trial balance',
      owners: { loan: 'LN1', fundingPartner: 'FP1' },
      amounts: { principal: 100, payout: 90, deductedFees: 10 },
      currency: 'CNY',
    }),
  );
  const row = { book: 'general', currency: 'CNY' };
  expect(await trialBalance(books.db, { book: 'general', market: 'CN', through: '2026-01-05' })).toEqual({
    rows: [
      { ...row, code: 'funding-partner-payable', normalSide: 'CREDIT', debitMinor: 0, creditMinor: 90 },
      { ...row, code: 'loan-principal', normalSide: 'DEBIT', debitMinor: 100, creditMinor: 0 },
      { ...row, code: 'upfront-fee-income', normalSide: 'CREDIT', debitMinor: 0, creditMinor: 10 },
    ],
    totals: [{ ...row, debitMinor: 100, creditMinor: 100, balanced: true }],
  });
  expect(await trialBalance(books.db, { market: 'CN', through: '2026-01-04' })).toEqual({
    rows: [],
    totals: [],
  });
});
