import { closed, reader } from './schema';

/** By which clock parties date what they do. Delays run by the real one. */
export interface Clock {
  /** The instant that it shows. */
  now(): Date;
  /** Sets it; it goes on from there. */
  set(reading: Reading): void;
  /** Back to the real time. */
  reset(): void;
}

interface Reading {
  /** An RFC 3339 instant. */
  now: string;
}

/** A clock that shows the real time until it is set. */
export function createClock(): Clock {
  let aheadMs = 0;
  return {
    now: () => new Date(Date.now() + aheadMs),
    set({ now }) {
      aheadMs = Date.parse(now) - Date.now();
    },
    reset() {
      aheadMs = 0;
    },
  };
}

/** Reads what a clock is to show that came in at the control address. */
export const readReading = reader<Reading>(
  'clock',
  closed({
    now: {
      type: 'string',
      pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d)$',
    },
  }),
);
