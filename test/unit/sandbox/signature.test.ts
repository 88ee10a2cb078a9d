import { Webhook } from 'standardwebhooks';
import { parsePartySecrets, sign, verify } from '../../../schemas/outside/signature';
import { newSecret } from './support';

const now = new Date('2024-03-01T10:00:00Z');
const secret = newSecret();
const rawBody = '{"requestNo":"PO-1"}';
const headers = { ...sign({ secret, id: 'msg-1', timestamp: now, rawBody }) };
const after = (seconds: number): Date => new Date(now.getTime() + seconds * 1000);

describe('a signature', () => {
  test('of a message that arrives as it was sent is good', () => {
    expect(verify({ secrets: [secret], headers, rawBody, now })).toBe('OK');
  });

  test('of an empty body is good', () => {
    const empty = { ...sign({ secret, id: 'msg-1', timestamp: now, rawBody: '' }) };
    expect(verify({ secrets: [secret], headers: empty, rawBody: '', now })).toBe('OK');
  });

  test.each([
    ['body', { rawBody: '{"requestNo":"PO-2"}' }],
    ['id', { headers: { ...headers, 'webhook-id': 'msg-2' } }],
    ['timestamp', { headers: { ...headers, 'webhook-timestamp': String(now.getTime() / 1000 + 1) } }],
    ['secret', { secrets: [newSecret()] }],
  ])('does not fit another %s', (_what, changed) => {
    expect(verify({ secrets: [secret], headers, rawBody, now, ...changed })).toBe('SIGNATURE_INVALID');
  });

  test.each(['not-a-number', '1e9', '-1', '', '1709287200abc'])('refuses the timestamp "%s"', (timestamp) => {
    const changed = { ...headers, 'webhook-timestamp': timestamp };
    expect(verify({ secrets: [secret], headers: changed, rawBody, now })).not.toBe('OK');
  });

  test.each(['v1', 'v1,', ',', 'v2,abc', 'garbage'])('refuses the signature "%s"', (signature) => {
    const changed = { ...headers, 'webhook-signature': signature };
    expect(verify({ secrets: [secret], headers: changed, rawBody, now })).toBe('SIGNATURE_INVALID');
  });

  test.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])('is missing without %s', (name) => {
    const changed = { ...headers, [name]: undefined };
    expect(verify({ secrets: [secret], headers: changed, rawBody, now })).toBe('SIGNATURE_MISSING');
  });

  test.each([
    [300, 'OK'],
    [301, 'SIGNATURE_EXPIRED'],
    [-300, 'OK'],
    [-301, 'SIGNATURE_EXPIRED'],
  ])('that is %i seconds old is %s', (seconds, verdict) => {
    expect(verify({ secrets: [secret], headers, rawBody, now: after(seconds) })).toBe(verdict);
  });

  test('that is wrong as well as old is called wrong', () => {
    const verdict = verify({ secrets: [newSecret()], headers, rawBody, now: after(301) });
    expect(verdict).toBe('SIGNATURE_INVALID');
  });

  test('tells apart bytes that are no valid UTF-8', () => {
    const signed = { ...sign({ secret, id: 'msg-1', timestamp: now, rawBody: Buffer.from([0xff]) }) };
    const verdict = verify({ secrets: [secret], headers: signed, rawBody: Buffer.from([0xfe]), now });
    expect(verdict).toBe('SIGNATURE_INVALID');
  });
});

describe('rotation of a secret', () => {
  const next = newSecret();

  test('lets the old and the new secret verify', () => {
    const signedWithNew = { ...sign({ secret: next, id: 'msg-1', timestamp: now, rawBody }) };
    expect(verify({ secrets: [next, secret], headers, rawBody, now })).toBe('OK');
    expect(verify({ secrets: [next, secret], headers: signedWithNew, rawBody, now })).toBe('OK');
  });

  test('accepts a sender that signs with both secrets at once', () => {
    const other = sign({ secret: next, id: 'msg-1', timestamp: now, rawBody })['webhook-signature'];
    const both = { ...headers, 'webhook-signature': `${other} ${headers['webhook-signature']}` };
    expect(verify({ secrets: [secret], headers: both, rawBody, now })).toBe('OK');
  });
});

describe('the reference library of Standard Webhooks', () => {
  test('signs as we do', () => {
    const reference = new Webhook(secret).sign('msg-1', now, rawBody);
    expect(headers['webhook-signature']).toBe(reference);
  });

  test('accepts what we sign', () => {
    const current = { ...sign({ secret, id: 'msg-1', timestamp: new Date(), rawBody }) };
    expect(new Webhook(secret).verify(rawBody, current)).toEqual(JSON.parse(rawBody));
  });
});

describe('the secrets of parties', () => {
  test('are read with the signing secret first', () => {
    const parsed = parsePartySecrets(JSON.stringify({ 'partner-one': [secret] }));
    expect([...parsed]).toEqual([['partner-one', [secret]]]);
  });

  test.each([
    ['what is not JSON', '{', 'it is not JSON'],
    ['a list', '[]', 'it is not an object'],
    ['a party without secrets', '{"p":[]}', '"p" has no list of at least one secret'],
    ['a secret that is no string', '{"p":[1]}', 'a secret of "p" is not a string'],
    ['a secret without its prefix', '{"p":["abcd"]}', 'A secret of "p" is not of the form whsec_<base64>'],
    ['a secret that is no base64', '{"p":["whsec_*"]}', 'A secret of "p" is not of the form whsec_<base64>'],
    ['a secret that is too short', '{"p":["whsec_AAAA"]}', 'A secret of "p" holds 3 bytes'],
  ])('are refused as %s', (_what, json, message) => {
    expect(() => parsePartySecrets(json)).toThrow(message);
  });

  test('are never quoted by a refusal', () => {
    expect(() => parsePartySecrets('{"p":["whsec_c2VjcmV0LXNlY3JldA==')).not.toThrow('c2VjcmV0');
    expect(() => parsePartySecrets('{"p":["whsec_c2VjcmV0LXNlY3JldA=="]}')).not.toThrow('c2VjcmV0');
  });
});
