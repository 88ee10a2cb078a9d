import { crashPoint } from '../crash/point';
import type { Submission } from '../db/access/submissions';
import type { FlowNeeds } from './needs';
import { waitSecondsIn } from './prefer';
import type { Answer, Call } from './route';
import { startFlow, startFlowAndWait } from './temporal';

/** How long a method is waited for where the client does not say: parties that are well take less. */
export const USUAL_WAIT_SECONDS = 5;

/** An order that was submitted, and whose flow has a method made to pay it by. */
interface MethodOrder<Body extends { state: string }> {
  submission: Submission;
  /** What operators read in the Web UI; no personal data. */
  summary: string;
  /** Of the order. */
  address: string;
  /** The order as it is before its flow has begun. */
  received: Body;
  /** Reads the order as it stands now. */
  current: () => Promise<Body>;
  /** The states in which the flow still works on it. */
  underWay: readonly Body['state'][];
}

/**
 * Starts the flow of an order, or finds it started, and waits a while for its method.
 *
 * @param call says by Prefer how long; the usual time where it does not
 * @returns 201 with the order once its flow is through, 202 while it is not, each with the order's address
 * @throws Problem TEMPORARILY_UNAVAILABLE when Temporal is away
 */
export async function startMethodOrder<Body extends { state: string }>(
  { temporal, config }: FlowNeeds,
  call: Call,
  order: MethodOrder<Body>,
): Promise<Answer> {
  const { flow, flowId, command } = order.submission;
  const start = { flow, flowId, command, taskQueue: config.taskQueue, summary: order.summary };
  const headers = { Location: order.address };
  const accepted = { status: 202, headers, body: order.received };
  const waitSeconds = waitSecondsIn(call.parameters, USUAL_WAIT_SECONDS);
  if (waitSeconds > 0) return { ...accepted, later: methodInTime };
  await startFlow(temporal, start);
  crashPoint('before-answer', `${flow} order`);
  return accepted;

  async function methodInTime(): Promise<Answer> {
    await startFlowAndWait(temporal, start, waitSeconds * 1000);
    const body = await order.current();
    return { status: order.underWay.includes(body.state) ? 202 : 201, headers, body };
  }
}
