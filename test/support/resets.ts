import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { Walk } from './branches';
import type { Platform } from './platform';

interface Run {
  workflowId: string;
  runId: string;
}

/** Resets runs of a platform's flows, as operators can, and sees what the platform has written. */
export function resetsOn({ client, owner }: Platform) {
  return {
    lastRunOf: async ({ flowId }: Walk): Promise<Run> => client.workflow.getHandle(flowId).describe(),

    /** The events at which an operator can reset a run in the Web UI: its completed workflow tasks. */
    async pointsOf({ workflowId, runId }: Run): Promise<number[]> {
      const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      return (events ?? [])
        .filter((event) => event.workflowTaskCompletedEventAttributes)
        .map((event) => Number(event.eventId));
    },

    /** Resets a run. Out: the new run. */
    async reset({ workflowId, runId }: Run, eventId: number): Promise<WorkflowHandle> {
      const started = await client.workflowService.resetWorkflowExecution({
        namespace: client.options.namespace,
        workflowExecution: { workflowId, runId },
        reason: 'tried by a test',
        requestId: randomUUID(),
        workflowTaskFinishEventId: eventId as never,
      });
      return client.workflow.getHandle(workflowId, started.runId);
    },

    /** Everything that the platform has written, table by table, row by row; without some tables where they are named. */
    async everything(without: readonly string[] = []): Promise<Map<string, unknown[]>> {
      const { rows: tables } = await owner.raw<{ rows: { name: string }[] }>(
        `select format('%I.%I', schemaname, tablename) as name from pg_tables
          where schemaname not in ('pg_catalog', 'information_schema', 'public') order by 1`,
      );
      const content = new Map<string, unknown[]>();
      for (const { name } of tables.filter((table) => !without.includes(table.name))) {
        const { rows } = await owner.raw<{ rows: { row: unknown }[] }>(
          `select to_jsonb(t) as row from ${name} t order by t::text`,
        );
        content.set(
          name,
          rows.map(({ row }) => row),
        );
      }
      return content;
    },
  };
}
