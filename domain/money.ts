import { Decimal } from 'decimal.js';

export type Currency = 'CNY' | 'IDR';

/**
 * How many decimal places the minor unit of a currency has, by market practice. IDR has none: ISO 4217 lists
 * two, but sen have not been in use for decades and no Indonesian bank or payment channel carries them, so an
 * amount with sen could be owed and never be paid.
 */
export const minorUnitDigits: Record<Currency, number> = { CNY: 2, IDR: 0 };

/** An amount in whole minor units of its currency (CNY: fen, IDR: rupiah). */
export interface Money {
  currency: Currency;
  amountMinor: number;
}

/**
 * Decimal arithmetic for what is not yet money: rates, year fractions, unrounded interest. 64 digits hold
 * every product of a balance and a rate exactly; only a division can leave a remainder beyond them.
 */
export const Exact = Decimal.clone({ precision: 64, rounding: Decimal.ROUND_HALF_UP });

const significantDigits = 40;

/**
 * Makes an amount of money.
 *
 * @param currency the currency whose minor unit the amount is in
 * @param amountMinor the amount in minor units; may be negative or zero
 * @throws RangeError if the amount is not an integer within ±(2^53−1)
 */
export function money(currency: Currency, amountMinor: number): Money {
  return { currency, amountMinor: safeInteger(amountMinor) };
}

/**
 * Writes an amount for people, with thousands separated: "CNY 100.00", "IDR 5,000,000", "CNY -0.05".
 * It is for messages and tables, never to be parsed again.
 *
 * @throws RangeError if the amount is not an integer within ±(2^53−1)
 */
export function formatMoney({ currency, amountMinor }: Money): string {
  const digits = minorUnitDigits[currency];
  const amount = new Exact(safeInteger(amountMinor)).div(10 ** digits).toFixed(digits);
  const [whole = '', ...fraction] = amount.split('.');
  return `${currency} ${[whole.replace(/\B(?=(\d{3})+$)/g, ','), ...fraction].join('.')}`;
}

/**
 * Rounds an unrounded amount to whole minor units; a half goes away from zero, so that a reversal rounds to
 * the mirror of what it reverses.
 *
 * @param amountMinor the unrounded amount in minor units, computed with `Exact`
 * @returns a safe integer
 * @throws RangeError if the result is not an integer within ±(2^53−1)
 */
export const roundHalfUp = (amountMinor: Decimal): number => rounded(amountMinor, Decimal.ROUND_HALF_UP);

/**
 * Rounds an unrounded amount down to whole minor units, as a limit is: what is allowed is never passed.
 *
 * @param amountMinor the unrounded amount in minor units, computed with `Exact`
 * @returns a safe integer
 * @throws RangeError if the result is not an integer within ±(2^53−1)
 */
export const roundDown = (amountMinor: Decimal): number => rounded(amountMinor, Decimal.ROUND_FLOOR);

function rounded(amountMinor: Decimal, rounding: Decimal.Rounding): number {
  // The digits beyond the fortieth are there to absorb what divisions leave: without cutting them off first,
  // a half that was computed as 0.4999… would be rounded down.
  const settled = amountMinor.toSignificantDigits(significantDigits, Decimal.ROUND_HALF_UP);
  return safeInteger(settled.toDecimalPlaces(0, rounding).toNumber());
}

/**
 * Adds amounts of one currency, in minor units.
 *
 * @returns the sum as a safe integer; 0 for no amounts
 * @throws RangeError if the sum is not an integer within ±(2^53−1)
 */
export function sumMinor(amountsMinor: number[]): number {
  return amountsMinor.reduce((sum, amountMinor) => safeInteger(sum + amountMinor), 0);
}

/**
 * Reads an amount as others write it: by its digits, as fractions of floats are not what they seem.
 *
 * @param written whole units and decimals, such as `30.00`; no sign, no thousands separated
 * @returns undefined where it is no such amount, or has more decimals than the currency
 * @throws RangeError if the amount is beyond 2^53−1 minor units
 */
export function moneyIn(currency: Currency, written: string): Money | undefined {
  const digits = minorUnitDigits[currency];
  const [, whole, decimals = ''] = /^(\d+)(?:\.(\d+))?$/.exec(written) ?? [];
  if (whole === undefined || decimals.length > digits) return undefined;
  return money(currency, Number(whole + decimals.padEnd(digits, '0')));
}

function safeInteger(amountMinor: number): number {
  if (!Number.isSafeInteger(amountMinor)) {
    throw new RangeError(
      `An amount must be a whole number of minor units within ±(2^53−1), but it is ${amountMinor}`,
    );
  }
  // Negative zero is equal to zero in arithmetic but not in comparisons of contents.
  return amountMinor === 0 ? 0 : amountMinor;
}
