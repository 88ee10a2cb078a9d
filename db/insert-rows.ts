import type { Knex } from 'knex';

/**
 * Adds rows by one statement, in their order, however many they are.
 *
 * @param table with its schema
 * @param rows by column, all with the same columns; a column that is not among them gets its default
 */
export async function insertRows(
  tx: Knex.Transaction,
  table: string,
  rows: readonly Readonly<Record<string, string | number | null>>[],
): Promise<void> {
  const [first] = rows;
  if (!first) return;
  const columns = Object.keys(first).join(', ');
  await tx.raw(
    `insert into ${table} (${columns}) select ${columns} from json_populate_recordset(null::${table}, ?)`,
    JSON.stringify(rows),
  );
}
