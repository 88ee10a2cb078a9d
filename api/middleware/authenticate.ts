import type { RequestHandler } from 'express';
import type { Knex } from 'knex';
import { clientOf } from '../../db/access/api-keys';
import { Problem } from '../problem';
import { localsOf } from './locals';

/** Lets only requests with a valid API key through, and notes whose it is. */
export function authenticate(db: Knex): RequestHandler {
  return async (request, response, next) => {
    const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    if (token === undefined) {
      throw new Problem('KEY_MISSING', 'Send Authorization: Bearer ck_… with your API key.');
    }
    const client = await clientOf(db, token);
    if (!client) throw new Problem('KEY_INVALID', 'The key is malformed, unknown or revoked.');
    localsOf(response).client = client;
    next();
  };
}
