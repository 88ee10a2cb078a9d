import { parseArgs } from 'node:util';
import { createApiKey, listApiKeys, revokeApiKey, ROLES, type ApiKey } from '../db/access/api-keys';
import { connect } from '../db/pool';

const USAGE = `Usage:
  api-key create <client-id> <${ROLES.join('|')}> [--customer <customer-id>] [--expires <instant>]
  api-key list
  api-key revoke <key-id>
DATABASE_URL names the database, and the owner of its tables as the user.`;

async function main(args: string[]): Promise<void> {
  const { positionals, values } = parseArgs({
    ...{ args, allowPositionals: true },
    options: { customer: { type: 'string' }, expires: { type: 'string' } },
  });
  const [command, first, second] = positionals;
  const databaseUrl = process.env.DATABASE_URL;
  if (!databaseUrl) throw new Error('Set DATABASE_URL to the database of the platform.');
  const db = connect(databaseUrl, { max: 1, applicationName: 'api-key', asOwner: true });
  try {
    if (command === 'create' && first !== undefined && second !== undefined) {
      const expiresAt = values.expires === undefined ? undefined : new Date(values.expires);
      const wanted = { clientId: first, role: second, customerId: values.customer, expiresAt };
      const { keyId, token } = await createApiKey(db, wanted);
      console.log(`Key ${keyId} of ${first} (${second}). Keep this token, it is shown only now:\n${token}`);
    } else if (command === 'revoke' && first !== undefined) {
      await revokeApiKey(db, first);
      console.log(`Key ${first} is revoked.`);
    } else if (command === 'list') {
      for (const key of await listApiKeys(db)) console.log(lineOf(key));
    } else {
      throw new Error(USAGE);
    }
  } finally {
    await db.destroy();
  }
}

const lineOf = (key: ApiKey): string =>
  [
    ...[key.keyId, key.clientId, key.role, key.customerId ?? 'all customers', `made ${key.createdAt}`],
    ...[key.expiresAt ? `ends ${key.expiresAt}` : 'no end', `last used ${key.lastUsedOn ?? 'never'}`],
    stateOf(key),
  ].join('  ');

function stateOf({ revokedAt, expiresAt }: ApiKey): string {
  if (revokedAt) return `revoked ${revokedAt}`;
  return expiresAt && Date.parse(expiresAt) <= Date.now() ? 'ended' : 'valid';
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
