import type { Client } from '@temporalio/client';
import type { Knex } from 'knex';
import { positionOf } from '../../db/books/posting';
import type { SettledBy } from '../../db/outside';
import type { Money } from '../../domain/money';
import { loanIdOf } from '../../domain/identifiers';
import type { Effect, SentMessage } from '../../sandbox/effects';
import { needsAttention } from '../../schemas/search-attributes';
import type { ApplicationAnswer, Progress } from './play';
import type { RestClient } from './rest';
import type { StoryCase } from './story';

/** What became of one application, from every side that knows of it. */
export interface ApplicationFinding {
  story: StoryCase;
  applicationId: string;
  flowId: string;
  /** By the API. */
  application: ApplicationAnswer;
  /** By the loan engine: APPROVE or REJECT; null when nothing was decided. */
  decision: string | null;
  /** By the API; undefined where no loan came of it. */
  loan: LoanFinding | undefined;
  /** By Temporal. */
  flow: FlowFinding;
  /** The payouts that outside parties were asked for, by our own record, in order. */
  requests: { party: string; requestNo: string; state: string; settledBy: SettledBy | null }[];
  /** What outside parties really paid, by the sandbox, but for the late payouts. */
  effects: Effect[];
  /** What they really paid for requests that our own record has as failed. */
  latePayouts: Effect[];
  /** The flows of late payouts, by Temporal. */
  exceptions: FlowFinding[];
  /** What people answered to these flows, by our own record, in order: who answered, then who approved it. */
  answers: { flowId: string; question: string; answer: string; by: string[] }[];
  /** What the customer was really sent, by the sandbox. */
  messages: Pick<SentMessage, 'template' | 'language'>[];
}

/** A flow as Temporal knows it. */
export interface FlowFinding {
  flowId: string;
  status: string;
  historyEvents: number;
  durationMs: number;
  /** Whether it has asked for a person at any time. */
  needed: 'A_PERSON_NOW' | 'A_PERSON' | 'NOBODY';
}

export interface LoanFinding {
  loanId: string;
  state: string;
  /** In the principal's minor unit, one for each instalment. */
  principalPartsMinor: number[];
}

/** What this run's flows moved on a code of a book, in minor units. */
export interface Movement {
  book: string;
  code: string;
  currency: string;
  /** By how much it grew. */
  amountMinor: number;
  /** What came in, whatever went out again. */
  cameInMinor: number;
}

/** What the figures of a run's applications are made of. */
export interface Findings {
  applications: ApplicationFinding[];
  movements: Movement[];
}

/** Whom to ask: the API, the sandbox, the database and Temporal. */
export interface Sources {
  api: RestClient;
  sandbox: RestClient;
  db: Knex;
  temporal: Client;
}

/** Collects what became of a story that was played to its end. */
export async function findingsOf(played: readonly Progress[], sources: Sources): Promise<Findings> {
  const applications: ApplicationFinding[] = [];
  for (const progress of played) applications.push(await applicationFinding(progress, sources));
  return {
    applications,
    movements: await movementsOf(
      sources.db,
      applications.flatMap(({ flowId, exceptions }) => [flowId, ...exceptions.map((one) => one.flowId)]),
    ),
  };
}

async function applicationFinding(
  { story, sent }: Progress,
  { api, sandbox, db, temporal }: Sources,
): Promise<ApplicationFinding> {
  if (!sent) throw new Error(`The application ${story.id} was never sent.`);
  const { applicationId, flowId } = sent;
  const application = await api.get<ApplicationAnswer>(`/v1/loan-applications/${applicationId}`);
  const { effects } = await sandbox.get<{ effects: Effect[] }>(`/control/effects?reference=${applicationId}`);
  const decided = await db('loan_engine.loan_application')
    .where({ application_id: applicationId })
    .first<{ decision: string | null } | undefined>('decision');
  const requests = await payoutRequests(db, flowId);
  const isLate = ({ requestNo }: Effect): boolean =>
    requests.some((one) => one.requestNo === requestNo && one.state === 'FAILED');
  const exceptionIds = await exceptionsOf(
    db,
    requests.map(({ requestNo }) => requestNo),
  );
  return {
    ...{ story, applicationId, flowId, application, requests },
    decision: decided?.decision ?? null,
    loan: application.links.loan === undefined ? undefined : await loanFinding(api, application.links.loan),
    flow: await flowFinding(temporal, flowId),
    effects: effects.filter((effect) => !isLate(effect)),
    latePayouts: effects.filter(isLate),
    exceptions: await Promise.all(exceptionIds.map((id) => flowFinding(temporal, id))),
    answers: await answersIn(db, [flowId, ...exceptionIds]),
    messages: await messagesAbout(sandbox, applicationId),
  };
}

