import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ErrorRequestHandler, RequestHandler } from 'express';
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

/**
 * Lets only requests with a valid API key or token through, not too many of each client, and notes whose they are.
 *
 * A key is looked up for each request, so that a revoked one is refused from the next request on. Where it was good when it was looked up
 * last, the request goes on meanwhile, as far as it changes nothing and answers nothing: whoever does waits for the `proof`.
 */
export function authenticate({ db, readToken, limits }: Needs): RequestHandler {
  const lookUp = keyReader(db);
  return async (request, response, next) => {
    const [, credential] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    if (credential === undefined)
      throw new Problem('KEY_MISSING', 'Send Authorization: Bearer ck_… with your API key.');
    const locals = localsOf(response);
    if (credential.startsWith('ck_')) {
      const { client, proof } = lookUp(credential);
      locals.proof = proof;
      locals.client = client ?? (await proof);
    } else locals.client = good(await readToken?.(credential));
    await limits.client(locals.client.clientId, response);
    next();
  };
}

/** Whatever else is wrong with a request, it is told of a bad key first. */
export const badKeyFirst: ErrorRequestHandler = async (error, _request, response, next) => {
  await localsOf(response).proof;
  next(error);
};

function good(client: ApiClient | undefined): ApiClient {
  if (client) return client;
  throw new Problem('KEY_INVALID', 'The key or token is malformed, unknown, revoked, or has ended.');
}

/** How many clients a process knows at once. */
const KNOWN_AT_MOST = 1_000;

/**
 * Looks keys up. `proof` fails with Problem KEY_INVALID where a key is not good now; `client` is whose it was when it was good last, if that
 * is known. Keys are kept as their hashes.
 */
function keyReader(db: Knex) {
  const known = new Map<string, ApiClient>();

  async function prove(key: string, keyHash: string, before: ApiClient | undefined): Promise<ApiClient> {
    const client = await clientOf(db, key);
    // A map keeps the order: the first is the one that was not used for longest.
    known.delete(keyHash);
    if (before && !isDeepStrictEqual(client, before)) return good(undefined);
    known.set(keyHash, good(client));
    const [oldest] = known.keys();
    if (known.size > KNOWN_AT_MOST) known.delete(oldest!);
    return good(client);
  }

  return (key: string): { client: ApiClient | undefined; proof: Promise<ApiClient> } => {
    const keyHash = hash('sha256', key, 'base64');
    const client = known.get(keyHash);
    const proof = prove(key, keyHash, client);
    // A failure is heard by whoever waits for it, which is nobody where the client goes away first.
    proof.catch(() => undefined);
    return { client, proof };
  };
}
