import { randomInt } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import { newYeepay } from '../../scripts/demo/yeepay-keys';
import { startPostgres } from '../../scripts/local/postgres';
import { startTemporal } from '../../scripts/local/temporal';
import { flowsBundle } from '../../workers/flows-bundle';
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
  const [postgres, temporal, bundle] = await Promise.all([
    startPostgres({ onProgress }),
    startTemporal({ namespace: namespaceName({ runId }, 'first'), onProgress }),
    bundleWorkflows(),
  ]);
  const run: TestRun = {
    runId,
    databaseUrl: postgres.url,
    temporalAddress: temporal.address,
    workflowBundlePath: bundle.path,
    yeepay: newYeepay(),
  };
  const removeDatabases = await prepareTemplateDatabase(run);
  atTheEnd.push(
    () => removeDatabases().finally(postgres.stop),
    () => removeNamespaces(run).finally(temporal.stop),
    bundle.remove,
  );
  publishTestRun(run);
}

/** Leaves nothing of the run behind, neither a process nor anything on servers that stay. */
export async function stopServers(): Promise<void> {
  await Promise.all(atTheEnd.splice(0).map((step) => step()));
}

/** Bundles the workflows into a file: each test file's worker loads it, and none has to bundle again. */
export async function bundleWorkflows(): Promise<{ path: string; remove: () => Promise<void> }> {
  const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error: console.error };
  const { code } = await bundleWorkflowCode({ ...flowsBundle, logger: quiet });
  const folder = await mkdtemp(path.join(tmpdir(), 'workflow-bundle-'));
  const file = path.join(folder, 'workflows.js');
  await writeFile(file, code);
  return { path: file, remove: () => rm(folder, { recursive: true }) };
}
