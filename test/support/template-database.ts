import { Client } from 'pg';
import knex from 'knex';
import { migrate } from '../../db/migrate';
import { seed } from '../../db/seeds';
import {
  databaseName,
  databaseUrl,
  dropDatabase,
  openingDate,
  RUN_LOCK,
  templateName,
  withClient,
} from './database';
import type { TestRun } from './run';

/**
 * Makes the databases that the run's test databases are copied from: a migrated one, and one that is seeded too. Databases that killed runs left on
 * the same server are removed on the way; a run that is alive is known by an advisory lock that it holds.
 *
 * @returns removes all databases of this run.
 */
export async function prepareTemplateDatabase(run: TestRun): Promise<() => Promise<void>> {
  const holder = new Client(run.databaseUrl);
  await holder.connect();
  try {
    await holder.query('SELECT pg_advisory_lock($1, $2)', [RUN_LOCK, run.runId]);
    await withClient(run.databaseUrl, removeDatabasesOfDeadRuns);
    const [migrated, seeded] = [templateName(run, 'migrated'), templateName(run, 'seeded')];
    await holder.query(`CREATE DATABASE ${migrated}`);
    await migrate(databaseUrl(run, migrated));
    await holder.query(`CREATE DATABASE ${seeded} TEMPLATE ${migrated}`);
    const owner = knex({ client: 'pg', connection: databaseUrl(run, seeded) });
    await seed(owner, openingDate).finally(() => owner.destroy());
  } catch (error) {
    await holder.end();
    throw error;
  }
  return async () => {
    const mine = await testDatabases(holder);
    for (const { name, runId } of mine) if (runId === run.runId) await dropDatabase(holder, name);
    await holder.end();
  };
}

async function removeDatabasesOfDeadRuns(client: Client): Promise<void> {
  for (const { name, runId } of await testDatabases(client)) {
    const { rows } = await client.query<{ locked: boolean }>(
      'SELECT pg_try_advisory_lock($1, $2) AS locked',
      [RUN_LOCK, runId],
    );
    if (rows[0]?.locked === true) await dropDatabase(client, name);
  }
}

async function testDatabases(client: Client): Promise<{ name: string; runId: number }[]> {
  const pattern = databaseName({ runId: 0 }, '').replace('0_', '([0-9]+)_');
  const { rows } = await client.query<{ name: string; runId: number }>(
    `SELECT datname AS name, substring(datname FROM $1)::int AS "runId" FROM pg_database WHERE datname ~ $1`,
    [`^${pattern}`],
  );
  return rows;
}
