import type { Knex } from 'knex';
import { derivedId } from '../schemas/identity';

/** What operators may do to every running flow; each is an Update of the workflow. */
export type Intervention = 'hold' | 'release' | 'retry-now' | 'resolve' | 'abandon';

/** One Update that a person sends to a flow. */
export interface NewIntervention {
  flowId: string;
  /** Temporal's id of the Update: the same whenever it is sent again. */
  updateId: string;
  act: Intervention;
  /** Who it is, or says to be. */
  by: string;
  reason: string;
  approvalId?: string | undefined;
}

const rowOf = ({ flowId, updateId, act, by, reason, approvalId }: NewIntervention) => ({
  id: derivedId('intervention', flowId, updateId),
  ...{ flow_id: flowId, act, actor: by, reason, approval_id: approvalId ?? null },
});

/**
 * Records what an authenticated person is about to ask of a flow. The same again changes nothing.
 * Returns whether the record says the same; if not, the Update's id was used for something else before.
 */
export async function recordAsked(db: Knex, wanted: NewIntervention): Promise<boolean> {
  await insertOnce(db, wanted, 'API');
  return saysTheSame(db, wanted);
}

/** Records that a flow takes an intervention, once. One that the API has not recorded came from the Web UI. As above. */
export async function recordAccepted(db: Knex, wanted: NewIntervention): Promise<boolean> {
  await insertOnce(db, wanted, 'WEB_UI');
  await db('operations.intervention')
    .where({ id: rowOf(wanted).id, accepted_at: null })
    .update({ accepted_at: db.fn.now() });
  return saysTheSame(db, wanted);
}

const insertOnce = (db: Knex, wanted: NewIntervention, via: 'API' | 'WEB_UI') =>
  db('operations.intervention')
    .insert({ ...rowOf(wanted), via })
    .onConflict('id')
    .ignore();

const saysTheSame = async (db: Knex, wanted: NewIntervention): Promise<boolean> =>
  (await db('operations.intervention').where(rowOf(wanted)).first<object | undefined>('id')) !== undefined;

/** One thing that a person did about a flow, as the audit shows it. */
export interface AuditRow {
  id: string;
  /** An Update's name, or `answer` and `approve` for what two persons decide. */
  act: string;
  actor: string;
  reason: string;
  question: string | null;
  answer: string | null;
  /** The act that this one approves or carries out. */
  approvalId: string | null;
  via: 'API' | 'WEB_UI';
  at: string;
  /** Whether the flow took it; of an answer: whether it stands. */
  accepted: boolean;
}

/** Everything that people did about a flow, in order of time. */
export async function auditOf(db: Knex, flowId: string): Promise<AuditRow[]> {
  const { rows } = await db.raw<{ rows: AuditRow[] }>(
    `select id, act, actor, reason, null as question, null as answer, approval_id as "approvalId", via,
            asked_at as at, accepted_at is not null as accepted
       from operations.intervention where flow_id = :flowId
     union all
     select act.id, case when act.approves is null then 'answer' else 'approve' end, act.actor, act.reason, act.question,
            act.answer, act.approves, 'API', act.acted_at,
            exists (select from operations.answer a left join operations.act standing on standing.id = a.act_id
                     where a.flow_id = act.flow_id and a.question = act.question
                       and act.id in (standing.id, standing.approves))
       from operations.act act where act.flow_id = :flowId
      order by at, id`,
    { flowId },
  );
  return rows;
}
