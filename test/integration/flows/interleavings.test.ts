import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { booksOn, positionOf } from '../../../db/books/posting';
import { trialBalance } from '../../../db/books/trial-balance';
import { checkTrace } from '../../../scripts/check-trace';
import type { LoanApplicationOutcome } from '../../../workflows/loan-application-disbursement';
import { until } from '../../support/until';
import { startPlatform, type Application, type Platform } from '../../support/platform';

// A failure is repeated by its seed, as far as scheduling allows: ids, amounts, orders, delays and what the parties do
// follow from it. More rounds meet more interleavings.
const firstSeed = process.env.INTERLEAVINGS_SEED ?? '20260115';
const rounds = Number(process.env.INTERLEAVINGS_ROUNDS ?? 1);
const seeds = Array.from({ length: rounds }, (_, round) =>
  round === 0 ? firstSeed : `${firstSeed}.${round}`,
);
const withinMs = 120_000;

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform({ answerTimeoutMs: 500, workerSets: 2 });
}, 60_000);
afterAll(() => platform.stop());

const digest = (...what: unknown[]): Buffer => createHash('sha256').update(JSON.stringify(what)).digest();

/** A whole number from `least` to `most` that follows from the seed and what it is for, whatever was drawn before. */
const drawn = (least: number, most: number, ...what: unknown[]): number =>
  least + Math.floor((digest(...what).readUInt32BE() / 2 ** 32) * (most - least + 1));

/** An application of one test and seed, of a customer of its own unless one is named. */
const applicationIdOf = (...what: unknown[]): string =>
  `LA${digest(...what)
    .toString('hex')
    .slice(0, 16)
    .toUpperCase()}`;

/** What parties do that pay in the end, each in its own time. */
const paying = [
  { weight: 4, behaviour: { kind: 'ACCEPT' } },
  { weight: 2, behaviour: { kind: 'SLOW', delayMs: 200 } },
  { weight: 2, behaviour: { kind: 'CALLBACK', delayMs: 100 } },
  { weight: 2, behaviour: { kind: 'EARLY_CALLBACK' } },
  { weight: 2, behaviour: { kind: 'DOUBLE_CALLBACK', delayMs: 50, ids: 'SAME' } },
  { weight: 2, behaviour: { kind: 'DOUBLE_CALLBACK', delayMs: 50, ids: 'DIFFERENT' } },
  { weight: 2, behaviour: { kind: 'BREAK' } },
  { weight: 1, behaviour: { kind: 'HANG' } },
  { weight: 1, behaviour: { kind: 'NOT_TAKEN', by: 'ERROR' } },
];
const refusing = [
  { weight: 6, behaviour: { kind: 'REFUSE', code: 'NOT_TODAY' } },
  { weight: 4, behaviour: { kind: 'CALLBACK', delayMs: 100, code: 'ACCOUNT_CLOSED' } },
];
/** Callbacks before the answer, doubled, lying, after the flow asked again, and after it has gone on or ended. */
const callingBack = [
  { weight: 3, behaviour: { kind: 'EARLY_CALLBACK' } },
  { weight: 2, behaviour: { kind: 'EARLY_CALLBACK', code: 'ACCOUNT_CLOSED' } },
  { weight: 3, behaviour: { kind: 'DOUBLE_CALLBACK', delayMs: 50, ids: 'SAME' } },
  { weight: 3, behaviour: { kind: 'DOUBLE_CALLBACK', delayMs: 0, ids: 'DIFFERENT' } },
  { weight: 3, behaviour: { kind: 'LATE_CALLBACK', delayMs: 1_000 } },
  { weight: 2, behaviour: { kind: 'LATE_CALLBACK', delayMs: 3_000 } },
  { weight: 2, behaviour: { kind: 'CONTRADICT', by: 'CALLBACK', truth: 'SUCCEEDED', code: 'OOPS' } },
  { weight: 4, behaviour: { kind: 'LATE_SUCCESS', delayMs: 1_000, code: 'NOT_TODAY' } },
];

const behaveBy = (seed: string, of: object[]): Promise<void> =>
  platform.behave({ behaviour: { kind: 'MIXTURE', seed, of } });

/** Sends applications at once, each after a short delay of its own, and waits for their ends. */
async function applyAtOnce(
  applications: (Application & { applicationId: string })[],
): Promise<LoanApplicationOutcome[]> {
  return Promise.all(
    applications.map(async ({ applicationId, ...application }) => {
      await delay(drawn(0, 300, applicationId, 'delay'));
      return (await platform.apply(application, applicationId)).outcome;
    }),
  );
}

