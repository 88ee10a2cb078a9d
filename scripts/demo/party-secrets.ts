import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const SECRET_BYTES = 32;

/**
 * The secrets that we share with the outside parties: made once, by chance, and kept in a file that only its owner may
 * read. Parties that the file does not have yet are added.
 *
 * @param file absolute path
 * @param partyIds all parties that need one
 * @returns what the variable `PARTY_SECRETS` takes: JSON `{ "<partyId>": ["whsec_<base64>"] }`; never print it
 */
export function partySecrets(file: string, partyIds: readonly string[]): string {
  const kept = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string[]>) : {};
  const secrets = Object.fromEntries(
    partyIds.map((id) => [id, kept[id] ?? [`whsec_${randomBytes(SECRET_BYTES).toString('base64')}`]]),
  );
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ ...kept, ...secrets }, null, 2)}\n`, { mode: 0o600 });
  return JSON.stringify(secrets);
}
