/**
 * The platform alone, as one process with two children: the API and the workers, against `DATABASE_URL` and
 * `TEMPORAL_ADDRESS`; api/config.ts and workers/config.ts say what else they read from the environment.
 *
 * It changes nothing in the database: with migrations to come it refuses to start.
 */
import { apiConfig } from '../api/config';
import { workerConfig } from '../workers/config';
import { partsStoppedOnSignal } from './local/parts';
import { startNode, type RunningProcess } from './local/processes';
import { unaskedEnd } from './local/unasked-end';
import { pendingMigrations } from './start/pending-migrations';

const ENTRIES = { api: 'api/main.ts', workers: 'workers/main.ts' };
/** The first start bundles the workflows, which takes long on a slow machine. */
const READY_WITHIN_MS = 120_000;
/** The workers give a running step ten seconds to finish. */
const KILL_AFTER_MS = 15_000;

async function main(): Promise<void> {
  const { databaseUrl } = workerConfig(process.env);
  apiConfig(process.env);
  await refuseOldSchema(databaseUrl);

  const parts = partsStoppedOnSignal();
  try {
    const starts = Object.entries(ENTRIES).map(async ([name, entry]): Promise<[string, RunningProcess]> => {
      const running = await startNode({
        ...{ name, entry },
        ready: /"event":"ready"/,
        readyWithinMs: READY_WITHIN_MS,
        killAfterMs: KILL_AFTER_MS,
        onLine: (line) => console.log(line),
      });
      return [name, parts.add(running)];
    });
    // Both are waited for even when one fails: what still starts while the other is stopped would be left running.
    await Promise.allSettled(starts);
    await unaskedEnd(Object.fromEntries(await Promise.all(starts)), parts);
  } finally {
    await parts.stop();
  }
}

async function refuseOldSchema(databaseUrl: string): Promise<void> {
  const pending = await pendingMigrations(databaseUrl);
  if (pending.length > 0) {
    throw new Error(
      `The database lacks ${pending.join(', ')}: run "npm run db:migrate" as the owner of the schema first.`,
    );
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
