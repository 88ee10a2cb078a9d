/**
 * Notifications of Yeepay's open platform: sealed to us with a key of their own, and signed by the platform. Both sides stand here,
 * as the simulated Yeepay notifies as the real one does.
 */
import {
  constants,
  createCipheriv,
  createDecipheriv,
  createSign,
  createVerify,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
  type KeyLike,
} from 'node:crypto';

const CIPHER = 'aes-128-ecb';
const KEY_BYTES = 16;
const SUFFIX = ['AES', 'SHA256'];

/** A notification that is not Yeepay's, or not for us. It says no more: what was wrong would help whoever guesses. */
export class NotificationRefused extends Error {
  constructor() {
    super('The notification is not sealed to us, or not signed by Yeepay.');
  }
}

/**
 * Opens what a notification carries as `response`.
 *
 * @param privateKey ours, RSA; @param platformKey Yeepay's public one
 * @returns the JSON text that Yeepay has signed
 * @throws NotificationRefused, the same whatever is wrong with it
 */
export function openNotification(
  response: string,
  { privateKey, platformKey }: { privateKey: KeyLike; platformKey: KeyLike },
): string {
  const [encryptedKey = '', encryptedData = '', ...suffix] = response.split('$');
  const text = decrypted(encryptedData, sessionKey(encryptedKey, privateKey));
  const end = text.lastIndexOf('$');
  const [json, signature] = [text.slice(0, end), Buffer.from(text.slice(end + 1), 'base64')];
  const isSigned = createVerify('RSA-SHA256').update(json).verify(platformKey, signature);
  if (!isSigned || suffix.join() !== SUFFIX.join()) throw new NotificationRefused();
  return json;
}

/**
 * Seals a notification as Yeepay does.
 *
 * @param publicKey the receiver's; @param platformPrivateKey Yeepay's
 */
export function sealNotification(
  json: string,
  { publicKey, platformPrivateKey }: { publicKey: KeyLike; platformPrivateKey: KeyLike },
): string {
  const key = randomBytes(KEY_BYTES);
  const encryptedKey = publicEncrypt({ key: publicKey as string, padding: constants.RSA_PKCS1_PADDING }, key);
  const signature = createSign('RSA-SHA256').update(json).sign(platformPrivateKey, 'base64url');
  const cipher = createCipheriv(CIPHER, key, null);
  const encryptedData = Buffer.concat([cipher.update(`${json}$${signature}`), cipher.final()]);
  return [encryptedKey.toString('base64url'), encryptedData.toString('base64url'), ...SUFFIX].join('$');
}

/**
 * Node refuses to decrypt PKCS#1 v1.5, as whoever learns which messages are well padded can decrypt others (Bleichenbacher). So the
 * padding is looked at here, and what is padded badly goes on with a random key: it is refused as one with a wrong signature is.
 */
function sessionKey(encryptedKey: string, privateKey: KeyLike): Buffer {
  const random = randomBytes(KEY_BYTES);
  let block: Buffer;
  try {
    block = privateDecrypt(
      { key: privateKey as string, padding: constants.RSA_NO_PADDING },
      Buffer.from(encryptedKey, 'base64'),
    );
  } catch {
    // Not even of the key's length.
    return random;
  }
  const padding = block.subarray(0, -KEY_BYTES - 1);
  const isPadded =
    padding[0] === 0 &&
    padding[1] === 2 &&
    padding.subarray(2).every((byte) => byte !== 0) &&
    block.at(-KEY_BYTES - 1) === 0;
  return isPadded ? block.subarray(-KEY_BYTES) : random;
}

function decrypted(encryptedData: string, key: Buffer): string {
  try {
    const decipher = createDecipheriv(CIPHER, key, null);
    return Buffer.concat([
      decipher.update(Buffer.from(encryptedData, 'base64')),
      decipher.final(),
    ]).toString();
  } catch {
    throw new NotificationRefused();
  }
}
