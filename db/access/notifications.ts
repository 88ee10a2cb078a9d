import type { Knex } from 'knex';
import type { MarketId } from '../../schemas/generated/messages';
import { settleRequest, type OutsideAnswer, type OutsideOperation } from '../outside';
import { inTransaction } from '../transaction';
import { isTakenTransaction } from './outside-answers';

/** What a party told us about a request, with a good signature. */
export interface Notification {
  party: string;
  /** The party's id of the notification: the same whenever it sends it again. */
  webhookId: string;
  requestNo: string;
  /** SHA-256 of the raw bytes. */
  bodyHash: Buffer;
  body: object;
  /** The final word that the body gives. */
  answer: OutsideAnswer;
  /** Whether the body does not say all that the party says when it is asked: then only a query settles the request. */
  isOnlyHeard?: boolean;
}

/**
 * What became of a notification:
 * SETTLED the request has this answer now; HEARD only a query settles it, as it is said to have failed, or not all is said; CONFIRMED it had
 * the same answer; CONTRADICTED it has another answer, which stands; KNOWN the notification was here before; REPLAYED its id was here before with another body;
 * UNKNOWN_REQUEST the party was never asked this; TRANSACTION_TAKEN the transaction has settled another request.
 * The last three record nothing.
 */
export type NotificationFate =
  | {
      fate: 'SETTLED' | 'HEARD' | 'CONFIRMED' | 'CONTRADICTED' | 'KNOWN';
      flowId: string;
      /** Set when money left after the request's failure was confirmed: the market in which it did. */
      lateIn?: MarketId;
    }
  | { fate: 'REPLAYED' | 'UNKNOWN_REQUEST' | 'TRANSACTION_TAKEN' };

/** The request that asked whether an order at Yeepay is cleared, the newest of several; undefined where nobody asked. */
export async function clearingRequestOf(
  db: Knex,
  order: { orderId: string; uniqueOrderNo: string; merchantNo: string },
): Promise<string | undefined> {
  const { rows } = await db.raw<{ rows: { requestNo: string }[] }>(
    `select request_no as "requestNo" from outside.request
      where operation = 'yeepay-clearing' and body ->> 'uniqueOrderNo' = :uniqueOrderNo
        and body ->> 'orderId' = :orderId and body ->> 'merchantNo' = :merchantNo
      order by opened_at desc, request_no desc limit 1`,
    order,
  );
  return rows[0]?.requestNo;
}

/** Records a notification once, and settles its request if nothing else has: both or neither. */
export async function recordNotification(db: Knex, notification: Notification): Promise<NotificationFate> {
  try {
    return await inTransaction(db, 'notification', (tx) => record(tx, notification));
  } catch (error) {
    if (isTakenTransaction(error)) return { fate: 'TRANSACTION_TAKEN' };
    throw error;
  }
}

async function record(tx: Knex, notification: Notification): Promise<NotificationFate> {
  const { party, webhookId, requestNo, bodyHash, body, answer, isOnlyHeard } = notification;
  // Locked first: two notifications at once would each share the row by their foreign key, and then wait for the other.
  const request = await tx('outside.request')
    .where({ request_no: requestNo, party })
    .forUpdate()
    .first<{ flowId: string } | undefined>('flow_id as flowId');
  const before = await hashUnder(tx, party, webhookId);
  if (before && !before.equals(bodyHash)) return { fate: 'REPLAYED' };
  if (!request) return { fate: 'UNKNOWN_REQUEST' };
  const { flowId } = request;

  const { rowCount } = await tx.raw<{ rowCount: number }>(
    `insert into outside.notification (party, webhook_id, body_hash, body, request_no) values (?, ?, ?, ?, ?)
     on conflict do nothing`,
    [party, webhookId, bodyHash, JSON.stringify(body), requestNo],
  );
  if (rowCount === 0) {
    // It was here before, or came twice at once and the other was first.
    const other = await hashUnder(tx, party, webhookId);
    if (!other?.equals(bodyHash)) return { fate: 'REPLAYED' };
    return { fate: 'KNOWN', flowId, ...(await lateness(tx, requestNo, answer)) };
  }
  const isWhole = answer.status === 'SUCCEEDED' && !isOnlyHeard;
  if (isWhole && (await settleRequest(tx, requestNo, answer, 'CALLBACK'))) {
    return { fate: 'SETTLED', flowId };
  }
  if (!(await isSettled(tx, requestNo))) return { fate: 'HEARD', flowId };
  if (await hasAnswer(tx, requestNo, answer)) return { fate: 'CONFIRMED', flowId };
  return { fate: 'CONTRADICTED', flowId, ...(await lateness(tx, requestNo, answer)) };
}

/** In which market money moved after the failure of its request was confirmed, if this is what the notification tells. */
async function lateness(
  tx: Knex,
  requestNo: string,
  { status }: OutsideAnswer,
): Promise<{ lateIn?: MarketId }> {
  if (status === 'FAILED') return {};
  const late = await tx('outside.request as r')
    .join('reference.party as p', 'p.id', 'r.party')
    .where({ request_no: requestNo, state: 'FAILED' })
    .whereIn('operation', movesMoney)
    .first<{ market: MarketId } | undefined>('p.market');
  return late ? { lateIn: late.market } : {};
}

const movesMoney: OutsideOperation[] = [
  ...(['funding-partner-payout', 'payment-channel-payout', 'payment-channel-refund'] as const),
  ...(['yeepay-divide', 'yeepay-divide-back'] as const),
];

const isSettled = async (tx: Knex, requestNo: string): Promise<boolean> =>
  (await tx('outside.request').where('request_no', requestNo).whereNotNull('settled_at').first('party')) !==
  undefined;

async function hashUnder(tx: Knex, party: string, webhookId: string): Promise<Buffer | undefined> {
  const row = await tx('outside.notification')
    .where({ party, webhook_id: webhookId })
    .first<{ bodyHash: Buffer } | undefined>('body_hash as bodyHash');
  return row?.bodyHash;
}

/** Whether a settled request says the same: that it failed, or that it succeeded by the same transaction and settled as much. */
async function hasAnswer(tx: Knex, requestNo: string, answer: OutsideAnswer): Promise<boolean> {
  const settled = await tx('outside.request')
    .where({ request_no: requestNo })
    .first<{ state: string; transactionNo: string | null; answer: OutsideAnswer }>(
      ...(['state', 'transaction_no as transactionNo', 'answer'] as const),
    );
  const transactionNo = answer.status === 'SUCCEEDED' ? answer.transactionNo : null;
  const isSame = settled.state === answer.status && settled.transactionNo === transactionNo;
  return isSame && settledMinorOf(settled.answer) === settledMinorOf(answer);
}

const settledMinorOf = (answer: OutsideAnswer): number | undefined =>
  answer.status === 'SUCCEEDED' ? answer.cleared?.settledMinor : undefined;
