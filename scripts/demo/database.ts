import { createApiKey, listApiKeys, revokeApiKey, type Role } from '../../db/access/api-keys';
import { migrate } from '../../db/migrate';
import { seed, seedCustomers } from '../../db/seeds';
import { dayInZone } from '../../domain/calendar';
import { asOwner } from '../local/as-owner';
import type { StoryCustomer } from './story';

/** Brings the database to the newest schema and fills the reference data; what is there already stays. */
export async function prepareDatabase(databaseUrl: string): Promise<void> {
  await migrate(databaseUrl);
  await asOwner(databaseUrl, (owner) => seed(owner, dayInZone(new Date().toISOString(), 'Asia/Shanghai')));
}

/** Adds the customers of a run, each with a credit line; one who stands there twice is added once. */
export async function addCustomers(databaseUrl: string, customers: readonly StoryCustomer[]): Promise<void> {
  const once = [...new Map(customers.map((customer) => [customer.id, customer])).values()];
  await asOwner(databaseUrl, (owner) => owner.transaction((tx) => seedCustomers(tx, once)));
}

/**
 * Makes a key for a client of the demo's, and revokes those of earlier runs: a token is shown once, so nobody can go on
 * with them.
 *
 * @returns the token
 */
export const newDemoKey = (databaseUrl: string, clientId: `demo-${string}`, role: Role): Promise<string> =>
  asOwner(databaseUrl, async (owner) => {
    for (const key of await listApiKeys(owner)) {
      if (key.clientId === clientId && key.revokedAt === null) await revokeApiKey(owner, key.keyId);
    }
    return (await createApiKey(owner, { clientId, role })).token;
  });
