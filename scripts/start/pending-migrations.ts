import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { Client, DatabaseError } from 'pg';
import { projectFolder } from '../local/project-folder';

/** PostgreSQL's error codes: no such table, no right to read it. */
const UNDEFINED_TABLE = '42P01';
const INSUFFICIENT_PRIVILEGE = '42501';

/**
 * The migrations of this version that a database has not had yet; nothing is changed.
 *
 * @param databaseUrl a PostgreSQL URL whose user may read the table `knex_migrations`
 * @returns file names, in order
 * @throws Error when the database does not answer, or does not let this user read which migrations it had
 */
export async function pendingMigrations(databaseUrl: string): Promise<string[]> {
  const files = await readdir(path.join(projectFolder, 'db', 'migrations'));
  const done = await migrationsIn(databaseUrl);
  return files.filter((file) => file.endsWith('.sql') && !done.has(file)).sort();
}

async function migrationsIn(databaseUrl: string): Promise<Set<string>> {
  const client = new Client(databaseUrl);
  try {
    await client.connect();
    const { rows } = await client.query<{ name: string }>('select name from public.knex_migrations');
    return new Set(rows.map(({ name }) => name));
  } catch (error) {
    const code = error instanceof DatabaseError ? error.code : undefined;
    if (code === UNDEFINED_TABLE) return new Set();
    if (code === INSUFFICIENT_PRIVILEGE) {
      throw new Error(
        'The user in DATABASE_URL may not read which migrations the database had: as the owner, run ' +
          '"grant select on public.knex_migrations to credit_application".',
        { cause: error },
      );
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`PostgreSQL does not let us in at DATABASE_URL: ${reason}`, { cause: error });
  } finally {
    await client.end();
  }
}