const payoutRequests = (db: Knex, flowId: string): Promise<ApplicationFinding['requests']> =>
  db('outside.request')
    .where({ flow_id: flowId })
    .whereNot({ operation: 'send-message' })
    .orderBy('opened_at')
    .select('party', 'request_no as requestNo', 'state', 'settled_by as settledBy');

async function flowFinding(temporal: Client, flowId: string): Promise<FlowFinding> {
  const described = await temporal.workflow.getHandle(flowId).describe();
  const { status, historyLength, startTime, closeTime, typedSearchAttributes } = described;
  const attention = typedSearchAttributes.get(needsAttention);
  return {
    ...{ flowId, status: status.name, historyEvents: historyLength },
    durationMs: (closeTime ?? new Date()).getTime() - startTime.getTime(),
    needed: attention === undefined ? 'NOBODY' : attention ? 'A_PERSON_NOW' : 'A_PERSON',
  };
}

/** The flows that were started because requests succeeded after their failure was confirmed. */
async function exceptionsOf(db: Knex, requestNos: readonly string[]): Promise<string[]> {
  const flowIds = requestNos.map((requestNo) => `exception:${requestNo}`);
  const rows = await db('messages.run')
    .whereIn('flow_id', flowIds)
    .orderBy('flow_id')
    .select<{ flow_id: string }[]>('flow_id');
  return rows.map(({ flow_id }) => flow_id);
}

async function answersIn(db: Knex, flowIds: readonly string[]): Promise<ApplicationFinding['answers']> {
  const { rows } = await db.raw<{ rows: ApplicationFinding['answers'] }>(
    `select a.flow_id as "flowId", a.question, a.answer, array_remove(array[answered.actor, stands.actor], null) as by
       from operations.answer a
       join operations.act stands on stands.id = a.act_id
       left join operations.act answered on answered.id = stands.approves
      where a.flow_id = any(?)
      order by a.answered_at`,
    [[...flowIds]],
  );
  return rows;
}

/** What the customer was told is about the application or, once there is one, the loan. */
async function messagesAbout(sandbox: RestClient, applicationId: string): Promise<SentMessage[]> {
  const about = [applicationId, loanIdOf(applicationId)].map(async (reference) => {
    const path = `/control/messages?reference=${reference}`;
    return (await sandbox.get<{ messages: SentMessage[] }>(path)).messages;
  });
  return (await Promise.all(about)).flat();
}

async function loanFinding(api: RestClient, address: string): Promise<LoanFinding> {
  const { loanId, state, schedule } = await api.get<{
    loanId: string;
    state: string;
    schedule?: { instalments: { principalMinor: number }[] };
  }>(address);
  const instalments = schedule?.instalments ?? [];
  return { loanId, state, principalPartsMinor: instalments.map(({ principalMinor }) => principalMinor) };
}

/**
 * What the journals of these flows moved, straight from the entries. It is of this run alone, however many earlier runs
 * or other clients use the same books.
 */
async function movementsOf(db: Knex, flowIds: readonly string[]): Promise<Movement[]> {
  const { rows } = await db.raw<{ rows: Movement[] }>(
    `select a.book, a.code, e.currency,
            sum(case when e.side = c.normal_side then e.amount_minor else -e.amount_minor end)::bigint as "amountMinor",
            sum(case when e.side = c.normal_side then e.amount_minor else 0 end)::bigint as "cameInMinor"
       from books.journal j
       join books.entry e on e.journal_id = j.id
       join books.account a on a.id = e.account_id
       join books.chart_account c on c.book = a.book and c.code = a.code
      where j.flow_id = any(?)
      group by a.book, a.code, e.currency
      order by a.book, a.code, e.currency`,
    [[...flowIds]],
  );
  return rows;
}

/**
 * Earlier runs lend the funding partners' money out, and one day it is used up: that is said before anything is sent.
 *
 * @throws Error that names the partner, and what to do
 */
export async function checkPartnersHaveMoney(db: Knex, cases: readonly StoryCase[]): Promise<void> {
  const needs = new Map<string, number>();
  for (const { end } of cases) {
    if (end.state === 'DISBURSED')
      needs.set(end.partnerId, (needs.get(end.partnerId) ?? 0) + end.payoutMinor);
  }
  for (const [partnerId, neededMinor] of needs) {
    const position = await positionOf(db, 'funds', partnerId);
    const availableMinor = position.find(({ code }) => code === 'available')?.balanceMinor ?? 0;
    // A payout that is refused later holds money too, for a moment; nobody holds more than all the others together.
    if (availableMinor < 2 * neededMinor) {
      throw new Error(
        `${partnerId} has lent out nearly all of its money in earlier runs: start anew with --fresh, or with an ` +
          'empty database at DATABASE_URL.',
      );
    }
  }
}

/** An amount of money in a currency that the platform knows. */
export const moneyOf = (currency: string, amountMinor: number): Money => ({
  currency: currency as Money['currency'],
  amountMinor,
});
