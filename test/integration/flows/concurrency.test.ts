import { booksOn, positionOf } from '../../../db/books/posting';
import { trialBalance } from '../../../db/books/trial-balance';
import { startPlatform, type Platform } from '../../support/platform';
import type { LoanApplicationOutcome } from '../../../workflows/loan-application-disbursement';

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
}, 60_000);
afterAll(() => platform.stop());

async function position(book: 'credit' | 'funds', owner: string): Promise<Record<string, number>> {
  const accounts = await positionOf(platform.db, book, owner);
  return Object.fromEntries(accounts.map(({ code, balanceMinor }) => [code, balanceMinor]));
}

test('twenty applications of one customer at once never pass the credit line', async () => {
  const customerId = await platform.newCustomer('CN', { limitMinor: 700_000 });
  const handles = await Promise.all(
    Array.from({ length: 20 }, () =>
      platform.startFlow({ market: 'CN', customerId, principalMinor: 100_000 }),
    ),
  );
  const outcomes = (await Promise.all(handles.map((handle) => handle.result()))) as LoanApplicationOutcome[];

  expect(outcomes.filter(({ outcome }) => outcome === 'DISBURSED')).toHaveLength(7);
  expect(outcomes.filter(({ outcome }) => outcome === 'REJECTED')).toHaveLength(13);
  expect(await position('credit', customerId)).toEqual({
    available: 0,
    granted: 700_000,
    reserved: 0,
    used: 700_000,
  });
}, 60_000);

test('thirty applications at once never occupy more than a partner has: those left over go to the next partner', async () => {
  // All but 1,000,000 of the first partner's money is taken, ten payouts' worth.
  const before = await position('funds', 'bank-huaxin');
  const drainedMinor = before.available! - 1_000_000;
  await drain('bank-huaxin', drainedMinor);
  const customers = await Promise.all(Array.from({ length: 30 }, () => platform.newCustomer('CN')));
  const handles = await Promise.all(
    customers.map((customerId) => platform.startFlow({ market: 'CN', customerId, principalMinor: 100_000 })),
  );
  const outcomes = (await Promise.all(handles.map((handle) => handle.result()))) as LoanApplicationOutcome[];

  const partners = outcomes.map((one) => (one.outcome === 'DISBURSED' ? one.partnerId : one.outcome));
  expect(partners.filter((partner) => partner === 'bank-huaxin')).toHaveLength(10);
  expect(partners.filter((partner) => partner === 'trust-jinhe')).toHaveLength(20);
  expect(await position('funds', 'bank-huaxin')).toMatchObject({
    available: 0,
    frozen: drainedMinor,
    'in-transit': 0,
    'paid-out': (before['paid-out'] ?? 0) + 1_000_000,
  });
  const { totals } = await trialBalance(platform.db);
  expect(totals.filter((book) => !book.balanced)).toEqual([]);
}, 60_000);

/** Takes money out of what a partner has available, as one large reservation would. */
async function drain(partnerId: string, amountMinor: number): Promise<void> {
  await platform.db.transaction((tx) =>
    booksOn(tx, { market: 'CN' }).post({
      scenario: 'funds.reserved',
      businessKey: `drain of ${partnerId}`,
      valueDate: '2026-01-15',
      owners: { fundingPartner: partnerId },
      amounts: { payout: amountMinor },
      currency: 'CNY',
      description: `drain of ${partnerId}`,
    }),
  );
}
