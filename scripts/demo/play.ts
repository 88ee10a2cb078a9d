import { setTimeout as delay } from 'node:timers/promises';
import { formatMoney, type Money } from '../../domain/money';
import type { Client } from '@temporalio/client';
import type { RestClient } from './rest';
import type { Screen } from './screen';
import type { StoryCase } from './story';

/** How far an application has come, as the API tells it. */
export interface Progress {
  story: StoryCase;
  /** Undefined until it was sent. */
  sent: { applicationId: string; flowId: string; atMs: number } | undefined;
  /** The application's state; WAITING until it was sent. */
  state: string;
  /** What was handled last, as 'message → service'. */
  lastStep: string;
  /** When the flow's end was seen. */
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

/** Resolves when all these flows have ended. */
export async function untilEnded(
  flowIds: readonly string[],
  { api, signal }: { api: RestClient; signal: AbortSignal },
): Promise<void> {
  for (const flowId of flowIds) {
    while (NOT_ENDED.includes((await api.get<FlowAnswer>(`/v1/flows/${flowId}`)).state)) {
      await delay(LOOK_EVERY_MS, undefined, { signal });
    }
  }
}

/**
 * Sends the story's applications, at most six at once, and follows each to the end of its flow.
 *
 * @param run makes the idempotency keys those of this run
 * @param signal ends it; the error then names the flows that have not ended
 */
export async function play(
  cases: readonly StoryCase[],
  { api, run, screen, signal }: { api: RestClient; run: string; screen: Screen; signal: AbortSignal },
): Promise<Progress[]> {
  const all = cases.map((story): Progress => {
    return { story, sent: undefined, state: 'WAITING', lastStep: '', endedAtMs: undefined };
  });
  const redraw = setInterval(() => screen.show(progressTable(all, Date.now())), LOOK_EVERY_MS);
  const toSend = all.values();
  const lane = async (): Promise<void> => {
    for (const progress of toSend) await playOne(progress, { api, run, screen, signal });
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  } catch (error) {
    if (!signal.aborted) throw error;
    const open = all.filter(({ sent, endedAtMs }) => sent && !endedAtMs).map(({ sent }) => sent?.flowId);
    throw new Error(`The time is over and these flows have not ended: ${open.join(', ')}.`, { cause: error });
  } finally {
    clearInterval(redraw);
    screen.show([]);
  }
  return all;
}

async function playOne(
  progress: Progress,
  { api, run, screen, signal }: { api: RestClient; run: string; screen: Screen; signal: AbortSignal },
): Promise<void> {
  const { id, customer, productId, principal, instalmentCount } = progress.story;
  const body = {
    ...{ customerId: customer.id, productId, principal, instalmentCount },
    payoutAccountToken: `tok_${customer.id}`,
  };
  const { applicationId, flowId } = await api.post<{ applicationId: string; flowId: string }>(
    '/v1/loan-applications',
    body,
    { 'idempotency-key': `${run}-${id}` },
  );
  progress.sent = { applicationId, flowId, atMs: Date.now() };
  for (;;) {
    const flow = await api.get<FlowAnswer>(`/v1/flows/${flowId}`);
    // Read after the flow: when that has ended, this is how it ended.
    const { state } = await api.get<ApplicationAnswer>(`/v1/loan-applications/${applicationId}`);
    if (state !== progress.state) screen.noteChange(`${id.padEnd(18)} ${state.padEnd(15)} ${applicationId}`);
    progress.state = state;
    if (flow.lastStep) progress.lastStep = `${flow.lastStep.message} → ${flow.lastStep.service}`;
    if (!NOT_ENDED.includes(flow.state)) break;
    await delay(LOOK_EVERY_MS, undefined, { signal });
  }
  progress.endedAtMs = Date.now();
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
