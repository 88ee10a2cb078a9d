import { type Knex } from 'knex';

import {
  BooksRefusal,
  GuardedAccountLimit,
  HoldLimit,
  type AccountLimit,
  type AccountRef,
  type OpenHold,
} from './errors';

/** An amount of a guarded account to set aside. */
export interface NewHold {
  readonly account: AccountRef;
  /** Names the fact, unique among the holds of its book ("hold for refund RF1"); never a message's id. */
  readonly businessKey: string;
  /** Minor units of the account's currency. */
  readonly amountMinor: number;
  /** For people; a retry may word it differently. No personal data. */
  readonly description: string;
}

/** A hold that stands. `replayed` tells that it stood there before; it may be used up since. */
export interface PlacedHold {
  readonly holdId: number;
  readonly replayed: boolean;
}

/** What to give back of a hold. */
export interface Release {
  readonly book: string;
  /** The hold's business key. */
  readonly hold: string;
  /** Names the reason of this release, unique among those of the hold. */
  readonly businessKey: string;
  /** Minor units; all that is still open if left out. */
  readonly amountMinor?: number;
}

/** What a release gave back, in minor units: 0 where nothing was open any more. */
export interface Released {
  readonly releasedMinor: number;
  readonly replayed: boolean;
}

/** A hold and what became of it, in minor units: amount = committed + released + open. */
export interface HoldPosition {
  readonly accountId: number;
  readonly amountMinor: number;
  readonly committedMinor: number;
  readonly releasedMinor: number;
  readonly openMinor: number;
}

/** The message and flow that a change of a hold is recorded with. */
interface Origin {
  readonly messageId: string | null;
  readonly flowId: string | null;
}

type Refused =
  | { outcome: 'BUSINESS_KEY_CONFLICT' }
  | { outcome: 'GUARDED_ACCOUNT_LIMIT'; account: AccountLimit }
  | { outcome: 'HOLD_LIMIT'; hold: OpenHold };
type Done<Answer> = Answer & { outcome: 'PLACED' | 'RELEASED' | 'REPLAYED' };

/** `Books.hold`: see there. */
export async function placeHold(
  tx: Knex.Transaction,
  origin: Origin,
  { account, businessKey, amountMinor, description }: NewHold,
): Promise<PlacedHold> {
  const { rows } = await tx.raw<{ rows: { answer: Done<{ holdId: number }> | Refused }[] }>(
    `select books.place_hold(:book, :code, :owner, :currency, :businessKey, :amountMinor, :description, :messageId,
       :flowId) as answer`,
    { ...account, businessKey, amountMinor, description, ...origin },
  );
  const { holdId, outcome } = doneOrThrow(rows[0]!.answer, businessKey);
  return { holdId, replayed: outcome === 'REPLAYED' };
}

/** `Books.release`: see there. */
export async function releaseHold(
  tx: Knex.Transaction,
  origin: Origin,
  { book, hold, businessKey, amountMinor }: Release,
): Promise<Released> {
  const { rows } = await tx.raw<{ rows: { answer: Done<{ releasedMinor: number }> | Refused }[] }>(
    'select books.release_hold(:book, :hold, :businessKey, :amountMinor, :messageId, :flowId) as answer',
    { book, hold, businessKey, amountMinor: amountMinor ?? null, ...origin },
  );
  const { releasedMinor, outcome } = doneOrThrow(rows[0]!.answer, businessKey);
  return { releasedMinor, replayed: outcome === 'REPLAYED' };
}

/** Reads a hold by its business key; undefined where none was placed. */
export async function holdOf(db: Knex, book: string, businessKey: string): Promise<HoldPosition | undefined> {
  const { rows } = await db.raw<{ rows: HoldPosition[] }>(
    `select account_id as "accountId", amount_minor as "amountMinor", committed_minor as "committedMinor",
       released_minor as "releasedMinor", open_minor as "openMinor"
     from books.hold_position where book = :book and business_key = :businessKey`,
    { book, businessKey },
  );
  return rows[0];
}

function doneOrThrow<Answer>(answer: Done<Answer> | Refused, businessKey: string): Done<Answer> {
  switch (answer.outcome) {
    case 'GUARDED_ACCOUNT_LIMIT':
      throw new GuardedAccountLimit(answer.account);
    case 'HOLD_LIMIT':
      throw new HoldLimit(answer.hold);
    case 'BUSINESS_KEY_CONFLICT':
      throw new BooksRefusal(
        'BUSINESS_KEY_CONFLICT',
        `Business key "${businessKey}" already stands for another amount or account.`,
      );
    default:
      return answer;
  }
}
