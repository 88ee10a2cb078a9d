import type { Fault } from './behaviours';
import { closed, delay, oneOf, reader } from './schema';

/** A party that is down: whatever is sent to it, queries too, meets the fault, and the party learns nothing. */
export interface Outage {
  party: string;
  by: Fault;
  /** Without it, until it is ended. */
  durationMs?: number;
}

export interface Outages {
  start(outage: Outage): void;
  /** Ends the outage of one party, or of all. */
  end(party?: string): void;
  /** The fault that a party's callers meet now, if it is down. */
  of(party: string): Fault | undefined;
}

/** A world in which no party is down. */
export function createOutages(): Outages {
  const byParty = new Map<string, { by: Fault; untilMs: number }>();
  return {
    start({ party, by, durationMs = Infinity }) {
      byParty.set(party, { by, untilMs: Date.now() + durationMs });
    },
    end(party) {
      if (party === undefined) byParty.clear();
      else byParty.delete(party);
    },
    of(party) {
      const outage = byParty.get(party);
      return outage && Date.now() < outage.untilMs ? outage.by : undefined;
    },
  };
}

/** Reads an outage that came in at the control address. */
export const readOutage = reader<Outage>(
  'outage',
  closed({ party: { type: 'string' }, by: oneOf('HANG', 'BREAK', 'ERROR') }, { durationMs: delay }),
);
