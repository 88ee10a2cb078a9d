import type { Knex } from 'knex';
import { contentHash } from '../schemas/identity';
import { idOf, typeOf, type FlowRun, type Message, type ServiceId } from '../schemas/message';

/** What a service answered to a message: what it sent, or why it refused. */
export type Answer = { sent: Message[] } | { refusal: { code: string; reason: string } };

/** A message's id came again with other content. It is refused, never merged, and no retry can help. */
export class MessageConflict extends Error {}

/**
 * What is on record for a message at a service; null when it was never handled there.
 * Throws MessageConflict when the message on record said something else.
 */
export async function answerOnRecord(db: Knex, service: ServiceId, message: Message): Promise<Answer | null> {
  const { rows } = await db.raw<{
    rows: { contentHash: Buffer; refusal: { code: string; reason: string } | null; sent: Message[] | null }[];
  }>(
    `select h.content_hash as "contentHash", h.refusal,
            (select jsonb_agg(m.body order by m.id) from messages.message m
              where m.causation_id = h.message_id and m.source = h.service) as sent
       from messages.handling h where h.service = ? and h.message_id = ?`,
    [service, idOf(message)],
  );
  const row = rows[0];
  if (!row) return null;
  if (!row.contentHash.equals(contentHash(message))) {
    throw new MessageConflict(`${service} has handled message ${idOf(message)} with other content.`);
  }
  return row.refusal ? { refusal: row.refusal } : { sent: row.sent ?? [] };
}

/** A message that a service has handled, in which run of a flow, and what it answered. */
export interface Handled {
  run: FlowRun;
  service: ServiceId;
  message: Message;
  answer: Answer;
}

/**
 * Records the handlings of one step, in order: their rows, what the services sent, and a message and the runs where nobody
 * has recorded them. Fails with a unique violation on messages.handling when another attempt was first.
 */
export const recordHandled = (tx: Knex, handled: readonly Handled[]): Knex.Raw<unknown> =>
  tx.raw(
    `with one as (
       select h, ordinal from jsonb_array_elements(:handled::jsonb) with ordinality as each (h, ordinal)
     ), handled as (
       insert into messages.handling (service, message_id, message_type, source, market, flow, flow_id, parent_flow_id,
                                      content_hash, emitted, refusal)
       select h ->> 'service', (h ->> 'messageId')::uuid, h ->> 'type', h ->> 'source', h ->> 'market', h ->> 'flow',
              h ->> 'flowId', h ->> 'parentFlowId', decode(h ->> 'hash', 'hex'),
              array(select jsonb_array_elements_text(h -> 'emitted')), nullif(h -> 'refusal', 'null')
         from one order by ordinal
     ), run as (
       insert into messages.run (flow_id, flow, parent_flow_id, market, customer_id)
       select distinct on (h ->> 'flowId') h ->> 'flowId', h ->> 'flow', h ->> 'parentFlowId', h ->> 'market',
              h ->> 'customerId'
         from one order by h ->> 'flowId', h ->> 'customerId' nulls last, ordinal
       on conflict (flow_id) do nothing
     )
     insert into messages.message (message_id, message_type, source, market, flow_id, causation_id, body)
     select coalesce(body ->> 'eventId', body ->> 'commandId')::uuid,
            coalesce(body ->> 'eventType', body ->> 'commandType'),
            body ->> 'source', body ->> 'market', body ->> 'flowId', (body ->> 'causationId')::uuid, body
       from jsonb_array_elements(:bodies::jsonb) with ordinality as sent (body, ordinal)
      order by ordinal`,
    { handled: JSON.stringify(handled.map(rowOf)), bodies: JSON.stringify(handled.flatMap(toRecord)) },
  );

const rowOf = ({ run, service, message, answer }: Handled) => ({
  service,
  messageId: idOf(message),
  type: typeOf(message),
  source: message.source,
  market: message.market,
  flow: run.flow,
  flowId: run.flowId,
  parentFlowId: run.parentFlowId ?? null,
  customerId: 'customerId' in message.data ? message.data.customerId : null,
  hash: contentHash(message).toString('hex'),
  emitted: 'sent' in answer ? answer.sent.map(typeOf) : [],
  refusal: 'refusal' in answer ? answer.refusal : null,
});

/** The messages that a handling puts on record. */
function toRecord({ service, message, answer }: Handled): Message[] {
  const sent = 'sent' in answer ? answer.sent : [];
  // What a service sent was recorded when it was sent. A command of a client or of a flow's orchestrator comes with no
  // such record: its handler makes it (and not its sender, when it comes back refused).
  const isFirstRecord = message.causationId === null && 'target' in message && message.target === service;
  return isFirstRecord ? [message, ...sent] : [...sent];
}

/** Records an event that no handling sent (see composeEvent), in the transaction of what it tells of. */
export async function recordEvent(tx: Knex.Transaction, event: Message): Promise<void> {
  await tx('messages.message').insert({
    message_id: idOf(event),
    message_type: typeOf(event),
    source: event.source,
    market: event.market,
    flow_id: event.flowId,
    body: JSON.stringify(event),
  });
}
