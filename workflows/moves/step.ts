import {
  defineSignal,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  workflowInfo,
  type ActivityOptions,
} from '@temporalio/workflow';
import type { Delivered, Delivery, Done } from '../../activities/handling';
import type { ReconciliationActivities } from '../../activities/reconciliation';
import type { FlowActivities } from '../../activities/start-flow';
import { attentionAfterAsks } from '../../domain/attention';
import type { Message, ServiceId } from '../../schemas/message';
import { typeOf } from '../../schemas/message';
import { instantOf, nowMs } from './clock';
import type { Inbox } from './inbox';
import { operatorOf, type Operator } from './operator';
import { partyQueue } from './party-queue';
import { refusalIn } from './refusal';
import type { View } from './view';

/** Told by the API when a party has notified us about a request that the flow waits for. */
const outsideAnswered = defineSignal<[requestNo: string]>('outside-answered');

/** How long a step may fail before a person is asked for. */
const attentionAfterMs = 60_000;

/** What the steps of one workflow share. */
export interface Waits {
  view: View;
  operator: Operator;
  /** Requests about which a party has notified us since we last asked. */
  answered: Set<string>;
  /** What the flow was told from outside; only of a flow that has opened it. */
  inbox?: Inbox;
}

/** Opens what the steps of the running workflow share. */
export function openWaits(view: View): Waits {
  const answered = new Set<string>();
  setHandler(outsideAnswered, (requestNo) => void answered.add(requestNo));
  return { view, operator: operatorOf(view), answered };
}

type Activities = Record<string, (delivery: Delivery) => Promise<Delivered>>;

/** A step that only touches PostgreSQL, inside the worker that runs the flow: cheap when all is well. */
const quickly = (summary: string): Activities =>
  proxyLocalActivities<Activities>({
    scheduleToCloseTimeout: '10 seconds',
    startToCloseTimeout: '5 seconds',
    retry: { initialInterval: '50 milliseconds', maximumInterval: '1 second', maximumAttempts: 4 },
    summary,
  });

/** The same step when it is ill, and every step that asks an outside party: seen by operators, retried. */
const visibly = (summary: string, taskQueue: string, withinMs?: number): Activities =>
  proxyActivities<Activities>(regular(summary, taskQueue, withinMs));

const regular = (summary: string, taskQueue: string, withinMs?: number) =>
  ({
    taskQueue,
    startToCloseTimeout: '30 seconds',
    // A worker that has died is noticed as soon here as in a task of the flow: one time limit, set at the flow's start.
    heartbeatTimeout: workflowInfo().taskTimeoutMs,
    ...(withinMs === undefined ? {} : { scheduleToCloseTimeout: withinMs }),
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
    summary,
  }) satisfies ActivityOptions;

/**
 * Carries out one step of a flow: an activity named after the service and the message, as the catalog names them.
 * In: the service, the delivery, the outside party that it asks (if any), and what the workflow's steps share.
 * Out: what was sent, as far as the delivery says that the flow wants it. Throws Refused when the service refused; whatever else fails is tried without end, and
 * after a minute a person is asked for. While an operator holds the flow, no step begins.
 */
export async function step(
  service: ServiceId,
  delivery: Delivery,
  party: string | undefined,
  waits: Waits,
): Promise<Message[]> {
  const type = 'type' in delivery.message ? delivery.message.type : typeOf(delivery.message);
  const services = [service, ...delivery.then.flatMap((hop) => hop.services)];
  const { view, operator } = waits;
  const released = operator.released();
  // Not awaited in vain: each promise of a workflow costs a stack trace, which the SDK takes for the Web UI.
  if (released) await released;
  view.begin(type, services);
  const { sent, types = sent.map(typeOf) } = await carryOut(`${service}.${type}`, delivery, party, waits);
  view.end([type, ...types], services);
  return sent;
}

/** Activities that handle no message. */
type Deeds = FlowActivities & ReconciliationActivities;
export type DeedName = keyof Deeds;
export type DeedInput<Name extends DeedName> = Parameters<Deeds[Name]>[0];
export type DeedResult<Name extends DeedName> = Awaited<ReturnType<Deeds[Name]>>;

/** Starts another flow, as `deed` does what is no message. */
export function startFlow(other: Omit<DeedInput<'flow.start'>, 'taskQueue'>, waits: Waits): Promise<void> {
  const { taskQueue } = workflowInfo();
  return deed('flow.start', { ...other, taskQueue }, `flow.start → ${other.flowId}`, undefined, waits);
}

/**
 * Does what is no message's handling. Like a step it waits while an operator holds the flow, and is tried without end; after a minute
 * a person is asked for.
 */
