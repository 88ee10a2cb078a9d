import { setTimeout as delay } from 'node:timers/promises';
import { formatMoney, type Money } from '../../domain/money';
import type { Client } from '@temporalio/client';
import { actWhenAsked, openQuestions, type People } from './people';
import type { RestClient } from './rest';
import type { Screen } from './screen';
import type { Deed, StoryCase } from './story';

/** How far an application has come, as the API tells it. */
export interface Progress {
  story: StoryCase;
  /** Undefined until it was sent. */
  sent: { applicationId: string; flowId: string; atMs: number } | undefined;
  /** The application's state; WAITING until it was sent. */
  state: string;
  /** What was handled last, as 'message → service'. */
  lastStep: string;
  /** When the flow's end was seen, and that of the flow that a deed of the story is about. */
  endedAtMs: number | undefined;
}

/** An application as the API shows it; only what the demo reads. */
export interface ApplicationAnswer {
  state: string;
  principal: Money;
  payout?: Money;
  reasonCodes?: string[];
  partnerId?: string;
  links: { loan?: string };
}

interface FlowAnswer {
  state: string;
  lastStep?: { message: string; service: string };
}

const FLOW_TYPE = 'loan-application-disbursement';
const AT_ONCE = 6;
const LOOK_EVERY_MS = 250;
const NOT_ENDED = ['RECEIVED', 'RUNNING'];

/** Tells the sandbox how parties behave towards the customers of the story; what earlier runs told is forgotten. */
export async function setBehaviours(control: RestClient, cases: readonly StoryCase[]): Promise<void> {
  await control.delete('/control/behaviours');
  for (const { customer, behaviours } of cases) {
    for (const { party, behaviour } of behaviours) {
      await control.post('/control/behaviours', { party, match: { customerId: customer.id }, behaviour });
    }
  }
}

/** The flows that an earlier run left in the middle of their way; with workers again, they go on by themselves. */
export async function leftRunning(temporal: Client): Promise<string[]> {
  const flowIds: string[] = [];
  const query = `WorkflowType = '${FLOW_TYPE}' AND ExecutionStatus = 'Running'`;
  for await (const { workflowId } of temporal.workflow.list({ query })) flowIds.push(workflowId);
  return flowIds;
}

/**
 * Resolves when each of these flows has ended or waits for a person.
 *
 * @returns the flows that wait
 */
export async function untilAtRest(
  flowIds: readonly string[],
  { people, signal }: { people: People; signal: AbortSignal },
): Promise<string[]> {
  const waiting: string[] = [];
  for (const flowId of flowIds) {
    while (!(await hasEnded(flowId, people))) {
      if ((await openQuestions(people)).some((asked) => asked.flowId === flowId)) {
        waiting.push(flowId);
        break;
      }
      await delay(LOOK_EVERY_MS, undefined, { signal });
    }
  }
  return waiting;
}

const hasEnded = async (flowId: string, { app }: People): Promise<boolean> =>
  !NOT_ENDED.includes((await app.get<FlowAnswer>(`/v1/flows/${flowId}`)).state);

/** What playing needs. `run` makes the idempotency keys those of this run; `signal` ends it. */
interface Stage {
  people: People;
  run: string;
  screen: Screen;
  signal: AbortSignal;
}

/**
 * Sends the story's applications, at most six at once, follows each to the end of its flow, and does what people do
 * about it.
 *
 * @throws Error that names the applications that have not come to their end, when the signal ends it
 */
export async function play(cases: readonly StoryCase[], stage: Stage): Promise<Progress[]> {
  const { screen, signal } = stage;
  const all = cases.map((story): Progress => {
    return { story, sent: undefined, state: 'WAITING', lastStep: '', endedAtMs: undefined };
  });
  const redraw = setInterval(() => screen.show(progressTable(all, Date.now())), LOOK_EVERY_MS);
  const toSend = all.values();
  const lane = async (): Promise<void> => {
    for (const progress of toSend) await playOne(progress, stage);
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  } catch (error) {
    if (!signal.aborted) throw error;
    const open = all.filter(({ sent, endedAtMs }) => sent && !endedAtMs).map(({ sent }) => sent?.flowId);
    throw new Error(`The time is over, and these have not come to their end: ${open.join(', ')}.`, {
      cause: error,
    });
  } finally {
    clearInterval(redraw);
    screen.show([]);
  }
  return all;
}

