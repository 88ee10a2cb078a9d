import knex, { type Knex } from 'knex';
import { types } from 'pg';
import { PreparingClient } from './preparing-client';

/** How a process uses the database. */
export interface ConnectOptions {
  /** The most connections that the process opens. */
  readonly max: number;
  /** Shown in `pg_stat_activity`, so that an operator sees who holds what. */
  readonly applicationName: string;
  /** Acts as the user of the URL, for commands that do what the application's role may not. */
  readonly asOwner?: boolean;
}

/** The least-rights role that every process of the platform acts as. */
export const APPLICATION_ROLE = 'credit_application';

const STATEMENT_TIMEOUT_MS = 15_000;
// Shorter than the statement's: whoever waits this long for a lock should give its other locks back and try again.
const LOCK_TIMEOUT_MS = 5_000;
// A transaction does nothing but database work, so one that idles belongs to a process that is stuck.
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 15_000;
const CONNECT_TIMEOUT_MS = 5_000;
// Longer than a statement may take: a pool that is busy is not a database that is away.
const POOL_TIMEOUT_MS = 20_000;
// Longer than the statement's, so that it counts only when the server, or the network to it, says nothing any more.
const QUERY_TIMEOUT_MS = 20_000;

/**
 * Opens a pool that acts as the application's role, in UTC, with time limits on connecting, statements, locks and idle
 * transactions. `bigint` arrives as number, `date` as 'YYYY-MM-DD', `timestamptz` as ISO 8601 in UTC with milliseconds.
 *
 * @param databaseUrl a PostgreSQL URL whose user is a member of the application's role.
 * @returns a Knex instance; end it with `destroy()`. Nothing is connected until the first query.
 */
export function connect(databaseUrl: string, options: ConnectOptions): Knex {
  return knex({
    client: PreparingClient,
    connection: {
      connectionString: withSessionSettings(databaseUrl, options.asOwner ? {} : { role: APPLICATION_ROLE }),
      application_name: options.applicationName,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      keepAlive: true,
      types: { getTypeParser: typeParser },
    },
    pool: { min: 0, max: options.max },
    acquireConnectionTimeout: POOL_TIMEOUT_MS,
    // Errors end in logs and in Temporal's histories: they must not carry the values that a statement was given.
    compileSqlOnError: false,
    // Knex prints errors, stack and all, that it also throws to whoever asked, who logs them as they should be.
    log: { warn: nothing, error: nothing, deprecate: nothing, debug: nothing },
  });
}

const nothing = (): void => undefined;

/** Puts the session's settings into the URL, where they replace any `options` that it brings along. */
function withSessionSettings(databaseUrl: string, role: { role?: string }): string {
  const settings = {
    ...role,
    timezone: 'UTC',
    statement_timeout: STATEMENT_TIMEOUT_MS,
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
  };
  const url = new URL(databaseUrl);
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`);
  url.searchParams.set('options', options.join(' '));
  return url.toString();
}

type TextParser = (text: string) => unknown;

const PARSERS: Readonly<Record<number, TextParser>> = {
  [types.builtins.INT8]: safeInteger,
  [types.builtins.DATE]: (text) => text,
  [types.builtins.TIMESTAMPTZ]: (text) => new Date(text).toISOString(),
};

function typeParser(oid: number): TextParser {
  return PARSERS[oid] ?? (types.getTypeParser(oid, 'text') as TextParser);
}

/** Money must never lose precision unseen, so an integer that a JS number cannot hold exactly is refused. */
function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is outside the range of safe integers.`);
  return value;
}
