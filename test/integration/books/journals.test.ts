import { journalOf, journalsCausedBy } from '../../../db/books/journals';
import { booksOn } from '../../../db/books/posting';

import { COMMON, openBooksDatabase, type BooksDatabase } from './fixture';

const MESSAGE_ID = '7f0c2c5e-0c9c-4b0e-8a53-1f7f3e9a1d11';

let books: BooksDatabase;
beforeAll(async () => {
  books = await openBooksDatabase();
  await books.db('messages.message').insert({
    ...{ message_id: MESSAGE_ID, message_type: 'reserve-credit-line', source: 'loan-engine', market: 'ID' },
    ...{ flow_id: 'flow:LA1', body: '{}' },
  });
});
afterAll(() => books.close());

const grant = (customer: string, cause: { messageId?: string; flowId?: string } = {}) =>
  books.db.transaction((tx) =>
    booksOn(tx, { market: 'ID', ...cause }).post({
      ...{
        ...COMMON,
        scenario: 'credit.granted',
        businessKey: `line of ${customer}`,
        valueDate: '2026-01-03',
      },
      ...{ owners: { customer }, amounts: { limit: 5 } },
    }),
  );

test('a journal shows its entries, its days and the message that caused it', async () => {
  const { journalId } = await grant('shown', { messageId: MESSAGE_ID, flowId: 'flow:LA1' });
  const ofAll = { book: 'credit', owner: 'shown', currency: 'IDR', amountMinor: 5 };
  expect(await journalOf(books.db, journalId)).toEqual({
    ...{ journalId, book: 'credit', market: 'ID', businessKey: 'line of shown', scenario: 'credit.granted' },
    ...{ description: 'test', postingDate: '2026-01-05', valueDate: '2026-01-03', flowId: 'flow:LA1' },
    postedAt: expect.stringMatching(/Z$/) as string,
    causedBy: { messageId: MESSAGE_ID, messageType: 'reserve-credit-line', source: 'loan-engine' },
    ...{ reversesJournalId: null, reversedByJournalId: null, commitsHold: null },
    entries: [
      { ...ofAll, line: 1, code: 'available', side: 'DEBIT', accountId: expect.any(Number) as number },
      { ...ofAll, line: 2, code: 'granted', side: 'CREDIT', accountId: expect.any(Number) as number },
    ],
  });
});

test('a message shows the journals that its handling posted', async () => {
  const messageId = '7f0c2c5e-0c9c-4b0e-8a53-1f7f3e9a1d12';
  const { journalId } = await grant('caused', { messageId });
  const second = await grant('caused too', { messageId });
  const caused = await journalsCausedBy(books.db, messageId);
  expect(caused.map((journal) => journal.journalId)).toEqual([journalId, second.journalId]);
  expect(caused[0]?.causedBy).toEqual({ messageId, messageType: null, source: null });
});

test('a journal that nothing caused says so', async () => {
  const { journalId } = await grant('causeless');
  expect(await journalOf(books.db, journalId)).toMatchObject({ causedBy: null, flowId: null });
});

test('a reversal and its original name each other', async () => {
  const { journalId } = await grant('reversed');
  const reversal = await books.inBooks((b) => b.reverse({ ...COMMON, journalId, businessKey: 'reversal' }));
  expect(await journalOf(books.db, journalId)).toMatchObject({ reversedByJournalId: reversal.journalId });
  expect(await journalOf(books.db, reversal.journalId)).toMatchObject({ reversesJournalId: journalId });
});

test('a journal names the hold that it takes from', async () => {
  await grant('held');
  const account = { book: 'credit', code: 'available', owner: 'held', currency: 'IDR' };
  await books.inBooks((b) => b.hold({ account, businessKey: 'hold 1', amountMinor: 5, description: 'test' }));
  const { journalId } = await books.inBooks((b) =>
    b.post({
      ...{ ...COMMON, scenario: 'credit.reserved', businessKey: 'taken', commitsHold: 'hold 1' },
      ...{ owners: { customer: 'held' }, amounts: { principal: 2 } },
    }),
  );
  expect(await journalOf(books.db, journalId)).toMatchObject({ commitsHold: 'hold 1' });
});

test('a journal that does not exist is not there', async () => {
  expect(await journalOf(books.db, 0)).toBeUndefined();
});
