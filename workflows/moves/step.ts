import {
  condition,
  defineSignal,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { Delivered, Delivery } from '../../activities/handling';
import type { Message, ServiceId } from '../../schemas/message';
import { typeOf } from '../../schemas/message';
import { partyQueue } from './party-queue';
import { refusalIn } from './refusal';

/** Told by the API when a party has notified us about a request that the flow waits for. */
export const outsideAnswered = defineSignal<[requestNo: string]>('outside-answered');

type Activities = Record<string, (delivery: Delivery) => Promise<Delivered>>;

/** A step that only touches PostgreSQL, inside the worker that runs the flow: cheap when all is well. */
const quickly = (summary: string): Activities =>
  proxyLocalActivities<Activities>({
    scheduleToCloseTimeout: '10 seconds',
    startToCloseTimeout: '5 seconds',
    retry: { initialInterval: '50 milliseconds', maximumInterval: '1 second', maximumAttempts: 4 },
    summary,
  });

/** The same step when it is ill, and every step that asks an outside party: seen by operators, retried without end. */
const persistently = (summary: string, taskQueue: string): Activities =>
  proxyActivities<Activities>({
    taskQueue,
    startToCloseTimeout: '30 seconds',
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
    summary,
  });

/**
 * Carries out one step of a flow: an activity named after the service and the message, as the catalog names them.
 * In: the service, the delivery, the outside party that it asks (if any), and the requests that were answered so far.
 * Out: everything that was sent. Throws Refused when the service refused; technical failures are retried without end.
 */
export async function step(
  service: ServiceId,
  delivery: Delivery,
  party: string | undefined,
  answered: ReadonlySet<string>,
): Promise<Message[]> {
  const type = 'type' in delivery.message ? delivery.message.type : typeOf(delivery.message);
  const name = `${service}.${type}`;
  const summary =
    [type, service, ...delivery.then].join(' → ') + (delivery.refusal ? ` (${delivery.refusal.code})` : '');
  const { taskQueue } = workflowInfo();
  try {
    if (party)
      return await untilSettled(
        () => persistently(summary, partyQueue(taskQueue, party))[name]!(delivery),
        answered,
      );
    return sentOf(await quickly(summary)[name]!(delivery));
  } catch (error) {
    const refused = refusalIn(error);
    if (refused) throw refused;
    if (party || isCancellation(error)) throw error;
  }
  return sentOf(await persistently(summary, taskQueue)[name]!(delivery));
}

/** Repeats a step until the outside party's final word is on record: after its callback, or by asking again in time. */
async function untilSettled(
  attempt: () => Promise<Delivered>,
  answered: ReadonlySet<string>,
): Promise<Message[]> {
  for (;;) {
    const delivered = await attempt();
    if ('sent' in delivered) return delivered.sent;
    const { requestNo, askAgainInMs } = delivered.waitingFor;
    await condition(() => answered.has(requestNo), askAgainInMs);
  }
}

function sentOf(delivered: Delivered): Message[] {
  if ('sent' in delivered) return delivered.sent;
  throw new Error(
    `This step asks ${delivered.waitingFor.party}: name the party where the flow passes the message.`,
  );
}
