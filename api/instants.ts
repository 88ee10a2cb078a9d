import type { Knex } from 'knex';
import type { Logger } from 'pino';
import { isInFuture } from '../db/reference';
import { dayInZone } from '../domain/calendar';
import { Problem } from './problem';

/**
 * Throws a Problem where nothing can have happened at an instant that a party, or an operator in its place, tells of: RFC 3339 has
 * instants that no calendar of ours has, such as a leap second; and what lies in the future has not happened.
 *
 * @param pointer where it stands in the body
 */
export async function checkInstant(
  db: Knex,
  log: Logger,
  { party, instant, pointer }: { party: string; instant: string; pointer: string },
): Promise<void> {
  if (!isOfCalendar(instant)) {
    const detail = 'must be an instant with its offset, such as 2024-01-31T17:30:00Z';
    throw new Problem('INVALID_BODY', 'The time of the payment is none.', [{ pointer, detail }]);
  }
  if (await isInFuture(db, party, instant)) {
    log.warn({ party, instant }, 'a time in the future is told of');
    const detail = 'lies in the future: send the time at which it happened';
    throw new Problem('INVALID_BODY', 'Nothing has happened at that time yet.', [{ pointer, detail }]);
  }
}

function isOfCalendar(instant: string): boolean {
  try {
    dayInZone(instant, 'UTC');
    return true;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return false;
  }
}
