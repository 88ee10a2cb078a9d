import { commonSchemas } from '../schemas/validate';
import { MAY } from './permissions';
import { Problem, problemBody, PROBLEMS, type ProblemCode } from './problem';
import { problemsOf, type Parameter, type Route } from './route';
import { list, mapRefs, object, oneOf, text, type Schema } from './schema';

const PROBLEM_TYPE = 'application/problem+json';

const problemSchema: Schema = object(
  {
    type: { description: 'Address that names the code.', type: 'string', format: 'uri' },
    title: { description: 'What the code means.', ...text },
    status: { description: 'The HTTP status.', type: 'integer' },
    code: { description: 'Stable name of the problem, to decide by.', ...oneOf(...Object.keys(PROBLEMS)) },
    detail: { description: 'What was wrong with this request, and what to do.', ...text },
    errors: {
      description: 'The places in the body that are wrong.',
      ...list(object({ pointer: { description: 'JSON pointer into the body.', ...text }, detail: text })),
    },
  },
  ['errors'],
);

const DESCRIPTION = `Consumer-credit flows: what starts them, how far they are, and the books behind them.

Amounts are whole minor units of their currency (IDR has none, so 1 is one rupiah; CNY 100 is one yuan), never
fractions; only what malls send is decimal yuan, as texts. Every error is a problem by RFC 9457 with a stable \`code\`. An address that does not exist answers 404
NOT_FOUND, and another method than those that are listed 405 METHOD_NOT_ALLOWED with the header Allow.

Every read carries a strong \`ETag\`; with it in \`If-None-Match\` the answer is 304 for as long as nothing has changed.

What an API key may do follows from its role: ${Object.entries(MAY)
  .map(([what, roles]) => `${what}: ${roles.join(', ')}`)
  .join(
    '; ',
  )}. A key or token for one customer opens that customer's things only; what is another's is answered as if it did not
exist.`;

const TAGS: Readonly<Record<string, string>> = {
  'Loan applications': 'Submit, withdraw and follow loan applications.',
  Loans: 'Booked loans and their repayment schedules.',
  Repayments: 'What is owed, and what a repayment would cost.',
  Refunds: 'Money that came in and goes back to its payer: asked for by one operator, approved by another.',
  Extensions: 'More time for a loan: what it costs, the schedule that it makes, and a method to pay for it.',
  'Repayment orders': 'Have money collected, and get a method to pay by.',
  'Debt orders': 'Orders of malls whose proceeds settle debts: what malls tell of them, and how they stand.',
  'Debt contracts': 'Debts that are settled by what debtors buy, and whose the ledger ids of malls are.',
  Reconciliation:
    'What Yeepay says, what was divided, what settled debts, and the books, compared day by day.',
  Flows: 'How far a flow is, and each step that it has taken.',
  Operations:
    'What people decide about flows that wait for them. Each act needs the approval of another operator.',
  Products: 'Published products and their terms.',
  Records: 'What is on record behind a flow: messages, and requests to outside parties.',
  Books: 'The double-entry ledger: balances, statements, journals, and the positions of funding partners.',
  Callbacks: 'For outside parties: what became of our requests to them.',
  System: 'The process itself. Open to all.',
};

/** The parts of an OpenAPI document that others look into. */
export interface OpenApiDocument {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; securitySchemes: Record<string, unknown> };
  [more: string]: unknown;
}

interface Operation {
  operationId: string;
  /** Any one of these is enough; none where all may. */
  security: Record<string, never[]>[];
  parameters: (Omit<DeclaredParameter, 'example'> & { example?: string })[];
  requestBody?: { required: boolean; content: Record<string, MediaType> };
  responses: Record<string, DocumentedResponse>;
}

interface DocumentedResponse {
  description: string;
  headers: Record<string, { description: string; required: boolean; schema: Schema }>;
  /** None for an answer without a body. */
  content?: Record<string, MediaType>;
}

interface MediaType {
  schema: Schema;
  example?: unknown;
  examples?: Record<string, { value: unknown }>;
}

/**
 * The OpenAPI 3.1 document of the routes, made from what they declare and from the common schemas that they use.
 *
 * @throws Error when a schema refers to something other than a common schema.
 */
export function openApiDocument(routes: readonly Route[]): OpenApiDocument {
  const schemas: Record<string, Schema> = { Problem: problemSchema };
  const localRef = (ref: string): string => {
    if (ref.startsWith('#/components/')) return ref;
    const name = ref.replace(/^.*\/|\.json$/g, '');
    const found = commonSchemas[name];
    if (!found) throw new Error(`${ref} refers to no schema of schemas/common.`);
    const { $id, ...schema } = found as typeof found & { $schema?: string };
    if (!(found.title in schemas)) {
      delete schema.$schema;
      // Entered before its own references are followed, so that a circle would end.
      schemas[found.title] = {};
      schemas[found.title] = mapRefs(schema, localRef) as Schema;
    }
    return `#/components/schemas/${found.title}`;
  };
  const paths: OpenApiDocument['paths'] = {};
  for (const route of routes) {
    const documented = mapRefs(operation(route), localRef) as Operation;
    paths[route.path] = { ...paths[route.path], [route.method]: documented };
  }
  return {
    openapi: '3.1.0',
    info: {
      ...{ title: 'Consumer Credit Orchestration', version: '1.0.0', description: DESCRIPTION },
      license: { name: 'Not licensed to others', identifier: 'LicenseRef-UNLICENSED' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(routes.map((route) => route.tag))].map((name) => ({ name, description: TAGS[name] })),
    paths,
    components: {
      schemas,
      securitySchemes: {
        apiKey: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API key, ck_<keyId>_<secret>, or a token of the identity provider.',
        },
        signature: {
          ...{ type: 'apiKey', in: 'header', name: 'webhook-signature' },
          description: 'A signature after Standard Webhooks 1.0 over the raw body.',
        },
      },
    },
  };
}

