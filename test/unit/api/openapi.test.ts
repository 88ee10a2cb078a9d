import { apiDocument, apiRoutes, type ApiNeeds } from '../../../api/app';
import { isSigned, problemsOf, type Route } from '../../../api/route';
import { bodySchema } from '../../../api/routes/loan-applications';
import { compileSchema, contractOf, violationsOf } from '../../../schemas/validate';

// To describe a route nothing is needed of what it works with.
const routes = apiRoutes({} as ApiNeeds);
const document = apiDocument();
const named: [string, Route][] = routes.map((route) => [
  `${route.method.toUpperCase()} ${route.path}`,
  route,
]);

/** Every value of a key, anywhere in the document. */
function valuesOf(key: string, node: unknown): unknown[] {
  if (node === null || typeof node !== 'object') return [];
  return Object.entries(node).flatMap(([name, value]: [string, unknown]) => [
    ...(name === key ? [value] : []),
    ...valuesOf(key, value),
  ]);
}

test('the document is plain JSON of OpenAPI 3.1', () => {
  expect(document.openapi).toBe('3.1.0');
  expect(JSON.parse(JSON.stringify(document))).toEqual(document);
});

test('every reference leads to something in the document', () => {
  const refs = valuesOf('$ref', document) as string[];
  expect(refs.length).toBeGreaterThan(20);
  for (const ref of refs) {
    const [hash, ...path] = ref.split('/');
    const target = path.reduce<unknown>((node, name) => (node as Record<string, unknown>)[name], document);
    expect([ref, hash, typeof target]).toEqual([ref, '#', 'object']);
  }
});

test.each(named)('%s is documented, with each of its answers and problem codes', (_name, route) => {
  const { responses } = document.paths[route.path]![route.method]!;
  expect(Object.keys(responses)).toEqual(expect.arrayContaining(Object.keys(route.answers)));
  const codes = Object.values(responses).flatMap(({ content }) =>
    Object.keys(content?.['application/problem+json']?.examples ?? {}),
  );
  expect(codes.sort()).toEqual([...problemsOf(route)].sort());
});

test('every tag says what is under it', () => {
  for (const { name, description } of document['tags'] as { name: string; description?: string }[]) {
    expect([name, description]).toEqual([name, expect.stringMatching(/\.$/)]);
  }
});

test('every read can be asked for by its ETag', () => {
  for (const [path, { get }] of Object.entries(document.paths)) {
    if (!get) continue;
    expect([path, Object.keys(get.responses['304']!.headers)]).toEqual([
      path,
      ['ETag', 'Cache-Control', 'X-Request-Id'],
    ]);
  }
});

test('no status is an answer and a problem at once', () => {
  for (const [name, route] of named) {
    const contents = Object.values(document.paths[route.path]![route.method]!.responses).map(({ content }) =>
      Object.keys(content ?? {}),
    );
    expect([name, contents.every((types) => types.length <= 1)]).toEqual([name, true]);
  }
});

test('every operation has an id of its own', () => {
  const ids = valuesOf('operationId', document);
  expect(new Set(ids).size).toBe(ids.length);
});

test.each(named)('%s: every parameter of the path is declared', (_name, { path, parameters = [] }) => {
  const declared = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
  expect(declared).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
});

test.each(named)(
  '%s: every example is valid by its own schema',
  (_name, { answers, body, parameters = [] }) => {
    const examples: [object, unknown][] = [
      ...Object.values(answers).map(({ schema, example }): [object, unknown] => [schema, example]),
      ...Object.values(body?.examples ?? {}).map((example): [object, unknown] => [body!.schema, example]),
      ...parameters.map(({ schema, example }): [object, unknown] => [schema, example]),
    ];
    for (const [schema, example] of examples) {
      const isValid = compileSchema(schema);
      expect([example, isValid(example), violationsOf(isValid.errors)]).toEqual([example, true, []]);
    }
  },
);

test('all of /v1 asks for an API key of some role, but for what malls sign', () => {
  const keyed = routes.filter((route) => route.path.startsWith('/v1/') && !isSigned(route));
  for (const { path, access } of keyed) {
    expect([path, access]).toEqual([
      path,
      expect.objectContaining({ roles: expect.arrayContaining([expect.any(String)]) as unknown }),
    ]);
  }
});

test("a loan application's body has the fields of the command's contract, except the id that we give", () => {
  const { properties } = bodySchema().schema as { properties: object };
  const { data } = contractOf('submit-loan-application').$defs as { data: { properties?: object } };
  expect(['applicationId', ...Object.keys(properties)].sort()).toEqual(Object.keys(data.properties!).sort());
});
