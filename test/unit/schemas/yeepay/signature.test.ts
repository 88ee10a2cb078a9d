import { generateKeyPairSync } from 'node:crypto';
import {
  parametersIn,
  signRequest,
  signResponse,
  verifyRequest,
  verifyResponse,
  type YeepayRequest,
} from '../../../../schemas/outside/yeepay/signature';
import vectors from './vectors.json';

// The vectors are Yeepay's own, with the public keys to them; what signs here are keys made for the test.
const ours = generateKeyPairSync('rsa', { modulusLength: 2048 });
const sending = { requestId: vectors.requestId, at: new Date(vectors.at) };
const signed = (request: YeepayRequest) =>
  signRequest(request, { appKey: vectors.appKey, privateKey: ours.privateKey }, sending);

const parameters = { orderId: 'A&B=1', divideDetail: '[{"amount":"1.00","divideDetailDesc":"化债 ~*!"}]' };
const apply: YeepayRequest = { method: 'POST', path: '/rest/v1.0/divide/apply', content: { parameters } };

describe.each(vectors.requests)(
  'a request signed after Yeepay’s vector: $name',
  ({ expected, ...vector }) => {
    const request = vector as unknown as YeepayRequest;

    test('leaves with the address, body and hash of the vector', () => {
      const { pathAndQuery, body, headers } = signed(request);
      expect({ pathAndQuery, body, contentType: headers['content-type'] }).toEqual({
        ...{ pathAndQuery: expected.pathAndQuery, body: expected.body, contentType: expected.contentType },
      });
      expect(headers['x-yop-content-sha256']).toBe(expected.contentSha256);
    });

    test('is signed over what the vector signs', () => {
      const { headers } = signed(request);
      const theirs = { ...headers, authorization: expected.authorization };
      const at = { publicKey: vectors.merchantPublicKey, now: sending.at };
      expect(verifyRequest(request, theirs, at)).toBe(true);
      expect(verifyRequest({ ...request, path: `${request.path}/` }, theirs, at)).toBe(false);
      // Up to the signature, which is made with a key that only Yeepay's documentation has.
      expect(headers.authorization.split('/').slice(0, -1)).toEqual(
        expected.authorization.split('/').slice(0, -1),
      );
    });
  },
);

describe('a request', () => {
  const { headers, body } = signed(apply);
  const at = { publicKey: ours.publicKey, now: sending.at };

  test('arrives with the parameters that were signed, whatever they hold', () => {
    expect(parametersIn(body)).toEqual(parameters);
    expect(verifyRequest({ ...apply, content: { parameters: parametersIn(body) } }, headers, at)).toBe(true);
  });

  test.each([
    ['another parameter', { ...apply, content: { parameters: { orderId: 'A' } } }, headers],
    ['another path', { ...apply, path: '/rest/v1.0/divide/back' }, headers],
    ['another method', { ...apply, method: 'GET' as const }, headers],
    ['another request id', apply, { ...headers, 'x-yop-request-id': 'another' }],
    ['another application', apply, { ...headers, 'x-yop-appkey': 'another' }],
    ['no signature', apply, { ...headers, authorization: undefined }],
    [
      'a signature of another scheme',
      apply,
      { ...headers, authorization: headers.authorization.replace('SHA256 ', 'SM2 ') },
    ],
  ])('with %s is not signed', (_, request, given) => {
    expect(verifyRequest(request, given, at)).toBe(false);
  });

  test('that was signed longer ago than it may be is none any more', () => {
    const later = (seconds: number) => ({ ...at, now: new Date(sending.at.getTime() + seconds * 1000) });
    expect(verifyRequest(apply, headers, later(1_800))).toBe(true);
    expect(verifyRequest(apply, headers, later(1_801))).toBe(false);
  });
});

describe('an answer', () => {
  test('of Yeepay’s vector is verified, with whatever blanks it comes', () => {
    const { body, signature } = vectors.response;
    expect(verifyResponse(body, signature, vectors.platformPublicKey)).toBe(true);
    expect(verifyResponse(body.replace(/\s/g, ''), signature, vectors.platformPublicKey)).toBe(true);
  });

  test('with other content, by another key, or without a signature is not Yeepay’s', () => {
    const { body, signature } = vectors.response;
    expect(verifyResponse(body.replace('SUCCESS', 'FAILURE'), signature, vectors.platformPublicKey)).toBe(
      false,
    );
    expect(verifyResponse(body, signature, ours.publicKey)).toBe(false);
    expect(verifyResponse(body, '', vectors.platformPublicKey)).toBe(false);
    expect(verifyResponse(body, signResponse(body, ours.privateKey), ours.publicKey)).toBe(true);
  });
});
