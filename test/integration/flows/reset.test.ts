import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { goBranch, type BranchName, type Walk, type Walked } from '../../support/branches';
import { startPlatform, type Platform } from '../../support/platform';
import { expectSound } from '../../support/sound';
import { until } from '../../support/until';

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
}, 60_000);
afterAll(() => platform.stop());

interface Run {
  workflowId: string;
  runId: string;
}

const lastRunOf = async ({ flowId }: Walk): Promise<Run> =>
  platform.client.workflow.getHandle(flowId).describe();

/** The events at which an operator can reset a run in the Web UI: its completed workflow tasks. */
async function resetPoints({ workflowId, runId }: Run): Promise<number[]> {
  const { events } = await platform.client.workflow.getHandle(workflowId, runId).fetchHistory();
  return (events ?? [])
    .filter((event) => event.workflowTaskCompletedEventAttributes)
    .map((event) => Number(event.eventId));
}

/** Resets a run as an operator can. Out: the new run. */
async function reset({ workflowId, runId }: Run, eventId: number): Promise<WorkflowHandle> {
  const { client } = platform;
  const started = await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId, runId },
    reason: 'tried by a test',
    requestId: randomUUID(),
    workflowTaskFinishEventId: eventId as never,
  });
  return client.workflow.getHandle(workflowId, started.runId);
}

/** Everything that the platform has written, table by table, row by row. */
async function everything(): Promise<Map<string, unknown[]>> {
  const { rows: tables } = await platform.owner.raw<{ rows: { name: string }[] }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
      where schemaname not in ('pg_catalog', 'information_schema', 'public') order by 1`,
  );
  const content = new Map<string, unknown[]>();
  for (const { name } of tables) {
    const { rows } = await platform.owner.raw<{ rows: { row: unknown }[] }>(
      `select to_jsonb(t) as row from ${name} t order by t::text`,
    );
    content.set(
      name,
      rows.map(({ row }) => row),
    );
  }
  return content;
}

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
    'exception/returned',
    'exception/refund-returned',
  ])(
    '%s',
    async (branch) => {
      const { outcome, ...walk } = await goBranch(platform, branch);
      const before = {
        content: await everything(),
        trace: await platform.trace(),
        outside: await platform.outsideDid(),
      };
      const ended = await lastRunOf(walk);
      const points = await resetPoints(ended);
      expect(points.length).toBeGreaterThanOrEqual(2);

      for (const point of points) {
        const again = await reset(ended, point);
        expect(await again.result()).toEqual(outcome);
        expect(await platform.outsideDid()).toEqual(before.outside);
        expect(await platform.trace()).toEqual(before.trace);
        expect(await everything()).toEqual(before.content);
      }
    },
    120_000,
  );
});

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
    'exception/returned',
  ])(
    '%s',
    async (branch) => {
      const undisturbed = await doneBy(() => goBranch(platform, branch));
      let resets = 0;
      const disturbed = await doneBy(() =>
        goBranch(platform, branch, async (walk) => {
          const waiting = await lastRunOf(walk);
          // What its first task did in PostgreSQL is there before Temporal has the task as completed.
          await until(async () => (await resetPoints(waiting)).length > 0);
          for (const point of await resetPoints(waiting)) {
            await reset(waiting, point);
            resets += 1;
          }
        }),
      );
      expect(resets).toBeGreaterThanOrEqual(1);
      expect(disturbed).toEqual(undisturbed);
    },
    120_000,
  );
});

test('an order that is reset while Yeepay divides it is divided as it was asked, and what is refunded meanwhile is returned', async () => {
  const walk = await goBranch(platform, 'debt-order/refunded-while-it-is-divided', async (waiting) => {
    const run = await lastRunOf(waiting);
    for (const point of await resetPoints(run)) await reset(run, point);
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
  const before = await everything();
  const { outcome, names } = await going();
  const after = await everything();
  const trace = await platform.trace();
  const { effects, refunds, messages, divides } = await platform.outsideDid();
  const shared = ['books.account', 'books.account_balance', 'reference.mall', 'reference.yeepay_code'];
  const isOurs = (reference: string): boolean => names.some((name) => reference.includes(name));
  return {
    outcome: (outcome as { outcome: string }).outcome,
    tale: trace
      .filter(({ flowId }) => isOurs(flowId))
      .map(({ message, service }) => `${message} → ${service}`),
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
    gained: [...after]
      .filter(([table]) => !shared.includes(table))
      .map(([table, rows]) => [table, rows.length - before.get(table)!.length]),
  };
}
