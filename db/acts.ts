import type { Knex } from 'knex';
import { attentionAfterAsks } from '../domain/attention';

/**
 * What a flow can ask of people; each flow asks each question once. `receipt` asks whose money came in; `request:<number>`
 * what became of a request to an outside party, when the party does not say; `refund-account:<attempt>` where a refund is to
 * go that was refused; `refused:<number>` what is done about something that Yeepay has refused; `finding:<id>`
 * what explains a difference that a reconciliation has found.
 */
export type Question =
  | 'review'
  | 'withdrawal'
  | 'exception'
  | 'receipt'
  | 'refund'
  | 'reversal'
  | 'chargeback'
  | `refund-account:${number}`
  | `refused:${string}`
  | `finding:${number}`
  | `request:${string}`;

/** Who answers, when no person did in time. */
const deadline = 'deadline';

/** The answer that stands: what was answered, by whom, and why. */
export interface StandingAnswer {
  answer: string;
  actor: string;
  reason: string;
}

/** Opens a question, once. `withinSeconds` is how long the flow waits; without it, as long as it takes. */
export async function openQuestion(
  tx: Knex,
  {
    flowId,
    question,
    answers,
    withinSeconds,
  }: { flowId: string; question: Question; answers: string[]; withinSeconds?: number },
): Promise<void> {
  await tx.raw(
    `insert into operations.question (flow_id, question, answers, due_at)
     values (:flowId, :question, :answers, now() + make_interval(secs => :withinSeconds))
     on conflict do nothing`,
    { flowId, question, answers, withinSeconds: withinSeconds ?? null },
  );
}

/** The answer that stands, or null while the question is open (or was never asked). */
export async function standingAnswer(
  db: Knex,
  flowId: string,
  question: Question,
): Promise<StandingAnswer | null> {
  const { rows } = await db.raw<{ rows: StandingAnswer[] }>(
    `select a.answer, act.actor, act.reason
       from operations.answer a join operations.act act on act.id = a.act_id
      where a.flow_id = ? and a.question = ?`,
    [flowId, question],
  );
  return rows[0] ?? null;
}

/**
 * What the answer that stands rests on; null while the question is open, or where the answer needs nothing to rest on.
 */
export async function standingEvidence<T extends object>(
  db: Knex,
  flowId: string,
  question: Question,
): Promise<T | null> {
  const { rows } = await db.raw<{ rows: { evidence: T | null }[] }>(
    `select answered.evidence
       from operations.answer a
       join operations.act act on act.id = a.act_id
       join operations.act answered on answered.id = coalesce(act.approves, act.id)
      where a.flow_id = ? and a.question = ?`,
    [flowId, question],
  );
  return rows[0]?.evidence ?? null;
}

/**
 * The answer that stands after the time is over: a person's, or else the deadline's, which is recorded here. Whoever is
 * first wins, and a flow that is reset meets the same answer, whatever its timers do.
 */
export async function answerOrDeadline(
  tx: Knex,
  flowId: string,
  question: Question,
  onDeadline: { answer: string; reason: string },
): Promise<StandingAnswer> {
  const before = await standingAnswer(tx, flowId, question);
  if (before) return before;
  const actId = await recordAct(tx, { flowId, question, actor: deadline, ...onDeadline });
  await answerWith(tx, { flowId, question, answer: onDeadline.answer, actId });
  return (await standingAnswer(tx, flowId, question))!;
}

/** One thing that somebody did about a flow's question. */
export interface NewAct {
  /** The same whenever the same thing is asked for again; drawn by the database where it is left out. */
  id?: string;
  flowId: string;
  question: Question;
  answer: string;
  actor: string;
  reason: string;
  /** What the answer rests on, where the question asks for it. */
  evidence?: object | undefined;
  approves?: string;
}

/** Records an act. Throws when it approves what its actor did himself, or something else (the database refuses it). */
export async function recordAct(tx: Knex, act: NewAct): Promise<string> {
  const { flowId: flow_id, approves = null, evidence, ...rest } = act;
  const [row] = await tx('operations.act')
    .insert({ flow_id, approves, evidence: evidence ? JSON.stringify(evidence) : null, ...rest })
    .returning<{ id: string }[]>('id');
  return row!.id;
}

/** Makes an act the answer, if it is the first. Returns whether it stands. */
export async function answerWith(
  tx: Knex,
  { flowId, question, answer, actId }: { flowId: string; question: Question; answer: string; actId: string },
): Promise<boolean> {
  const { rowCount } = await tx.raw<{ rowCount: number }>(
    `insert into operations.answer (flow_id, question, answer, act_id) values (?, ?, ?, ?) on conflict do nothing`,
    [flowId, question, answer, actId],
  );
  return rowCount === 1;
}

/** A question that nobody has answered. */
export interface OpenQuestion {
  flowId: string;
  question: Question;
  answers: string[];
  openedAt: string;
  dueAt: string | null;
}

/**
 * The questions that flows wait with, the oldest first: those that they asked, and requests of which the party does not
 * say what became of them. A customer may withdraw at any time, so that is none of them; and a withdrawal answers the
 * review as well.
 */
export async function openQuestions(db: Knex, limit: number): Promise<OpenQuestion[]> {
  const { rows } = await db.raw<{ rows: OpenQuestion[] }>(
    `select q.flow_id as "flowId", q.question, q.answers, q.opened_at as "openedAt", q.due_at as "dueAt"
       from operations.question q
      where q.question <> 'withdrawal' and q.question not like 'request:%'
        and not exists (select from operations.answer a
                         where a.flow_id = q.flow_id and a.question in (q.question, 'withdrawal'))
     union all
     select r.flow_id, 'request:' || r.request_no, '{SUCCEEDED,FAILED}', r.opened_at, null
       from outside.request r where r.settled_at is null and r.asked_count >= :attentionAfterAsks
      order by 4, 1 limit :limit`,
    { attentionAfterAsks, limit },
  );
  return rows;
}

/** The answers that a question takes; undefined when the flow has not asked it. */
export async function answersTaken(
  db: Knex,
  flowId: string,
  question: string,
): Promise<string[] | undefined> {
  const row = await db('operations.question')
    .where({ flow_id: flowId, question })
    .first<{ answers: string[] } | undefined>('answers');
  return row?.answers;
}

/** An act by its id. */
export const actOf = (db: Knex, id: string): Promise<(NewAct & { approves: string | null }) | undefined> =>
  db('operations.act')
    .where({ id })
    .first('id', 'flow_id as flowId', 'question', 'answer', 'actor', 'reason', 'evidence', 'approves');

/** Whether one of a flow's questions has an answer that stands. */
export async function isAnswered(db: Knex, flowId: string, questions: readonly string[]): Promise<boolean> {
  const found = await db('operations.answer')
    .where('flow_id', flowId)
    .whereIn('question', questions as string[])
    .first<object | undefined>('question');
  return found !== undefined;
}

/** The answer that stands by an approval; undefined when none does. In: the id of the approved act, or of the approval. */
export async function approvedAnswer(
  db: Knex,
  flowId: string,
  actId: string,
): Promise<{ question: Question; answer: string } | undefined> {
  const { rows } = await db.raw<{ rows: { question: Question; answer: string }[] }>(
    `select a.question, a.answer from operations.answer a join operations.act approval on approval.id = a.act_id
      where a.flow_id = :flowId and approval.approves is not null and :actId in (approval.id, approval.approves)`,
    { flowId, actId },
  );
  return rows[0];
}
