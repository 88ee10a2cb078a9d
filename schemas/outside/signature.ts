/**
 * Signatures after Standard Webhooks 1.0 (https://www.standardwebhooks.com), for all that we exchange with
 * outside parties under our own contracts. The library `standardwebhooks` decodes the body as UTF-8 before it
 * signs, so that different invalid bytes carry one signature, and it takes no clock; this file signs the raw
 * bytes, and the library serves as the reference in its tests.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** The specification asks for a window that absorbs clock skew and shuts out old recordings; five minutes is
 * the one its own libraries use. */
const REPLAY_WINDOW_SECONDS = 5 * 60;
const SECRET_PREFIX = 'whsec_';
const MIN_KEY_BYTES = 24;
const MAX_KEY_BYTES = 64;

export interface SignatureHeaders {
  'webhook-id': string;
  'webhook-timestamp': string;
  'webhook-signature': string;
}

export type SignatureVerdict = 'OK' | 'SIGNATURE_MISSING' | 'SIGNATURE_INVALID' | 'SIGNATURE_EXPIRED';

/** Secrets by party id; the first of a party's secrets signs, each of them verifies. */
export type PartySecrets = ReadonlyMap<string, readonly [string, ...string[]]>;

/**
 * Signs a message.
 * @param message `secret` is `whsec_<base64>`; `id` names the message and stays the same when it is sent
 *   again; `timestamp` is the moment of this sending; `rawBody` is exactly what is sent, empty for a GET.
 * @returns the three headers to send along.
 * @throws Error if the secret is malformed.
 */
export function sign(message: {
  secret: string;
  id: string;
  timestamp: Date;
  rawBody: Uint8Array | string;
}): SignatureHeaders {
  const seconds = String(Math.floor(message.timestamp.getTime() / 1000));
  return {
    'webhook-id': message.id,
    'webhook-timestamp': seconds,
    'webhook-signature': signatureOf(message.secret, message.id, seconds, message.rawBody),
  };
}

/**
 * Verifies a message that came in.
 * @param message `secrets` are all that are valid now (two while a secret is being rotated); `headers` are
 *   the request's, with names in lower case as Node gives them; `rawBody` is exactly what was received.
 * @returns `OK`, or why the message is refused. Expired means signed well, but more than five minutes before
 *   or after `now`; of a message that is signed badly nothing is said about its time.
 * @throws Error if a secret is malformed: that is our own configuration, not the sender's fault.
 */
export function verify(message: {
  secrets: readonly string[];
  headers: Readonly<Record<string, string | string[] | undefined>>;
  rawBody: Uint8Array | string;
  now?: Date;
}): SignatureVerdict {
  const id = message.headers['webhook-id'];
  const timestamp = message.headers['webhook-timestamp'];
  const signatures = message.headers['webhook-signature'];
  if (!id || !timestamp || !signatures) return 'SIGNATURE_MISSING';
  if (typeof id !== 'string' || typeof signatures !== 'string') return 'SIGNATURE_INVALID';
  if (typeof timestamp !== 'string' || !/^\d{1,12}$/.test(timestamp)) return 'SIGNATURE_INVALID';

  const expected = message.secrets.map((secret) => signatureOf(secret, id, timestamp, message.rawBody));
  const given = signatures.split(' ');
  if (!given.some((one) => expected.some((other) => equalInConstantTime(one, other)))) {
    return 'SIGNATURE_INVALID';
  }
  const nowSeconds = Math.floor((message.now ?? new Date()).getTime() / 1000);
  return Math.abs(nowSeconds - Number(timestamp)) > REPLAY_WINDOW_SECONDS ? 'SIGNATURE_EXPIRED' : 'OK';
}

/**
 * Reads the secrets of all parties from configuration.
 * @param json a JSON object of party id to a list of `whsec_<base64>`, as in the variable `PARTY_SECRETS`.
 * @throws Error that names the party and what is wrong with its entry, never the secret itself.
 */
export function parsePartySecrets(json: string): PartySecrets {
  const hint = 'PARTY_SECRETS must be a JSON object such as {"some-party": ["whsec_<base64>"]}';
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    // The parser's own message quotes its input, and the input holds secrets.
    throw new Error(`${hint}; it is not JSON.`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new Error(`${hint}; it is not an object.`);
  }
  return new Map(
    Object.entries(parsed).map(([party, value]): [string, [string, ...string[]]] => {
      const secrets: unknown[] = Array.isArray(value) ? value : [];
      const [first, ...others] = secrets.map((secret) => {
        if (typeof secret !== 'string') throw new Error(`${hint}; a secret of "${party}" is not a string.`);
        keyOf(secret, `A secret of "${party}"`);
        return secret;
      });
      if (first === undefined) throw new Error(`${hint}; "${party}" has no list of at least one secret.`);
      return [party, [first, ...others]];
    }),
  );
}

function signatureOf(secret: string, id: string, seconds: string, rawBody: Uint8Array | string): string {
  const hmac = createHmac('sha256', keyOf(secret, 'The signing secret'));
  return `v1,${hmac.update(`${id}.${seconds}.`).update(rawBody).digest('base64')}`;
}

function keyOf(secret: string, name: string): Buffer {
  const base64 = secret.slice(SECRET_PREFIX.length);
  const key = Buffer.from(base64, 'base64');
  // Node skips what is not base64, so that only encoding again shows a damaged secret.
  if (!secret.startsWith(SECRET_PREFIX) || key.toString('base64') !== base64) {
    throw new Error(`${name} is not of the form ${SECRET_PREFIX}<base64>.`);
  }
  if (key.length < MIN_KEY_BYTES || key.length > MAX_KEY_BYTES) {
    throw new Error(`${name} holds ${key.length} bytes; it must hold ${MIN_KEY_BYTES} to ${MAX_KEY_BYTES}.`);
  }
  return key;
}

function equalInConstantTime(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
