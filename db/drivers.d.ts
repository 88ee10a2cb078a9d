// Knex documents that its clients can be extended, and ships no types for them.
declare module 'knex/lib/dialects/postgres' {
  import { Knex } from 'knex';
  import type Query from 'pg/lib/query';

  export interface Statement {
    sql: string;
    bindings?: readonly unknown[];
    options?: { name?: string; commits?: boolean };
    response?: unknown;
  }

  /** A connection of pg's. */
  export interface Connection {
    query(statement: { name: string; text: string }): Promise<unknown>;
    query(statement: Query, whenDone: (error: Error | null, response: unknown) => void): void;
  }

  export default class PostgresClient extends Knex.Client {
    acquireRawConnection(): Promise<Connection>;
    _query(connection: Connection, statement: Statement): Promise<Statement>;
  }
}

// pg exports its query to be extended, and types only what its users call.
declare module 'pg/lib/query' {
  /** A connection's protocol messages: each call sends one. */
  export interface Wire {
    bind(message: { statement: string }): void;
    execute(message: object): void;
    sync(): void;
  }

  export default class Query {
    constructor(config: { text: string; values: readonly unknown[]; name?: string; queryMode: 'extended' });
    prepare(wire: Wire): void;
    _getRows(wire: Wire, rows: number | undefined): void;
    handleCommandComplete(message: unknown, wire: Wire): void;
  }
}
