import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import type { Knex } from 'knex';

const { WorkflowTaskFailedCause: Cause } = temporal.api.enums.v1;

/** Causes that tell of no bug. (A task that timed out is another event: its worker died, and that is the test's doing.) */
const harmlessCauses = new Set([
  // A signal or an Update came just when the flow was about to end: the same code takes the task again.
  Cause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND,
  Cause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_UPDATE,
  // Temporal writes a reset into the new run as a failed task, and what the old run was about when it was ended by it
  // (or terminated by a test, or for its size: the test then gets no outcome).
  Cause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW,
  Cause.WORKFLOW_TASK_FAILED_CAUSE_FORCE_CLOSE_COMMAND,
]);

/**
 * The workflow tasks that failed in a namespace, in every run of every workflow, whoever started it: one line each. A
 * failed task is a bug in workflow code, also when a later one succeeds; its first failure stands in the history.
 */
export async function failedWorkflowTasks(client: Client, db: Knex): Promise<string[]> {
  await untilListed(client, db);
  const failures: string[] = [];
  for await (const { workflowId, history } of client.workflow.list().intoHistories()) {
    const { events } = history as temporal.api.history.v1.IHistory;
    for (const { workflowTaskFailedEventAttributes: failed } of events ?? []) {
      if (!failed || harmlessCauses.has(failed.cause!)) continue;
      failures.push(`${workflowId}: ${Cause[failed.cause!]} ${failed.failure?.message ?? ''}`);
    }
  }
  return failures;
}

/** Runs of questions, which the API asks itself: due lists and quotes. No workflow carries them. */
const isQuestion = (flowId: string): boolean => /^(repayment:(DL|RQ)|extension:EQ)/.test(flowId);

/** Temporal lists a workflow a moment after it has started; every flow that has done something stands in our database. */
async function untilListed(client: Client, db: Knex): Promise<void> {
  const runIds = await db('messages.run').whereNull('parent_flow_id').pluck<string[]>('flow_id');
  const flowIds = runIds.filter((flowId) => !isQuestion(flowId));
  for (let tries = 0; ; tries += 1) {
    const listed = new Set<string>();
    for await (const { workflowId } of client.workflow.list()) listed.add(workflowId);
    const missing = flowIds.filter((flowId) => !listed.has(flowId));
    if (missing.length === 0) return;
    if (tries === 100) throw new Error(`Temporal lists no workflow ${missing.join(', ')}.`);
    await delay(100);
  }
}
