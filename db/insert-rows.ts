import type { Knex } from 'knex';

/** Rows by column, all with the same columns; a column that is not among them gets its default. */
type Rows = readonly Readonly<Record<string, string | number | null>>[];

/**
 * Adds rows to tables by one statement, in their order, however many they are.
 *
 * @param tables what is added to each, by its name with its schema; those that others refer to may stand beside these
 */
export async function insertRows(
  tx: Knex.Transaction,
  tables: Readonly<Record<string, Rows>>,
): Promise<void> {
  const filled = Object.entries(tables).filter(([, rows]) => rows.length > 0);
  const inserts = filled.map(([table, rows]) => {
    const columns = Object.keys(rows[0]!).join(', ');
    return `insert into ${table} (${columns}) select ${columns} from json_populate_recordset(null::${table}, ?)`;
  });
  const last = inserts.pop();
  if (last === undefined) return;
  const before = inserts.map((insert, index) => `added_${index + 1} as (${insert})`);
  await tx.raw(
    before.length > 0 ? `with ${before.join(', ')} ${last}` : last,
    filled.map(([, rows]) => JSON.stringify(rows)),
  );
}
