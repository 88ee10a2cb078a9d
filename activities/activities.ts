import { activityInfo, heartbeat } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { Knex } from 'knex';
import { databaseFault } from '../db/errors';
import type { RefusalDetails } from '../workflows/moves/refusal';
import type { StatementLine } from '../schemas/outside/yeepay/statement';
import { failedIn, StepRefused, wrapper, type AnyService, type Delivered, type Delivery } from './handling';
import type { Gateways } from './outside';
import { operatorActivities, type OperatorActivities } from './operator';
import { reconciliationActivities, type ReconciliationActivities } from './reconciliation';
import { services } from './services';
import { flowActivities, type FlowActivities } from './start-flow';

/** Temporal's activities, by the names that its Web UI shows: "<service-id>.<message-id>", what operators do, what starts a flow, and what reconciles. */
export type Activities =
  | Record<string, (delivery: Delivery) => Promise<Delivered>>
  | OperatorActivities
  | FlowActivities
  | ReconciliationActivities;

/**
 * Makes all activities: one for each message that a service receives, those of operators, the one that starts flows, and those that
 * reconcile.
 *
 * @param statementOf fetches Yeepay's statement of a day
 */
export function activitiesOn(
  db: Knex,
  gateways: Gateways,
  statementOf: (day: string) => Promise<StatementLine[]>,
): Activities {
  const all = Object.values(services) as unknown as AnyService[];
  const deliver = wrapper(db, gateways, all);
  const steps = Object.fromEntries(
    all.flatMap(({ id, receives }) =>
      Object.keys(receives).map((type) => [
        `${id}.${type}`,
        (delivery: Delivery) => whileHeartbeating(() => deliver(id, delivery)).catch(failAsTemporalDoes(id)),
      ]),
    ),
  );
  const deeds = Object.fromEntries(
    Object.entries({ ...flowActivities, ...reconciliationActivities(db, gateways, statementOf) }).map(
      ([name, act]) => [
        name,
        (input: never) =>
          whileHeartbeating(() => (act as (input: never) => Promise<unknown>)(input)).catch(
            failAsTemporalDoes(name),
          ),
      ],
    ),
  ) as unknown as FlowActivities & ReconciliationActivities;
  return { ...steps, ...operatorActivities(db), ...deeds };
}

/** Lets Temporal know for as long as a step or deed takes that its worker is alive. A local step is watched by its flow's task. */
async function whileHeartbeating<T>(work: () => Promise<T>): Promise<T> {
  const { heartbeatTimeoutMs } = activityInfo();
  if (!heartbeatTimeoutMs) return work();
  const beats = setInterval(heartbeat, heartbeatTimeoutMs / 4);
  return work().finally(() => clearInterval(beats));
}

/**
 * A refusal ends the step for good; everything else is for Temporal to try again. Temporal keeps errors and shows them, so
 * what PostgreSQL says is told without what it quotes.
 */
const failAsTemporalDoes =
  (by: string) =>
  (error: unknown): never => {
    const fault = databaseFault(error);
    if (fault) {
      const where = failedIn.get(error as object) ?? by;
      throw new Error(`${where}: PostgreSQL reported ${JSON.stringify(fault)}`);
    }
    if (!(error instanceof StepRefused)) throw error;
    const details: RefusalDetails = { refusal: error.refusal, message: error.refusedMessage };
    throw ApplicationFailure.nonRetryable(`${by}: ${error.refusal.reason}`, error.refusal.code, details);
  };
