import { advanceBusinessDate, businessDates } from '../db/business-date';
import { connect } from '../db/pool';

const USAGE = 'Usage: business-date show | business-date advance <market>';

async function main([command, market]: string[]): Promise<void> {
  const databaseUrl = process.env.DATABASE_URL;
  if (!databaseUrl) throw new Error('Set DATABASE_URL to the database of the platform.');
  const db = connect(databaseUrl, { max: 1, applicationName: 'business-date' });
  try {
    if (command === 'advance' && market !== undefined) {
      const current = (await businessDates(db)).find((date) => date.market === market);
      if (current === undefined) throw new Error(`Market "${market}" has no business date.`);
      await advanceBusinessDate(db, { market, from: current.businessDate });
    } else if (command !== 'show') {
      throw new Error(USAGE);
    }
    for (const date of await businessDates(db)) console.log(`${date.market} ${date.businessDate}`);
  } finally {
    await db.destroy();
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
