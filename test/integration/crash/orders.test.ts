import { decidedDay, returnedOrder, settledOrder } from '../../support/crash/branches';
import { killAtEachPoint } from '../../support/crash/points';
import type { Child, Stage } from '../../support/crash/stage';
import { openTestStage } from '../../support/crash/test-stage';
import { violations } from '../../support/crash/traces';

// Malls' orders. Here a process dies at each kind of point once: where Yeepay is asked and has answered, and where debts are
// settled and stand again. `npm run chaos -- --points` kills it at every point of every branch.

const timeLimitMs = 600_000;

let stage: Stage;
beforeAll(async () => {
  stage = await openTestStage();
  await stage.startSandbox();
}, timeLimitMs);
afterAll(() => stage.close());

describe('a worker that is killed while an order is divided, settled, refunded and rolled back', () => {
  let api: Child;
  beforeAll(async () => {
    api = await stage.startApi();
  }, timeLimitMs);
  afterAll(() => api.stop());

  test(
    'what Yeepay refuses to return stays divided until people say otherwise, as without a death',
    async () => {
      const among = /divide-back|POST|divide-failed|debt-settlement-service\.(settle-debt|rollback-debt)/;
      const { points, killed } = await killAtEachPoint(stage, returnedOrder, { kill: 'worker' }, { among });
      expect(killed).toEqual(points);
      expect(points).toContain('after-commit handling debt-settlement-service.rollback-debt');
    },
    timeLimitMs,
  );

  test(
    'what a day is found to differ in is found once, and explained once',
    async () => {
      const among = /after-commit reconciliation\.(compare|end)/;
      const { points, killed } = await killAtEachPoint(stage, decidedDay, { kill: 'worker' }, { among });
      expect(points).toEqual(['after-commit reconciliation.compare', 'after-commit reconciliation.end']);
      expect(killed).toEqual(points);
    },
    timeLimitMs,
  );
});

describe('the API that is killed while a mall tells of an order and Yeepay of its clearing', () => {
  let worker: Child;
  beforeAll(async () => {
    worker = await stage.startWorker();
  }, timeLimitMs);
  afterAll(() => worker.stop());

  test(
    'the order is divided and settles its debts once, as without a death',
    async () => {
      const { points, killed } = await killAtEachPoint(stage, settledOrder, { kill: 'api' });
      expect(killed).toEqual(points);
      expect(points).toEqual(
        expect.arrayContaining([
          'after-commit mall call',
          'before-answer mall call',
          'before-answer callback',
        ]),
      );
    },
    timeLimitMs,
  );
});

test('the books agree with orders, debts and what Yeepay has really divided, whoever was killed', async () => {
  expect(await violations(stage)).toEqual([]);
});