export async function deed<Name extends DeedName>(
  name: Name,
  input: DeedInput<Name>,
  summary: string,
  party: string | undefined,
  { view, operator }: Waits,
): Promise<DeedResult<Name>> {
  await operator.released();
  const { taskQueue } = workflowInfo();
  const queue = party ? partyQueue(taskQueue, party) : taskQueue;
  const attempt = (withinMs?: number): Promise<DeedResult<Name>> =>
    operator.orRetryNow(() => {
      const deeds = proxyActivities<Deeds>(regular(summary, queue, withinMs));
      // What goes in and out of each is known by its name only.
      return (deeds[name] as unknown as (input: DeedInput<Name>) => Promise<DeedResult<Name>>)(input);
    });
  try {
    return await attempt(attentionAfterMs);
  } catch (error) {
    if (isCancellation(error)) throw error;
    return view.attention(`${name} keeps failing: see its last failure`, () => attempt());
  }
}

async function carryOut(
  name: string,
  delivery: Delivery,
  party: string | undefined,
  waits: Waits,
): Promise<Done> {
  const summary = summaryOf(name, delivery);
  const { taskQueue } = workflowInfo();
  const { view, operator } = waits;

  if (!party) {
    const delivered = await unlessIll(quickly(summary)[name]!(delivery));
    if (delivered) return asDone(delivered);
  }
  // A party that answers at once is gone before anybody looks, and a step that runs shows itself; what is ill is published.
  if (!party) view.publish();
  const queue = party ? partyQueue(taskQueue, party) : taskQueue;
  const attempt = async (): Promise<Delivered> =>
    (await unlessIll(
      operator.orRetryNow(() => visibly(summary, queue, attentionAfterMs)[name]!(delivery)),
    )) ??
    (await view.attention(`${name} keeps failing: see its last failure`, () =>
      unlessRefused(operator.orRetryNow(() => visibly(summary, queue)[name]!(delivery))),
    ));
  return party ? untilSettled(attempt, waits) : asDone(await attempt());
}

/** What operators read beside the step's name: where the message goes, hop by hop. */
function summaryOf(name: string, { then, refusal }: Delivery): string {
  const [service, type] = name.split('.');
  const way = [type, service, ...then.map((hop) => hop.services.join(' + '))].join(' → ');
  return refusal ? `${way} (${refusal.code})` : way;
}

/** What a step delivered, or null when it failed for a technical reason. */
async function unlessIll(delivering: Promise<Delivered>): Promise<Delivered | null> {
  try {
    return await delivering;
  } catch (error) {
    const refused = refusalIn(error);
    if (refused ?? isCancellation(error)) throw refused ?? error;
    return null;
  }
}

/** What a step delivered; a failure that carries a refusal becomes one. */
async function unlessRefused(delivering: Promise<Delivered>): Promise<Delivered> {
  try {
    return await delivering;
  } catch (error) {
    throw refusalIn(error) ?? error;
  }
}

/** Repeats a step until the outside party's final word is on record: after its callback, or by asking again in time. */
async function untilSettled(attempt: () => Promise<Delivered>, waits: Waits): Promise<Done> {
  return (
    (await settledWithin(attentionAfterAsks, attempt, waits)) ??
    waits.view.attention(
      'an outside party gives no final word: what became of a request is unknown, and is asked for again and again',
      () => settledWithin(Infinity, attempt, waits).then((done) => done!),
    )
  );
}

/** Null when the party was asked that often in vain; what is given up in time ends by itself, however often it takes. */
async function settledWithin(
  asks: number,
  attempt: () => Promise<Delivered>,
  waits: Waits,
): Promise<Done | null> {
  for (let asked = 1; ; asked += 1) {
    const delivered = await attempt();
    if ('sent' in delivered) return delivered;
    await untilToBeAsked(delivered, waits);
    if (asked >= asks && !delivered.waitingFor.isGivenUpInTime) return null;
  }
}

async function untilToBeAsked(
  { waitingFor }: Exclude<Delivered, Done>,
  { answered, view, operator }: Waits,
): Promise<void> {
  const { requestNo, party, askAgainInMs, unknownWhy } = waitingFor;
  const askAgainAt = instantOf(nowMs() + askAgainInMs);
  const why = unknownWhy === undefined ? '' : ` (unknown: ${unknownWhy})`;
  view.waitFor(`for ${party}'s word about request ${requestNo}${why}; asks again at ${askAgainAt}`);
  view.publish();
  await operator.pause(() => answered.has(requestNo), askAgainInMs);
  answered.delete(requestNo);
}

function asDone(delivered: Delivered): Done {
  if ('sent' in delivered) return delivered;
  throw new Error(
    `This step asks ${delivered.waitingFor.party}: name the party where the flow passes the message.`,
  );
}
