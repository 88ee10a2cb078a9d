/**
 * What the parties of the sandbox know of the requests that they took: their orders. Every change is a fact that is
 * written before it is told to anyone, so that a sandbox that is killed and started again on the same file goes on
 * where it was.
 */
import { closeSync, existsSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import type { Outcome, Script } from './behaviours';
import type { Asked } from './requests';

/** The request and the way in which it is going to be played. Whom it concerns is known by its hash only. */
export interface Order extends Omit<Asked, 'customerId'> {
  party: string;
  script: Script;
  /** RFC 3339 instant. */
  receivedAt: string;
}

/** What has become of an order; `at` is the RFC 3339 instant at which it came to it. */
export type Truth = { status: 'PROCESSING' } | (Outcome & { at: string });

export interface OrderState extends Order {
  truth: Truth;
  /** Which steps of the script are done, by their place. A callback is done when the platform has taken it. */
  done: Set<number>;
}

export type Fact =
  | { fact: 'MISSED'; party: string; requestNo: string }
  | { fact: 'RECEIVED'; order: Order }
  | { fact: 'SETTLED'; party: string; requestNo: string; step: number; outcome: Outcome; at: string }
  | { fact: 'CALLED_BACK'; party: string; requestNo: string; step: number };

export interface OrderLog {
  find(party: string, requestNo: string): Readonly<OrderState> | undefined;
  /** All orders in the order in which they were received. */
  all(): Readonly<OrderState>[];
  /** How often a party was sent a number without taking it. */
  missed(party: string, requestNo: string): number;
  /**
   * Writes a fact and applies it.
   * @throws Error if the fact is about an order that was never received.
   */
  append(fact: Fact): void;
  close(): void;
}

/**
 * Opens the log.
 * @param file one JSON document a line; made if missing. Without it the sandbox remembers only as long as it
 *   runs.
 * @throws Error that names the line, if the file holds what this log did not write.
 */
export function openOrderLog(file: string | undefined): OrderLog {
  const orders = new Map<string, OrderState>();
  const missed = new Map<string, number>();

  function apply(fact: Fact): void {
    switch (fact.fact) {
      case 'MISSED': {
        const key = keyOf(fact);
        missed.set(key, (missed.get(key) ?? 0) + 1);
        return;
      }
      case 'RECEIVED':
        orders.set(keyOf(fact.order), { ...fact.order, truth: { status: 'PROCESSING' }, done: new Set() });
        return;
      case 'SETTLED':
      case 'CALLED_BACK': {
        const order = orders.get(keyOf(fact));
        if (!order) throw new Error(`${fact.fact} is about ${keyOf(fact)}, which was never received.`);
        order.done.add(fact.step);
        if (fact.fact === 'SETTLED') order.truth = { ...fact.outcome, at: fact.at };
        return;
      }
      default:
        throw new Error('this is no fact of this version');
    }
  }

  if (file !== undefined) replay(file, apply);
  const descriptor = file === undefined ? undefined : openSync(file, 'a', 0o600);
  return {
    find: (party, requestNo) => orders.get(keyOf({ party, requestNo })),
    all: () => [...orders.values()],
    missed: (party, requestNo) => missed.get(keyOf({ party, requestNo })) ?? 0,
    append(fact) {
      if (descriptor !== undefined) writeSync(descriptor, `${JSON.stringify(fact)}\n`);
      apply(fact);
    },
    close() {
      if (descriptor !== undefined) closeSync(descriptor);
    },
  };
}

function replay(file: string, apply: (fact: Fact) => void): void {
  if (!existsSync(file)) return;
  const text = readFileSync(file, 'utf8');
  const complete = text.slice(0, text.lastIndexOf('\n') + 1);
  // A last line without its end was cut off while it was written, so that nobody has been told of it.
  if (complete.length < text.length) truncateSync(file, Buffer.byteLength(complete));
  const lines = complete.split('\n').slice(0, -1);
  for (const [index, line] of lines.entries()) {
    try {
      apply(JSON.parse(line) as Fact);
    } catch (cause) {
      const hint = `Line ${index + 1} of ${file} cannot be read; mend or remove the file.`;
      throw new Error(hint, { cause });
    }
  }
}

function keyOf({ party, requestNo }: { party: string; requestNo: string }): string {
  return `${party}/${requestNo}`;
}
