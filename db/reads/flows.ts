import type { Knex } from 'knex';

/** What the database knows of a flow's run. */
export interface FlowProgress {
  flow: string;
  flowId: string;
  /** The run that this run is a part of. */
  parentFlowId: string | null;
  handledCount: number;
  refusedCount: number;
  /** The handling that ended last; null when nothing was handled yet. */
  lastStep: { seq: number; message: string; service: string; at: string } | null;
}

/** How far a run has come; undefined when nobody has submitted it and nothing was handled in it. */
export async function flowProgress(db: Knex, flowId: string): Promise<FlowProgress | undefined> {
  const { rows } = await db.raw<{ rows: (FlowProgress & { flow: string | null })[] }>(
    `select coalesce(max(h.flow), (select s.flow from access.submission s where s.flow_id = :flowId)) as flow,
            cast(:flowId as text) as "flowId", max(h.parent_flow_id) as "parentFlowId",
            count(*)::integer as "handledCount", count(h.refusal)::integer as "refusedCount",
            (select jsonb_build_object('message', l.message_type, 'service', l.service, 'at', l.handled_at)
               from messages.handling l where l.flow_id = :flowId order by l.id desc limit 1) as "lastStep"
       from messages.handling h where h.flow_id = :flowId`,
    { flowId },
  );
  const [row] = rows;
  if (!row || row.flow === null) return undefined;
  const { lastStep, handledCount } = row;
  if (!lastStep) return row;
  return { ...row, lastStep: { ...lastStep, seq: handledCount, at: new Date(lastStep.at).toISOString() } };
}
