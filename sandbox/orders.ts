import { setTimeout as wait } from 'node:timers/promises';
import { claimed } from './answers';
import type { Fault, Outcome, Script, Step } from './behaviours';
import type { CallBack } from './callbacks';
import type { Clock } from './clock';
import type { Order, OrderLog, OrderState, Truth } from './order-log';
import type { Asked } from './requests';
import type { Rules } from './rules';

/** What a party says of an order, true or not; in which words is its own matter. */
export interface Told {
  order: Order;
  truth: Truth;
}

export interface Orders {
  /**
   * Takes a request, or fails to. The rules decide about one that is new to the party only, unless a script is given: the
   * repetition of an order gets its present state, and the same number with other content is a conflict.
   * @returns what to answer, once it is to be answered.
   */
  receive(party: string, asked: Asked, script?: Script): Promise<Told | 'CONFLICT' | Fault>;
  /** The order's present state, or undefined if the party never took such a request. */
  query(party: string, requestNo: string): Told | undefined;
  /**
   * Drops what is still to come, which the next start on the same log takes up, and waits for the callbacks
   * that are under way.
   */
  close(): Promise<void>;
}

/** Why a party cannot do what its script wants done, by a failure code; undefined where it can. */
export type WhyNot = (order: Order) => string | undefined;

/** Plays the parties' orders by their scripts, and goes on with those that the log left open. */
export function playOrders(
  log: OrderLog,
  { rules, clock }: { rules: Rules; clock: Clock },
  { callBack, whyNot, stop }: { callBack: CallBack; whyNot: WhyNot; stop: AbortSignal },
): Orders {
  const timers = new Set<NodeJS.Timeout>();
  const underWay = new Map<Promise<void>, Order>();

  /** Does what is due of the script from this step on, and waits for the next that is not due yet. */
  function playFrom(order: Order, step: number): void {
    const next = order.script.steps[step];
    if (!next) return;
    const play = (): void => {
      doStep(order, step, next);
      playFrom(order, step + 1);
    };
    const dueInMs = Date.parse(order.receivedAt) + next.afterMs - Date.now();
    // What is due at once is not left to a timer: it has happened when the request is answered.
    if (next.afterMs === 0 || dueInMs <= 0) return play();
    const timer = setTimeout(() => {
      timers.delete(timer);
      play();
    }, dueInMs);
    timers.add(timer);
  }

  function doStep(order: Order, step: number, todo: Step): void {
    const { party, requestNo } = order;
    const state = stateOf(order);
    if (state.done.has(step)) return;
    if (todo.does === 'SETTLE') {
      const at = clock.now().toISOString();
      return log.append({
        fact: 'SETTLED',
        party,
        requestNo,
        step,
        outcome: possible(order, todo.outcome),
        at,
      });
    }
    const truth = todo.says === 'TRUTH' ? state.truth : claimed(order, todo.says);
    const telling = callBack({ order, truth }, todo.notification).then((taken) => {
      if (taken) log.append({ fact: 'CALLED_BACK', party, requestNo, step });
      underWay.delete(telling);
    });
    underWay.set(telling, order);
  }

  function possible(order: Order, wanted: Outcome): Outcome {
    const code = wanted.status === 'SUCCEEDED' ? whyNot(order) : undefined;
    return code === undefined ? wanted : { status: 'FAILED', code };
  }

  /** The state that the log holds now, which goes on to change. */
  const stateOf = ({ party, requestNo }: Order): Readonly<OrderState> => log.find(party, requestNo)!;

  async function firstAnswer(order: Order): Promise<Told | Fault> {
    const { says, delayMs, afterCallbacks } = order.script.answer;
    // When the sandbox closes, the connection is gone, and it does not matter any more what is answered.
    if (delayMs > 0) await wait(delayMs, undefined, { signal: stop }).catch(() => undefined);
    if (afterCallbacks) {
      const ofThisOrder = [...underWay].filter(([, tellsOf]) => tellsOf === order);
      await Promise.all(ofThisOrder.map(([telling]) => telling));
    }
    if (says === 'TRUTH') return { order, truth: stateOf(order).truth };
    if (says === 'PROCESSING') return { order, truth: { status: 'PROCESSING' } };
    return typeof says === 'string' ? says : { order, truth: claimed(order, says) };
  }

  for (const order of log.all()) playFrom(order, 0);

  return {
    async receive(party, { customerId, ...asked }, given) {
      const { requestNo, contentHash } = asked;
      const known = log.find(party, requestNo);
      if (known) return known.contentHash === contentHash ? toldOf(known) : 'CONFLICT';

      const script = given ?? rules.scriptFor(party, { customerId, ...asked }, log.missed(party, requestNo));
      const order: Order = { ...asked, party, script, receivedAt: new Date().toISOString() };
      if (script.takes) {
        log.append({ fact: 'RECEIVED', order });
        playFrom(order, 0);
      } else {
        log.append({ fact: 'MISSED', party, requestNo });
      }
      return firstAnswer(order);
    },
    query(party, requestNo) {
      const known = log.find(party, requestNo);
      return known && toldOf(known);
    },
    async close() {
      for (const timer of timers) clearTimeout(timer);
      await Promise.all(underWay.keys());
    },
  };
}

const toldOf = (order: Readonly<OrderState>): Told => ({ order, truth: order.truth });
