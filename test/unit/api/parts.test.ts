import { apiConfig } from '../../../api/config';
import { newBusinessId } from '../../../api/business-id';
import { parseJson } from '../../../api/json';
import { createLogger } from '../../../logging/logger';
import { idempotencyKeyParameter } from '../../../api/routes/loan-applications';
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
  test.each(['http', '-1', '70000', '1.5'])('is refused with the port %s', (port) => {
    expect(() => apiConfig({ ...env, API_PORT: port })).toThrow('API_PORT');
  });
});

describe('the log', () => {
  const logged = (what: object): string => {
    const lines: string[] = [];
    createLogger({
      ...{ process: 'api', level: 'info' },
      destination: { write: (line) => void lines.push(line) },
    }).info(what, 'a line');
    return lines.join('');
  };
  test('keeps credentials out, wherever a request is logged', () => {
    const headers = { authorization: 'Bearer secret' };
    expect(logged({ ...headers, headers, request: { headers } })).not.toContain('secret');
  });
  test('keeps the row that the database refused out of an error', () => {
    const error = Object.assign(new Error('violates a check'), {
      code: '23514',
      detail: 'Failing row: (tok_1)',
    });
    expect(logged({ err: error })).not.toContain('tok_1');
    expect(logged({ err: error })).toContain('23514');
  });
});
