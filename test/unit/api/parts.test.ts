import { apiConfig } from '../../../api/config';
import { newBusinessId } from '../../../api/business-id';
import { parseJson } from '../../../api/json';
import { idempotencyKeyParameter } from '../../../api/submission';
import { compileSchema } from '../../../schemas/validate';

describe('Idempotency-Key', () => {
  const isValid = compileSchema(idempotencyKeyParameter.schema);
  test.each(['a', '5b2f0c1e-8a53-4f0e', '~!"', 'x'.repeat(200)])('%s is one', (key) => {
    expect(isValid(key)).toBe(true);
  });
  test.each(['', 'two words', 'x'.repeat(201), 'caf\u00e9', 'tab\t', 'line\n', '\u0000'])(
    '%j is none',
    (key) => {
      expect(isValid(key)).toBe(false);
    },
  );
});

describe('a business id', () => {
  test('has the form that contracts ask for', () => {
    expect(newBusinessId('LA')).toMatch(/^LA[0-9A-HJKMNP-TV-Z]{26}$/);
  });
  test('sorts by time', () => {
    const ids = [0, 1, 1_700_000_000_000, 1_800_000_000_000].map((ms) => newBusinessId('LA', new Date(ms)));
    expect([...ids].sort()).toEqual(ids);
  });
  test('differs though the time is the same', () => {
    const now = new Date(0);
    expect(new Set(Array.from({ length: 1_000 }, () => newBusinessId('LA', now))).size).toBe(1_000);
  });
});

describe('a body of JSON', () => {
  const parse = (text: string | Uint8Array): unknown => parseJson(Buffer.from(text));
  test('is parsed', () => {
    expect(parse('{"a":["\u00e9",1]}')).toEqual({ a: ['\u00e9', 1] });
  });
  test('may hold characters outside the basic plane', () => {
    expect(parse('"\ud83d\ude00"')).toBe('\ud83d\ude00');
  });
  test.each([
    ['nothing', ''],
    ['half a value', '{'],
    ['bytes that are no UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
    ['U+0000 in a text', '"a\\u0000"'],
    ['U+0000 in a name', '{"a\\u0000":1}'],
    ['half a surrogate pair', '"\\ud800"'],
    ['nesting without end', '['.repeat(60_000) + ']'.repeat(60_000)],
  ])('is refused when it is %s', (_what, text) => {
    expect(() => parse(text)).toThrow('INVALID_JSON');
  });
});

describe('the configuration', () => {
  const env = {
    DATABASE_URL: 'postgres://db/credit',
    TEMPORAL_ADDRESS: 'temporal:7233',
    PARTY_SECRETS: '{}',
  };
  test('has defaults where one is safe', () => {
    expect(apiConfig(env)).toMatchObject({ temporalNamespace: 'default', taskQueue: 'flows', port: 8080 });
  });
  test.each(['DATABASE_URL', 'TEMPORAL_ADDRESS', 'PARTY_SECRETS'])('is refused without %s', (name) => {
    expect(() => apiConfig({ ...env, [name]: undefined })).toThrow(name);
  });
  test('takes no tokens unless an identity provider is named', () => {
    expect(apiConfig(env).tokens).toBeUndefined();
    const provider = { JWT_ISSUER: 'https://id.example', JWT_AUDIENCE: 'credit' };
    const JWT_JWKS_URL = 'https://id.example/jwks.json';
    expect(apiConfig({ ...env, ...provider, JWT_JWKS_URL }).tokens).toEqual({
      ...{ issuer: 'https://id.example', audience: 'credit', jwksUrl: new URL(JWT_JWKS_URL) },
      ...{ roleClaim: 'role', customerClaim: 'customer_id' },
    });
  });
  test.each([
    ['JWT_AUDIENCE', { JWT_ISSUER: 'https://id.example' }],
    ['JWT_JWKS_URL', { JWT_ISSUER: 'i', JWT_AUDIENCE: 'a', JWT_JWKS_URL: 'http://id.example/jwks.json' }],
    ['RATE_LIMIT_PER_CLIENT', { RATE_LIMIT_PER_CLIENT: '0' }],
    ['RATE_LIMIT_PER_ADDRESS', { RATE_LIMIT_PER_ADDRESS: 'many' }],
    ['TRUSTED_PROXIES', { TRUSTED_PROXIES: 'everybody' }],
  ])('is refused with a %s that cannot be: %j', (name, wrong) => {
    expect(() => apiConfig({ ...env, ...wrong })).toThrow(name);
  });
  test.each(['http', '-1', '70000', '1.5'])('is refused with the port %s', (port) => {
    expect(() => apiConfig({ ...env, API_PORT: port })).toThrow('API_PORT');
  });
});
