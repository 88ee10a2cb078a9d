import { type Knex } from 'knex';

/** Asks to end one business day of a market. Dates are 'YYYY-MM-DD'. */
export interface BusinessDateAdvance {
  readonly market: string;
  /** The date that the caller believes to be the current one. */
  readonly from: string;
  /** The next business date; the day after `from` if left out. */
  readonly to?: string;
}

/** A market's current business date. */
export interface BusinessDate {
  readonly market: string;
  readonly businessDate: string;
}

/** The business date cannot be moved as asked; nothing has changed. */
export class BusinessDateError extends Error {
  override readonly name = 'BusinessDateError';
  constructor(
    readonly code: 'UNKNOWN_MARKET' | 'NOT_FORWARD' | 'NOT_CURRENT',
    message: string,
  ) {
    super(message);
  }
}

const CODES: Readonly<Record<string, BusinessDateError['code']>> = {
  BD002: 'UNKNOWN_MARKET',
  BD003: 'NOT_FORWARD',
  BD004: 'NOT_CURRENT',
};

/**
 * Moves a market's business date forward, after every posting that is under way in the market has ended. Safe to run
 * twice: if the market is already at `to` or further, nothing happens.
 *
 * @returns whether the date was moved now.
 * @throws BusinessDateError when the market is unknown, `to` is not after `from`, or `from` is not the current date.
 */
export async function advanceBusinessDate(
  db: Knex,
  { market, from, to }: BusinessDateAdvance,
): Promise<boolean> {
  try {
    const { rows } = await db.raw<{ rows: { advanced: boolean }[] }>(
      'select reference.advance_business_date(:market, :from, coalesce(cast(:to as date), cast(:from as date) + 1)) as advanced',
      { market, from, to: to ?? null },
    );
    return rows[0]?.advanced === true;
  } catch (error) {
    const code = CODES[sqlState(error) ?? ''];
    if (code === undefined || !(error instanceof Error)) throw error;
    throw new BusinessDateError(code, error.message);
  }
}

/** Lists the current business date of every market. */
export async function businessDates(db: Knex): Promise<BusinessDate[]> {
  const { rows } = await db.raw<{ rows: BusinessDate[] }>(
    'select market, business_date as "businessDate" from reference.business_date order by market',
  );
  return rows;
}

function sqlState(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
