import { callbackPath, reviewedPath, withdrawnPath } from '../../support/crash/branches';
import { killAtEachPoint } from '../../support/crash/points';
import type { Stage } from '../../support/crash/stage';
import { openTestStage } from '../../support/crash/test-stage';
import { violations } from '../../support/crash/traces';

const timeLimitMs = 300_000;

let stage: Stage;
beforeAll(async () => {
  stage = await openTestStage();
  await stage.startSandbox();
  await stage.startWorker();
}, timeLimitMs);
afterAll(() => stage.close());

describe('the API, killed at each crash point once while clients and parties send the same again,', () => {
  const tried = new Set<string>();

  test.each([
    {
      path: callbackPath,
      among: ['after-commit submission', 'before-answer submission', 'after-commit notification'],
    },
    { path: reviewedPath, among: ['after-commit answer', 'after-commit approval', 'before-answer approval'] },
    { path: withdrawnPath, among: ['after-commit withdrawal', 'before-answer withdrawal'] },
  ])(
    'in a flow that is $path.name: it ends as it would have, with the records of an undisturbed one',
    async ({ path, among }) => {
      const { points, killed } = await killAtEachPoint(stage, path, { kill: 'api' }, { elsewhere: tried });
      expect(killed).toEqual(points);
      expect(points).toEqual(expect.arrayContaining(among));
    },
    timeLimitMs,
  );

  test('starts one flow for one request, and gives the same answer again', async () => {
    const { rows } = await stage.db.raw<{ rows: { flows: number; keys: number }[] }>(
      `select count(distinct flow_id)::int as flows, count(distinct idempotency_key)::int as keys from access.submission`,
    );
    const { count } = await stage.client.workflow.count();
    expect(rows).toEqual([{ flows: count, keys: count }]);
  });

  test('leaves books that balance, funds and credit that are conserved, and one payout for each loan', async () => {
    expect(await violations(stage)).toEqual([]);
  });
});
