import { setTimeout as delay } from 'node:timers/promises';
import type { RestClient } from './rest';
import type { Deed } from './story';

/** The ids under which the API knows those who act in the story, finance, who reads the books, and the mall, which signs. */
export const CLIENTS = {
  app: 'demo-app',
  operators: ['demo-operator-1', 'demo-operator-2'],
  finance: 'demo-finance',
  mall: 'cn-mall',
} as const;

/** Those who act in the story, each with an API key of their own. */
export interface People {
  /** The app, in which customers apply and withdraw. */
  app: RestClient;
  /** One answers a flow's question, the other one approves the answer. */
  operators: readonly [RestClient, RestClient];
}

/** What a flow waits for a person to answer. */
interface OpenQuestion {
  flowId: string;
  question: string;
}

const LOOK_EVERY_MS = 250;

/** The questions that flows wait with, the oldest first. */
export async function openQuestions({ operators: [operator] }: People): Promise<OpenQuestion[]> {
  return (await operator.get<{ questions: OpenQuestion[] }>('/v1/ops/questions')).questions;
}

/**
 * Waits until the application's flow, or a flow that followed from it, asks what the deed is about, and does the deed.
 *
 * @param application `key` makes the idempotency keys those of this run and case
 * @param signal ends the waiting
 * @returns the id of the flow that asked
 */
export async function actWhenAsked(
  { when, does }: Deed,
  { applicationId, key }: { applicationId: string; key: string },
  { people, signal }: { people: People; signal: AbortSignal },
): Promise<string> {
  const flowId = await untilAsked(when, applicationId, { people, signal });
  const headers = { 'idempotency-key': `${key}-${does}` };
  if (does === 'WITHDRAW') {
    const path = `/v1/loan-applications/${applicationId}/withdrawals`;
    await people.app.post(path, { reason: 'No longer needed.' }, headers);
    return flowId;
  }
  const [operator, another] = people.operators;
  const act = { flowId, question: when, answer: does, reason: 'Looked into it.' };
  const { actId } = await operator.post<{ actId: string }>('/v1/ops/acts', act, headers);
  await another.post(`/v1/ops/acts/${actId}/approvals`, { reason: 'Checked it as well.' }, headers);
  return flowId;
}

async function untilAsked(
  question: string,
  applicationId: string,
  { people, signal }: { people: People; signal: AbortSignal },
): Promise<string> {
  for (;;) {
    // The id of every flow about an application has the application's id in it.
    const asked = (await openQuestions(people)).find(
      (one) => one.question === question && one.flowId.includes(applicationId),
    );
    if (asked) return asked.flowId;
    await delay(LOOK_EVERY_MS, undefined, { signal });
  }
}
