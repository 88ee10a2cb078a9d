import type { Knex } from 'knex';
import type { OutsideAnswer, OutsideOperation, OutsideRequestRow, SettledBy } from '../outside';

/** What was asked of an outside party, and what is known of the answer. */
export interface OutsideRequestView {
  requestNo: string;
  party: string;
  operation: OutsideOperation;
  businessKey: string;
  try: number;
  state: OutsideRequestRow['state'];
  /** How often the party was asked, queries included. */
  askedCount: number;
  /** When it was asked last, and why it did not say what became of it; null where it was not, or where it works on it. */
  askedAt: string | null;
  unsettledWhy: string | null;
  /** The final word; null until the request is settled, as are the two below. */
  answer: OutsideAnswer | null;
  settledBy: SettledBy | null;
  settledAt: string | null;
  openedAt: string;
  /** The flow that waits for it, and the message that asks for it. */
  flowId: string;
  messageId: string;
  /** What the party told us of itself, in the order in which it came in. */
  notifications: { webhookId: string; status: string; receivedAt: string }[];
}

/** A request by its number; undefined when nobody was sent one of that number. */
export async function outsideRequestView(
  db: Knex,
  requestNo: string,
): Promise<OutsideRequestView | undefined> {
  const { rows } = await db.raw<{ rows: Omit<OutsideRequestView, 'notifications'>[] }>(
    `select request_no as "requestNo", party, operation, business_key as "businessKey", try, state,
            asked_count as "askedCount", asked_at as "askedAt", unsettled_why as "unsettledWhy", answer, settled_by as "settledBy", settled_at as "settledAt",
            opened_at as "openedAt", flow_id as "flowId", message_id as "messageId"
       from outside.request where request_no = ?`,
    [requestNo],
  );
  if (!rows[0]) return undefined;
  const notifications = await db('outside.notification')
    .where({ request_no: requestNo })
    .orderBy(['received_at', 'webhook_id'])
    .select<OutsideRequestView['notifications']>(
      'webhook_id as webhookId',
      // Yeepay's notice of a clearing has a name of its own for it.
      db.raw(`coalesce(body ->> 'status', body ->> 'clearingStatus') as status`),
      'received_at as receivedAt',
    );
  return { ...rows[0], notifications };
}
