import { isIP } from 'node:net';
import { parsePartySecrets, type PartySecrets } from '../schemas/outside/signature';
import { yeepayKeys, type YeepayKeys } from '../schemas/outside/yeepay/access';
import type { RateLimits } from './rate-limits';
import type { TokenConfig } from './tokens';

/** What the API needs to know of its deployment. */
export interface ApiConfig {
  databaseUrl: string;
  /** Host and port. */
  temporalAddress: string;
  temporalNamespace: string;
  /** The task queue on which flows are started. */
  taskQueue: string;
  /** The address of this machine to listen on. */
  host: string;
  /** Where to listen; 0 takes any free port. */
  port: number;
  partySecrets: PartySecrets;
  /** What opens Yeepay's notifications; undefined where there is no Yeepay. */
  yeepay?: YeepayKeys | undefined;
  /** Set where tokens of an identity provider are taken beside API keys. */
  tokens?: TokenConfig | undefined;
  rateLimits: RateLimits;
  /** Addresses or networks of the proxies in front of us, whose X-Forwarded-For is believed. */
  trustedProxies: string[];
}

/**
 * Reads the configuration from the environment:
 * - `DATABASE_URL`: PostgreSQL, as a user who is a member of the application's role
 * - `TEMPORAL_ADDRESS`: host and port; `TEMPORAL_NAMESPACE`: `default` if left out
 * - `TASK_QUEUE`: `flows` if left out; the workers' own
 * - `API_HOST`: 127.0.0.1 if left out, so that others reach the API only where somebody wants it
 * - `API_PORT`: 8080 if left out
 * - `PARTY_SECRETS`: JSON `{ "<partyId>": ["whsec_<base64>", …] }`; a party without a secret cannot call back
 * - `YEEPAY_PRIVATE_KEY`, `YEEPAY_PLATFORM_KEY`, or `…_FILE`: keys in PEM, both where anything of Yeepay is set
 * - `JWT_ISSUER`, `JWT_AUDIENCE`, `JWT_JWKS_URL`: all three, and tokens of that identity provider are taken beside API keys;
 *   `JWT_ROLE_CLAIM` and `JWT_CUSTOMER_CLAIM`: `role` and `customer_id` if left out
 * - `RATE_LIMIT_PER_CLIENT`, `RATE_LIMIT_PER_ADDRESS`: requests in ten seconds; 2000 and 200 if left out
 * - `TRUSTED_PROXIES`: addresses or networks, with commas between them; none if left out
 *
 * @throws Error that names the variable and what it must hold, never what it holds.
 */
export function apiConfig(env: NodeJS.ProcessEnv): ApiConfig {
  return {
    databaseUrl: required(env, 'DATABASE_URL', 'an address such as postgres://user@host:5432/credit'),
    temporalAddress: required(env, 'TEMPORAL_ADDRESS', 'host and port, such as 127.0.0.1:7233'),
    temporalNamespace: env.TEMPORAL_NAMESPACE || 'default',
    taskQueue: env.TASK_QUEUE || 'flows',
    host: env.API_HOST || '127.0.0.1',
    port: portFrom(env.API_PORT || '8080'),
    partySecrets: parsePartySecrets(
      required(env, 'PARTY_SECRETS', 'a JSON object such as {"some-party": ["whsec_<base64>"]}; {} for none'),
    ),
    yeepay: yeepayKeys(env),
    tokens: tokensFrom(env),
    rateLimits: {
      perClient: countFrom(env, 'RATE_LIMIT_PER_CLIENT', 2_000),
      perAddress: countFrom(env, 'RATE_LIMIT_PER_ADDRESS', 200),
    },
    trustedProxies: proxiesFrom(env.TRUSTED_PROXIES ?? ''),
  };
}

function tokensFrom(env: NodeJS.ProcessEnv): TokenConfig | undefined {
  const { JWT_ISSUER: issuer, JWT_AUDIENCE: audience, JWT_JWKS_URL: address } = env;
  if (!issuer && !audience && !address) return undefined;
  if (!issuer || !audience || !address) {
    throw new Error('Set JWT_ISSUER, JWT_AUDIENCE and JWT_JWKS_URL together, or none of them.');
  }
  const jwksUrl = URL.canParse(address) ? new URL(address) : undefined;
  const isLocal = jwksUrl?.protocol === 'http:' && ['127.0.0.1', 'localhost'].includes(jwksUrl.hostname);
  // Whoever can change the keys on their way can make tokens.
  if (!jwksUrl || (jwksUrl.protocol !== 'https:' && !isLocal)) {
    throw new Error('Set JWT_JWKS_URL to an https address; http only on this machine.');
  }
  const roleClaim = env.JWT_ROLE_CLAIM || 'role';
  return { issuer, audience, jwksUrl, roleClaim, customerClaim: env.JWT_CUSTOMER_CLAIM || 'customer_id' };
}

function countFrom(env: NodeJS.ProcessEnv, name: string, otherwise: number): number {
  const value = Number(env[name] || otherwise);
  if (!Number.isInteger(value) || value < 1) throw new Error(`Set ${name} to a whole number from 1.`);
  return value;
}

function proxiesFrom(text: string): string[] {
  const proxies = text.split(',').map((one) => one.trim());
  if (text.trim() === '') return [];
  const isProxy = (one: string): boolean => isIP(one.replace(/\/\d{1,3}$/, '')) !== 0;
  if (!proxies.every(isProxy)) {
    throw new Error('Set TRUSTED_PROXIES to addresses or networks, such as 10.0.0.7,10.1.0.0/16.');
  }
  return proxies;
}

function required(env: NodeJS.ProcessEnv, name: string, what: string): string {
  const value = env[name];
  if (!value) throw new Error(`Set ${name}: ${what}.`);
  return value;
}

function portFrom(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error('Set API_PORT to a whole number from 0 to 65535.');
  }
  return port;
}
