import type { Knex } from 'knex';

/**
 * Runs a statement that PostgreSQL parses and plans once for each connection instead of each time. Worth its while for
 * what every handling runs. Not for a statement that gives back `*`: a column that a migration adds would make every
 * connection that has prepared it fail until it is closed.
 *
 * @param name of the statement, unique in the process: one name, one text.
 */
export const prepared = <Result>(
  db: Knex,
  name: string,
  sql: string,
  bindings: Readonly<Record<string, Knex.Value>> | readonly Knex.RawBinding[],
): Knex.Raw<Result> => db.raw<Result>(sql, bindings as Knex.RawBinding[]).options({ name });
