import { positionOf } from '../../../db/books/posting';
import { trialBalance } from '../../../db/books/trial-balance';
import type { LoanApplicationOutcome } from '../../../workflows/loan-application-disbursement';
import { checkTrace } from '../../../scripts/check-trace';
import { startPlatform, type Platform } from '../../support/platform';

// A failure is repeated by its seed: ids, behaviours and draws follow from it.
const seed = Number(process.env.MIXTURE_SEED ?? 20260115);
const applications = Number(process.env.MIXTURE_APPLICATIONS ?? 200);
const atOnce = 12;

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform({ answerTimeoutMs: 500 });
}, 60_000);
afterAll(() => platform.stop());

/** Every fault of a party that ends by itself; `CONTRADICT` lies about failures only, since a success is believed. */
const faults = [
  { weight: 20, behaviour: { kind: 'ACCEPT' } },
  { weight: 6, behaviour: { kind: 'REFUSE', code: 'NOT_TODAY' } },
  { weight: 3, behaviour: { kind: 'SLOW', delayMs: 100 } },
  { weight: 4, behaviour: { kind: 'CALLBACK', delayMs: 100 } },
  { weight: 2, behaviour: { kind: 'CALLBACK', delayMs: 100, code: 'ACCOUNT_CLOSED' } },
  { weight: 2, behaviour: { kind: 'SILENT', delayMs: 100 } },
  { weight: 3, behaviour: { kind: 'EARLY_CALLBACK' } },
  { weight: 3, behaviour: { kind: 'DOUBLE_CALLBACK', delayMs: 50, ids: 'SAME' } },
  { weight: 3, behaviour: { kind: 'DOUBLE_CALLBACK', delayMs: 50, ids: 'DIFFERENT' } },
  { weight: 3, behaviour: { kind: 'LATE_CALLBACK', delayMs: 1_500 } },
  { weight: 2, behaviour: { kind: 'HANG' } },
  { weight: 2, behaviour: { kind: 'BREAK' } },
  { weight: 2, behaviour: { kind: 'ERROR' } },
  { weight: 3, behaviour: { kind: 'NOT_TAKEN', by: 'BREAK' } },
  { weight: 2, behaviour: { kind: 'NOT_TAKEN', by: 'ERROR' } },
  { weight: 2, behaviour: { kind: 'CONTRADICT', by: 'ANSWER', truth: 'SUCCEEDED', code: 'OOPS' } },
  { weight: 2, behaviour: { kind: 'CONTRADICT', by: 'CALLBACK', truth: 'SUCCEEDED', code: 'OOPS' } },
];

const partners = ['bank-huaxin', 'trust-jinhe', 'bank-nusantara', 'dana-sejahtera'];

test(`hundreds of applications through random faults lose, double and leave nothing (seed ${seed})`, async () => {
  await platform.behave({ behaviour: { kind: 'MIXTURE', seed: String(seed), of: faults } });
  const outcomes = new Map<string, LoanApplicationOutcome>();
  let next = 0;
  const applyInTurn = async (): Promise<void> => {
    while (next < applications) {
      const number = (next += 1);
      const market = number % 2 === 0 ? 'CN' : 'ID';
      const applicationId = `LA${String(seed).padStart(10, '0')}${String(number).padStart(6, '0')}`;
      const { outcome } = await platform.apply({ market }, applicationId);
      outcomes.set(applicationId, outcome);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, applyInTurn));

  // Every flow has come to a defined end, and the parties have paid once what was disbursed, and nothing else.
  const wrong: string[] = [];
  for (const [applicationId, { outcome }] of outcomes) {
    const effects = await platform.effects(applicationId);
    if (effects.length !== (outcome === 'DISBURSED' ? 1 : 0))
      wrong.push(`${applicationId} ${outcome}: ${effects.length} payouts`);
  }
  expect(wrong).toEqual([]);
  const count = (wanted: string): number =>
    [...outcomes.values()].filter(({ outcome }) => outcome === wanted).length;
  expect(count('DISBURSED') + count('FAILED')).toBe(applications);

  // The books balance, nothing is left reserved, and what was paid out is what the loans say.
  const { totals } = await trialBalance(platform.db);
  expect(totals.filter((book) => !book.balanced)).toEqual([]);
  for (const partner of partners) {
    const accounts = await positionOf(platform.db, 'funds', partner);
    const balances = Object.fromEntries(accounts.map(({ code, balanceMinor }) => [code, balanceMinor]));
    expect(balances).toMatchObject({ frozen: 0, 'in-transit': 0 });
    expect(balances.available! + balances['paid-out']!).toBe(balances.contributed);
  }
  const { rows: reserved } = await platform.db.raw<{ rows: unknown[] }>(
    `select owner from books.account_position where book = 'credit' and code = 'reserved' and balance_minor <> 0`,
  );
  expect(reserved).toEqual([]);
  expect(checkTrace(await platform.trace()).problems).toEqual([]);
}, 600_000);
