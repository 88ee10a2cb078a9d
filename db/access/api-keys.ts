import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import type { Knex } from 'knex';

/** What a client is; api/permissions says what each may do. */
export const ROLES = ['app', 'bff', 'ops', 'finance', 'partner'] as const;
export type Role = (typeof ROLES)[number];

/** Whom a key stands for. */
export interface ApiClient {
  keyId: string;
  clientId: string;
  role: Role;
}

/** A key as it is listed: never with its secret, which nobody knows but the client. */
export interface ApiKey extends ApiClient {
  createdAt: string;
  revokedAt: string | null;
}

const KEY_ID_ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
const KEY_ID_LENGTH = 12;
const SECRET_BYTES = 32;
const TOKEN = /^ck_([a-z0-9]{12})_([A-Za-z0-9_-]{43})$/;
const CLIENT_ID = /^[a-z0-9][a-z0-9-]{1,59}$/;

const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/**
 * Makes a key for a client; a partner's client id is its party id. Only the hash of the secret is kept.
 *
 * @returns the key's id, and the token `ck_<keyId>_<secret>`, which is shown this once.
 * @throws Error when the client id or the role cannot be one.
 */
export async function createApiKey(
  db: Knex,
  { clientId, role }: { clientId: string; role: string },
): Promise<{ keyId: string; token: string }> {
  if (!CLIENT_ID.test(clientId)) {
    throw new Error(`A client id is 2 to 60 of a-z, 0-9 and "-", such as "mobile-app"; not "${clientId}".`);
  }
  if (!(ROLES as readonly string[]).includes(role)) {
    throw new Error(`A role is one of ${ROLES.join(', ')}; not "${role}".`);
  }
  const keyId = Array.from({ length: KEY_ID_LENGTH }, () => KEY_ID_ALPHABET[randomInt(36)]).join('');
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  await db('access.api_key').insert({ key_id: keyId, client_id: clientId, role, hash: hashOf(secret) });
  return { keyId, token: `ck_${keyId}_${secret}` };
}

/** Whom a token stands for; undefined when it is no token, is unknown, was revoked, or its secret is another. */
export async function clientOf(db: Knex, token: string): Promise<ApiClient | undefined> {
  const [, keyId, secret] = TOKEN.exec(token) ?? [];
  if (keyId === undefined || secret === undefined) return undefined;
  const row = await db('access.api_key')
    .where({ key_id: keyId })
    .whereNull('revoked_at')
    .first<ApiClient & { hash: Buffer }>('key_id as keyId', 'client_id as clientId', 'role', 'hash');
  if (!row) return undefined;
  const { hash, ...client } = row;
  return timingSafeEqual(hash, hashOf(secret)) ? client : undefined;
}

/** All keys, the newest last. */
export const listApiKeys = (db: Knex): Promise<ApiKey[]> =>
  db('access.api_key')
    .orderBy(['created_at', 'key_id'])
    .select(
      'key_id as keyId',
      'client_id as clientId',
      'role',
      'created_at as createdAt',
      'revoked_at as revokedAt',
    );

/**
 * Makes a key useless from the next request on. Revoking twice keeps the first time.
 *
 * @throws Error when there is no such key.
 */
export async function revokeApiKey(db: Knex, keyId: string): Promise<void> {
  const revoked = await db('access.api_key')
    .where({ key_id: keyId })
    .update({ revoked_at: db.raw('coalesce(revoked_at, now())') });
  if (revoked === 0) throw new Error(`There is no key "${keyId}".`);
}
