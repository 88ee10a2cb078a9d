import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { apiDocument } from '../../api/app';
import { violationsOf } from '../../schemas/validate';

/** An answer of the API, with its body as it came. */
export interface Answered {
  status: number;
  headers: Headers;
  text: string;
}

const document = apiDocument();
const ajv = new Ajv2020({ allErrors: true, strict: false, schemas: [{ $id: 'api', ...document }] });
addFormats(ajv);

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    ...{ path, method, operation },
    pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`),
  })),
);

/** What an address that is none, or another method, may be answered with. */
const elsewhere = [
  ...['NOT_FOUND', 'METHOD_NOT_ALLOWED', 'KEY_MISSING', 'KEY_INVALID', 'UNREADABLE_REQUEST'],
  'RATE_LIMITED',
];

/**
 * Holds an answer against the OpenAPI document.
 *
 * @param method as it was sent; a HEAD is answered like its GET, without the body
 * @param url the path, and the query if there was one
 * @returns the operation's id and the problem's code, where there are such
 * @throws Error for a status, content type, header, body or problem code that the document does not have
 */
export function holdToDocument(
  method: string,
  url: string,
  answered: Answered,
): { operationId?: string; code?: string } {
  const [pathname = ''] = url.split('?');
  const found = operations.find(
    (one) => one.method === method.toLowerCase().replace('head', 'get') && one.pattern.test(pathname),
  );
  const fail = (what: string): never => {
    throw new Error(`${method} ${url} answered ${answered.status} ${what}: ${answered.text.slice(0, 500)}`);
  };
  const type = answered.headers.get('content-type')?.split(';')[0];
  const isProblem = type === 'application/problem+json';
  const code =
    isProblem && method !== 'HEAD' ? (JSON.parse(answered.text) as { code: string }).code : undefined;

  if (!found) {
    if (method === 'HEAD') return [400, 401, 404, 405].includes(answered.status) ? {} : fail('to HEAD');
    holdBody('#/components/schemas/Problem', answered, fail);
    if (code === undefined || !elsewhere.includes(code)) fail('where there is no operation');
    return { ...(code !== undefined && { code }) };
  }
  const { path, operation } = found;
  const response = operation.responses[answered.status];
  if (!response) return fail('which is not a documented status');
  for (const [name, { required }] of Object.entries(response.headers)) {
    if (required && !answered.headers.has(name)) fail(`without its header ${name}`);
  }
  const documentedTypes = Object.keys(response.content ?? {});
  if (documentedTypes.length === 0) {
    if (answered.text !== '') fail('with a body');
  } else {
    if (!documentedTypes.includes(type ?? '')) fail(`as ${type}, not as ${documentedTypes.join(', ')}`);
    const place = [
      'paths',
      path,
      found.method,
      'responses',
      String(answered.status),
      'content',
      type!,
      'schema',
    ];
    if (method !== 'HEAD') holdBody(pointerTo(place), answered, fail);
  }
  return { operationId: operation.operationId, ...(code !== undefined && { code }) };
}

function holdBody(pointer: string, { headers, text }: Answered, fail: (what: string) => never): void {
  const isValid = ajv.getSchema(`api${pointer}`)!;
  const isText = headers.get('content-type')?.startsWith('text/plain');
  if (!isValid(isText ? text : JSON.parse(text)))
    fail(`not as documented (${JSON.stringify(violationsOf(isValid.errors))})`);
}

const pointerTo = (names: string[]): string =>
  `#/${names.map((name) => encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;
