import { goBranch, type BranchName } from '../../support/branches';
import { startPlatform, type Platform } from '../../support/platform';
import { tablesOfRuns } from '../../support/reconciliation';
import { resetsOn } from '../../support/resets';

let platform: Platform;
let resets: ReturnType<typeof resetsOn>;
beforeAll(async () => {
  platform = await startPlatform();
  resets = resetsOn(platform);
}, 60_000);
afterAll(() => platform.stop());

describe('a flow that has ended and is reset to each of its points runs to the same end and changes nothing', () => {
  test.each<BranchName>([
    'loan-application-disbursement/paid-out-by-the-partner',
    'loan-application-disbursement/paid-out-from-custody-by-callback',
    'loan-application-disbursement/funded-by-nobody',
    'loan-application-disbursement/approved-in-review',
    'loan-application-disbursement/withdrawn-while-a-payout-fails',
    'repayment/method-by-our-payment-system-after-a-refusal',
    'repayment/method-by-callback',
    'repayment/instalment-paid',
    'repayment/identified-for-a-loan',
    'repayment/extension-paid',
    'refund-and-reversal-lifecycle/paid-back-by-callback',
    'refund-and-reversal-lifecycle/paid-back-to-another-account',
    'refund-and-reversal-lifecycle/given-up',
    'refund-and-reversal-lifecycle/reversed',
    'refund-and-reversal-lifecycle/charged-back',
    'extension/approved-in-review',
    'extension/method-of-nobody',
    'debt-order/settled-and-completed',
    'debt-order/divide-tried-again',
    'debt-order/not-divided',
    'debt-order/refunded-in-part-before-it-settles',
    'debt-order/refunded-before-it-settles',
    'debt-order/rolled-back-with-what-exceeds',
    'debt-order/returned-as-people-say',
    'debt-order/refunded-after-an-import',
    'debt-reconciliation/decided-by-people',
    'exception/returned',
    'exception/refund-returned',
  ])(
    '%s',
    async (branch) => {
      const { outcome, ...walk } = await goBranch(platform, branch);
      const before = {
        content: await resets.everything(tablesOfRuns),
        trace: await platform.trace(),
        outside: await platform.outsideDid(),
      };
      const ended = await resets.lastRunOf(walk);
      const points = await resets.pointsOf(ended);
      expect(points.length).toBeGreaterThanOrEqual(2);

      for (const point of points) {
        const again = await resets.reset(ended, point);
        expect(await again.result()).toEqual(outcome);
        expect(await platform.outsideDid()).toEqual(before.outside);
        expect(await platform.trace()).toEqual(before.trace);
        expect(await resets.everything(tablesOfRuns)).toEqual(before.content);
      }
    },
    // A day that was compared twice is compared again from each of some forty points.
    300_000,
  );
});
