import { readFile } from 'node:fs/promises';
import { connect } from '../db/pool';
import { ProductRefused, publishProductVersion } from '../db/products';

const USAGE = 'Usage: product publish <file.json>, with { "productId", "market", "name", "terms" }';

async function main([command, file]: string[]): Promise<void> {
  if (command !== 'publish' || file === undefined) throw new Error(USAGE);
  const databaseUrl = process.env.DATABASE_URL;
  if (!databaseUrl) throw new Error('Set DATABASE_URL to the database of the platform.');
  const draft = parsed(file, await readFile(file, 'utf8'));
  const db = connect(databaseUrl, { max: 1, applicationName: 'product' });
  try {
    const { version, isNew } = await publishProductVersion(db, draft);
    console.log(isNew ? `Version ${version} is published.` : `Version ${version} says the same already.`);
  } finally {
    await db.destroy();
  }
}

function parsed(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${file} is not JSON.`, { cause: error });
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof ProductRefused) {
    console.error(['The product version is refused:', ...error.problems].join('\n- '));
  } else {
    console.error(error instanceof Error ? error.message : error);
  }
  process.exitCode = 1;
});
