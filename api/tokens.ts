import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload } from 'jose';
import type { ApiClient, Role } from '../db/access/api-keys';
import { Problem } from './problem';

/** Which identity provider's tokens are taken, and which of their claims say who somebody is. */
export interface TokenConfig {
  issuer: string;
  audience: string;
  /** Where the provider publishes its public keys. */
  jwksUrl: URL;
  roleClaim: string;
  customerClaim: string;
}

/** Only signatures by a private key that the provider alone has: never "none", never a secret that we share with it. */
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];
const CLOCK_TOLERANCE_SECONDS = 30;
const JWKS_LIMITS_MS = { timeoutDuration: 5_000, cacheMaxAge: 600_000 };
/** The least time between two looks for a key that the provider has published since. */
const JWKS_COOLDOWN_MS = 30_000;

/** A partner is known by its API key's client id, and has no tokens of people. */
const ROLES_OF_PEOPLE: readonly string[] = ['app', 'bff', 'ops', 'finance'] satisfies Role[];
// No "@": an address of a person would end in records and logs.
const SUBJECT = /^[A-Za-z0-9._|-]{1,100}$/;
const CUSTOMER_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** Says whom a token stands for; undefined when it is not valid. */
export type TokenReader = (token: string) => Promise<ApiClient | undefined>;

/**
 * Makes the reader of JSON Web Tokens. The provider's keys are kept for ten minutes, and looked up anew for a key that is
 * not among them, so that a provider may change its keys at any time.
 *
 * @param jwksCooldownMs see JWKS_COOLDOWN_MS; for tests
 * @returns the reader; it throws Problem TEMPORARILY_UNAVAILABLE when the keys are needed and the provider does not give them
 */
export function tokenReader(config: TokenConfig, jwksCooldownMs = JWKS_COOLDOWN_MS): TokenReader {
  const { issuer, audience, jwksUrl, roleClaim } = config;
  const keys = createRemoteJWKSet(jwksUrl, { ...JWKS_LIMITS_MS, cooldownDuration: jwksCooldownMs });
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        ...{ issuer, audience, algorithms: ALGORITHMS, clockTolerance: CLOCK_TOLERANCE_SECONDS },
        requiredClaims: ['exp', 'sub', roleClaim],
      });
      return clientIn(payload, config);
    } catch (error) {
      if (!isProviderAway(error)) return undefined;
      const detail = 'The identity provider is away. Send the same request again.';
      throw new Problem('TEMPORARILY_UNAVAILABLE', detail, undefined, error);
    }
  };
}

/**
 * The client that a valid token names. The role app is for customers alone, so such a token must say which one: a claim that
 * got lost must not open everything.
 */
function clientIn(claims: JWTPayload, { roleClaim, customerClaim }: TokenConfig): ApiClient | undefined {
  const { sub = '', [roleClaim]: role, [customerClaim]: customerId } = claims;
  if (!SUBJECT.test(sub) || typeof role !== 'string' || !ROLES_OF_PEOPLE.includes(role)) return undefined;
  // No API key's client id holds a colon, so nobody can be taken for one.
  const client = { clientId: `jwt:${sub}`, role: role as Role };
  if (role !== 'app') return customerId === undefined ? client : undefined;
  if (typeof customerId !== 'string' || !CUSTOMER_ID.test(customerId)) return undefined;
  return { ...client, customerId };
}

const AWAY_CODES = ['ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID', 'ERR_JOSE_GENERIC'];

/** What is no error about the token is one about getting the keys: of the network, or of what came over it. */
const isProviderAway = (error: unknown): boolean =>
  !(error instanceof errors.JOSEError) || AWAY_CODES.includes(error.code);
