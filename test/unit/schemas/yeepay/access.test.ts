import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generateKeyPairSync } from 'node:crypto';
import { yeepayAccess, yeepayKeys } from '../../../../schemas/outside/yeepay/access';
import { newYeepay } from '../../../../scripts/demo/yeepay-keys';

const env: Record<string, string> = { ...newYeepay().platform, YEEPAY_URL: 'https://yeepay.example/' };
const without = (name: string): Record<string, string> => ({ ...env, [name]: '' });

test('nothing of Yeepay need be set', () => {
  expect([yeepayAccess({ DATABASE_URL: 'x' }), yeepayKeys({ YEEPAY_URL: '' })]).toEqual([
    undefined,
    undefined,
  ]);
});

test('all that it takes is read', () => {
  expect(yeepayAccess(env)).toMatchObject({
    ...{ url: 'https://yeepay.example', appKey: env.YEEPAY_APP_KEY },
    notKnownCodes: ['ORDER_NOT_EXIST', 'REQUEST_NOT_EXIST'],
  });
});

test.each(Object.keys(env))('%s is missed, by its name, where something of Yeepay is set', (name) => {
  expect(() => yeepayAccess(without(name))).toThrow(`Set ${name}`);
});

test('keys stand in files as well', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'keys-'));
  try {
    const file = path.join(folder, 'key.pem');
    writeFileSync(file, env.YEEPAY_PRIVATE_KEY!, { mode: 0o600 });
    const keys = yeepayKeys({ ...without('YEEPAY_PRIVATE_KEY'), YEEPAY_PRIVATE_KEY_FILE: file })!;
    expect(keys.privateKey.equals(yeepayKeys(env)!.privateKey)).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const elliptic = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

test.each([
  ['a text', { YEEPAY_PRIVATE_KEY: 'c2VjcmV0' }],
  ['a key of another kind', { YEEPAY_PRIVATE_KEY: elliptic.privateKey }],
  ['a file that is not there', { YEEPAY_PRIVATE_KEY_FILE: '/c2VjcmV0' }],
  ['an address that is none', { YEEPAY_URL: 'c2VjcmV0' }],
])('%s is refused by the name of its variable, and is not quoted', (_what, change) => {
  const [name = ''] = Object.keys(change);
  const read = (): unknown => yeepayAccess({ ...env, ...change });
  expect(read).toThrow(name);
  expect(read).not.toThrow('c2VjcmV0');
});
