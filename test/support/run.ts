import type { YeepayEnvironments } from '../../scripts/demo/yeepay-keys';

/** One run of the integration tests: the servers it uses, and the number that keeps it apart from other runs. */
export interface TestRun {
  runId: number;
  /** Address of PostgreSQL's maintenance database, as a user who may create databases and roles. */
  databaseUrl: string;
  /** Host and port of Temporal. */
  temporalAddress: string;
  /** The workflows, bundled once for all test files. */
  workflowBundlePath: string;
  /** Made once: a key takes as long as many a test. */
  yeepay: YeepayEnvironments;
}

const VARIABLE = 'INTEGRATION_TEST_RUN';

/** Makes the run known to the test files: Jest starts their processes with the environment as it is then. */
export function publishTestRun(run: TestRun): void {
  process.env[VARIABLE] = JSON.stringify(run);
}

/** @throws Error outside the integration tests, since no server was started then. */
export function testRun(): TestRun {
  const run = process.env[VARIABLE];
  if (run === undefined) throw new Error('No servers: a test that needs them belongs into test/integration.');
  return JSON.parse(run) as TestRun;
}
