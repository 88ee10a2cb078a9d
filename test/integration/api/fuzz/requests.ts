import fc, { type Arbitrary } from 'fast-check';
import { apiDocument } from '../../../../api/app';
import type { Role } from '../../../../db/access/api-keys';
import { sign } from '../../../../schemas/outside/signature';
import { sealNotification } from '../../../../schemas/outside/yeepay/notification';
import { MALL, MESSAGING_PARTY, PARTY, SECRET } from '../api-under-test';

/** A request that may be wrong in any part that HTTP lets through. */
export interface FuzzRequest {
  method: string;
  /** With its query. */
  path: string;
  headers: Record<string, string>;
  body?: Buffer;
}

type SealingKeys = Parameters<typeof sealNotification>[1];
type Schema = Readonly<Record<string, unknown>>;

const document = apiDocument();
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);
type Operation = (typeof operations)[number];

/** Texts that have broken programs before. */
const nastyTexts = [
  ...[
    '',
    ' ',
    '\0',
    '\u0000a',
    '%',
    '%00',
    '%ff',
    '%E0%A4%A',
    '..',
    '../../etc/passwd',
    '//',
    '\\',
    '\r\nx: y',
    '\u202e',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'null',
    'undefined',
    'NaN',
    'true',
    '[]',
    '{}',
    '-0',
    '1e309',
    '9'.repeat(40),
  ],
  ...[
    "'; drop table books.journal; --",
    '" or 1=1',
    '${7*7}',
    '{{7*7}}',
    '<script>',
    'a'.repeat(5_000),
    '\ud800',
    '😀',
    'ⅷ',
  ],
  ...['0001-01-01', '2026-02-30', '9999-12-31T23:59:60Z', '+infinity', '-99999-01-01', 'ck_aaaaaaaaaaaa_'],
];
const anyText = fc.oneof(
  fc.constantFrom(...nastyTexts),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ maxLength: 60 }),
);
const anyValue: Arbitrary<unknown> = fc.oneof(
  anyText,
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(0, -1, 0.1, 2 ** 53, -(2 ** 63), 1e308, null, true, [], {}),
);

