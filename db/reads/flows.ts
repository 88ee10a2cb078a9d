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
  /** What it asked of outside parties, in order; a part's requests are its whole's. */
  outsideRequests: { requestNo: string; party: string; state: string }[];
}

/** How far a run has come; undefined when nobody has submitted it and nothing was handled in it. */
export async function flowProgress(db: Knex, flowId: string): Promise<FlowProgress | undefined> {
  const { rows } = await db.raw<{ rows: (FlowProgress & { flow: string | null })[] }>(
    `select coalesce(max(h.flow), (select r.flow from messages.run r where r.flow_id = :flowId)) as flow,
            cast(:flowId as text) as "flowId", max(h.parent_flow_id) as "parentFlowId",
            count(*)::integer as "handledCount", count(h.refusal)::integer as "refusedCount",
            (select jsonb_build_object('message', l.message_type, 'service', l.service, 'at', l.handled_at)
               from messages.handling l where l.flow_id = :flowId order by l.id desc limit 1) as "lastStep",
            (select coalesce(jsonb_agg(jsonb_build_object('requestNo', q.request_no, 'party', q.party, 'state', q.state)
                                       order by q.opened_at, q.request_no), '[]')
               from outside.request q where q.flow_id = :flowId) as "outsideRequests"
       from messages.handling h where h.flow_id = :flowId`,
    { flowId },
  );
  const [row] = rows;
  if (!row || row.flow === null) return undefined;
  const { lastStep, handledCount } = row;
  if (!lastStep) return row;
  return { ...row, lastStep: { ...lastStep, seq: handledCount, at: new Date(lastStep.at).toISOString() } };
}

/** Whether anybody has submitted or begun a run of this id. */
export const isKnownFlow = async (db: Knex, flowId: string): Promise<boolean> =>
  (await db('messages.run').where('flow_id', flowId).first<object | undefined>('flow_id')) !== undefined;

/** A run as it stands in the list of runs. */
export interface FlowRow {
  flow: string;
  flowId: string;
  parentFlowId: string | null;
  market: string;
  /** The customer that the run's first message names; null where it names none. */
  customerId: string | null;
  /** The state of the loan application that the run, or the one that it is a part of, is about; null for other runs. */
  state: string | null;
  /** In milliseconds. */
  startedAt: string;
}

/** Narrows the list of runs; what is left out does not. */
export interface FlowFilter {
  flow?: string;
  market?: string;
  state?: string;
  customerId?: string;
  /** Started at this instant or later, and before the other one; RFC 3339. */
  from?: string;
  to?: string;
}

/**
 * Runs, the newest first. A run is here from the moment at which a client was told of it.
 *
 * @param page `after`: start and id of the run after which to go on; at most `limit` rows
 */
export async function listFlows(
  db: Knex,
  filter: FlowFilter,
  { after, limit }: { after: [string, string] | undefined; limit: number },
): Promise<FlowRow[]> {
  const { flow = null, market = null, state = null, customerId = null, from = null, to = null } = filter;
  const [afterAt, afterId] = after ?? [null, null];
  const { rows } = await db.raw<{ rows: FlowRow[] }>(
    `select * from (
       select r.flow, r.flow_id as "flowId", r.parent_flow_id as "parentFlowId", r.market,
              r.customer_id as "customerId", r.started_at as "startedAt",
              coalesce(a.state, case when whole.application_id <> '' then 'RECEIVED' end) as state
         from messages.run r
        cross join lateral (select split_part(coalesce(r.parent_flow_id, r.flow_id),
                                              'loan-application-disbursement:', 2) as application_id) whole
         left join loan_engine.loan_application a on a.application_id = whole.application_id
        where (cast(:flow as text) is null or r.flow = :flow)
          and (cast(:market as text) is null or r.market = :market)
          and (cast(:customerId as text) is null or r.customer_id = :customerId)
          and (cast(:from as timestamptz) is null or r.started_at >= :from)
          and (cast(:to as timestamptz) is null or r.started_at < :to)
          and (cast(:afterAt as timestamptz) is null or (r.started_at, r.flow_id) < (:afterAt, :afterId))
     ) listed
      where cast(:state as text) is null or state = :state
      order by "startedAt" desc, "flowId" desc
      limit :limit`,
    { flow, market, state, customerId, from, to, afterAt, afterId, limit },
  );
  return rows;
}
