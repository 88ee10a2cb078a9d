import { goBranch, type BranchName, type Walk, type Walked } from '../../support/branches';
import { startPlatform, type Platform } from '../../support/platform';
import { tablesOfRuns } from '../../support/reconciliation';
import { resetsOn } from '../../support/resets';
import { expectSound } from '../../support/sound';
import { until } from '../../support/until';

let platform: Platform;
let resets: ReturnType<typeof resetsOn>;
beforeAll(async () => {
  platform = await startPlatform();
  resets = resetsOn(platform);
}, 60_000);
afterAll(() => platform.stop());

describe('a flow that is reset to each of its points while it waits does what it would have done', () => {
  test.each<BranchName>([
    'loan-application-disbursement/approved-in-review',
    'loan-application-disbursement/paid-out-by-callback',
    'loan-application-disbursement/paid-out-from-custody-by-callback',
    'loan-application-disbursement/withdrawn-while-a-payout-fails',
    'repayment/method-by-callback',
    'repayment/identified-for-a-loan',
    'refund-and-reversal-lifecycle/paid-back-by-callback',
    'refund-and-reversal-lifecycle/paid-back-to-another-account',
    'refund-and-reversal-lifecycle/reversed',
    'refund-and-reversal-lifecycle/claimed-from-the-party',
    'extension/approved-in-review',
    'debt-order/confirmed-before-it-is-divided',
    'debt-order/confirmed-after-people-were-asked',
    'debt-order/refunded-in-part-before-it-settles',
    'debt-order/returned-as-people-say',
    'debt-reconciliation/decided-by-people',
    'exception/returned',
  ])(
    '%s',
    async (branch) => {
      const undisturbed = await doneBy(() => goBranch(platform, branch));
      let times = 0;
      const disturbed = await doneBy(() =>
        goBranch(platform, branch, async (walk) => {
          const waiting = await resets.lastRunOf(walk);
          // What its first task did in PostgreSQL is there before Temporal has the task as completed.
          await until(async () => (await resets.pointsOf(waiting)).length > 0);
          for (const point of await resets.pointsOf(waiting)) {
            await resets.reset(waiting, point);
            times += 1;
          }
        }),
      );
      expect(times).toBeGreaterThanOrEqual(1);
      expect(disturbed).toEqual(undisturbed);
    },
    120_000,
  );
});

test('an order that is reset while Yeepay divides it is divided as it was asked, and what is refunded meanwhile is returned', async () => {
  const walk = await goBranch(platform, 'debt-order/refunded-while-it-is-divided', async (waiting) => {
    const run = await resets.lastRunOf(waiting);
    for (const point of await resets.pointsOf(run)) await resets.reset(run, point);
  });
  const { divides } = await platform.outsideDid();
  expect(divides.find(({ orderId }) => orderId === walk.orderId)).toMatchObject({
    ...{ dividedMinor: 8_000, returnedMinor: 4_000, completedMinor: 1_940 },
  });
  await expectSound(platform);
}, 120_000);

/**
 * What a branch did, in terms that are the same for each customer who goes it: how it ended, its tale, the money that
 * moved outside, and how many rows each table gained. What the first to need it brings for all is left out.
 */
async function doneBy(going: () => Promise<Walked<Walk>>): Promise<object> {
  const shared = ['books.account', 'books.account_balance', 'reference.mall', 'reference.yeepay_code'];
  const before = await resets.everything([...shared, ...tablesOfRuns]);
  const { outcome, names } = await going();
  const after = await resets.everything([...shared, ...tablesOfRuns]);
  const trace = await platform.trace();
  const { effects, refunds, messages, divides } = await platform.outsideDid();
  const isOurs = (reference: string): boolean => names.some((name) => reference.includes(name));
  return {
    outcome: (outcome as { outcome: string }).outcome,
    // Flow by flow: what two do at the same time comes in any order.
    tale: trace
      .filter(({ flowId }) => isOurs(flowId))
      .map(({ flowId, message, service }) => `${flowId.split(':')[0]}: ${message} → ${service}`)
      .sort((one, other) => one.split(':')[0]!.localeCompare(other.split(':')[0]!)),
    money: [...effects, ...refunds]
      .filter(({ reference }) => isOurs(reference))
      .map(({ party, amount }) => [party, amount]),
    divided: divides
      .filter(({ reference }) => isOurs(reference))
      .map(({ completedMinor, details }) => [
        completedMinor,
        details.map(({ amountMinor, returnedMinor }) => [amountMinor, returnedMinor]),
      ]),
    told: messages.filter(({ reference }) => isOurs(reference)).map(({ template }) => template),
    gained: [...after].map(([table, rows]) => [table, rows.length - before.get(table)!.length]),
  };
}
