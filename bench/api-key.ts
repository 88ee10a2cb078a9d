import { createApiKey } from '../db/access/api-keys';
import { connect } from '../db/pool';

/** Makes a key of the role app in a benchmark's database. */
export async function newAppKey(databaseUrl: string): Promise<string> {
  const db = connect(databaseUrl, { max: 1, applicationName: 'bench', asOwner: true });
  try {
    return (await createApiKey(db, { clientId: 'bench', role: 'app' })).token;
  } finally {
    await db.destroy();
  }
}
