import { connect } from '../db/pool';
import { traceOf } from '../db/reads/trace';

/** Prints the story of one run as NDJSON: one line a handling, in the order in which it happened. */
async function main([flowId]: string[]): Promise<void> {
  const databaseUrl = process.env.DATABASE_URL;
  if (!databaseUrl) throw new Error('Set DATABASE_URL to the database of the platform.');
  if (flowId === undefined)
    throw new Error('Usage: trace <flow-id>, as in loan-application-disbursement:LA…');
  const db = connect(databaseUrl, { max: 1, applicationName: 'trace' });
  try {
    const rows = await traceOf(db, flowId);
    if (rows.length === 0) throw new Error(`No message was handled in flow "${flowId}".`);
    for (const row of rows) console.log(JSON.stringify(row));
  } finally {
    await db.destroy();
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
