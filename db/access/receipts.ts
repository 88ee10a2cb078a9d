import type { Knex } from 'knex';
import type { MarketId } from '../../schemas/generated/messages';
import type { Message } from '../../schemas/message';
import type { RepaymentReceived } from '../../schemas/outside/repayment';
import { recordEvent } from '../messages';
import { inTransaction } from '../transaction';

/** What a party told us of money that came in, with a good signature. */
export interface ReceiptNotification {
  party: string;
  /** The party's id of the notification: the same whenever it sends it again. */
  webhookId: string;
  /** SHA-256 of the raw bytes. */
  bodyHash: Buffer;
  body: RepaymentReceived;
  /** The event that tells of it: made of the money as it was told of first. */
  eventOf: (receipt: Receipt, market: MarketId) => Message;
}

/** Money of one transaction at one party, as the party first told of it. */
export type Receipt = Pick<
  RepaymentReceived,
  'transactionNo' | 'amount' | 'paidAt' | 'methodNo' | 'payerReference'
> & { party: string };

/**
 * What became of a notification:
 * RECEIVED the money was not known before; TOLD_AGAIN it was, by another notification that says the same; KNOWN the
 * notification was here before; CONTRADICTED the transaction is known with other content, which stands; REPLAYED the
 * notification's id was here before with another body; UNKNOWN_PARTY the party holds no money for us.
 * The last three record nothing.
 */
export type ReceiptFate =
  | { fate: 'RECEIVED' | 'TOLD_AGAIN' | 'KNOWN'; event: Message }
  | { fate: 'CONTRADICTED' | 'REPLAYED' | 'UNKNOWN_PARTY' };

interface ReceiptRow {
  party: string;
  transaction_no: string;
  currency: string;
  amount_minor: number;
  paid_at: string;
  method_no: string | null;
  payer_reference: string | null;
}

/** A notification's id came twice at once, with two bodies: nothing of the second is recorded. */
class Replayed extends Error {}

/** Records money that came in and the event that tells of it, once, and each notification of it, once: both or neither. */
export async function recordReceipt(db: Knex, notification: ReceiptNotification): Promise<ReceiptFate> {
  try {
    return await inTransaction(db, 'receipt', (tx) => record(tx, notification));
  } catch (error) {
    if (error instanceof Replayed) return { fate: 'REPLAYED' };
    throw error;
  }
}

async function record(
  tx: Knex.Transaction,
  { party, webhookId, bodyHash, body, eventOf }: ReceiptNotification,
): Promise<ReceiptFate> {
  const holder = await tx('reference.party')
    .where({ id: party })
    .whereIn('kind', ['FUNDING_PARTNER', 'PAYMENT_CHANNEL'])
    .first<{ market: MarketId } | undefined>('market');
  if (!holder) return { fate: 'UNKNOWN_PARTY' };
  const before = await notificationUnder(tx, party, webhookId);
  if (before && !before.equals(bodyHash)) return { fate: 'REPLAYED' };

  const { transactionNo, amount, paidAt, methodNo = null, payerReference = null } = body;
  const row: ReceiptRow = {
    ...{ party, transaction_no: transactionNo, currency: amount.currency, amount_minor: amount.amountMinor },
    ...{ paid_at: paidAt, method_no: methodNo, payer_reference: payerReference },
  };
  // Whoever tells of the same transaction at the same time waits here until the other has told of it, or has not.
  const inserted = await tx('outside.receipt').insert(row).onConflict().ignore().returning('party');
  const isNew = inserted.length > 0;
  const standing = isNew ? row : await receiptRow(tx, party, transactionNo);
  if (Object.entries(row).some(([column, value]) => standing[column as keyof ReceiptRow] !== value)) {
    return { fate: 'CONTRADICTED' };
  }
  const noted = await tx('outside.notification')
    .insert({
      ...{ party, webhook_id: webhookId, body_hash: bodyHash, body: JSON.stringify(body) },
      transaction_no: transactionNo,
    })
    .onConflict()
    .ignore()
    .returning('party');
  if (noted.length === 0) {
    // It was here before, or came twice at once and the other was first.
    const other = await notificationUnder(tx, party, webhookId);
    if (!other?.equals(bodyHash)) throw new Replayed();
  }
  const fate = isNew ? 'RECEIVED' : noted.length === 0 ? 'KNOWN' : 'TOLD_AGAIN';
  const receipt = {
    ...{ party, transactionNo, amount, paidAt },
    ...(methodNo !== null && { methodNo }),
    ...(payerReference !== null && { payerReference }),
  };
  const event = eventOf(receipt, holder.market);
  if (isNew) await recordEvent(tx, event);
  return { fate, event };
}

const receiptRow = (tx: Knex, party: string, transactionNo: string): Promise<ReceiptRow> =>
  tx('outside.receipt').where({ party, transaction_no: transactionNo }).first();

async function notificationUnder(tx: Knex, party: string, webhookId: string): Promise<Buffer | undefined> {
  const row = await tx('outside.notification')
    .where({ party, webhook_id: webhookId })
    .first<{ bodyHash: Buffer } | undefined>('body_hash as bodyHash');
  return row?.bodyHash;
}