function operation(route: Route): Operation & Record<string, unknown> {
  const { operationId, tag, summary, description, access, parameters = [], body, answers } = route;
  const isRead = route.method === 'get';
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    security: securityOf(access),
    // A parameter's codes are for the server; OpenAPI shows them among the answers.
    parameters: [
      ...parameters.map(({ missing, invalid, ...parameter }) => parameter),
      ...(isRead ? [ifNoneMatch] : []),
    ].map(documentedParameter),
    ...(body && {
      requestBody: {
        required: true,
        content: {
          [body.type ?? 'application/json']: { schema: body.schema, examples: valuesOf(body.examples) },
        },
      },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(
          ([status, { description: meaning, type, schema, example, headers = {} }]) => [
            status,
            {
              description: meaning,
              headers: headersOf({ ...headers, ...(isRead && readHeaders) }),
              content: { [type ?? 'application/json']: { schema, example } },
            },
          ],
        ),
      ),
      ...(isRead && {
        304: { description: 'It is what If-None-Match names.', headers: headersOf(readHeaders) },
      }),
      ...problemResponses(problemsOf(route)),
    },
  };
}

/** Tools fill in a parameter's example by themselves: right where one is required, and a filter nobody asked for elsewhere. */
function documentedParameter({ example, ...parameter }: DeclaredParameter): Operation['parameters'][number] {
  if (parameter.required) return { ...parameter, example };
  return { ...parameter, schema: { ...parameter.schema, examples: [example] } };
}

type DeclaredParameter = Omit<Parameter, 'missing' | 'invalid'>;

const ifNoneMatch: DeclaredParameter = {
  in: 'header',
  name: 'If-None-Match',
  description: 'ETags of what the client has already, separated by commas.',
  schema: text,
  required: false,
  example: '"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"',
};
const readHeaders = {
  ETag: 'Names the content.',
  'Cache-Control': 'private, no-cache: keep it, but ask with If-None-Match whether it still holds.',
};

function securityOf(access: Route['access']): Record<string, never[]>[] {
  if (access === 'OPEN') return [];
  if (!('signature' in access)) return [{ apiKey: [] }];
  // OpenAPI has no word for what is signed in its body.
  return access.isInBody ? [] : [{ signature: [] }];
}

const valuesOf = (examples: Readonly<Record<string, unknown>>): Record<string, { value: unknown }> =>
  Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }]));

type Headers = NonNullable<Route['answers'][number]['headers']>;

function headersOf(own: Headers): DocumentedResponse['headers'] {
  const headers: Headers = { ...own, 'X-Request-Id': 'Id of the request in our logs.' };
  return Object.fromEntries(
    Object.entries(headers).map(([name, header]) => [
      name,
      typeof header === 'string'
        ? { description: header, required: true, schema: text }
        : { description: header.description, required: false, schema: text },
    ]),
  );
}

const PROBLEM_HEADERS: Readonly<Record<string, string>> = {
  'WWW-Authenticate': 'What to authenticate with.',
  'Retry-After': 'After how many seconds to send the same request again.',
};

/** The headers of problems that share a status: one that not all of them carry may be absent. */
function headersOfAll(codes: readonly ProblemCode[]): Headers {
  const ofEach = codes.map((code) => Object.keys(new Problem(code, '').kind.headers ?? {}));
  return Object.fromEntries(
    ofEach.flat().map((name) => {
      const description = PROBLEM_HEADERS[name]!;
      return [
        name,
        ofEach.every((names) => names.includes(name))
          ? description
          : { description, optional: true as const },
      ];
    }),
  );
}

/** One response for each status, with an example for each code. */
function problemResponses(codes: readonly ProblemCode[]): Record<string, DocumentedResponse> {
  const statuses = [...new Set(codes.map((code) => PROBLEMS[code].status))].sort();
  return Object.fromEntries(
    statuses.map((status) => {
      const ofStatus = codes.filter((code) => PROBLEMS[code].status === status);
      const headers = headersOfAll(ofStatus);
      return [
        status,
        {
          description: ofStatus.map((code) => `${code}: ${PROBLEMS[code].title}`).join(' '),
          headers: headersOf(headers),
          content: {
            [PROBLEM_TYPE]: {
              schema: {
                $ref: '#/components/schemas/Problem',
                properties: { code: oneOf(...ofStatus) },
              },
              examples: valuesOf(
                Object.fromEntries(
                  ofStatus.map((code) => [code, problemBody(new Problem(code, PROBLEMS[code].title))]),
                ),
              ),
            },
          },
        },
      ];
    }),
  );
}
