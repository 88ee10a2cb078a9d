import PostgresClient, { type Connection, type Statement } from 'knex/lib/dialects/postgres';
import { prepareEnds, sendWithEnds } from './transaction-ends';

/** A text that varies with its data, such as an insert of several rows, must not fill the server's memory. */
const PREPARED_AT_MOST = 500;

/** How many elements PostgreSQL takes a list for, when it plans for all lists that may come. */
const LIST_IS_PLANNED_FOR = 10;

/** The names of this process's statements; undefined for one that is not prepared. */
const names = new Map<string, string | undefined>();

/**
 * Knex's client of PostgreSQL, with statements that the server parses and plans once for each connection instead of each time.
 *
 * One that may give back `*` is left out: a column that a migration adds would make every connection that has prepared it fail
 * until it is closed (PostgreSQL: "cached plan must not change result type"). So is one without values: BEGIN, COMMIT and the
 * like have no plan. And so is one that is given a long list: a plan for ten elements looks a thousand up one by one in what
 * it should read once (a roll-back of 1,000 lines took four times as long).
 */
export class PreparingClient extends PostgresClient {
  override async acquireRawConnection(): Promise<Connection> {
    const connection = await super.acquireRawConnection();
    await prepareEnds(connection);
    return connection;
  }

  override _query(connection: Connection, statement: Statement): Promise<Statement> {
    const { bindings } = statement;
    const name = bindings?.length && !bindings.some(isLongList) ? nameOf(statement.sql) : undefined;
    if (name !== undefined) statement.options = { ...statement.options, name };
    return sendWithEnds(connection, statement, () => super._query(connection, statement));
  }
}

const isLongList = (binding: unknown): boolean =>
  Array.isArray(binding) && binding.length > LIST_IS_PLANNED_FOR;

function nameOf(sql: string): string | undefined {
  if (names.has(sql) || names.size >= PREPARED_AT_MOST) return names.get(sql);
  const name = sql.includes('*') ? undefined : `statement ${names.size + 1}`;
  names.set(sql, name);
  return name;
}
