import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { Begun, RunOutcome } from '../activities/reconciliation';
import type { FlowActivities } from '../activities/start-flow';
import { addDays, dayInZone } from '../domain/calendar';
import { reconciliationFlowId } from '../domain/identifiers';
import type { MarketId } from '../schemas/generated/messages';
import { nowMs } from './moves/clock';
import { defineFlow, GoOn, type Flow } from './moves/flow';

/** A day to be compared. */
export interface ReconciliationDay {
  market: MarketId;
  /** The calendar day in the market's zone. */
  day: string;
  /** The run that an earlier run of the workflow has not come to the end of. */
  begun?: Begun;
  /** Whether it was asked for once more since that one began. */
  again?: boolean;
}

/** How a day ends: without an open finding. */
export interface ReconciliationOutcome extends RunOutcome {
  outcome: 'GREEN';
  day: string;
}

const YEEPAY = { party: 'yeepay' };

/** People and later days may close what is open; a day whose flow nobody tells of it looks as often. */
const LOOK_AGAIN_MS = 6 * 3_600_000;

/**
 * 化债对账流程. Compares a day: what Yeepay says, what was divided, what settled debts, and the books. What differs is a finding. It ends
 * when the day is green, and is compared again whenever it is told to (`told`), people have explained a finding, or time has passed.
 */
export const debtReconciliation = defineFlow(
  'debt-reconciliation',
  'accounting-reconciliation-service',
  async (flow, run: ReconciliationDay): Promise<ReconciliationOutcome | GoOn<ReconciliationDay>> => {
    const { market, day } = run;
    const inbox = flow.openInbox();
    flow.onlyForward();
    flow.note({ businessDate: day });
    for (let { begun, again = false } = run; ; begun = undefined, again = false) {
      // From before it begins: a reset tells the flow at once of all that it was told after, and by then a run may have begun.
      const wokenBefore = inbox.wakeCount();
      begun ??= await flow.do('reconciliation.begin', { market, day }, `Begins to compare ${day}`);
      const isAskedAgain = (): boolean => again || inbox.wakeCount() > wokenBefore;
      if (!(await askYeepay(flow, begun))) return new GoOn({ market, day, begun, again: isAskedAgain() });
      const compared = await compare(flow, begun);
      // Whoever asked meanwhile may know of something that this run has not seen.
      if (isAskedAgain()) continue;
      if (compared.openFindings === 0) return { outcome: 'GREEN', day, ...compared };
      if (flow.isLong()) return new GoOn({ market, day });
      const reason = `${compared.openFindings} open findings: GET /v1/reconciliation/days/${market}/${day}`;
      await flow.untilTold('an explanation, before it compares again', nowMs() + LOOK_AGAIN_MS, {
        reason,
      });
    }
  },
);

/** Asks about the day's requests, batch by batch. Returns whether all are asked about; else the flow had better go on as a new run. */
async function askYeepay(flow: Flow<'accounting-reconciliation-service'>, { run }: Begun): Promise<boolean> {
  while (!flow.isLong()) {
    const requests = await flow.do('reconciliation.requests', run, `Requests of ${run.day} to ask about`);
    if (requests.length === 0) return true;
    await Promise.all(
      requests.map((requestNo) =>
        flow.do('reconciliation.query', { runId: run.runId, requestNo }, `Yeepay on ${requestNo}`, YEEPAY),
      ),
    );
  }
  return false;
}

async function compare(
  flow: Flow<'accounting-reconciliation-service'>,
  { run, comparisons }: Begun,
): Promise<RunOutcome> {
  await flow.do('reconciliation.statement', run, `Yeepay's statement of ${run.day}`, YEEPAY);
  for (const comparison of comparisons) {
    await flow.do('reconciliation.compare', { ...run, comparison }, comparison);
  }
  return flow.do('reconciliation.end', run, 'Opens and closes findings');
}

/** Set by Temporal on what a schedule starts: the time at which it was to start, also where it starts late or is a backfill. */
const scheduledAt = defineSearchAttributeKey('TemporalScheduledStartTime', SearchAttributeType.DATETIME);

/**
 * What a schedule starts. Temporal gives such a run an id of its own, so all that it does is to start the day's flow under the day's
 * id: the day before the one in which it was to start, in the market's zone.
 */
export async function debtReconciliationDue({
  market,
  timeZone,
}: {
  market: MarketId;
  timeZone: string;
}): Promise<{ day: string }> {
  const { typedSearchAttributes, startTime, taskQueue } = workflowInfo();
  const at = typedSearchAttributes.get(scheduledAt) ?? startTime;
  const day = addDays(dayInZone(at.toISOString(), timeZone), -1);
  const { 'flow.start': start } = proxyActivities<FlowActivities>({
    ...{ startToCloseTimeout: '30 seconds', summary: `flow.start → ${reconciliationFlowId(market, day)}` },
    retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
  });
  await start({
    ...{ flow: 'debt-reconciliation', flowId: reconciliationFlowId(market, day), taskQueue },
    ...{ summary: `Reconciliation of ${day}`, command: { market, day }, isRepeatable: true },
  });
  return { day };
}
