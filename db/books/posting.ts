import { type Knex } from 'knex';

import { type AccountCode, type Book } from '../../domain/books/chart-of-accounts';
import {
  entriesFor,
  POSTING_RULES,
  type AmountsOf,
  type OwnersOf,
  type Scenario,
} from '../../domain/books/posting-rules';

import { BooksRefusal, GuardedAccountLimit, HoldLimit, type AccountLimit, type OpenHold } from './errors';
import { placeHold, releaseHold, type NewHold, type PlacedHold, type Release, type Released } from './holds';

/** Where the postings of one transaction come from. */
export interface PostingCause {
  /** The market whose business date becomes the posting date. */
  readonly market: string;
  /** The id (a UUID) of the message that is being handled. */
  readonly messageId?: string;
  readonly flowId?: string;
}

/** What a posting moves, with the owners of the accounts by kind; the market is known already. */
interface MoveInMarket<S extends Scenario> {
  readonly owners: Omit<OwnersOf<S>, 'market'>;
  /** Minor units of the posting's currency, by the names that the posting rule uses. */
  readonly amounts: AmountsOf<S>;
}

/** One economic fact to record: a move, or several by the same rule, as of an order's lines; they are one journal. */
export type Posting<S extends Scenario> = PostedFact<S> &
  (MoveInMarket<S> | { readonly moves: readonly MoveInMarket<S>[] });

interface PostedFact<S extends Scenario> {
  readonly scenario: S;
  /** Names the fact, unique in its book ("payout of loan application LA1"); never a message's id. */
  readonly businessKey: string;
  /** The day on which the fact counts, 'YYYY-MM-DD'. */
  readonly valueDate: string;
  readonly currency: string;
  /** For people; a retry may word it differently. No personal data. */
  readonly description: string;
  /** The business key of a hold in the same book: what is taken from the hold's account is taken off the hold. */
  readonly commitsHold?: string;
}

/** A journal to take back in full. */
export interface Reversal {
  readonly journalId: number;
  readonly businessKey: string;
  readonly valueDate: string;
  readonly description: string;
}

/** A journal that stands in the books. `replayed` tells that it stood there before. */
export interface PostedJournal {
  readonly journalId: number;
  readonly postingDate: string;
  readonly replayed: boolean;
}

/** The books as one handling sees them; all that it posts becomes true with the handling's transaction, or never. */
export interface Books {
  /**
   * Records a fact once: the same key with the same content returns the first journal.
   *
   * @throws GuardedAccountLimit when an account has less than is taken from it, holds set aside.
   * @throws HoldLimit when less of the hold that it commits is open than it takes.
   * @throws BooksRefusal BUSINESS_KEY_CONFLICT when the key stands for other content.
   * @throws PostingRuleError when owners or amounts do not fit the rule.
   */
  post<S extends Scenario>(posting: Posting<S>): Promise<PostedJournal>;
  /**
   * Posts the mirror image of a journal, once. What the journal took off a hold comes back to the account, not the hold.
   *
   * @throws GuardedAccountLimit, BooksRefusal (BUSINESS_KEY_CONFLICT, or ALREADY_REVERSED under another key).
   */
  reverse(reversal: Reversal): Promise<PostedJournal>;
  /**
   * Sets an amount of a guarded account aside, once: it stays in the balance, and only postings with `commitsHold` can
   * take it.
   *
   * @throws GuardedAccountLimit when the account has less that is not yet held.
   * @throws BooksRefusal BUSINESS_KEY_CONFLICT when the key stands for a hold of another amount or account.
   */
  hold(hold: NewHold): Promise<PlacedHold>;
  /**
   * Gives back a part of a hold, or all that is still open, once per business key.
   *
   * @throws HoldLimit when less of the hold is open.
   * @throws BooksRefusal BUSINESS_KEY_CONFLICT when the key released another amount.
   */
  release(release: Release): Promise<Released>;
}

/**
 * Opens the books for one transaction.
 *
 * @param tx the caller's transaction, at READ COMMITTED (the default).
 * @param cause recorded with every journal.
 */
