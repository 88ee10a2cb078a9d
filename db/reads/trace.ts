import type { Knex } from 'knex';

/** One message handled by one service. */
export interface TraceRow {
  /** Catalog id of the flow. */
  flow: string;
  flowId: string;
  /** The run that this run is a part of. */
  parentFlowId?: string;
  /** Order of handling within `flowId`, from 1. */
  seq: number;
  /** A service; "external:<party>" where an outside party told us of it unasked. */
  source: string;
  message: string;
  messageId: string;
  service: string;
  /** Types of the messages that the handling sent, in order. */
  emitted: string[];
  /** RFC 3339. */
  at: string;
  /** Why the service refused the message, where it did. */
  refusal?: { code: string; reason: string };
}

type Row = Omit<TraceRow, 'parentFlowId' | 'refusal'> & {
  parentFlowId: string | null;
  refusal: TraceRow['refusal'] | null;
};

const columns = `flow, flow_id as "flowId", parent_flow_id as "parentFlowId",
  row_number() over (partition by flow_id order by id)::integer as seq,
  case when message_type = 'external-repayment-notified'
       then 'external:' || split_part(split_part(flow_id, ':', 2), '.', 1) else source end as source,
  message_type as message, message_id as "messageId", service, emitted, handled_at as at, refusal`;

const traceRow = ({ parentFlowId, refusal, ...row }: Row): TraceRow => ({
  ...row,
  ...(parentFlowId !== null && { parentFlowId }),
  ...(refusal && { refusal }),
});

/** The story of a run and of its parts, in the order in which it happened; no rows when nothing was handled yet. */
export async function traceOf(db: Knex, flowId: string): Promise<TraceRow[]> {
  const { rows } = await db.raw<{ rows: Row[] }>(
    `with recursive family (flow_id) as (
       select cast(? as text)
       union
       select h.flow_id from messages.handling h join family f on h.parent_flow_id = f.flow_id
     )
     select ${columns} from messages.handling join family using (flow_id) order by id`,
    [flowId],
  );
  return rows.map(traceRow);
}

/** The stories of all runs, in the order in which everything happened. */
export async function allTraces(db: Knex): Promise<TraceRow[]> {
  const { rows } = await db.raw<{ rows: Row[] }>(`select ${columns} from messages.handling order by id`);
  return rows.map(traceRow);
}
