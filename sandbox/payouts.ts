import { createHash } from 'node:crypto';
import { stringify } from 'safe-stable-stringify';
import type { PayoutAnswer, PayoutRequest, SettledPayout } from '../schemas/outside/payout';
import type { Rules, Script } from './behaviours';
import type { Payout, PayoutLog } from './payout-log';

/** Money that a party really paid. */
export interface Effect {
  party: string;
  requestNo: string;
  reference: string;
  amount: PayoutRequest['amount'];
  transactionNo: string;
  /** RFC 3339 instant. */
  paidAt: string;
}

export interface Payouts {
  /**
   * Takes a request. The rules decide about a new one only: its repetition gets the payout's present state,
   * and the same number with other content is a conflict.
   * @returns what to answer.
   */
  receive(party: string, request: PayoutRequest): PayoutAnswer | 'CONFLICT' | 'NO_ANSWER';
  /** The payout's present state, or undefined if the party never took such a request. */
  query(party: string, requestNo: string): PayoutAnswer | undefined;
  effects(): Effect[];
  /**
   * Drops what is still to come, which the next start on the same log takes up, and waits for the callbacks
   * that are under way.
   */
  close(): Promise<void>;
}

/**
 * Plays the parties' payouts, and goes on with those that the log left open.
 * @param callBack tells the platform of an outcome; resolves to whether it took notice.
 */
export function playPayouts(
  log: PayoutLog,
  rules: Rules,
  callBack: (party: string, settled: SettledPayout) => Promise<boolean>,
): Payouts {
  const timers = new Set<NodeJS.Timeout>();
  const underWay = new Set<Promise<void>>();

  function settle(payout: Payout): void {
    const settled = settledBy(payout);
    log.append({ fact: 'SETTLED', party: payout.party, settled });
    if (payout.script.callsBack) tell(payout.party, settled);
  }

  function tell(party: string, settled: SettledPayout): void {
    const telling = callBack(party, settled).then((noticed) => {
      if (noticed) log.append({ fact: 'CALLED_BACK', party, requestNo: settled.requestNo });
      underWay.delete(telling);
    });
    underWay.add(telling);
  }

  function settleWhenDue(payout: Payout): void {
    if (payout.script.settleAfterMs === null) return settle(payout);
    const passedMs = Date.now() - Date.parse(payout.receivedAt);
    const timer = setTimeout(
      () => {
        timers.delete(timer);
        settle(payout);
      },
      Math.max(0, payout.script.settleAfterMs - passedMs),
    );
    timers.add(timer);
  }

  for (const payout of log.all()) {
    if (payout.answer.status === 'PROCESSING') settleWhenDue(payout);
    else if (payout.script.callsBack && !payout.calledBack) tell(payout.party, payout.answer);
  }

  return {
    receive(party, request) {
      const contentHash = createHash('sha256').update(stringify(request)).digest('hex');
      const known = log.find(party, request.requestNo);
      if (known) return known.contentHash === contentHash ? known.answer : 'CONFLICT';

      const payout = newPayout(party, request, contentHash, rules.scriptFor(party, request));
      const state = log.append({ fact: 'RECEIVED', payout });
      settleWhenDue(payout);
      return payout.script.answer === 'NOTHING' ? 'NO_ANSWER' : state.answer;
    },
    query: (party, requestNo) => log.find(party, requestNo)?.answer,
    effects: () =>
      log.all().flatMap(({ party, requestNo, reference, amount, answer }) => {
        if (answer.status !== 'SUCCEEDED') return [];
        const { transactionNo, paidAt } = answer;
        return [{ party, requestNo, reference, amount, transactionNo, paidAt }];
      }),
    async close() {
      for (const timer of timers) clearTimeout(timer);
      await Promise.all(underWay);
    },
  };
}

function newPayout(party: string, request: PayoutRequest, contentHash: string, script: Script): Payout {
  const { requestNo, reference, amount } = request;
  return { party, requestNo, reference, amount, contentHash, script, receivedAt: new Date().toISOString() };
}

function settledBy({ party, requestNo, script }: Payout): SettledPayout {
  if (script.outcome.status === 'FAILED') {
    const { code } = script.outcome;
    return { requestNo, status: 'FAILED', failure: { code, message: `${party} refused to pay: ${code}.` } };
  }
  // Derived, so that it is unique without a counter that would have to survive a restart.
  const digest = createHash('sha256').update(`${party}/${requestNo}`).digest('hex');
  const transactionNo = `TX${digest.slice(0, 24).toUpperCase()}`;
  return { requestNo, status: 'SUCCEEDED', transactionNo, paidAt: new Date().toISOString() };
}
