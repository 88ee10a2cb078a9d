import { createApiKey, listApiKeys, revokeApiKey, ROLES } from '../db/access/api-keys';
import { connect } from '../db/pool';

const USAGE = `Usage: api-key create <client-id> <${ROLES.join('|')}> | api-key list | api-key revoke <key-id>`;

async function main([command, first, second]: string[]): Promise<void> {
  const databaseUrl = process.env.DATABASE_URL;
  if (!databaseUrl) throw new Error('Set DATABASE_URL to the database of the platform.');
  const db = connect(databaseUrl, { max: 1, applicationName: 'api-key' });
  try {
    if (command === 'create' && first !== undefined && second !== undefined) {
      const { keyId, token } = await createApiKey(db, { clientId: first, role: second });
      console.log(`Key ${keyId} of ${first} (${second}). Keep this token, it is shown only now:\n${token}`);
    } else if (command === 'revoke' && first !== undefined) {
      await revokeApiKey(db, first);
      console.log(`Key ${first} is revoked.`);
    } else if (command === 'list') {
      for (const { keyId, clientId, role, createdAt, revokedAt } of await listApiKeys(db)) {
        console.log(
          [keyId, clientId, role, createdAt, revokedAt ? `revoked ${revokedAt}` : 'valid'].join('  '),
        );
      }
    } else {
      throw new Error(USAGE);
    }
  } finally {
    await db.destroy();
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