async function playOne(progress: Progress, stage: Stage): Promise<void> {
  const { id, customer, productId, principal, instalmentCount } = progress.story;
  const body = {
    ...{ customerId: customer.id, productId, principal, instalmentCount },
    payoutAccountToken: `tok_${customer.id}`,
  };
  const { applicationId, flowId } = await stage.people.app.post<{
    applicationId: string;
    flowId: string;
  }>('/v1/loan-applications', body, { 'idempotency-key': `${stage.run}-${id}` });
  progress.sent = { applicationId, flowId, atMs: Date.now() };
  await Promise.all([follow(progress, progress.sent, stage), actForPeople(progress, applicationId, stage)]);
  progress.endedAtMs = Date.now();
}

/** Keeps up with the application until its flow has ended. */
async function follow(
  progress: Progress,
  { applicationId, flowId }: { applicationId: string; flowId: string },
  { people: { app }, screen, signal }: Stage,
): Promise<void> {
  const { id } = progress.story;
  for (;;) {
    const flow = await app.get<FlowAnswer>(`/v1/flows/${flowId}`);
    // Read after the flow: when that has ended, this is how it ended.
    const { state } = await app.get<ApplicationAnswer>(`/v1/loan-applications/${applicationId}`);
    if (state !== progress.state) screen.noteChange(`${id.padEnd(18)} ${state.padEnd(15)} ${applicationId}`);
    progress.state = state;
    if (flow.lastStep) progress.lastStep = `${flow.lastStep.message} → ${flow.lastStep.service}`;
    if (!NOT_ENDED.includes(flow.state)) return;
    await delay(LOOK_EVERY_MS, undefined, { signal });
  }
}

/** Does what people do about the application, says so, and waits until the flow that asked for it has ended. */
async function actForPeople(
  progress: Progress,
  applicationId: string,
  { people, run, screen, signal }: Stage,
): Promise<void> {
  const { id, deed } = progress.story;
  if (!deed) return;
  // Whoever watches is to see it wait, before people act.
  while (deed.when === 'review' && progress.state !== 'IN_REVIEW') {
    await delay(LOOK_EVERY_MS, undefined, { signal });
  }
  const flowId = await actWhenAsked(deed, { applicationId, key: `${run}-${id}` }, { people, signal });
  screen.note(`${id.padEnd(18)} ${deedInWords(deed)}`);
  while (!(await hasEnded(flowId, people))) await delay(LOOK_EVERY_MS, undefined, { signal });
}

function deedInWords({ when, does }: Deed): string {
  if (does === 'WITHDRAW') return `in ${when} → withdrawn by the customer`;
  return `in ${when} → ${does} by one operator, approved by another`;
}

/** The table that is redrawn while applications are under way: one line each. `nowMs` is the time of drawing. */
export function progressTable(all: readonly Progress[], nowMs: number): string[] {
  const ended = all.filter(({ endedAtMs }) => endedAtMs !== undefined).length;
  const lines = all.map(({ story, sent, state, lastStep, endedAtMs }) => {
    const seconds = sent ? `${(((endedAtMs ?? nowMs) - sent.atMs) / 1000).toFixed(1)} s` : '';
    const columns = [
      endedAtMs === undefined ? ' ' : '•',
      story.id.padEnd(17),
      formatMoney(story.principal).padStart(14),
      state.padEnd(15),
      seconds.padStart(6),
      lastStep,
    ];
    return columns.join(' ');
  });
  return [`${ended} of ${all.length} loan applications have ended`, ...lines];
}
