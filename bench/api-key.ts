import { createApiKey } from '../db/access/api-keys';
import { asOwner } from '../scripts/local/as-owner';

/** Makes a key of the role app in a benchmark's database. Out: its token. */
export const newAppKey = (databaseUrl: string): Promise<string> =>
  asOwner(
    databaseUrl,
    async (owner) => (await createApiKey(owner, { clientId: 'bench', role: 'app' })).token,
  );
