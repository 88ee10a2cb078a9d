import { commonSchemas } from '../schemas/validate';
import { MAY } from './permissions';
import { Problem, problemBody, PROBLEMS, type ProblemCode } from './problem';
import { problemsOf, type Route } from './route';
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
fractions. Every error is a problem by RFC 9457 with a stable \`code\`.

What an API key may do follows from its role: ${Object.entries(MAY)
  .map(([what, roles]) => `${what}: ${roles.join(', ')}`)
  .join(
    '; ',
  )}. A key or token for one customer opens that customer's things only; what is another's is answered as if it did not
exist.`;

/**
 * The OpenAPI 3.1 document of the routes, made from what they declare and from the common schemas that they use.
 *
 * @throws Error when a schema refers to something other than a common schema.
 */
export function openApiDocument(routes: readonly Route[]): Record<string, unknown> {
  const schemas: Record<string, unknown> = { Problem: problemSchema };
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
      schemas[found.title] = mapRefs(schema, localRef);
    }
    return `#/components/schemas/${found.title}`;
  };
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method]: mapRefs(operation(route), localRef) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Consumer Credit Orchestration', version: '1.0.0', description: DESCRIPTION },
    servers: [{ url: '/' }],
    tags: [...new Set(routes.map((route) => route.tag))].map((name) => ({ name })),
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

function operation(route: Route): Record<string, unknown> {
  const { operationId, tag, summary, description, access, parameters = [], body, answers } = route;
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    security: securityOf(access),
    // A parameter's codes are for the server; OpenAPI shows them among the answers.
    parameters: parameters.map(({ missing, invalid, ...parameter }) => parameter),
    ...(body && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: body.schema, examples: valuesOf(body.examples) } },
      },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, { description: meaning, schema, example, headers = {} }]) => [
          status,
          {
            description: meaning,
            headers: { ...headersOf(headers), ...requestIdHeader },
            content: { 'application/json': { schema, example } },
          },
        ]),
      ),
      ...problemResponses(problemsOf(route)),
    },
  };
}

function securityOf(access: Route['access']): Record<string, never[]>[] {
  if (access === 'OPEN') return [];
  return 'signature' in access ? [{ signature: [] }] : [{ apiKey: [] }];
}

const valuesOf = (examples: Readonly<Record<string, unknown>>): Record<string, { value: unknown }> =>
  Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }]));

const headersOf = (headers: Readonly<Record<string, string>>): Record<string, object> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' } }]),
  );

const requestIdHeader = headersOf({ 'X-Request-Id': 'Id of the request in our logs.' });

/** One response for each status, with an example for each code. */
function problemResponses(codes: readonly ProblemCode[]): Record<string, unknown> {
  const statuses = [...new Set(codes.map((code) => PROBLEMS[code].status))].sort();
  return Object.fromEntries(
    statuses.map((status) => {
      const ofStatus = codes.filter((code) => PROBLEMS[code].status === status);
      const examples = ofStatus.map((code) => [code, problemBody(new Problem(code, PROBLEMS[code].title))]);
      const headers = Object.assign(
        {},
        ...ofStatus.map((code) => new Problem(code, '').kind.headers ?? {}),
      ) as object;
      return [
        status,
        {
          description: ofStatus.map((code) => `${code}: ${PROBLEMS[code].title}`).join(' '),
          headers: {
            ...headersOf(Object.fromEntries(Object.keys(headers).map((name) => [name, 'By its standard.']))),
            ...requestIdHeader,
          },
          content: {
            [PROBLEM_TYPE]: {
              schema: { $ref: '#/components/schemas/Problem' },
              examples: valuesOf(Object.fromEntries(examples) as Record<string, unknown>),
            },
          },
        },
      ];
    }),
  );
}
