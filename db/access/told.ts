import type { Knex } from 'knex';
import type { MarketId } from '../../schemas/generated/messages';
import { inTransaction } from '../transaction';

/** What a party told us without being asked, with a good signature. */
export interface ToldUnasked<Body extends object> {
  party: string;
  /** The party's id of the notification: the same whenever it sends it again. */
  webhookId: string;
  /** SHA-256 of the raw bytes. */
  bodyHash: Buffer;
  body: Body;
}

/**
 * What became of a notification:
 * RECEIVED the fact was not known before; TOLD_AGAIN it was, by another notification that says the same; KNOWN the
 * notification was here before; CONTRADICTED the fact is known with other content, which stands; REPLAYED the
 * notification's id was here before with another body; UNKNOWN_PARTY the party holds no money for us.
 * The last three record nothing.
 */
export type ToldFate =
  | { fate: 'RECEIVED' | 'TOLD_AGAIN' | 'KNOWN'; market: MarketId }
  | { fate: 'CONTRADICTED' | 'REPLAYED' | 'UNKNOWN_PARTY' };

/** A fact, as the row that is kept of it; its party's number stands in the column `number`, here and in the notification. */
interface Fact {
  table: 'outside.receipt' | 'outside.chargeback';
  number: 'transaction_no' | 'chargeback_no';
  row: Record<string, string | number | null>;
}

/** A notification's id came twice at once, with two bodies: nothing of the second is recorded. */
class Replayed extends Error {}

/**
 * Records what a party told of without being asked, once, and each notification of it, once: both or neither.
 *
 * @param what names the transaction's crash points
 * @param onNew records further what follows from a fact that was not known, in the same transaction
 */
export async function recordTold(
  db: Knex,
  what: string,
  told: ToldUnasked<object>,
  fact: Fact,
  onNew: (tx: Knex.Transaction, market: MarketId) => Promise<void> = () => Promise.resolve(),
): Promise<ToldFate> {
  try {
    return await inTransaction(db, what, async (tx) => {
      const noted = await record(tx, told, fact);
      if (noted.fate === 'RECEIVED') await onNew(tx, noted.market);
      return noted;
    });
  } catch (error) {
    if (error instanceof Replayed) return { fate: 'REPLAYED' };
    throw error;
  }
}

async function record(
  tx: Knex.Transaction,
  { party, webhookId, bodyHash, body }: ToldUnasked<object>,
  { table, number, row }: Fact,
): Promise<ToldFate> {
  const holder = await tx('reference.party')
    .where({ id: party })
    .whereIn('kind', ['FUNDING_PARTNER', 'PAYMENT_CHANNEL'])
    .first<{ market: MarketId } | undefined>('market');
  if (!holder) return { fate: 'UNKNOWN_PARTY' };
  const before = await notificationUnder(tx, party, webhookId);
  if (before && !before.equals(bodyHash)) return { fate: 'REPLAYED' };

  // Whoever tells of the same at the same time waits here until the other has told of it, or has not.
  const inserted = await tx(table)
    .insert({ party, ...row })
    .onConflict()
    .ignore()
    .returning('party');
  const isNew = inserted.length > 0;
  const standing = isNew
    ? row
    : ((await tx(table)
        .where({ party, [number]: row[number] })
        .first()) as Fact['row']);
  if (Object.entries(row).some(([column, value]) => standing[column] !== value)) {
    return { fate: 'CONTRADICTED' };
  }
  const noted = await tx('outside.notification')
    .insert({
      ...{ party, webhook_id: webhookId, body_hash: bodyHash, body: JSON.stringify(body) },
      [number]: row[number],
    })
    .onConflict()
    .ignore()
    .returning('party');
  if (noted.length === 0) {
    // It was here before, or came twice at once and the other was first.
    const other = await notificationUnder(tx, party, webhookId);
    if (!other?.equals(bodyHash)) throw new Replayed();
  }
  const { market } = holder;
  return { fate: isNew ? 'RECEIVED' : noted.length === 0 ? 'KNOWN' : 'TOLD_AGAIN', market };
}

async function notificationUnder(tx: Knex, party: string, webhookId: string): Promise<Buffer | undefined> {
  const row = await tx('outside.notification')
    .where({ party, webhook_id: webhookId })
    .first<{ bodyHash: Buffer } | undefined>('body_hash as bodyHash');
  return row?.bodyHash;
}
