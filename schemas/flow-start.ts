import type { FlowName } from './generated/catalog';

/**
 * How long a flow stands still when the worker that works on it dies; Temporal's own default is 10 s. Shorter, and a
 * worker that only pauses on a busy machine loses its work to another, which carries it out again (harmless, but wasted).
 * A step that takes longer is no harm: the worker asks for more time. The heartbeats of the flow's steps have the same limit.
 */
const TASK_TIMEOUT_MS = 5_000;

/** A flow to be started. */
export interface FlowStart {
  flow: FlowName;
  flowId: string;
  taskQueue: string;
  /** What operators read in the Web UI; no personal data. */
  summary: string;
  /** What it begins with. */
  command: unknown;
  /** Whether one of this id that has ended is started once more. */
  isRepeatable?: true;
}

/** Temporal's options of a start. The workflow's id is the flow's id, so one flow is one workflow for ever, unless it is repeatable. */
export const startOptions = ({ flow, flowId, taskQueue, summary, command, isRepeatable }: FlowStart) =>
  ({
    workflowId: flowId,
    taskQueue,
    args: [command],
    workflowIdReusePolicy: isRepeatable ? 'ALLOW_DUPLICATE' : 'REJECT_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: summary,
    staticDetails: `Flow \`${flow}\`. Its trace: \`GET /v1/flows/${flowId}/trace\`.`,
    workflowTaskTimeout: TASK_TIMEOUT_MS,
  }) as const;
