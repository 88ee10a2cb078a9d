// Knex documents that its clients can be extended, and ships no types for them.
declare module 'knex/lib/dialects/postgres' {
  import { Knex } from 'knex';

  export interface Statement {
    sql: string;
    bindings?: readonly unknown[];
    options?: { name?: string };
  }

  export default class PostgresClient extends Knex.Client {
    _query(connection: unknown, statement: Statement): Promise<Statement>;
  }
}
