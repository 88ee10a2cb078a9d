import { randomInt } from 'node:crypto';
import { startPostgres } from '../../scripts/local/postgres';
import { startTemporal } from '../../scripts/local/temporal';
import { publishTestRun, type TestRun } from './run';
import { prepareTemplateDatabase } from './template-database';
import { namespaceName, removeNamespaces } from './temporal';

/** What to do at the end of the run. */
const atTheEnd: (() => Promise<void>)[] = [];

/**
 * Starts PostgreSQL and Temporal for one run of the integration tests (or takes those that DATABASE_URL and
 * TEMPORAL_ADDRESS name), prepares both, and tells the test files about them.
 */
export async function startServers(): Promise<void> {
  const runId = randomInt(1, 2 ** 31);
  const onProgress = (line: string): void => void process.stderr.write(`${line}\n`);
  const [postgres, temporal] = await Promise.all([
    startPostgres({ onProgress }),
    startTemporal({ namespace: namespaceName({ runId }, 'first'), onProgress }),
  ]);
  const run: TestRun = { runId, databaseUrl: postgres.url, temporalAddress: temporal.address };
  const removeDatabases = await prepareTemplateDatabase(run);
  atTheEnd.push(
    () => removeDatabases().finally(postgres.stop),
    () => removeNamespaces(run).finally(temporal.stop),
  );
  publishTestRun(run);
}

/** Leaves nothing of the run behind, neither a process nor anything on servers that stay. */
export async function stopServers(): Promise<void> {
  await Promise.all(atTheEnd.splice(0).map((step) => step()));
}
