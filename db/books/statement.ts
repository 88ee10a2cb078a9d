import { type Knex } from 'knex';

import { type Side } from '../../domain/books/chart-of-accounts';

import { accountById, checkRange, DAY_COLUMN, type Account, type DayKind } from './accounts';
import { BooksQueryError } from './errors';

const MAX_DAYS = 3_660;
const MAX_LINES = 1_000;

/** Which entries of an account, and which page of them. Both dates count; they are 'YYYY-MM-DD'. */
export interface StatementQuery {
  readonly by: DayKind;
  readonly from: string;
  readonly to: string;
  /** `next` of the page before. */
  readonly after?: string;
  /** The most lines of a page, 1 to 1,000. */
  readonly limit: number;
}

/** One entry on the account, with the account's balance after it, in minor units. */
export interface StatementLine {
  readonly journalId: number;
  readonly line: number;
  readonly postingDate: string;
  readonly valueDate: string;
  readonly scenario: string;
  readonly businessKey: string;
  readonly description: string;
  readonly side: Side;
  readonly amountMinor: number;
  /** In the direction of the account's normal side. */
  readonly balanceMinor: number;
}

/** A page of a statement. Opening and closing balance are those of the whole range, the same on every page. */
export interface Statement {
  readonly account: Account;
  readonly openingMinor: number;
  readonly closingMinor: number;
  readonly lines: readonly StatementLine[];
  /** Asks for the next page; absent on the last one. */
  readonly next?: string;
}

/** Where a page ends, and what its statement stands on. */
interface Place {
  /** The transactions that the first page saw: every page shows exactly theirs, whatever is posted meanwhile. */
  readonly snapshot: string;
  readonly openingMinor: number;
  readonly closingMinor: number;
  readonly day: string;
  readonly journalId: number;
  readonly line: number;
  readonly balanceMinor: number;
}

/**
 * Reads an account's entries of a range of posting or value dates, in the order of that date, with the running balance.
 * All pages together are one statement, as of the moment of the first: what is posted meanwhile appears on none of them.
 *
 * @param db not a transaction that has posted: a statement shows only what is committed.
 * @throws BooksQueryError UNKNOWN_ACCOUNT; INVALID_RANGE (dates or limit); INVALID_CURSOR when `after` does not come from
 *   a page of this statement.
 */
export async function statementOf(db: Knex, accountId: number, query: StatementQuery): Promise<Statement> {
  checkRange(query, MAX_DAYS);
  if (!(Number.isInteger(query.limit) && query.limit >= 1 && query.limit <= MAX_LINES)) {
    throw new BooksQueryError('INVALID_RANGE', `A page has 1 to ${MAX_LINES} lines, not ${query.limit}.`);
  }
  const account = await accountById(db, accountId);
  const place =
    query.after === undefined ? await beginning(db, account, query) : placeOf(query.after, accountId, query);
  const found = await linesAfter(db, account, query, place);
  const lines = found.slice(0, query.limit);
  const last = lines.at(-1);
  const statement = {
    account,
    openingMinor: place.openingMinor,
    closingMinor: place.closingMinor,
    lines,
  };
  if (last === undefined || found.length <= query.limit) return statement;
  const day = query.by === 'posting' ? last.postingDate : last.valueDate;
  const { journalId, line, balanceMinor } = last;
  return { ...statement, next: cursorOf({ ...place, day, journalId, line, balanceMinor }, accountId, query) };
}

/** The place before the first line. */
async function beginning(db: Knex, account: Account, { by, from, to }: StatementQuery): Promise<Place> {
  type Totals = Pick<Place, 'snapshot' | 'openingMinor' | 'closingMinor'>;
  const { rows } = await db.raw<{ rows: Totals[] }>(
    `select pg_current_snapshot()::text as snapshot,
       (:direction * coalesce(sum(debit_minor - credit_minor) filter (where :dayColumn: < :from), 0))::bigint
         as "openingMinor",
       (:direction * coalesce(sum(debit_minor - credit_minor), 0))::bigint as "closingMinor"
     from books.movement where account_id = :accountId and :dayColumn: <= :to`,
    { ...basics(account, by), from, to },
  );
  const totals = rows[0]!;
  return { ...totals, day: from, journalId: 0, line: 0, balanceMinor: totals.openingMinor };
}

