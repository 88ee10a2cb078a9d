import { type Knex } from 'knex';

import { type Book, type Side } from '../../domain/books/chart-of-accounts';

import { DAY_COLUMN, type DayKind } from './accounts';

/** Restricts a trial balance; what is left out is not restricted. */
export interface TrialBalanceFilter {
  readonly book?: Book;
  readonly market?: string;
  /** Which date `from` and `through` speak of; the posting date if left out. */
  readonly by?: DayKind;
  /** The first date that counts, 'YYYY-MM-DD': with it the rows are what moved, with `from` = `through` on one day. */
  readonly from?: string;
  /** The last date that counts, 'YYYY-MM-DD'. Without `from` the rows are the balances at its end. */
  readonly through?: string;
}

/** All entries on one code of the chart in one currency, in minor units. */
export interface TrialBalanceRow {
  readonly book: Book;
  readonly code: string;
  readonly currency: string;
  readonly normalSide: Side;
  readonly debitMinor: number;
  readonly creditMinor: number;
}

/** The totals of one book in one currency. `balanced` tells whether they are equal. */
export interface BookTotal {
  readonly book: Book;
  readonly currency: string;
  readonly debitMinor: number;
  readonly creditMinor: number;
  readonly balanced: boolean;
}

/** A trial balance. */
export interface TrialBalance {
  readonly rows: readonly TrialBalanceRow[];
  readonly totals: readonly BookTotal[];
}

/**
 * Sums all entries, straight from history and not from running balances.
 *
 * @returns one row per book, code and currency, and the totals per book and currency, both in that order.
 */
export async function trialBalance(db: Knex, filter: TrialBalanceFilter = {}): Promise<TrialBalance> {
  const { rows } = await db.raw<{ rows: TrialBalanceRow[] }>(
    `select a.book, a.code, e.currency, c.normal_side as "normalSide",
       coalesce(sum(e.amount_minor) filter (where e.side = 'DEBIT'), 0)::bigint as "debitMinor",
       coalesce(sum(e.amount_minor) filter (where e.side = 'CREDIT'), 0)::bigint as "creditMinor"
     from books.entry e
       join books.journal j on j.id = e.journal_id
       join books.account a on a.id = e.account_id
       join books.chart_account c on c.book = a.book and c.code = a.code
     where (cast(:book as text) is null or j.book = :book)
       and (cast(:market as text) is null or j.market = :market)
       and (cast(:from as date) is null or e.:dayColumn: >= :from)
       and (cast(:through as date) is null or e.:dayColumn: <= :through)
     group by a.book, a.code, e.currency, c.normal_side
     order by a.book, a.code, e.currency`,
    {
      ...{
        book: filter.book ?? null,
        market: filter.market ?? null,
        dayColumn: DAY_COLUMN[filter.by ?? 'posting'],
      },
      ...{ from: filter.from ?? null, through: filter.through ?? null },
    },
  );
  return { rows, totals: totalsOf(rows) };
}

function totalsOf(rows: readonly TrialBalanceRow[]): BookTotal[] {
  const totals = new Map<string, BookTotal>();
  for (const { book, currency, debitMinor, creditMinor } of rows) {
    const sum = totals.get(`${book} ${currency}`) ?? { book, currency, debitMinor: 0, creditMinor: 0 };
    const debits = sum.debitMinor + debitMinor;
    const credits = sum.creditMinor + creditMinor;
    totals.set(`${book} ${currency}`, {
      book,
      currency,
      debitMinor: debits,
      creditMinor: credits,
      balanced: debits === credits,
    });
  }
  return [...totals.values()].sort(
    (a, b) => a.book.localeCompare(b.book) || a.currency.localeCompare(b.currency),
  );
}
