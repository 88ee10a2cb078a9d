import { rollUpHotAccounts } from '../db/books/roll-up';
import { connect } from '../db/pool';

/** Rolls up the hot accounts once, so that their balances are cheap to read; they are exact without it too. */
async function main(): Promise<void> {
  const databaseUrl = process.env.DATABASE_URL;
  if (!databaseUrl) throw new Error('Set DATABASE_URL to the database of the platform.');
  const db = connect(databaseUrl, { max: 1, applicationName: 'books-roll-up' });
  try {
    const steps = await rollUpHotAccounts(db);
    console.log(`Hot accounts are rolled up, in ${steps} ${steps === 1 ? 'step' : 'steps'}.`);
  } finally {
    await db.destroy();
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