/** Reads one line more than the page has, to know whether another page follows. */
async function linesAfter(
  db: Knex,
  account: Account,
  { by, from, to, limit }: StatementQuery,
  { snapshot, day, journalId, line, balanceMinor }: Place,
): Promise<StatementLine[]> {
  const { rows } = await db.raw<{ rows: StatementLine[] }>(
    `select l.*, j.scenario, j.business_key as "businessKey", j.description
     from (
       select e.journal_id as "journalId", e.line, e.posting_date as "postingDate", e.value_date as "valueDate",
         e.side, e.amount_minor as "amountMinor",
         (:balanceMinor + sum(case e.side when :normalSide then e.amount_minor else -e.amount_minor end)
           over (order by e.:dayColumn:, e.journal_id, e.line))::bigint as "balanceMinor"
       from books.entry e
       where e.account_id = :accountId and e.:dayColumn: between :from and :to
         and (e.:dayColumn:, e.journal_id, e.line) > (cast(:day as date), :journalId, :line)
         and pg_visible_in_snapshot(e.xid, cast(:snapshot as pg_snapshot))
       order by e.:dayColumn:, e.journal_id, e.line
       limit :limit
     ) l join books.journal j on j.id = l."journalId"
     order by l.:dayName:, l."journalId", l.line`,
    {
      ...{ ...basics(account, by), normalSide: account.normalSide, from, to, limit: limit + 1 },
      ...{ snapshot, day, journalId, line, balanceMinor, dayName: `${by}Date` },
    },
  );
  return rows;
}

const basics = ({ accountId, normalSide }: Account, by: DayKind) => ({
  accountId,
  dayColumn: DAY_COLUMN[by],
  direction: normalSide === 'DEBIT' ? 1 : -1,
});

/** Clients hand a cursor back as it is; it names its statement, so that it cannot be used for another one by mistake. */
function cursorOf(place: Place, accountId: number, query: StatementQuery): string {
  return Buffer.from(JSON.stringify({ ...place, of: nameOf(accountId, query) })).toString('base64url');
}

function placeOf(cursor: string, accountId: number, query: StatementQuery): Place {
  const place = parsed(cursor) as Partial<Place & { of: string }> | null;
  const numbers = [
    place?.openingMinor,
    place?.closingMinor,
    place?.journalId,
    place?.line,
    place?.balanceMinor,
  ];
  const isWhole =
    place?.of === nameOf(accountId, query) &&
    numbers.every(Number.isSafeInteger) &&
    /^\d{4}-\d{2}-\d{2}$/.test(place.day ?? '') &&
    !Number.isNaN(Date.parse(place.day ?? '')) &&
    isSnapshot(place.snapshot);
  if (!isWhole) {
    throw new BooksQueryError(
      'INVALID_CURSOR',
      'The cursor does not belong to this statement: ask for the first page again, or keep account and range.',
    );
  }
  return place as Place;
}

const nameOf = (accountId: number, { by, from, to }: StatementQuery) => `${accountId} ${by} ${from} ${to}`;

function parsed(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return null;
  }
}

/** PostgreSQL's own rule for the text of a snapshot, `xmin:xmax:ids in between, ascending`. */
function isSnapshot(text: unknown): boolean {
  const parts = /^(\d{1,18}):(\d{1,18}):((?:\d{1,18}(?:,\d{1,18})*)?)$/.exec(String(text));
  if (parts === null) return false;
  const [xmin, xmax] = [BigInt(parts[1]!), BigInt(parts[2]!)];
  const ids = (parts[3] ?? '').split(',').filter(Boolean).map(BigInt);
  const isAscending = ids.every((id, index) => id >= (ids[index - 1] ?? xmin) && id < xmax);
  return xmin > 0n && xmin <= xmax && isAscending;
}
