import { type Client, DatabaseError, type QueryArrayResult } from 'pg';

/**
 * Runs a session of SQL statements one by one and writes down what a person at a terminal would see: each statement with
 * the comments before it, then its rows, its command tag, or its error.
 *
 * @param sql statements that end with a semicolon at the end of a line.
 */
export async function transcriptOf(client: Client, sql: string): Promise<string> {
  const statements = sql.split(/(?<=;)\n+/).filter((statement) => statement.trim() !== '');
  let transcript = '';
  for (const statement of statements)
    transcript += `${statement.trim()}\n${await answerTo(client, statement)}\n`;
  return transcript;
}

async function answerTo(client: Client, statement: string): Promise<string> {
  try {
    // Types stay text: the transcript shows what PostgreSQL says.
    const asText = { getTypeParser: () => (text: string) => text };
    return tableOf(await client.query<string[]>({ text: statement, rowMode: 'array', types: asText }));
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const hint = error.hint === undefined ? '' : `HINT:  ${error.hint}\n`;
    return `ERROR:  ${error.message}\n${hint}`;
  }
}

function tableOf({ fields, rows, command, rowCount }: QueryArrayResult<string[]>): string {
  if (fields.length === 0) return `${command}${rowCount === null ? '' : ` ${rowCount}`}\n`;
  const cells = [
    fields.map(({ name }) => name),
    ...rows.map((row) => row.map((cell: string | null) => cell ?? '')),
  ];
  const widths = fields.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const lines = cells.map((row) =>
    ` ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')}`.trimEnd(),
  );
  const rule = widths.map((width) => '-'.repeat(width + 2)).join('+');
  const count = `(${rows.length} ${rows.length === 1 ? 'row' : 'rows'})`;
  return `${[lines[0], rule, ...lines.slice(1), count].join('\n')}\n`;
}