async function position(book: 'credit' | 'funds', owner: string): Promise<Record<string, number>> {
  const accounts = await positionOf(platform.db, book, owner);
  return Object.fromEntries(accounts.map(({ code, balanceMinor }) => [code, balanceMinor]));
}

/** Leaves a partner with exactly this much available, as if it had put in more, or as one large reservation would. */
async function makeAvailable(partnerId: string, market: 'CN' | 'ID', amountMinor: number): Promise<void> {
  const lacking = amountMinor - (await position('funds', partnerId)).available!;
  if (lacking === 0) return;
  const text = `${amountMinor} available at ${partnerId}, ${platform.newApplicationId()}`;
  const fact = {
    ...{ businessKey: text, description: text, valueDate: '2026-01-15' },
    owners: { fundingPartner: partnerId },
    currency: market === 'CN' ? 'CNY' : 'IDR',
  } as const;
  await platform.db.transaction(async (tx) => {
    const books = booksOn(tx, { market });
    await (lacking > 0
      ? books.post({ scenario: 'funds.contributed', amounts: { contributed: lacking }, ...fact })
      : books.post({ scenario: 'funds.reserved', amounts: { payout: -lacking }, ...fact }));
  });
}

/** Looks at something again and again while work goes on, and once after it. */
async function watching<T>(look: () => Promise<void>, work: Promise<T>): Promise<T> {
  let working = true;
  const done = work.finally(() => (working = false));
  while (working) {
    await look();
    await Promise.race([delay(20), done]);
  }
  await look();
  return done;
}

/** The payouts of some applications, by reference: those that parties have made, and those that the platform knows of. */
async function payoutsOf(applicationIds: readonly string[]): Promise<{ made: string[]; known: string[] }> {
  const made = (await platform.allEffects()).map(({ reference }) => reference);
  const known = await platform
    .db('fund_management_system.fund_reservation')
    .whereIn('application_id', applicationIds)
    .whereIn('state', ['PAID_OUT', 'IN_EXCEPTION'])
    .pluck<string[]>('application_id');
  return { made: made.filter((one) => applicationIds.includes(one)).sort(), known: known.sort() };
}

async function expectOneEffectForEachAction(applicationIds: readonly string[]): Promise<void> {
  const { made, known } = await payoutsOf(applicationIds);
  expect(known).toEqual(made);
}

async function expectBooksInOrder(): Promise<void> {
  const { totals } = await trialBalance(platform.db);
  expect(totals.filter((book) => !book.balanced)).toEqual([]);
  expect(checkTrace(await platform.trace()).problems).toEqual([]);
}

const count = (outcomes: readonly LoanApplicationOutcome[], wanted: string): number =>
  outcomes.filter(({ outcome }) => outcome === wanted).length;

