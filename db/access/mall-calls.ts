import type { Knex } from 'knex';
import stringify from 'safe-stable-stringify';
import { debtOrderFlowId } from '../../domain/identifiers';
import type { MarketId } from '../../schemas/generated/messages';
import type { Message } from '../../schemas/message';
import { recordEvent } from '../messages';
import { inTransaction } from '../transaction';

/** What a mall can tell of an order: once that it is paid, once that its receipt is confirmed, and its refunds, each by its number. */
export type MallCallKind = 'PAID' | 'RECEIPT_CONFIRMED' | 'REFUND';

/** A call of a mall about one of its orders. */
export interface MallCall {
  mallId: string;
  orderId: string;
  kind: MallCallKind;
  /** The mall's number of the refund; empty for the other kinds. */
  refundNo: string;
  /** What makes two calls the same. */
  content: object;
  /** What the order's flow is told, in order. */
  messages: Message[];
}

/** A call as it stands on record. */
export type RecordedCall = MallCall & { receivedAt: string };

/**
 * What became of a call: TAKEN it is on record, now or since before; CONTRADICTED there is another of its order, kind and number,
 * with other content, or another mall's; UNKNOWN_ORDER the mall has told of no such order. Only the first has recorded anything.
 */
export type MallCallFate = 'TAKEN' | 'CONTRADICTED' | 'UNKNOWN_ORDER';

/**
 * Records a call about an order, once.
 *
 * @param check is shown the order's calls so far, the first first, before one is added; it throws to have nothing recorded
 */
export const recordMallCall = (
  db: Knex,
  market: MarketId,
  call: MallCall,
  check: (earlier: readonly RecordedCall[]) => void = () => undefined,
): Promise<MallCallFate> => inTransaction(db, 'mall call', (tx) => record(tx, market, call, check));

async function record(
  tx: Knex.Transaction,
  market: MarketId,
  call: MallCall,
  check: (earlier: readonly RecordedCall[]) => void,
): Promise<MallCallFate> {
  const { orderId, mallId, kind, refundNo, content, messages } = call;
  // Calls about one order wait for each other here, so that each is checked against all that came before.
  await tx.raw('select pg_advisory_xact_lock(hashtextextended(?, 0))', [`mall order:${orderId}`]);
  const earlier = await mallCallsOf(tx, orderId);
  const paid = earlier.find((one) => one.kind === 'PAID');
  if (kind !== 'PAID' && paid?.mallId !== mallId) return 'UNKNOWN_ORDER';
  const same = earlier.find((one) => one.kind === kind && one.refundNo === refundNo);
  if (same) {
    const saysTheSame = same.mallId === mallId && stringify(same.content) === stringify(content);
    return saysTheSame ? 'TAKEN' : 'CONTRADICTED';
  }
  check(earlier);
  await tx('access.mall_call').insert({
    ...{ order_id: orderId, kind, refund_no: refundNo, mall_id: mallId },
    ...{ content: JSON.stringify(content), messages: JSON.stringify(messages) },
  });
  // So that the order's flow is found in the list of flows at once.
  await tx('messages.run')
    .insert({ flow_id: debtOrderFlowId(orderId), flow: 'debt-order', market })
    .onConflict()
    .ignore();
  for (const one of messages) if ('eventType' in one) await recordEvent(tx, one);
  return 'TAKEN';
}

/** All calls about an order that were taken in, in the order in which they came. */
export const mallCallsOf = (db: Knex, orderId: string): Promise<RecordedCall[]> =>
  db('access.mall_call')
    .where('order_id', orderId)
    .orderBy('id')
    .select<RecordedCall[]>(
      ...(['order_id as orderId', 'mall_id as mallId', 'kind', 'refund_no as refundNo', 'content'] as const),
      ...(['messages', 'received_at as receivedAt'] as const),
    );

/**
 * The messages of an order's calls that its flow has not handled, in order: what a process that died between recording a call and
 * telling the flow has left untold is among them.
 */
export async function unhandledMessages(db: Knex, orderId: string): Promise<Message[]> {
  const { rows } = await db.raw<{ rows: { body: Message }[] }>(
    `select m.body
       from access.mall_call c cross join lateral jsonb_array_elements(c.messages) with ordinality m (body, number)
      where c.order_id = :orderId
        and not exists (select from messages.handling h
                         where h.flow_id = :flowId
                           and h.message_id = coalesce(m.body ->> 'commandId', m.body ->> 'eventId')::uuid)
      order by c.id, m.number`,
    { orderId, flowId: debtOrderFlowId(orderId) },
  );
  return rows.map(({ body }) => body);
}
