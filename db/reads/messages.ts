import type { Knex } from 'knex';
import type { Message, MessageType } from '../../schemas/message';

/** A message, and what came of it. */
export interface MessageStory {
  body: Message;
  /** Whether its flow has a run: an event from outside all flows has none. */
  hasRun: boolean;
  /** The services that handled it, in the order in which they did. */
  handlings: { service: string; handledAt: string; refusal: { code: string; reason: string } | null }[];
  /** What those services sent in answer, in the order in which it was recorded. */
  sent: { messageId: string; type: MessageType; source: string }[];
  outsideRequests: { requestNo: string; party: string; state: string }[];
}

/** A message by its id, with its story so far; undefined when none of that id is recorded. */
export async function messageStory(db: Knex, messageId: string): Promise<MessageStory | undefined> {
  const message = await db('messages.message')
    .where({ message_id: messageId })
    .orderBy('id')
    .first<{ body: Message; flowId: string } | undefined>('body', 'flow_id as flowId');
  if (!message) return undefined;
  const [run, handlings, sent, outsideRequests] = await Promise.all([
    db('messages.run').where({ flow_id: message.flowId }).first<object | undefined>('flow_id'),
    db('messages.handling')
      .where({ message_id: messageId })
      .orderBy('id')
      .select<MessageStory['handlings']>('service', 'handled_at as handledAt', 'refusal'),
    db('messages.message')
      .where({ causation_id: messageId })
      .orderBy('id')
      .select<MessageStory['sent']>('message_id as messageId', 'message_type as type', 'source'),
    db('outside.request')
      .where({ message_id: messageId })
      .orderBy('request_no')
      .select<MessageStory['outsideRequests']>('request_no as requestNo', 'party', 'state'),
  ]);
  return { body: message.body, hasRun: run !== undefined, handlings, sent, outsideRequests };
}
