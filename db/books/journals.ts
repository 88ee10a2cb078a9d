import { type Knex } from 'knex';

import { type Side } from '../../domain/books/chart-of-accounts';

import { type AccountRef } from './errors';

/** One line of a journal. */
export interface JournalEntry extends AccountRef {
  readonly line: number;
  readonly accountId: number;
  readonly side: Side;
  readonly amountMinor: number;
}

/** The message whose handling posted a journal; type and sender are null where the message is not on record. */
export interface JournalCause {
  readonly messageId: string;
  readonly messageType: string | null;
  readonly source: string | null;
}

/** A journal, whole: one economic fact and what it is linked to. Dates are 'YYYY-MM-DD', amounts minor units. */
export interface Journal {
  readonly journalId: number;
  readonly book: string;
  readonly market: string;
  readonly businessKey: string;
  readonly scenario: string;
  readonly description: string;
  readonly postingDate: string;
  readonly valueDate: string;
  readonly postedAt: string;
  readonly flowId: string | null;
  readonly causedBy: JournalCause | null;
  /** The journal that this one takes back, and the one that takes this one back. */
  readonly reversesJournalId: number | null;
  readonly reversedByJournalId: number | null;
  /** The business key of the hold that it takes from. */
  readonly commitsHold: string | null;
  readonly entries: readonly JournalEntry[];
}

/** Reads a journal; undefined where there is none. */
export async function journalOf(db: Knex, journalId: number): Promise<Journal | undefined> {
  const { rows } = await db.raw<{ rows: Journal[] }>(`${SELECT_JOURNALS} where j.id = ?`, [journalId]);
  return rows[0];
}

/**
 * Reads what the handling of a message posted, in the order of the journals' ids.
 *
 * @param messageId a UUID.
 */
export async function journalsCausedBy(db: Knex, messageId: string): Promise<Journal[]> {
  const { rows } = await db.raw<{ rows: Journal[] }>(
    `${SELECT_JOURNALS} where j.caused_by_message_id = ? order by j.id`,
    [messageId],
  );
  return rows;
}

const SELECT_JOURNALS = `
  select j.id as "journalId", j.book, j.market, j.business_key as "businessKey", j.scenario, j.description,
    j.posting_date as "postingDate", j.value_date as "valueDate", j.posted_at as "postedAt", j.flow_id as "flowId",
    case when j.caused_by_message_id is not null then jsonb_build_object(
      'messageId', j.caused_by_message_id, 'messageType', m.message_type, 'source', m.source) end as "causedBy",
    j.reverses_journal_id as "reversesJournalId",
    (select r.id from books.journal r where r.reverses_journal_id = j.id) as "reversedByJournalId",
    (select h.business_key from books.hold h where h.id = j.commits_hold_id) as "commitsHold",
    (select jsonb_agg(jsonb_build_object('line', e.line, 'accountId', e.account_id, 'book', a.book, 'code', a.code,
        'owner', a.owner, 'currency', e.currency, 'side', e.side, 'amountMinor', e.amount_minor) order by e.line)
      from books.entry e join books.account a on a.id = e.account_id
      where e.journal_id = j.id and e.posting_date = j.posting_date) as entries
  from books.journal j
    left join lateral (
      select message_type, source from messages.message m where m.message_id = j.caused_by_message_id limit 1
    ) m on true`;
