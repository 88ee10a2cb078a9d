import type { RequestHandler } from 'express';
import type { Knex } from 'knex';
import { clientOf, type ApiClient } from '../../db/access/api-keys';
import { Problem } from '../problem';
import type { RateLimiting } from '../rate-limits';
import type { TokenReader } from '../tokens';
import { localsOf } from './locals';

interface Needs {
  db: Knex;
  /** Left out where no identity provider's tokens are taken. */
  readToken: TokenReader | undefined;
  limits: RateLimiting;
}

/** Lets only requests with a valid API key or token through, not too many of each client, and notes whose they are. */
export function authenticate(needs: Needs): RequestHandler {
  return async (request, response, next) => {
    const [, credential] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    const client = credential === undefined ? undefined : await clientWith(needs, credential);
    if (!client) {
      throw credential === undefined
        ? new Problem('KEY_MISSING', 'Send Authorization: Bearer ck_… with your API key.')
        : new Problem('KEY_INVALID', 'The key or token is malformed, unknown, revoked, or has ended.');
    }
    localsOf(response).client = client;
    await needs.limits.client(client.clientId, response);
    next();
  };
}

async function clientWith({ db, readToken }: Needs, credential: string): Promise<ApiClient | undefined> {
  return credential.startsWith('ck_') ? clientOf(db, credential) : readToken?.(credential);
}
