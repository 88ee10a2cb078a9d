import { hash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import type { Knex } from 'knex';
import { customerOf } from '../reference';

/** What a client is; api/permissions says what each may do. */
export const ROLES = ['app', 'bff', 'ops', 'finance', 'partner', 'mall'] as const;
export type Role = (typeof ROLES)[number];

/** Whom a request comes from, as its API key or its token proved. */
export interface ApiClient {
  /** The API key; a token of an identity provider has none. */
  keyId?: string;
  /** Unlike for each client, and for each customer where a client acts for customers. */
  clientId: string;
  role: Role;
  /** The one customer whose things the client may see and do; other clients may see those of all. */
  customerId?: string;
}

/** A key as it is listed: never with its secret, which nobody knows but the client. */
export interface ApiKey {
  keyId: string;
  clientId: string;
  role: Role;
  customerId: string | null;
  createdAt: string;
  expiresAt: string | null;
  /** The last day, in UTC, on which it was used. */
  lastUsedOn: string | null;
  revokedAt: string | null;
}

const KEY_ID_ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
const KEY_ID_LENGTH = 12;
const SECRET_BYTES = 32;
const TOKEN = /^ck_([a-z0-9]{12})_([A-Za-z0-9_-]{43})$/;
const CLIENT_ID = /^[a-z0-9][a-z0-9-]{1,59}$/;

const hashOf = (secret: string): Buffer => hash('sha256', secret, 'buffer');

/** A key to be made. A partner's client id is its party id, and a mall's is its mall id. */
export interface NewApiKey {
  clientId: string;
  role: string;
  /** The one customer that the key is for; only with the role app. */
  customerId?: string | undefined;
  /** When it ends by itself; never, if left out. */
  expiresAt?: Date | undefined;
}

/**
 * Makes a key for a client. Only the hash of the secret is kept.
 *
 * @param db as the owner of the tables: the application makes no keys
 * @returns the key's id, and the token `ck_<keyId>_<secret>`, which is shown this once.
 * @throws Error when the client id, the role, the customer or the end cannot be one.
 */
export async function createApiKey(db: Knex, wanted: NewApiKey): Promise<{ keyId: string; token: string }> {
  await checkNewKey(db, wanted);
  const { clientId, role, customerId, expiresAt } = wanted;
  const keyId = Array.from({ length: KEY_ID_LENGTH }, () => KEY_ID_ALPHABET[randomInt(36)]).join('');
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  await db('access.api_key').insert({
    ...{ key_id: keyId, client_id: clientId, role, hash: hashOf(secret) },
    ...{ customer_id: customerId ?? null, expires_at: expiresAt ?? null },
  });
  return { keyId, token: `ck_${keyId}_${secret}` };
}

async function checkNewKey(db: Knex, { clientId, role, customerId, expiresAt }: NewApiKey): Promise<void> {
  if (!CLIENT_ID.test(clientId)) {
    throw new Error(`A client id is 2 to 60 of a-z, 0-9 and "-", such as "mobile-app"; not "${clientId}".`);
  }
  if (!(ROLES as readonly string[]).includes(role)) {
    throw new Error(`A role is one of ${ROLES.join(', ')}; not "${role}".`);
  }
  if (expiresAt && !(expiresAt.getTime() > Date.now())) {
    throw new Error('A key must end in the future: give an instant such as 2030-01-31T00:00:00Z.');
  }
  if (customerId === undefined) return;
  if (role !== 'app') throw new Error(`A key for one customer has the role app; not "${role}".`);
  if (!(await customerOf(db, customerId))) throw new Error('There is no such customer.');
}

/**
 * Whom a token stands for; undefined when it is no token, is unknown, was revoked, has ended, or its secret is another.
 * The first use of a day is noted.
 */
export async function clientOf(db: Knex, token: string): Promise<ApiClient | undefined> {
  const [, keyId, secret] = TOKEN.exec(token) ?? [];
  if (keyId === undefined || secret === undefined) return undefined;
  const { rows } = await db.raw<{ rows: StoredKey[] }>(
    `select client_id as "clientId", role, hash, customer_id as "customerId",
            last_used_on is distinct from current_date as "isFirstUseOfDay"
       from access.api_key
      where key_id = ? and revoked_at is null and (expires_at is null or expires_at > now())`,
    [keyId],
  );
  const [row] = rows;
  if (!row || !timingSafeEqual(row.hash, hashOf(secret))) return undefined;
  if (row.isFirstUseOfDay) {
    await db('access.api_key')
      .where({ key_id: keyId })
      .whereRaw('last_used_on is distinct from current_date')
      .update({ last_used_on: db.raw('current_date') });
  }
  const { clientId, role, customerId } = row;
  // No client id holds a colon, so nobody can be taken for a client's customer.
  return customerId === null
    ? { keyId, clientId, role }
    : { keyId, clientId: `${clientId}:${customerId}`, role, customerId };
}

interface StoredKey {
  clientId: string;
  role: Role;
  hash: Buffer;
  customerId: string | null;
  isFirstUseOfDay: boolean;
}

/** All keys, the newest last. */
export const listApiKeys = (db: Knex): Promise<ApiKey[]> =>
  db('access.api_key')
    .orderBy(['created_at', 'key_id'])
    .select(
      'key_id as keyId',
      'client_id as clientId',
      'role',
      'customer_id as customerId',
      'created_at as createdAt',
      'expires_at as expiresAt',
      'last_used_on as lastUsedOn',
      'revoked_at as revokedAt',
    );

/**
 * Makes a key useless from the next request on. Revoking twice keeps the first time.
 *
 * @param db as the owner of the tables
 * @throws Error when there is no such key.
 */
export async function revokeApiKey(db: Knex, keyId: string): Promise<void> {
  const revoked = await db('access.api_key')
    .where({ key_id: keyId })
    .update({ revoked_at: db.raw('coalesce(revoked_at, now())') });
  if (revoked === 0) throw new Error(`There is no key "${keyId}".`);
}
