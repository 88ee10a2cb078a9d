/**
 * What the parties of the sandbox know of their payouts. Every change is a fact that is written before it is
 * told to anyone, so that a sandbox that is killed and started again on the same file goes on where it was.
 */
import { closeSync, existsSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import type { PayoutAnswer, PayoutRequest, SettledPayout } from '../schemas/outside/payout';
import type { Script } from './behaviours';

/** The accepted request and the way it is going to be played. Who is paid is known by its hash only. */
export interface Payout {
  party: string;
  requestNo: string;
  reference: string;
  amount: PayoutRequest['amount'];
  /** Hash of the whole request, by which a repetition is told from another request of the same number. */
  contentHash: string;
  script: Script;
  /** RFC 3339 instant. */
  receivedAt: string;
}

export interface PayoutState extends Payout {
  answer: PayoutAnswer;
  calledBack: boolean;
}

export type PayoutFact =
  | { fact: 'RECEIVED'; payout: Payout }
  | { fact: 'SETTLED'; party: string; settled: SettledPayout }
  | { fact: 'CALLED_BACK'; party: string; requestNo: string };

export interface PayoutLog {
  find(party: string, requestNo: string): Readonly<PayoutState> | undefined;
  /** All payouts in the order in which they were received. */
  all(): Readonly<PayoutState>[];
  /**
   * Writes a fact and applies it.
   * @returns the payout, which goes on to show what later facts make of it.
   * @throws Error if the fact is about a payout that was never received.
   */
  append(fact: PayoutFact): Readonly<PayoutState>;
  close(): void;
}

/**
 * Opens the log.
 * @param file one JSON document a line; made if missing. Without it the sandbox remembers only as long as it
 *   runs.
 * @throws Error that names the line, if the file holds what this log did not write.
 */
export function openPayoutLog(file: string | undefined): PayoutLog {
  const payouts = new Map<string, PayoutState>();
  if (file !== undefined) for (const fact of readFacts(file)) apply(payouts, fact);
  const descriptor = file === undefined ? undefined : openSync(file, 'a', 0o600);
  return {
    find: (party, requestNo) => payouts.get(keyOf(party, requestNo)),
    all: () => [...payouts.values()],
    append(fact) {
      if (descriptor !== undefined) writeSync(descriptor, `${JSON.stringify(fact)}\n`);
      return apply(payouts, fact);
    },
    close() {
      if (descriptor !== undefined) closeSync(descriptor);
    },
  };
}

function readFacts(file: string): PayoutFact[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  const complete = text.slice(0, text.lastIndexOf('\n') + 1);
  // A last line without its end was cut off while it was written, so that nobody has been told of it.
  if (complete.length < text.length) truncateSync(file, Buffer.byteLength(complete));
  return complete
    .split('\n')
    .slice(0, -1)
    .map((line, index) => {
      try {
        return JSON.parse(line) as PayoutFact;
      } catch (cause) {
        throw new Error(`Line ${index + 1} of ${file} is not JSON; mend or remove the file.`, { cause });
      }
    });
}

function apply(payouts: Map<string, PayoutState>, fact: PayoutFact): PayoutState {
  if (fact.fact === 'RECEIVED') {
    const { payout } = fact;
    const answer: PayoutAnswer = { requestNo: payout.requestNo, status: 'PROCESSING' };
    const state = { ...payout, answer, calledBack: false };
    payouts.set(keyOf(payout.party, payout.requestNo), state);
    return state;
  }
  const requestNo = fact.fact === 'SETTLED' ? fact.settled.requestNo : fact.requestNo;
  const state = payouts.get(keyOf(fact.party, requestNo));
  if (!state) throw new Error(`${fact.fact} is about ${fact.party}/${requestNo}, which was never received.`);
  if (fact.fact === 'SETTLED') state.answer = fact.settled;
  else state.calledBack = true;
  return state;
}

function keyOf(party: string, requestNo: string): string {
  return `${party}/${requestNo}`;
}
