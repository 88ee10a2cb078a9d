import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { testRun, type TestRun } from './run';

/** A migrated database of one's own. */
export interface TestDatabase {
  /** For what only the owner of the tables may do. */
  adminUrl: string;
  /** For `connect` of `db/pool.ts`, which acts as the application's role. */
  url: string;
  /** Removes it, whoever is still connected. */
  drop(): Promise<void>;
}

/** The day on which the markets of a seeded database open. */
export const openingDate = '2026-01-15';

/** What a new database has: the tables only, or the reference data of `db/seeds.ts` too. */
export type Template = 'migrated' | 'seeded';

/** Any numbers that others are unlikely to take as the first half of an advisory lock. */
export const RUN_LOCK = 724_610_001;
const COPY_LOCK = 724_610_002;

/**
 * Makes a database for one test file by copying one of the run's templates: migrated and otherwise empty, unless it is to be
 * seeded.
 *
 * @returns its addresses, and `drop`, to be called in `afterAll`.
 */
export async function createTestDatabase(template: Template = 'migrated'): Promise<TestDatabase> {
  const run = testRun();
  const name = databaseName(run, randomBytes(6).toString('hex'));
  await withClient(run.databaseUrl, async (client) => {
    // PostgreSQL refuses to copy a template that another session is copying. The lock ends with the connection.
    await client.query('SELECT pg_advisory_lock($1, $2)', [COPY_LOCK, run.runId]);
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${templateName(run, template)}`);
  });
  const url = databaseUrl(run, name);
  return {
    adminUrl: url,
    url,
    drop: () => withClient(run.databaseUrl, (client) => dropDatabase(client, name)),
  };
}

/** The name of a database that belongs to a run; `removeDatabases…` finds it by its beginning. */
export function databaseName(run: Pick<TestRun, 'runId'>, suffix: string): string {
  return `consumer_credit_test_${run.runId}_${suffix}`;
}

export function templateName(run: TestRun, template: Template): string {
  return databaseName(run, `template_${template}`);
}

/** The run's server's address with another database in it. */
export function databaseUrl(run: TestRun, name: string): string {
  const url = new URL(run.databaseUrl);
  url.pathname = `/${name}`;
  return url.href;
}

export async function dropDatabase(client: Client, name: string): Promise<void> {
  await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}

/** Connects, works and disconnects. */
export async function withClient<Result>(
  url: string,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = new Client(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
