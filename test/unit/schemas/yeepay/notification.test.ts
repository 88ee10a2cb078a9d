import { constants, generateKeyPairSync, publicEncrypt } from 'node:crypto';
import {
  NotificationRefused,
  openNotification,
  sealNotification,
} from '../../../../schemas/outside/yeepay/notification';

const ours = generateKeyPairSync('rsa', { modulusLength: 2048 });
const yeepay = generateKeyPairSync('rsa', { modulusLength: 2048 });
const others = generateKeyPairSync('rsa', { modulusLength: 2048 });
const keys = { privateKey: ours.privateKey, platformKey: yeepay.publicKey };

/** What it says may hold the sign that parts it from its signature. */
const json = '{"orderId":"O$1","ypSettleAmount":"99.40","note":"分账"}';
const sealed = sealNotification(json, {
  publicKey: ours.publicKey,
  platformPrivateKey: yeepay.privateKey,
});
const part = (index: number): string => sealed.split('$')[index]!;
const withPart = (index: number, other: string): string =>
  sealed
    .split('$')
    .map((one, at) => (at === index ? other : one))
    .join('$');

describe('a notification', () => {
  test('that Yeepay has sealed to us is opened', () => {
    expect(openNotification(sealed, keys)).toBe(json);
  });

  test('is opened in the base64 of addresses and in the other', () => {
    const standard = [0, 1].map((index) => Buffer.from(part(index), 'base64url').toString('base64'));
    expect(openNotification([...standard, 'AES', 'SHA256'].join('$'), keys)).toBe(json);
  });

  const keyPaddedAs = (padding: number): string => {
    const block = Buffer.alloc(256, 1);
    block[0] = 0;
    block[1] = padding;
    const key = { key: ours.publicKey, padding: constants.RSA_NO_PADDING };
    return publicEncrypt(key, block).toString('base64url');
  };

  test.each([
    [
      'sealed to somebody else',
      sealNotification(json, {
        publicKey: others.publicKey,
        platformPrivateKey: yeepay.privateKey,
      }),
    ],
    [
      'signed by somebody else',
      sealNotification(json, {
        publicKey: ours.publicKey,
        platformPrivateKey: others.privateKey,
      }),
    ],
    ['with a key that is padded badly', withPart(0, keyPaddedAs(1))],
    ['with a key that is padded well and too long', withPart(0, keyPaddedAs(2))],
    ['with a key of another length', withPart(0, 'AAAA')],
    ['with data of another length', withPart(1, 'AAAA')],
    ['with a byte changed', withPart(1, (part(1).startsWith('A') ? 'B' : 'A') + part(1).slice(1))],
    ['of another cipher', withPart(2, 'SM4')],
    ['of nothing', ''],
    ['of words', 'hello'],
  ])('%s is refused, and nobody is told why', (_, response) => {
    expect(() => openNotification(response, keys)).toThrow(new NotificationRefused());
  });
});
