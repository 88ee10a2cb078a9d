import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import knex, { type Knex } from 'knex';
import { createApi } from '../../../api/app';
import type { ProblemBody } from '../../../api/problem';
import type { RateLimits } from '../../../api/rate-limits';
import { createHttpServer, type SocketLimits } from '../../../api/server';
import type { TokenConfig } from '../../../api/tokens';
import { createApiKey, ROLES, type Role } from '../../../db/access/api-keys';
import { connect } from '../../../db/pool';
import { createLogger } from '../../../logging/logger';
import { parsePartySecrets, type PartySecrets } from '../../../schemas/outside/signature';
import { yeepaySide, type YeepaySide } from '../../../sandbox/yeepay/side';
import { yeepayKeys } from '../../../schemas/outside/yeepay/access';
import type { YeepayEnvironments } from '../../../scripts/demo/yeepay-keys';
import { createTestDatabase } from '../../support/database';
import { holdToDocument } from '../../support/documented';
import { testRun } from '../../support/run';
import { createTestNamespace } from '../../support/temporal';

export const PARTY = 'bank-huaxin';
/** A mall: it signs what it tells, and reads by an API key. */
export const MALL = 'cn-mall';
export const OTHER_PARTY = 'cn-payout';
/** Receives no money for us. */
export const MESSAGING_PARTY = 'cn-messaging';
const secretOf = (letter: string): string => `whsec_${Buffer.from(letter.repeat(32)).toString('base64')}`;
export const SECRET = secretOf('a');

export interface Reply<Body = Record<string, unknown>> {
  status: number;
  headers: Headers;
  body: Body;
}

export interface Wanted {
  /** The role whose key is sent; none when left out. */
  as?: Role;
  headers?: Record<string, string>;
  /** Sent as it is when it is a text, as JSON otherwise. */
  body?: unknown;
}

/** Sends a request, and holds the answer against the OpenAPI document. A body that is empty comes as null. */
export type Caller = <Body = ProblemBody>(
  method: string,
  path: string,
  wanted?: Wanted,
) => Promise<Reply<Body>>;

export interface ApiUnderTest {
  database: { url: string };
  /** As the application. */
  db: Knex;
  /** As the owner of the tables. */
  owner: Knex;
  temporal: Client;
  secrets: PartySecrets;
  /** What Yeepay seals and signs its notifications with. */
  yeepay: YeepaySide;
  url: string;
  tokens: Record<Role, string>;
  /** The lines that the API has logged. */
  log: Record<string, unknown>[];
  call: Caller;
  /** A further API, as another process, on the same database; set up otherwise where the test says so. */
  beside(setUp: SetUp): Promise<ApiUnderTest>;
  stop(): Promise<void>;
}

/** How an API under test differs from the usual one, which takes no tokens and as many requests as come. */
export interface SetUp {
  /** Another database, such as one that is away; it ends with the API. */
  db?: Knex;
  temporalAddress?: string;
  /** Parties that sign beside the usual ones. */
  secrets?: Record<string, string[]>;
  tokens?: TokenConfig;
  rateLimits?: RateLimits;
  socketLimits?: SocketLimits;
}

/** An API on a seeded database and a Temporal namespace of its own, with a key for each role. */
export async function startApi(setUp: SetUp = {}): Promise<ApiUnderTest> {
  const database = await createTestDatabase('seeded');
  const { address, namespace } = await createTestNamespace();
  const owner = knex({ client: 'pg', connection: database.adminUrl });
  const secrets = {
    ...{ [PARTY]: [SECRET], [MALL]: [SECRET], [OTHER_PARTY]: [secretOf('b')] },
    'trust-jinhe': [secretOf('c')],
  };
  const { yeepay } = testRun();
  const shared = { database, owner, secrets, yeepay, namespace, temporalAddress: address };
  const api = await listenOn(shared, setUp);
  return {
    ...api,
    async stop() {
      await api.stop();
      await owner.destroy();
      await database.drop();
    },
  };
}

interface Shared {
  database: { url: string };
  owner: Knex;
  secrets: Record<string, string[]>;
  yeepay: YeepayEnvironments;
  namespace: string;
  temporalAddress: string;
}

async function listenOn(shared: Shared, setUp: SetUp): Promise<ApiUnderTest> {
  const { database, owner, namespace } = shared;
  const secrets = parsePartySecrets(JSON.stringify({ ...shared.secrets, ...setUp.secrets }));
  const { temporalAddress = shared.temporalAddress, tokens: tokenConfig, socketLimits } = setUp;
  const { rateLimits = { perClient: 1_000_000, perAddress: 1_000_000 } } = setUp;
  const { db = connect(database.url, { max: 5, applicationName: 'api-test' }) } = setUp;
  const lockSession = connect(database.url, { max: 1, applicationName: 'api-test-key-locks' });
  const connection = Connection.lazy({ address: temporalAddress });
  const temporal = new Client({ connection, namespace });
  const log: Record<string, unknown>[] = [];
  const logger = createLogger({
    ...{ process: 'api', level: 'info' },
    destination: { write: (line) => void log.push(JSON.parse(line) as Record<string, unknown>) },
  });
  const config = {
    ...{ taskQueue: 'flows', partySecrets: secrets },
    yeepay: yeepayKeys(shared.yeepay.platform),
  };
  const needs = { db, temporal, config: { ...config, tokens: tokenConfig, rateLimits, trustedProxies: [] } };
  const server = createHttpServer(createApi({ ...needs, lockSession, logger }), socketLimits);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const tokens = await keysOfAllRoles(owner);
  return {
    ...{ database, db, owner, temporal, secrets, url, tokens, log },
    yeepay: yeepaySide(shared.yeepay.sandbox)!,
    call: callerOf(url, tokens),
    beside: (other) => listenOn(shared, other),
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      await Promise.all([db.destroy(), lockSession.destroy()]);
      await connection.close();
    },
  };
}

/** Makes the function that calls the API at an address, with the key of the role that a request names. */
export function callerOf(url: string, tokens: Partial<Record<Role, string>>): Caller {
  return async (method, path, { as, headers, body } = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(as && { authorization: `Bearer ${tokens[as]}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const { status, headers: answered } = response;
    const text = await response.text();
    holdToDocument(method, path, { status, headers: answered, text });
    const isText = answered.get('content-type')?.startsWith('text/plain');
    const parsed: unknown = isText ? text : text === '' ? null : JSON.parse(text);
    return { status, headers: answered, body: parsed as never };
  };
}

async function keysOfAllRoles(owner: Knex): Promise<Record<Role, string>> {
  const tokens: [string, string][] = [];
  for (const role of ROLES) {
    const clientId = { partner: PARTY, mall: MALL as string }[role as string] ?? `test-${role}`;
    tokens.push([role, (await createApiKey(owner, { clientId, role })).token]);
  }
  return Object.fromEntries(tokens) as Record<Role, string>;
}
