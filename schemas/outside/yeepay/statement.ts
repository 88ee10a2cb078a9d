import { fenIn, instantIn, yeepayTime, yuan } from './divide';

/**
 * Yeepay's statement of a day: CSV, a line for each receiver of what was divided (`DIVIDE`), given to the order's merchant
 * (`COMPLETE`) or taken back (`BACK`). Yeepay's public notes name the download and not its form, so the form is an assumption.
 */
export const STATEMENT_TYPES = ['DIVIDE', 'COMPLETE', 'BACK'] as const;

const COLUMNS = 'type,orderId,requestId,uniqueNo,detailNo,ledgerNo,amount,successDate';

/** What one receiver got, or gave back. */
export interface StatementLine {
  type: (typeof STATEMENT_TYPES)[number];
  /** The mall's number of the order. */
  orderId: string;
  /** The number under which Yeepay was asked. */
  requestNo: string;
  /** Yeepay's number of what it did. */
  transactionNo: string;
  /** Yeepay's number of what the receiver got. */
  detailNo: string;
  ledgerNo: string;
  /** In fen, above 0. */
  amountMinor: number;
  /** RFC 3339. */
  doneAt: string;
}

/** A statement that cannot be read; the message names the line, and does not quote it. */
export class StatementError extends Error {}

/** Writes a statement: its header, its lines, and a line break behind each. */
export const statementText = (lines: readonly StatementLine[]): string =>
  [
    COLUMNS,
    ...lines.map(({ type, orderId, requestNo, transactionNo, detailNo, ledgerNo, amountMinor, doneAt }) =>
      [
        ...[type, orderId, requestNo, transactionNo, detailNo, ledgerNo],
        ...[yuan(amountMinor), yeepayTime(doneAt)],
      ].join(),
    ),
    '',
  ].join('\n');

/**
 * Reads a statement, whole or not at all: a line that is left out would be a difference that nobody sees.
 *
 * @param day yyyy-MM-dd, on which all of it was done
 * @throws StatementError
 */
export function statementIn(text: string, day: string): StatementLine[] {
  const [header, ...lines] = text.split(/\r?\n/);
  if (header !== COLUMNS) throw new StatementError(`Line 1 must be the header "${COLUMNS}".`);
  if (lines.pop() !== '') throw new StatementError('The last line is cut off: it does not end.');
  return lines.map((line, index) => lineIn(line, day, index + 2));
}

function lineIn(line: string, day: string, number: number): StatementLine {
  const wrong = (what: string) => new StatementError(`Line ${number}: ${what}.`);
  const fields = line.split(',');
  if (fields.length !== 8) throw wrong(`it has ${fields.length} fields, and not 8`);
  const [type, orderId, requestNo, transactionNo, detailNo, ledgerNo, amount, date] = fields as Eight;
  const known = STATEMENT_TYPES.find((one) => one === type);
  if (!known) throw wrong(`its type is none of ${STATEMENT_TYPES.join(', ')}`);
  const ids = { orderId, requestNo, transactionNo, detailNo, ledgerNo };
  for (const [name, id] of Object.entries(ids)) {
    if (!/^[\w.-]{1,128}$/.test(id)) throw wrong(`its ${name} is no number of an order, request or receiver`);
  }
  const amountMinor = fenIn(amount);
  if (!amountMinor) throw wrong('its amount is none in yuan, above 0');
  const doneAt = instantIn(date);
  if (!doneAt) throw wrong('its time is none');
  if (!date.startsWith(day)) throw wrong(`it is not of ${day}`);
  return { type: known, ...ids, amountMinor, doneAt };
}

type Eight = [string, string, string, string, string, string, string, string];
