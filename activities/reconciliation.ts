import type { Knex } from 'knex';
import { requestOf } from '../db/outside';
import { comparisons, type SetComparisonName } from '../db/reconciliation/comparisons';
import {
  beginRun,
  compareSides,
  endRun,
  keepStatement,
  noteAsked,
  requestsToAsk,
  wordsByRecords,
  type Run,
  type RunOutcome,
} from '../db/reconciliation/runs';
import { inTransaction } from '../db/transaction';
import type { StatementLine } from '../schemas/outside/yeepay/statement';
import type { Gateway, Gateways } from './outside';

export type { RunOutcome };

/** A run, and the comparisons that it is to make: the flow asks, so that it knows none by itself and they may change. */
export interface Begun {
  run: Run;
  comparisons: SetComparisonName[];
}

export type ReconciliationActivities = ReturnType<typeof reconciliationActivities>;

/** As many requests as a flow has asked about at a time. */
const BATCH = 50;

/**
 * What the reconciliation of a day does. No messages: a message is handled once and its answer stands, and a comparison is to be
 * made again. Each is safe to repeat within a run, and none changes anything but what reconciliation has found.
 */
export const reconciliationActivities = (
  db: Knex,
  gateways: Gateways,
  statementOf: (day: string) => Promise<StatementLine[]>,
) => ({
  /** Begins a run, or finds the day's run that has not ended. */
  async 'reconciliation.begin'({ market, day }: Omit<Run, 'runId'>): Promise<Begun> {
    const runId = await inTransaction(db, 'reconciliation.begin', (tx) => beginRun(tx, market, day));
    return { run: { runId, market, day }, comparisons: Object.keys(comparisons) as SetComparisonName[] };
  },

  /** The numbers of the next requests to ask Yeepay about; none when all were asked about. */
  'reconciliation.requests': (run: Run): Promise<string[]> => requestsToAsk(db, run, BATCH),

  /** Asks Yeepay what became of a request, and compares it with our records. Fails while Yeepay does not say. */
  async 'reconciliation.query'({ runId, requestNo }: { runId: number; requestNo: string }): Promise<void> {
    const row = await requestOf(db, requestNo);
    const theirs = wordsOf(await gateways[row.operation].query(row));
    await inTransaction(db, 'reconciliation.query', async (tx) =>
      noteAsked(tx, runId, { requestNo, ours: await wordsByRecords(tx, requestNo), theirs }),
    );
  },

  /** Fetches Yeepay's statement of the run's day. Fails while there is none that can be read. */
  async 'reconciliation.statement'({ runId, day }: Run): Promise<void> {
    const lines = await statementOf(day);
    await inTransaction(db, 'reconciliation.statement', (tx) => keepStatement(tx, runId, lines));
  },

  /** Makes one of the comparisons that need nobody but the database. */
  'reconciliation.compare': ({
    comparison,
    ...run
  }: Run & { comparison: SetComparisonName }): Promise<void> =>
    inTransaction(db, 'reconciliation.compare', (tx) => compareSides(tx, run, comparison)),

  /** Ends the run: findings are opened and closed by what it has seen. */
  'reconciliation.end': (run: Run): Promise<RunOutcome> =>
    inTransaction(db, 'reconciliation.end', (tx) => endRun(tx, run)),
});

/** What Yeepay says of a request, as our records say it (`wordsByRecords`). Throws where Yeepay says nothing. */
function wordsOf(word: Awaited<ReturnType<Gateway['query']>>): string {
  switch (word.status) {
    case 'SUCCEEDED': {
      const { transactionNo, divided = [], cleared } = word;
      const parts = divided.map(({ ledgerNo, amountMinor }) => `${ledgerNo}=${amountMinor}`).sort();
      return [word.status, transactionNo, ...parts, ...(cleared ? [cleared.settledMinor] : [])].join(' ');
    }
    case 'FAILED':
      return `FAILED ${word.failure.code}`;
    case 'UNKNOWN':
      if (!word.isContradiction) throw new Error(`Yeepay does not say: ${word.why}.`);
      return 'SUCCEEDED, and not as it was asked to';
    default:
      return word.status;
  }
}