export function booksOn(tx: Knex.Transaction, cause: PostingCause): Books {
  const origin = { messageId: cause.messageId ?? null, flowId: cause.flowId ?? null };
  return {
    hold: (hold) => placeHold(tx, origin, hold),
    release: (release) => releaseHold(tx, origin, release),
    async post(posting) {
      const { scenario, currency } = posting;
      const moves = 'moves' in posting ? posting.moves : [posting];
      const entries = entriesFor(scenario, {
        // The one owner that the type leaves out is added here, which TypeScript cannot follow through Omit.
        moves: moves.map(({ owners, amounts }) => ({
          owners: { ...owners, market: cause.market } as OwnersOf<typeof scenario>,
          amounts,
        })),
        currency,
      });
      return outcomeOf(
        tx.raw<{ rows: { answer: Answer }[] }>(
          `select books.post(:book, :market, :businessKey, :scenario, :description, :valueDate, :messageId, :flowId,
             :entries, null, :commitsHold) as answer`,
          {
            book: POSTING_RULES[scenario].book,
            market: cause.market,
            businessKey: posting.businessKey,
            scenario,
            description: posting.description,
            valueDate: posting.valueDate,
            entries: JSON.stringify(entries),
            commitsHold: posting.commitsHold ?? null,
            ...origin,
          },
        ),
        posting.businessKey,
      );
    },
    async reverse({ journalId, businessKey, description, valueDate }) {
      return outcomeOf(
        tx.raw(
          `select books.reverse(:journalId, :businessKey, :description, :valueDate, :messageId, :flowId) as answer`,
          { journalId, businessKey, description, valueDate, ...origin },
        ),
        businessKey,
      );
    },
  };
}

/** What `books.post` and `books.reverse` answer. */
type Answer =
  | { outcome: 'POSTED' | 'REPLAYED'; journalId: number; postingDate: string }
  | { outcome: 'BUSINESS_KEY_CONFLICT' | 'ALREADY_REVERSED'; journalId: number }
  | { outcome: 'GUARDED_ACCOUNT_LIMIT'; account: AccountLimit }
  | { outcome: 'HOLD_LIMIT'; hold: OpenHold };

async function outcomeOf(
  query: PromiseLike<{ rows: { answer: Answer }[] }>,
  businessKey: string,
): Promise<PostedJournal> {
  const answer = (await query).rows[0]?.answer;
  switch (answer?.outcome) {
    case 'POSTED':
    case 'REPLAYED':
      return {
        journalId: answer.journalId,
        postingDate: answer.postingDate,
        replayed: answer.outcome === 'REPLAYED',
      };
    case 'GUARDED_ACCOUNT_LIMIT':
      throw new GuardedAccountLimit(answer.account);
    case 'HOLD_LIMIT':
      throw new HoldLimit(answer.hold);
    case 'BUSINESS_KEY_CONFLICT':
      throw new BooksRefusal(
        'BUSINESS_KEY_CONFLICT',
        `Business key "${businessKey}" already stands for other content, in journal ${answer.journalId}.`,
      );
    case 'ALREADY_REVERSED':
      throw new BooksRefusal(
        'ALREADY_REVERSED',
        `The journal was already reversed by journal ${answer.journalId}.`,
      );
    default:
      throw new Error('The books gave no answer.');
  }
}

/** The balance of one account, counted in the direction of its normal side. */
export interface AccountPosition<B extends Book> {
  readonly code: AccountCode<B>;
  readonly currency: string;
  readonly balanceMinor: number;
}

/**
 * Reads an owner's accounts in one book, for example a funding partner's position in `funds`.
 *
 * @returns one row per account that has been opened, by currency and code; an account without a row holds 0.
 */
export async function positionOf<B extends Book>(
  db: Knex,
  book: B,
  owner: string,
): Promise<AccountPosition<B>[]> {
  const { rows } = await db.raw<{ rows: AccountPosition<B>[] }>(
    `select code, currency, balance_minor as "balanceMinor" from books.account_position
     where book = :book and owner = :owner
     order by currency, code`,
    { book, owner },
  );
  return rows;
}

/** What an owner has on one account, in minor units; 0 where nothing was ever posted to it. */
export async function balanceMinorOf<B extends Book>(
  db: Knex,
  book: B,
  owner: string,
  account: Pick<AccountPosition<B>, 'code' | 'currency'>,
): Promise<number> {
  const position = await positionOf(db, book, owner);
  const found = position.find(({ code, currency }) => code === account.code && currency === account.currency);
  return found?.balanceMinor ?? 0;
}
