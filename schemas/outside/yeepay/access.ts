/** How the platform's processes are told who they are to Yeepay: by their environment. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** What opens Yeepay's notifications: our private key, and the public one of its platform. */
export interface YeepayKeys {
  privateKey: KeyObject;
  platformKey: KeyObject;
}

/** What it takes to ask Yeepay. */
export interface YeepayAccess extends YeepayKeys {
  /** The address below which Yeepay's paths lie, without a slash at its end. */
  url: string;
  appKey: string;
  parentMerchantNo: string;
  /**
   * Codes by which a query says that Yeepay has never seen a number; a request is sent again after these alone. Yeepay's notes
   * do not have them.
   */
  notKnownCodes: readonly string[];
}

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Reads the keys: `YEEPAY_PRIVATE_KEY` and `YEEPAY_PLATFORM_KEY`, or the files that `YEEPAY_PRIVATE_KEY_FILE` and
 * `YEEPAY_PLATFORM_KEY_FILE` name; in PEM.
 *
 * @returns undefined where nothing of Yeepay is set
 * @throws Error that names what is missing or cannot be used, never what it holds
 */
export const yeepayKeys = (env: Env): YeepayKeys | undefined => (isConfigured(env) ? keysIn(env) : undefined);

/**
 * Reads the keys, and `YEEPAY_URL`, `YEEPAY_APP_KEY`, `YEEPAY_PARENT_MERCHANT_NO` and `YEEPAY_NOT_KNOWN_CODES` (with commas
 * between them).
 *
 * @returns undefined where nothing of Yeepay is set
 * @throws Error that names what is missing or cannot be used, never what it holds
 */
export function yeepayAccess(env: Env): YeepayAccess | undefined {
  if (!isConfigured(env)) return undefined;
  const url = required(env, 'YEEPAY_URL');
  if (!/^https?:\/\/./.test(url) || !URL.canParse(url)) {
    throw new Error('Set YEEPAY_URL to an address such as https://yeepay.example.');
  }
  return {
    ...keysIn(env),
    url: url.replace(/\/+$/, ''),
    appKey: required(env, 'YEEPAY_APP_KEY'),
    parentMerchantNo: required(env, 'YEEPAY_PARENT_MERCHANT_NO'),
    notKnownCodes: required(env, 'YEEPAY_NOT_KNOWN_CODES')
      .split(',')
      .map((code) => code.trim()),
  };
}

const isConfigured = (env: Env): boolean =>
  Object.keys(env).some((name) => name.startsWith('YEEPAY_') && env[name]);

const keysIn = (env: Env): YeepayKeys => ({
  privateKey: keyIn(env, 'YEEPAY_PRIVATE_KEY', createPrivateKey),
  platformKey: keyIn(env, 'YEEPAY_PLATFORM_KEY', createPublicKey),
});

/**
 * Reads an RSA key in PEM from a variable, or from the file that the variable of that name and `_FILE` names.
 *
 * @throws Error that names the variable, never what it holds
 */
export function keyIn(env: Env, name: string, read: (pem: string) => KeyObject): KeyObject {
  const file = env[`${name}_FILE`];
  const pem = file ? contentOf(file, `${name}_FILE`) : env[name];
  if (!pem) throw new Error(`Set ${name}, or ${name}_FILE to the file that holds it (README.md, "Yeepay").`);
  const problem = new Error(`Set ${name} (or the file of ${name}_FILE) to an RSA key in PEM.`);
  let key: KeyObject;
  try {
    key = read(pem);
  } catch {
    // The parser's own words are of no use to whoever has to mend it.
    throw problem;
  }
  if (key.asymmetricKeyType !== 'rsa') throw problem;
  return key;
}

function contentOf(file: string, name: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new Error(`The file that ${name} names cannot be read.`);
  }
}

function required(env: Env, name: string): string {
  const value = env[name];
  if (!value) throw new Error(`Set ${name}, as something of Yeepay is set (README.md, "Yeepay").`);
  return value;
}
