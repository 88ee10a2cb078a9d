import {
  ScheduleAlreadyRunning,
  ScheduleOverlapPolicy,
  type Client,
  type ScheduleOptions,
} from '@temporalio/client';
import type { ReconciledMarket } from '../../db/reference';

/** The id of a market's schedule. */
export const scheduleIdOf = (market: string): string => `debt-reconciliation:${market}`;

/** Yeepay's statement of a day is there by then: an assumption, as its public notes do not say when. */
const AT = { hour: 2, minute: 30 };

/**
 * Makes the schedule of each market that starts the reconciliation of the day before, or brings it up to date. Whether it is paused
 * stays as people have set it.
 *
 * @throws Error when Temporal does not answer
 */
export async function makeReconciliationSchedules(
  client: Client,
  taskQueue: string,
  markets: readonly ReconciledMarket[],
): Promise<void> {
  for (const of of markets) {
    const options = optionsOf(of, taskQueue);
    try {
      await client.schedule.create(options);
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
      const { spec, action, policies } = options;
      await client.schedule
        .getHandle(options.scheduleId)
        .update(({ state }) => ({ spec, action, policies, state }));
    }
  }
}

const optionsOf = ({ market, timeZone }: ReconciledMarket, taskQueue: string) =>
  ({
    scheduleId: scheduleIdOf(market),
    spec: { calendars: [AT], timezone: timeZone },
    action: {
      ...{ type: 'startWorkflow', workflowType: 'debt-reconciliation-due', taskQueue },
      ...{ workflowId: `debt-reconciliation-due:${market}`, args: [{ market, timeZone }] },
    },
    policies: {
      // What it starts only starts the flow of a day: each day its own, so none need wait for another, and none may be left out.
      overlap: ScheduleOverlapPolicy.ALLOW_ALL,
      // After an outage each day that was missed is started. What is older is for people to backfill, who know what it is good for.
      catchupWindow: '30 days',
      // A day that could not be started must not keep the next ones from it.
      pauseOnFailure: false,
    },
  }) as const satisfies ScheduleOptions;