describe.each(seeds)('two sets of workers, seed %s', (seed) => {
  describe('twenty applications of one customer at the edge of the credit line', () => {
    const principalMinor = 100_000;
    const fitting = drawn(3, 17, seed, 'fitting');
    const limitMinor = fitting * principalMinor + drawn(0, principalMinor - 1, seed, 'rest');

    async function applyTwentyTimes(test: string): Promise<{
      customerId: string;
      applicationIds: string[];
      outcomes: LoanApplicationOutcome[];
    }> {
      await makeAvailable('bank-huaxin', 'CN', 100_000_000);
      await makeAvailable('trust-jinhe', 'CN', 100_000_000);
      const customerId = await platform.newCustomer('CN', { limitMinor });
      const applicationIds = Array.from({ length: 20 }, (_, number) => applicationIdOf(seed, test, number));
      const outcomes = await watching(
        async () => {
          const { available = 0, reserved = 0, used = 0, granted } = await position('credit', customerId);
          expect(available + reserved + used).toBe(granted);
          expect(reserved + used).toBeLessThanOrEqual(fitting * principalMinor);
        },
        applyAtOnce(
          applicationIds.map((applicationId) => ({
            ...{ applicationId, customerId, principalMinor },
            market: 'CN' as const,
          })),
        ),
      );
      return { customerId, applicationIds, outcomes };
    }

    test(
      'are paid as many as fit, and no more',
      async () => {
        await behaveBy(seed, paying);
        const { customerId, applicationIds, outcomes } = await applyTwentyTimes('credit');

        expect(count(outcomes, 'DISBURSED')).toBe(fitting);
        expect(count(outcomes, 'REJECTED')).toBe(20 - fitting);
        const usedMinor = fitting * principalMinor;
        expect(await position('credit', customerId)).toEqual({
          granted: limitMinor,
          available: limitMinor - usedMinor,
          reserved: 0,
          used: usedMinor,
        });
        await expectOneEffectForEachAction(applicationIds);
        await expectBooksInOrder();
      },
      withinMs,
    );

    test(
      'never pass it while payouts fail and give back what they had',
      async () => {
        await behaveBy(seed, [...paying, ...refusing]);
        const { customerId, applicationIds, outcomes } = await applyTwentyTimes('credit and failures');

        const usedMinor = count(outcomes, 'DISBURSED') * principalMinor;
        expect(await position('credit', customerId)).toMatchObject({
          available: limitMinor - usedMinor,
          reserved: 0,
        });
        await expectOneEffectForEachAction(applicationIds);
        await expectBooksInOrder();
      },
      withinMs,
    );
  });

  test(
    "thirty customers at the edge of their partners' funds are paid as many as fit, and the others by nobody",
    async () => {
      const [principalMinor, payoutMinor] = [1_000_000, 970_000];
      const fitting = [drawn(5, 15, seed, 'first'), drawn(5, 10, seed, 'second')] as const;
      const rest = drawn(0, payoutMinor - 1, seed, 'rest of funds');
      const partners = ['dana-sejahtera', 'bank-nusantara'] as const;
      for (const [place, partner] of partners.entries())
        await makeAvailable(partner, 'ID', fitting[place]! * payoutMinor + rest);
      const before = await Promise.all(partners.map((partner) => position('funds', partner)));
      await behaveBy(seed, paying);

      const applicationIds = Array.from({ length: 30 }, (_, number) =>
        applicationIdOf(seed, 'funds', number),
      );
      const outcomes = await applyAtOnce(
        applicationIds.map((applicationId) => ({ applicationId, market: 'ID' as const, principalMinor })),
      );

      const paidBy = outcomes.map((one) => (one.outcome === 'DISBURSED' ? one.partnerId : one.outcome));
      for (const [place, partner] of partners.entries()) {
        expect(paidBy.filter((one) => one === partner)).toHaveLength(fitting[place]!);
        expect(await position('funds', partner)).toMatchObject({
          available: rest,
          frozen: before[place]!.frozen ?? 0,
          'in-transit': 0,
          'paid-out': (before[place]!['paid-out'] ?? 0) + fitting[place]! * payoutMinor,
        });
      }
      expect(count(outcomes, 'FAILED')).toBe(30 - fitting[0] - fitting[1]);
      await expectOneEffectForEachAction(applicationIds);
      await expectBooksInOrder();
    },
    withinMs,
  );

  test(
    'callbacks before the answers, doubled, wrong and late, all at once, settle each payout once',
    async () => {
      await makeAvailable('bank-huaxin', 'CN', 100_000_000);
      await makeAvailable('trust-jinhe', 'CN', 100_000_000);
      await makeAvailable('dana-sejahtera', 'ID', 1_000_000_000);
      await makeAvailable('bank-nusantara', 'ID', 1_000_000_000);
      await behaveBy(seed, callingBack);
      const applications = Array.from({ length: 30 }, (_, number) => ({
        applicationId: applicationIdOf(seed, 'callbacks', number),
        market: number % 2 === 0 ? ('CN' as const) : ('ID' as const),
      }));
      const applicationIds = applications.map(({ applicationId }) => applicationId);
      const outcomes = await applyAtOnce(applications);

      expect(count(outcomes, 'DISBURSED') + count(outcomes, 'FAILED')).toBe(30);
      // Whoever said so falsely pays a moment later, when the flow has gone on or ended.
      const falselyFailed = await platform
        .db('outside.request')
        .whereIn(
          'flow_id',
          applicationIds.map((applicationId) => `loan-application-disbursement:${applicationId}`),
        )
        .whereNot('operation', 'send-message')
        .whereRaw(`answer #>> '{failure,code}' = 'NOT_TODAY'`);
      const payouts = count(outcomes, 'DISBURSED') + falselyFailed.length;
      await until(async () => (await payoutsOf(applicationIds)).known.length >= payouts);
      await expectOneEffectForEachAction(applicationIds);
      const loans = await platform
        .db('asset_center.loan_contract')
        .whereIn('application_id', applicationIds)
        .pluck<string[]>('application_id');
      const disbursed = outcomes.filter(({ outcome }) => outcome === 'DISBURSED');
      expect(loans.sort()).toEqual(disbursed.map(({ applicationId }) => applicationId).sort());
      await expectBooksInOrder();
    },
    withinMs,
  );
});
