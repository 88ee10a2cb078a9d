/**
 * `npm run schedules`: makes the Temporal Schedules, or brings them up to date: for each market with a mall, the daily reconciliation.
 * Safe to repeat; needed once for each namespace, and after an upgrade or a new market.
 * Environment: DATABASE_URL, TEMPORAL_ADDRESS, and TEMPORAL_NAMESPACE and TASK_QUEUE as the workers have them.
 */
import { Client, Connection } from '@temporalio/client';
import { connect } from '../db/pool';
import { reconciledMarkets } from '../db/reference';
import { makeReconciliationSchedules, scheduleIdOf } from './local/reconciliation-schedules';

async function main(): Promise<void> {
  const {
    DATABASE_URL,
    TEMPORAL_ADDRESS,
    TEMPORAL_NAMESPACE = 'default',
    TASK_QUEUE = 'flows',
  } = process.env;
  if (!DATABASE_URL || !TEMPORAL_ADDRESS) throw new Error('Set DATABASE_URL and TEMPORAL_ADDRESS.');
  const db = connect(DATABASE_URL, { max: 1, applicationName: 'schedules' });
  const connection = await Connection.connect({ address: TEMPORAL_ADDRESS });
  try {
    const markets = await reconciledMarkets(db);
    await makeReconciliationSchedules(
      new Client({ connection, namespace: TEMPORAL_NAMESPACE }),
      TASK_QUEUE,
      markets,
    );
    for (const { market, timeZone } of markets)
      console.log(`${scheduleIdOf(market)} is set, in ${timeZone}.`);
  } finally {
    await Promise.all([db.destroy(), connection.close()]);
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
