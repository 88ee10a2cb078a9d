import {
  ServiceError,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';
import type { NewIntervention } from '../db/interventions';
import { debtOrderFlowId, reconciliationFlowId } from '../domain/identifiers';
import { startOptions, type FlowStart } from '../schemas/flow-start';
import type { MarketId } from '../schemas/generated/messages';
import type { DataOf, Message } from '../schemas/message';
import * as attributes from '../schemas/search-attributes';
import { refundFlowId, repaymentFlowId } from './addresses';
import { Problem } from './problem';

type ChargebackData = Extract<DataOf<'create-repayment-refund'>, { chargebackId: string }>;

/** How long a client waits for us to reach Temporal before it is told to come again. */
const DEADLINE_MS = 5_000;

/** gRPC's CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED and UNAVAILABLE: it may be well a moment later. */
const AWAY = new Set([1, 4, 8, 14]);

/** Asks Temporal something, for a limited time. Throws TEMPORARILY_UNAVAILABLE when it does not answer. */
async function ask<T>(
  temporal: Client,
  question: () => Promise<T>,
  withinMs: number = DEADLINE_MS,
): Promise<T> {
  try {
    return await temporal.withDeadline(Date.now() + withinMs, question);
  } catch (error) {
    if (!isAway(error)) throw error;
    const detail = 'Temporal is away. Send the same request again.';
    throw new Problem('TEMPORARILY_UNAVAILABLE', detail, undefined, error);
  }
}

function isAway(error: unknown): boolean {
  const grpc = error instanceof ServiceError ? error.cause : error;
  return AWAY.has(Number((grpc as { code?: unknown } | undefined)?.code));
}

/**
 * Starts a flow, or finds it started.
 *
 * @throws Problem TEMPORARILY_UNAVAILABLE when Temporal is away
 */
export async function startFlow(temporal: Client, start: FlowStart): Promise<void> {
  try {
    await ask(temporal, () => temporal.workflow.start(start.flow, startOptions(start)));
  } catch (error) {
    // The id was reserved for this very command before, so whatever runs or ran under it is what was asked for.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

/**
 * Starts a flow, or finds it started, and resolves when it has ended, at the latest after `waitMs`, or earlier when it
 * cannot be waited for. The flow is started in every case.
 *
 * @throws Problem TEMPORARILY_UNAVAILABLE when Temporal is away; up to 5 seconds after `waitMs`
 */
export async function startFlowAndWait(temporal: Client, start: FlowStart, waitMs: number): Promise<void> {
  const startWorkflowOperation = new WithStartWorkflowOperation(start.flow, startOptions(start));
  try {
    // The name is that of the Update in workflows/moves/flow.ts. One id for all who ask: it is answered once.
    await temporal.withDeadline(Date.now() + waitMs, () =>
      temporal.workflow.executeUpdateWithStart('outcome', { updateId: 'outcome', startWorkflowOperation }),
    );
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return; // It has ended.
    if (!endsWaiting(error)) throw error;
    // Whether it was started before the waiting ended is not known, and starting it again changes nothing.
    await startFlow(temporal, start);
  }
}

/** The time is over, the flow ended without a result, Temporal is away or has too much to do: all that is told by gRPC. */
const endsWaiting = (error: unknown): boolean =>
  [
    WorkflowUpdateRPCTimeoutOrCancelledError,
    WorkflowUpdateFailedError,
    WorkflowNotFoundError,
    ServiceError,
  ].some((kind) => error instanceof kind);

/**
 * Starts the flow of a payout that was made after its failure was confirmed, or finds it started.
 *
 * @throws Problem TEMPORARILY_UNAVAILABLE when Temporal is away
 */
export const startException = (
  temporal: Client,
  {
    taskQueue,
    late,
  }: {
    taskQueue: string;
    late: { market: string; requestNo: string; transactionNo: string; paidAt: string };
  },
): Promise<void> =>
  startFlow(temporal, {
    ...{ flow: 'exception', flowId: `exception:${late.requestNo}`, taskQueue, command: late },
    summary: `Payout ${late.requestNo} succeeded after its failure was confirmed`,
  });

/**
 * Starts the flow of money that came in, or finds it started.
 *
 * @param notified the event that it begins with, and the receipt
 * @throws Problem TEMPORARILY_UNAVAILABLE when Temporal is away
 */
export const startMoneyIn = (
  temporal: Client,
  { taskQueue, receiptId, notified }: { taskQueue: string; receiptId: string; notified: Message },
): Promise<void> =>
  startFlow(temporal, {
    ...{ flow: 'repayment', flowId: repaymentFlowId(receiptId), taskQueue, command: notified },
    summary: `Money received: ${receiptId}`,
  });

/**
 * Starts the flow of money that a party has taken back, or finds it started.
 *
 * @throws Problem TEMPORARILY_UNAVAILABLE when Temporal is away
 */
export const startChargeback = (
  temporal: Client,
  { taskQueue, ...taken }: { taskQueue: string; market: MarketId; chargeback: ChargebackData },
): Promise<void> => {
  const { chargebackId, party, chargebackNo, transactionNo } = taken.chargeback;
  return startFlow(temporal, {
    ...{
      flow: 'refund-and-reversal-lifecycle',
      flowId: refundFlowId(chargebackId),
      taskQueue,
      command: taken,
    },
    summary: `Money taken back: ${party}.${transactionNo}, by ${chargebackNo}`,
  });
};

/**
 * Tells an order's flow what has come for it, and starts it where it does not run: an order's flow ends when nothing of the order
 * is open, and a later refund starts it again.
 *
 * @throws Problem TEMPORARILY_UNAVAILABLE when Temporal is away
 */
export async function tellOrder(
  temporal: Client,
  {
    taskQueue,
    market,
    orderId,
    messages,
  }: { taskQueue: string; market: string; orderId: string; messages: readonly Message[] },
): Promise<void> {
  const start: FlowStart = {
    ...{ flow: 'debt-order', flowId: debtOrderFlowId(orderId), taskQueue, command: { market, orderId } },
    summary: `Mall order ${orderId}`,
  };
  await startOrTell(temporal, start, messages);
}

/**
 * Wakes a flow with an inbox, as something may have changed that it waits for. One that does not run needs not be woken.
 *
 * @throws Problem TEMPORARILY_UNAVAILABLE when Temporal is away
 */
export const wakeFlow = (temporal: Client, flowId: string): Promise<void> =>
  tell(temporal, flowId, 'told', []);

/**
 * Has a day compared: starts its flow, or wakes the one that waits.
 *
 * @throws Problem TEMPORARILY_UNAVAILABLE when Temporal is away
 */
export const startReconciliation = (
  temporal: Client,
  { taskQueue, market, day }: { taskQueue: string; market: string; day: string },
): Promise<void> =>
  startOrTell(
    temporal,
    {
      ...{ flow: 'debt-reconciliation', flowId: reconciliationFlowId(market, day), taskQueue },
      ...{ command: { market, day }, summary: `Reconciliation of ${day}` },
    },
    [],
  );

/** Tells a flow with an inbox something, and starts it where it does not run. */
async function startOrTell(temporal: Client, start: FlowStart, messages: readonly Message[]): Promise<void> {
  const { args, ...options } = startOptions({ ...start, isRepeatable: true });
  await ask(temporal, () =>
    temporal.workflow.signalWithStart(start.flow, {
      ...{ ...options, args: [...args], signal: 'told', signalArgs: [messages] },
    }),
  );
}

/**
 * Tells a flow that a question of its was answered. A flow that has ended needs to know nothing any more.
 *
 * @throws Problem TEMPORARILY_UNAVAILABLE when Temporal is away
 */
export const tellQuestionAnswered = (temporal: Client, flowId: string, question: string): Promise<void> =>
  tell(temporal, flowId, 'question-answered', question);

/**
 * Tells a flow that a request of its was answered. A flow that has ended needs to know nothing any more.
 *
 * @throws Problem TEMPORARILY_UNAVAILABLE when Temporal is away
 */
export const tellAnswered = (temporal: Client, flowId: string, requestNo: string): Promise<void> =>
  tell(temporal, flowId, 'outside-answered', requestNo);

/** The names are those of the signals in workflows/moves/, which the API does not import. */
async function tell(
  temporal: Client,
  flowId: string,
  signal: 'outside-answered' | 'question-answered' | 'told',
  what: string | readonly Message[],
): Promise<void> {
  try {
    await ask(temporal, () => temporal.workflow.getHandle(flowId).signal(signal, what));
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}

/**
 * Sends an operator's Update to a flow, and waits until the flow has taken it.
 *
 * @throws Problem INTERVENTION_REFUSED when the flow says no; FLOW_ENDED when there is none that runs;
 *   TEMPORARILY_UNAVAILABLE when no worker takes it in time, or Temporal is away
 */
export async function intervene(
  temporal: Client,
  { flowId, act, updateId, ...order }: NewIntervention,
): Promise<void> {
  try {
    const flow = temporal.workflow.getHandle(flowId);
    await ask(temporal, () => flow.executeUpdate(act, { updateId, args: [order] }));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) {
      throw new Problem('FLOW_ENDED', `There is no flow ${flowId} that runs.`);
    }
    if (error instanceof WorkflowUpdateFailedError) {
      throw new Problem('INTERVENTION_REFUSED', error.cause?.message ?? error.message);
    }
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
      const detail = 'No worker has taken it in time; it may still be taken. Send the same request again.';
      throw new Problem('TEMPORARILY_UNAVAILABLE', detail, undefined, error);
    }
    throw error;
  }
}

/** What Temporal knows of a flow. */
export interface FlowStatus {
  /** Such as RUNNING or COMPLETED. */
  status: string;
  /** Catalog id of the message that it is passing, or the question that it asks. */
  stage?: string | undefined;
  needsAttention: boolean;
}

/**
 * What Temporal knows of a flow; undefined when it knows none of that id: it was never started, or its time to be kept is
 * over.
 *
 * @throws Problem TEMPORARILY_UNAVAILABLE when Temporal is away
 */
export async function flowStatus(temporal: Client, flowId: string): Promise<FlowStatus | undefined> {
  try {
    const { status, typedSearchAttributes } = await ask(temporal, () =>
      temporal.workflow.getHandle(flowId).describe(),
    );
    return {
      status: status.name,
      stage: typedSearchAttributes.get(attributes.stage),
      needsAttention: typedSearchAttributes.get(attributes.needsAttention) ?? false,
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** Resolves when Temporal serves our namespace; throws TEMPORARILY_UNAVAILABLE when it is away. */
export async function checkTemporal(temporal: Client, withinMs: number): Promise<void> {
  const { namespace } = temporal.options;
  await ask(temporal, () => temporal.workflowService.describeNamespace({ namespace }), withinMs);
}
