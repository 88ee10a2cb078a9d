/** A fault that PostgreSQL reported, by names alone: all that is left out may quote a row, a value or the statement. */
export interface DatabaseFault {
  /** SQLSTATE, such as 23505. */
  code: string;
  schema?: string | undefined;
  table?: string | undefined;
  constraint?: string | undefined;
}

/** What is safe to tell of an error that PostgreSQL reported; undefined for every other error. */
export function databaseFault(error: unknown): DatabaseFault | undefined {
  const { severity, code, schema, table, constraint } = Object(error) as Partial<DatabaseFault> & {
    severity?: unknown;
  };
  if (severity === undefined || typeof code !== 'string') return undefined;
  return { code, schema, table, constraint };
}