/** Values that a schema of the document takes, or nearly so; what cannot be made from it is any value. */
function valueOf(schema: Schema, depth = 0): Arbitrary<unknown> {
  const {
    $ref,
    type,
    enum: values,
    const: constant,
    pattern,
    properties,
    items,
    oneOf,
    minimum,
    maximum,
  } = schema;
  if (typeof $ref === 'string') {
    return valueOf(document.components.schemas[$ref.replace(/^.*\//, '')] ?? {}, depth + 1);
  }
  if (constant !== undefined) return fc.constant(constant);
  if (Array.isArray(values)) return fc.constantFrom(...(values as unknown[]));
  if (Array.isArray(oneOf) && depth < 5)
    return fc.oneof(...(oneOf as Schema[]).map((one) => valueOf(one, depth + 1)));
  if (typeof pattern === 'string') return fc.stringMatching(new RegExp(pattern));
  if (type === 'integer') {
    return fc.integer({ min: Number(minimum ?? 0), max: Math.min(Number(maximum ?? 1_000), 2 ** 31 - 1) });
  }
  if (type === 'object' && depth < 5) {
    const entries = Object.entries((properties ?? {}) as Record<string, Schema>);
    return fc.record(Object.fromEntries(entries.map(([name, one]) => [name, valueOf(one, depth + 1)])));
  }
  if (type === 'array' && depth < 5)
    return fc.array(valueOf((items ?? {}) as Schema, depth + 1), { maxLength: 3 });
  return anyText;
}

/** A value with some places replaced, removed or added. */
const damaged = (value: Arbitrary<unknown>): Arbitrary<unknown> =>
  fc
    .tuple(
      value,
      fc.array(fc.tuple(fc.nat(), fc.constantFrom('replace', 'remove', 'add'), anyText, anyValue), {
        maxLength: 3,
      }),
    )
    .map(([whole, damages]) =>
      damages.reduce<unknown>((now, [at, how, name, other]) => damage(now, at, how, name, other), whole),
    );

function damage(value: unknown, at: number, how: string, name: string, other: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return how === 'replace' ? other : [value, other];
  const entries = Object.entries(value);
  const [key, inside] = (entries[at % Math.max(entries.length, 1)] ?? ['', undefined]) as [string, unknown];
  // Every other time one level deeper, where there is one.
  if (at % 2 === 1 && inside !== null && typeof inside === 'object') {
    return { ...value, [key]: damage(inside, at >> 1, how, name, other) };
  }
  if (how === 'remove') return Object.fromEntries(entries.filter(([one]) => one !== key));
  // By entries, so that "__proto__" becomes a member like any other.
  return Object.fromEntries([...entries, [how === 'add' ? name : key, other]]);
}

const bytesOf = (body: Arbitrary<unknown>): Arbitrary<Buffer> =>
  fc.oneof(
    { weight: 6, arbitrary: body.map((value) => Buffer.from(JSON.stringify(value) ?? '')) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(body, fc.nat(200))
        .map(([value, end]) => Buffer.from(JSON.stringify(value) ?? '').subarray(0, end)),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom(
          '',
          '\ufeff{}',
          '{"a":"\\u0000"}',
          '{"a":"\\ud800"}',
          '['.repeat(30_000),
          `"${'x'.repeat(70_000)}"`,
          '{"a":1,"a":2}',
          'nul',
          '1e999',
        )
        .map((text) => Buffer.from(text)),
    },
  );

/** Sometimes what is right, sometimes anything. */
const rightOr = (right: string): Arbitrary<string> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(right) }, { weight: 1, arbitrary: anyText });

type Parameter = Pick<Operation['operation']['parameters'][number], 'schema' | 'example'>;

/** Where a parameter has no example itself, its schema has. */
const exampleOf = ({ schema, example }: Parameter): string => example ?? (schema['examples'] as [string])[0];

const escaped = (text: string): string => encodeURIComponent(Buffer.from(text).toString());

function pathOf({ path, operation }: Operation): Arbitrary<string> {
  const inPath = operation.parameters.filter((one) => one.in === 'path');
  const inQuery = operation.parameters.filter((one) => one.in === 'query');
  const value = ({ schema, example }: Parameter): Arbitrary<string> =>
    fc.oneof(rightOr(exampleOf({ schema, example })), valueOf(schema).map(String));
  const query = fc.array(
    fc.oneof(
      ...inQuery.map((one) => fc.tuple(fc.constant(one.name), value(one))),
      fc.tuple(anyText, anyText),
    ),
    { maxLength: 4 },
  );
  // Half of them escaped, half as they are, as far as HTTP's own syntax lets them through.
  const part = (one: Arbitrary<string>) =>
    fc
      .tuple(one, fc.boolean())
      .map(([text, isRaw]) => (isRaw ? text.replace(/[^!-~]|[?#]/g, '') : escaped(text)));
  return fc
    .tuple(fc.tuple(...inPath.map((one) => part(value(one)))), query, fc.boolean())
    .map(([parts, pairs, hasQuery]) => {
      const address = inPath.reduce(
        (now, { name }, index) => now.replace(`{${name}}`, () => parts[index]!),
        path,
      );
      return hasQuery ? `${address}?${pairs.map((pair) => pair.map(escaped).join('=')).join('&')}` : address;
    });
}

function headersOf(
  { operation }: Operation,
  tokens: Record<Role, string>,
  rightType: string,
): Arbitrary<Record<string, string>> {
  const declared = operation.parameters
    .filter((one) => one.in === 'header')
    .map((one): [string, Arbitrary<string>] => [one.name, rightOr(exampleOf(one))]);
  const optional: [string, Arbitrary<string>][] = [
    ['accept', anyText],
    ['content-encoding', fc.constantFrom('gzip', 'identity', 'x')],
    ['x-forwarded-for', anyText],
    ['cookie', anyText],
    ['x-http-method-override', fc.constantFrom('DELETE', 'POST')],
    ['if-modified-since', anyText],
    ['range', fc.constantFrom('bytes=0-0', 'bytes=-1')],
  ];
  const authorization = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...Object.values(tokens)).map((token) => `Bearer ${token}`) },
    { weight: 1, arbitrary: anyText.map((text) => `Bearer ${text}`) },
    { weight: 1, arbitrary: anyText },
  );
  const contentType = fc.oneof(
    rightOr(rightType),
    fc.constantFrom('application/json; charset=x', 'multipart/form-data', 'text/plain'),
  );
  const required = [
    ...declared,
    ['authorization', authorization],
    ['content-type', contentType],
  ] as typeof declared;
  const all = fc.record(Object.fromEntries([...required, ...optional]), {
    requiredKeys: required.map(([name]) => name),
  });
  // Now and then one is left out.
  return all.chain((headers) => {
    const names = Object.keys(headers);
    return fc.subarray(names, { minLength: names.length - 1 }).map((kept) => sendable(headers, kept));
  });
}

/** Of header values, what Node's client lets through. */
const sendable = (headers: Record<string, string>, kept: readonly string[]): Record<string, string> =>
  Object.fromEntries(kept.map((name) => [name, headers[name]!.replace(/[^\t -~\u0080-\u00ff]/g, '')]));

/** Signs a request as a party does, so that what lies behind the signature is met, too. */
const signed = (request: FuzzRequest): FuzzRequest => ({
  ...request,
  path: request.path.replace(
    /^\/callbacks\/[^?]*/,
    `/callbacks/${tellsOfMoney(request) ? MESSAGING_PARTY : PARTY}`,
  ),
  headers: {
    ...request.headers,
    // An order that a mall tells of is taken in whatever it is, so only who is no mall signs for one.
    'mall-id': /^\/v1\/debt-orders($|\?)/.test(request.path) ? PARTY : MALL,
    ...sign({ secret: SECRET, id: 'fuzz', timestamp: new Date(), rawBody: request.body ?? '' }),
    'content-type': 'application/json',
  },
});

/** Money that a party tells of, or has taken back, is taken in whatever it is for: only a party that receives none for us is refused. */
const tellsOfMoney = ({ body }: FuzzRequest): boolean => {
  try {
    const told = JSON.parse(String(body)) as { type?: unknown } | null;
    return told?.type === 'repayment.received' || told?.type === 'repayment.taken-back';
  } catch {
    return false;
  }
};

/** What these are told is held against nothing that would have to exist: so a surplus property has it refused. */
const takenInWhatever = ['putDebtContract', 'mapDebtLedger'];
const withSurplus = (value: unknown): unknown =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? { ...value, surplus: 1 } : value;

const FORM = 'application/x-www-form-urlencoded';

/** A form whose names and values may be anything, sealed to us or not, encoded or broken. */
function formOf({ publicKey, platformPrivateKey }: SealingKeys): Arbitrary<Buffer> {
  const sealed = fc
    .oneof(
      fc.jsonValue().map((value) => JSON.stringify(value)),
      anyText,
      damaged(fc.constantFrom<unknown>(...notices)).map((value) => JSON.stringify(value) ?? ''),
    )
    .map((notice) => sealNotification(notice, { publicKey, platformPrivateKey }));
  const response = fc.oneof(
    { weight: 3, arbitrary: sealed },
    {
      weight: 1,
      arbitrary: fc
        .tuple(sealed, fc.nat(400), anyText)
        .map(([text, at, more]) => text.slice(0, at) + more + text.slice(at)),
    },
    { weight: 1, arbitrary: anyText },
  );
  const pairs = fc.array(fc.tuple(fc.constantFrom('response', 'customerIdentification', 'x'), anyText), {
    maxLength: 3,
  });
  const form = fc.tuple(response, pairs).map(([text, more]) => {
    const all: [string, string][] = [['response', text], ['customerIdentification', 'app'], ...more];
    return Buffer.from(all.map((pair) => pair.map(escaped).join('=')).join('&'));
  });
  const broken = fc.constantFrom('%', 'response=%zz', '=&=', '&'.repeat(5_000), 'response='.repeat(300));
  return fc.oneof(
    { weight: 6, arbitrary: form },
    { weight: 1, arbitrary: broken.map((text) => Buffer.from(text)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  );
}

/** What Yeepay tells of, about orders and requests that nobody knows. */
const notices = [
  {
    ...{ orderId: 'MO1', uniqueOrderNo: 'Y1', merchantNo: '10090000001', clearingStatus: 'SUCCESS' },
    ...{ orderAmount: '100.00', ypSettleAmount: '99.40', clearingSuccessDate: '2026-01-15 18:00:00' },
  },
  { orderId: 'MO1', uniqueOrderNo: 'Y1', merchantNo: '10090000001', clearingStatus: 'FAIL' },
  {
    ...{ divideRequestId: 'YD-MO1-1', status: 'SUCCESS', uniqueDivideNo: 'FZ1' },
    divideSuccessDate: '2026-01-15 18:00:00',
  },
  { divideRequestId: 'YD-MO1-1', divideBackRequestId: 'YB-MO1-1-1', status: 'FAIL' },
];

function requestOf(
  operation: Operation,
  tokens: Record<Role, string>,
  keys: SealingKeys,
): Arbitrary<FuzzRequest> {
  const media = operation.operation.requestBody?.content['application/json'];
  const examples = Object.values(media?.examples ?? {}).map(({ value }) => value);
  const wanted = media && damaged(fc.oneof(fc.constantFrom(...examples), valueOf(media.schema)));
  const isTakenIn = takenInWhatever.includes(operation.operation.operationId);
  const isForm = operation.operation.requestBody?.content[FORM] !== undefined;
  const body = isForm ? formOf(keys) : wanted && bytesOf(isTakenIn ? wanted.map(withSurplus) : wanted);
  const method = fc.oneof(
    { weight: 9, arbitrary: fc.constant(operation.method.toUpperCase()) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'GET',
        'HEAD',
        'POST',
        'PUT',
        'PATCH',
        'DELETE',
        'OPTIONS',
        'TRACE',
        'PROPFIND',
      ),
    },
  );
  const whole = fc.record({
    method,
    path: pathOf(operation),
    headers: headersOf(operation, tokens, isForm ? FORM : 'application/json'),
    ...(body && { body }),
  }) as Arbitrary<FuzzRequest>;
  // What is signed in its body is sealed already.
  if (isForm || !('signature' in (operation.operation.security[0] ?? {}))) return whole;
  return fc.oneof(whole, whole.map(signed));
}

/**
 * Requests for the operations of the OpenAPI document. None of them can be meant: what the document's examples name is
 * not in the seeded database, so that nothing may be written whatever the request.
 *
 * @param tokens keys that are sent
 * @param keys by which Yeepay seals what it tells
 */
export const fuzzRequests = (tokens: Record<Role, string>, keys: SealingKeys): Arbitrary<FuzzRequest> =>
  fc.oneof(...operations.map((operation) => requestOf(operation, tokens, keys)));
