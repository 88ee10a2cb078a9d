/**
 * Signatures of Yeepay's open platform (YOP-RSA2048-SHA256): of what we ask, of what it answers. Both sides of each stand here, as
 * the simulated Yeepay checks every request, and signs every answer, as the real one does.
 */
import { createHash, createSign, createVerify, type KeyLike } from 'node:crypto';

const PROTOCOL = 'yop-auth-v3';
const SCHEME = 'YOP-RSA2048-SHA256';
/** How long a signed request may be on its way; Yeepay's own value. */
const EXPIRE_SECONDS = 1800;
const DIGEST = '$SHA256';

/** A request before it is signed: a GET or a form with parameters, or JSON, which is sent as it is. */
export interface YeepayRequest {
  method: 'GET' | 'POST';
  /** Such as `/rest/v1.0/divide/apply`. */
  path: string;
  content: { parameters: Readonly<Record<string, string>> } | { json: string };
}

/** A request as it leaves. */
export interface SignedYeepayRequest {
  pathAndQuery: string;
  headers: Record<'authorization' | 'content-type' | SignedHeader, string>;
  /** Empty for a GET. */
  body: string;
}

const signedHeaders = ['x-yop-appkey', 'x-yop-content-sha256', 'x-yop-request-id'] as const;
type SignedHeader = (typeof signedHeaders)[number];
type SignedHeaders = Record<SignedHeader, string>;

/**
 * Signs a request.
 *
 * @param sender the application's key and its private RSA key
 * @param sending `requestId` names this sending; `at` is its moment, of which UTC seconds are sent
 */
export function signRequest(
  request: YeepayRequest,
  sender: { appKey: string; privateKey: KeyLike },
  sending: { requestId: string; at: Date },
): SignedYeepayRequest {
  const prefix = `${PROTOCOL}/${sender.appKey}/${utcSeconds(sending.at)}/${EXPIRE_SECONDS}`;
  const headers: SignedHeaders = {
    'x-yop-appkey': sender.appKey,
    'x-yop-content-sha256': contentHash(request),
    'x-yop-request-id': sending.requestId,
  };
  const signature = signatureOf(canonical(prefix, request, headers), sender.privateKey);
  const onTheWire = contentOf(request, twice);
  const isGet = request.method === 'GET';
  return {
    pathAndQuery: isGet && onTheWire ? `${request.path}?${onTheWire}` : request.path,
    headers: {
      ...headers,
      authorization: `${SCHEME} ${prefix}/${signedHeaders.join(';')}/${signature}`,
      'content-type':
        'json' in request.content ? 'application/json' : 'application/x-www-form-urlencoded;charset=UTF-8',
    },
    body: isGet ? '' : onTheWire,
  };
}

/**
 * Verifies a request as Yeepay does.
 *
 * @param headers as Node gives them, names in lower case
 * @returns whether it is signed by the key, for these parameters, and not longer ago than it says it may be
 */
export function verifyRequest(
  request: YeepayRequest,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  { publicKey, now }: { publicKey: KeyLike; now: Date },
): boolean {
  const [scheme, token = ''] = String(headers.authorization).split(' ');
  const [protocol, appKey, timestamp = '', expireSeconds, names, signature = ''] = token.split('/');
  const signed = Object.fromEntries(
    signedHeaders.map((name) => [name, String(headers[name])]),
  ) as SignedHeaders;
  const prefix = `${protocol}/${appKey}/${timestamp}/${expireSeconds}`;
  const ageSeconds = Math.abs(now.getTime() - Date.parse(timestamp)) / 1000;
  return (
    scheme === SCHEME &&
    protocol === PROTOCOL &&
    names === signedHeaders.join(';') &&
    signed['x-yop-appkey'] === appKey &&
    signed['x-yop-content-sha256'] === contentHash(request) &&
    ageSeconds <= Number(expireSeconds) &&
    isSignatureOf(canonical(prefix, request, signed), signature, publicKey)
  );
}

/** The parameters of a request as it came: of its query, or of its form. */
export const parametersIn = (queryOrForm: string): Record<string, string> =>
  Object.fromEntries(
    queryOrForm
      .split('&')
      .filter(Boolean)
      .map((pair) => pair.split('=') as [string, string | undefined])
      .map(([name, value = '']) => [decodeForm(name), decodeForm(decodeForm(value))]),
  );

/** What an answer carries as `x-yop-sign`. */
export const signResponse = (body: string, privateKey: KeyLike): string =>
  signatureOf(withoutBlanks(body), privateKey);

/** Whether Yeepay has signed an answer. */
export const verifyResponse = (body: string, signature: string, publicKey: KeyLike): boolean =>
  isSignatureOf(withoutBlanks(body), signature, publicKey);

/** What is signed of a request. */
function canonical(prefix: string, request: YeepayRequest, headers: SignedHeaders): string {
  const { method, path } = request;
  const query = method === 'GET' ? contentOf(request, once) : '';
  const headerLines = signedHeaders.map((name) => `${name}:${once(headers[name])}`);
  return [prefix, method, path, query, ...headerLines].join('\n');
}

const contentHash = (request: YeepayRequest): string =>
  createHash('sha256')
    .update(request.method === 'GET' ? '' : contentOf(request, once))
    .digest('hex');

function contentOf({ content }: YeepayRequest, encode: (value: string) => string): string {
  if ('json' in content) return content.json;
  const { parameters } = content;
  const names = Object.keys(parameters).sort();
  return names.map((name) => `${once(name)}=${encode(parameters[name]!)}`).join('&');
}

/** RFC 3986, which keeps fewer characters than `encodeURIComponent`. */
const once = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);

/** Values are encoded twice on the wire, the first time as forms are. */
const twice = (text: string): string => once(once(text).replaceAll('%20', '+'));

const decodeForm = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));

/** A published SDK writes local time here, with the Z of UTC. */
const utcSeconds = (at: Date): string => `${at.toISOString().slice(0, 19)}Z`;

const withoutBlanks = (body: string): string => body.replace(/[ \t\r\n]/g, '');

const signatureOf = (text: string, privateKey: KeyLike): string =>
  createSign('RSA-SHA256').update(text).sign(privateKey, 'base64url') + DIGEST;

function isSignatureOf(text: string, signature: string, publicKey: KeyLike): boolean {
  if (!signature.endsWith(DIGEST)) return false;
  const bytes = Buffer.from(signature.slice(0, -DIGEST.length), 'base64');
  return createVerify('RSA-SHA256').update(text).verify(publicKey, bytes);
}
