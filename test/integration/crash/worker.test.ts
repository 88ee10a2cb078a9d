import { failingPath, plainPath } from '../../support/crash/branches';
import { killAtEachPoint, type KilledAt } from '../../support/crash/points';
import type { Stage } from '../../support/crash/stage';
import { openTestStage } from '../../support/crash/test-stage';
import { violations } from '../../support/crash/traces';

// Each of some ninety deaths takes a process's start, and the time after which Temporal notices a death.
const timeLimitMs = 900_000;

let stage: Stage;
let plain: Promise<KilledAt>;
let failing: Promise<KilledAt>;

beforeAll(async () => {
  stage = await openTestStage();
  await stage.startApi();
  await stage.startSandbox();
  // Side by side: each waits half of the time for a death to be noticed.
  // A point that both pass is tried in one of them, whichever comes to it first.
  const tried = new Set<string>();
  plain = killAtEachPoint(stage, plainPath, { kill: 'worker', taskQueue: 'plain' }, { elsewhere: tried });
  failing = killAtEachPoint(
    stage,
    failingPath,
    { kill: 'worker', taskQueue: 'failing' },
    { elsewhere: tried },
  );
  await Promise.allSettled([plain, failing]);
}, timeLimitMs);
afterAll(() => stage.close());

describe('a worker that is killed at each crash point once', () => {
  test('of a flow that pays out: every flow ends with the loan, and with the records of an undisturbed one', async () => {
    const { points, killed } = await plain;
    expect(killed).toEqual(points);
    expect(points).toContain('after-commit handling partner-hub.disbursement-requested');
  });

  test('of a flow that nobody funds: every flow ends undone, and with the records of an undisturbed one', async () => {
    const { points, killed } = await failing;
    expect(killed).toEqual(points);
    expect(points).toContain('before-commit refusal fund-routing-system.route-funds');
  });

  test('leaves books that balance, funds and credit that are conserved, and one payout for each loan', async () => {
    expect(await violations(stage)).toEqual([]);
  });
});
