import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { notKnownCodes } from '../../sandbox/yeepay/routes';

const APP_KEY = 'demo-app';
const PARENT_MERCHANT_NO = '10080000001';
const MODULUS_BITS = 2048;

interface Pems {
  privateKey: string;
  publicKey: string;
}

/** What processes are told of Yeepay by their environment; never print it. */
export interface YeepayEnvironments {
  /** The API and the workers; the workers take `YEEPAY_URL` too. */
  platform: Record<string, string>;
  /** The sandbox, which plays Yeepay. */
  sandbox: Record<string, string>;
}

/** Makes the keys of the platform and of its Yeepay, by chance, and what each side is told of them. */
export function newYeepay(): YeepayEnvironments {
  const [ours, theirs] = [newKeys(), newKeys()];
  const both = { YEEPAY_APP_KEY: APP_KEY, YEEPAY_PARENT_MERCHANT_NO: PARENT_MERCHANT_NO };
  return {
    platform: {
      ...both,
      YEEPAY_PRIVATE_KEY: ours.privateKey,
      YEEPAY_PLATFORM_KEY: theirs.publicKey,
      YEEPAY_NOT_KNOWN_CODES: notKnownCodes.join(','),
    },
    sandbox: {
      ...both,
      YEEPAY_PLATFORM_PRIVATE_KEY: theirs.privateKey,
      YEEPAY_MERCHANT_KEY: ours.publicKey,
    },
  };
}

/**
 * The same, made once and kept in a file that only its owner may read.
 *
 * @param file absolute path
 */
export function keptYeepay(file: string): YeepayEnvironments {
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as YeepayEnvironments;
  const made = newYeepay();
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600 });
  return made;
}

const newKeys = (): Pems =>
  generateKeyPairSync('rsa', {
    modulusLength: MODULUS_BITS,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
