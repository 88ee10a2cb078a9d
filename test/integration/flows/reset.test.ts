import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { inBetweenFeatures } from '../../../db/seeds';
import { startPlatform, type Platform } from '../../support/platform';

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
}, 60_000);
afterAll(() => platform.stop());

/** The events at which an operator can reset a flow in the Web UI: each workflow task that was completed. */
async function resetPoints(handle: WorkflowHandle): Promise<number[]> {
  const { events } = await handle.fetchHistory();
  return (events ?? [])
    .filter((event) => event.workflowTaskCompletedEventAttributes)
    .map((event) => Number(event.eventId));
}

async function resetTo(handle: WorkflowHandle, eventId: number): Promise<WorkflowHandle> {
  const { runId } = await platform.client.workflowService.resetWorkflowExecution({
    namespace: platform.client.options.namespace,
    workflowExecution: { workflowId: handle.workflowId, runId: (await handle.describe()).runId },
    reason: 'tried by a test',
    requestId: randomUUID(),
    workflowTaskFinishEventId: eventId as never,
  });
  return platform.client.workflow.getHandle(handle.workflowId, runId);
}

/** Everything that the platform has written, table by table, row by row. */
async function everything(): Promise<Record<string, unknown[]>> {
  const { rows: tables } = await platform.owner.raw<{ rows: { name: string }[] }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
      where schemaname not in ('pg_catalog', 'information_schema', 'public') order by 1`,
  );
  const content: Record<string, unknown[]> = {};
  for (const { name } of tables) {
    const { rows } = await platform.owner.raw<{ rows: { row: unknown }[] }>(
      `select to_jsonb(t) as row from ${name} t order by t::text`,
    );
    content[name] = rows.map(({ row }) => row);
  }
  return content;
}

describe.each([
  ['paid out by the partner itself', { market: 'CN' as const }, []],
  [
    'paid out of custody, by callback',
    { market: 'ID' as const },
    [{ party: 'id-payout', behaviour: { kind: 'CALLBACK', delayMs: 200 } }],
  ],
  [
    'that nobody funds',
    { market: 'CN' as const },
    [
      { party: 'bank-huaxin', behaviour: { kind: 'REFUSE', code: 'NO' } },
      { party: 'cn-payout', behaviour: { kind: 'REFUSE', code: 'NO' } },
    ],
  ],
])('an application %s', (_name, application, behaviours) => {
  test('runs to the same end when it is reset to each of its points, and changes nothing twice', async () => {
    const applicationId = platform.newApplicationId();
    await platform.behave(...behaviours.map((one) => ({ ...one, match: { reference: applicationId } })));
    const { handle, outcome } = await platform.apply(application, applicationId);
    await expectNoChangeByReset(applicationId, handle, outcome);
  }, 60_000);
});

test('an application that operators approved runs to the same end when it is reset to each of its points', async () => {
  const customerId = await platform.newCustomer('CN', { features: inBetweenFeatures });
  const applicationId = platform.newApplicationId();
  const handle = await platform.startFlow({ market: 'CN', customerId }, applicationId);
  await untilAsked(handle.workflowId);
  await platform.decide(handle.workflowId, 'review', 'APPROVE');
  await expectNoChangeByReset(applicationId, handle, (await handle.result()) as object);
}, 60_000);

async function untilAsked(flowId: string): Promise<void> {
  while (
    !(await platform
      .db('operations.question')
      .where({ flow_id: flowId, question: 'review' })
      .first('flow_id'))
  ) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Resets a flow that has ended to each of its points in turn: the same end, and not a row more or less. */
async function expectNoChangeByReset(
  applicationId: string,
  handle: WorkflowHandle,
  outcome: object,
): Promise<void> {
  const before = { content: await everything(), effects: await platform.effects(applicationId) };
  const points = await resetPoints(handle);
  const { runId } = await handle.describe();
  expect(points.length).toBeGreaterThanOrEqual(2);

  for (const point of points) {
    const again = await resetTo(platform.client.workflow.getHandle(handle.workflowId, runId), point);
    expect(await again.result()).toEqual(outcome);
    expect(await platform.effects(applicationId)).toEqual(before.effects);
    expect(await everything()).toEqual(before.content);
  }
}
