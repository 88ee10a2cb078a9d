import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import knex, { type Knex } from 'knex';

import { APPLICATION_ROLE } from './pool';
import { CHART_OF_ACCOUNTS, type ChartAccount } from '../domain/books/chart-of-accounts';

const MIGRATIONS_FOLDER = join(__dirname, 'migrations');

// Any fixed number of our own: whoever migrates the same database holds the advisory lock of this key.
const MIGRATION_LOCK = 7_310_001;

/**
 * Brings a database to the newest schema, forward only, and synchronises the chart of accounts into it. Two processes
 * may migrate the same database at once: the second waits and finds nothing left to do.
 *
 * @param adminUrl a PostgreSQL URL whose user owns (or may create) the schemas and may create roles.
 * @throws Error when a migration fails, or when the chart changes an account that history may stand on. A failed
 *   migration leaves nothing behind.
 */
export async function migrate(adminUrl: string): Promise<void> {
  await underMigrationLock(adminUrl, async (db) => {
    // Knex's own lock is a row that a killed process leaves locked for ever. Ours ends with its connection, so while we
    // hold it, a row that is still locked is such a leftover.
    await db.migrate.forceFreeMigrationsLock();
    await db.migrate.latest();
    // `npm start` asks whether migrations are pending, and acts as the application.
    await db.raw('grant select on public.knex_migrations to ??', [APPLICATION_ROLE]);
    await db.transaction(synchroniseChartOfAccounts);
  });
}

/**
 * Drops all that the database holds, history included, and migrates anew. For development only.
 *
 * @param adminUrl as for `migrate`.
 */
export async function reset(adminUrl: string): Promise<void> {
  await underMigrationLock(adminUrl, async (db) => {
    const { rows } = await db.raw<{ rows: { name: string }[] }>(
      `select nspname as name from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'`,
    );
    for (const { name } of rows) await db.raw('drop schema ?? cascade', [name]);
    await db.raw('create schema public');
  });
  await migrate(adminUrl);
}

async function underMigrationLock(adminUrl: string, work: (db: Knex) => Promise<void>): Promise<void> {
  // Two connections: one holds the lock all the time, the other works.
  const db = knex({
    client: 'pg',
    connection: adminUrl,
    pool: { min: 0, max: 2 },
    migrations: { migrationSource: sqlFiles },
  });
  try {
    await db.transaction(async (lock) => {
      await lock.raw('select pg_advisory_xact_lock(?)', [MIGRATION_LOCK]);
      await work(db);
    });
  } finally {
    await db.destroy();
  }
}

const sqlFiles: Knex.MigrationSource<string> = {
  getMigrations: async () =>
    (await readdir(MIGRATIONS_FOLDER)).filter((file) => file.endsWith('.sql')).sort(),
  getMigrationName: (file) => file,
  getMigration: async (file) => {
    const sql = await readFile(join(MIGRATIONS_FOLDER, file), 'utf8');
    return {
      // Knex would take a question mark for a parameter.
      up: (db) => db.raw(sql.replaceAll('?', '\\?')),
      down: () =>
        Promise.reject(new Error(`${file} only goes forward: write a new migration that corrects it.`)),
    };
  },
};

/** Adds new codes and updates descriptions. Codes are never removed: an older process may still post on them. */
async function synchroniseChartOfAccounts(tx: Knex.Transaction): Promise<void> {
  for (const [book, accounts] of Object.entries<Record<string, ChartAccount>>(CHART_OF_ACCOUNTS)) {
    for (const [code, account] of Object.entries(accounts)) {
      const { rows } = await tx.raw<{ rows: unknown[] }>(
        `insert into books.chart_account as c (book, code, normal_side, kind, owner_kind, description)
         values (?, ?, ?, ?, ?, ?)
         on conflict (book, code) do update set description = excluded.description
           where (c.normal_side, c.kind, c.owner_kind) = (excluded.normal_side, excluded.kind, excluded.owner_kind)
         returning code`,
        [book, code, account.normalSide, account.kind, account.ownerKind, account.description],
      );
      if (rows.length === 0) {
        throw new Error(
          `Account ${book}/${code} exists with another normal side, kind or owner kind, and history may stand on it. ` +
            'Give the changed account a new code.',
        );
      }
    }
  }
}

async function main(): Promise<void> {
  const adminUrl = process.env.DATABASE_URL;
  if (!adminUrl)
    throw new Error('Set DATABASE_URL to the database to migrate, as a user who may create schemas.');
  const isReset = process.argv.includes('--reset');
  await (isReset ? reset : migrate)(adminUrl);
  console.log(
    isReset ? 'The database is reset to an empty newest schema.' : 'The database has the newest schema.',
  );
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
