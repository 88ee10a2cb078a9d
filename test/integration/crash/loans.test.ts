import {
  backstage,
  chargedBack,
  extended,
  refundedByCallback,
  refundedElsewhere,
  repaid,
  reversed,
} from '../../support/crash/branches';
import { killAtEachPoint } from '../../support/crash/points';
import type { Child, Stage } from '../../support/crash/stage';
import { openTestStage } from '../../support/crash/test-stage';
import { violations } from '../../support/crash/traces';

// What becomes of loans. Here a process dies at each kind of point once in each flow: where a party is asked, and where money
// is entered. `npm run chaos -- --points` kills it at every point of every branch.

const timeLimitMs = 600_000;

let stage: Stage;
beforeAll(async () => {
  stage = await openTestStage();
  await Promise.all([stage.startSandbox(), stage.startWorker(undefined, backstage)]);
}, timeLimitMs);
afterAll(() => stage.close());

describe('a worker that is killed while loans are repaid, refunded, reversed and extended', () => {
  let api: Child;
  beforeAll(async () => {
    api = await stage.startApi();
  }, timeLimitMs);
  afterAll(() => api.stop());

  test.each([
    {
      ...{ branch: repaid, flow: 'an order and its money' },
      among: /repayment-method|partner-hub\.(request-partner-repayment|external-repayment-notified)$/,
      including: 'after-commit handling partner-hub.external-repayment-notified',
    },
    {
      ...{ branch: refundedElsewhere, flow: 'a refund that the channel refuses, and that goes elsewhere' },
      among:
        /payment-system\.initiate-refund$|refund to|payment-channel-refund|accounting-center\.repayment-refunded$/,
      including: 'before-commit refusal payment-system.initiate-refund',
    },
    {
      ...{ branch: reversed, flow: 'the reversal of a disbursement' },
      among: /reverse-disbursement$|disbursement-reversed$/,
      including: 'after-commit handling refund-reversal-service.reverse-disbursement',
    },
    {
      ...{ branch: chargedBack, flow: 'a chargeback' },
      among: /create-repayment-refund$/,
      including: 'after-commit handling refund-reversal-service.create-repayment-refund',
    },
    {
      ...{ branch: extended, flow: 'an extension and its money' },
      among: /initiate-payment$|accounting-entry-posted$/,
      including: 'after-commit handling payment-system.accounting-entry-posted',
    },
  ])(
    '$flow: every flow ends as it would have, with the records of an undisturbed one',
    async ({ branch, among, including }) => {
      const { points, killed } = await killAtEachPoint(stage, branch, { kill: 'worker' }, { among });
      expect(killed).toEqual(points);
      expect(points).toContain(including);
    },
    timeLimitMs,
  );
});

describe('the API that is killed while clients order, parties tell of money, and operators ask for refunds', () => {
  let worker: Child;
  beforeAll(async () => {
    worker = await stage.startWorker();
  }, timeLimitMs);
  afterAll(() => worker.stop());

  const elsewhere = new Set<string>();

  test.each([
    { branch: repaid, among: ['after-commit receipt', 'before-answer repayment order'] },
    { branch: refundedByCallback, among: ['before-answer refund', 'before-answer callback'] },
    { branch: chargedBack, among: ['before-answer chargeback'] },
    { branch: extended, among: ['before-answer extension order'] },
  ])(
    '$branch.name: it ends as it would have, with the records of an undisturbed one',
    async ({ branch, among }) => {
      const { points, killed } = await killAtEachPoint(stage, branch, { kill: 'api' }, { elsewhere });
      expect(killed).toEqual(points);
      expect(points).toEqual(expect.arrayContaining(among));
    },
    timeLimitMs,
  );
});

test('the books agree with loans, credit lines and funds, and money has moved outside once, whoever was killed', async () => {
  expect(await violations(stage)).toEqual([]);
});
