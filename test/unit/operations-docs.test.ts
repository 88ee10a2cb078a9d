import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { apiRoutes } from '../../api/app';
import { connect } from '../../db/pool';

// docs/operations.md is what people act by at night: what it names must be there.

const folder = path.join(__dirname, '../../docs');
const runbook = readFileSync(path.join(folder, 'operations.md'), 'utf8');
const routes = apiRoutes({
  db: connect('postgres://nowhere.invalid/none', { max: 1, applicationName: 'unit-test' }),
  temporal: new Client({ connection: Connection.lazy({ address: 'nowhere.invalid:1' }) }),
  config: { taskQueue: 'flows', partySecrets: new Map() },
});
const all = (pattern: RegExp): string[] => [...runbook.matchAll(pattern)].map(([, found = '']) => found);

/** A path with a value, or a shell's variable, for each parameter is the route's. */
const isOf = (route: string, named: string): boolean =>
  new RegExp(`^${route.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(named);

const gets = all(/`GET (\/[^`\s?]+)/g);
const posts = all(/^curl "\$API([^"]+)"/gm);

test('the runbook names routes of both kinds', () => {
  expect(gets.length).toBeGreaterThan(5);
  expect(posts.length).toBe(runbook.match(/^curl /gm)?.length);
});

test.each([
  ...gets.map((named) => ({ method: 'get', named })),
  ...posts.map((named) => ({ method: 'post', named })),
])('$method $named is a route of the API', ({ method, named }) => {
  expect(routes.filter((route) => route.method === method && isOf(route.path, named))).toHaveLength(1);
});

test('the act that it lets people answer, and each answer, is one that the API takes', () => {
  const acts = routes.find(({ operationId }) => operationId === 'act')!;
  const taken = JSON.stringify(acts.body!.schema);
  for (const question of ['review', 'exception', 'withdrawal', 'receipt', 'chargeback']) {
    expect(runbook).toContain(`\`${question}\``);
    expect(taken).toContain(question);
  }
});

test('it describes each Update that flows take, and no other', () => {
  const interventions = routes.find(({ operationId }) => operationId === 'intervene')!;
  const { oneOf } = interventions.body!.schema as { oneOf: { properties: { act: { enum: string[] } } }[] };
  const described = all(/^\| `([a-z-]+)` +\|/gm);
  expect(described.sort()).toEqual(oneOf.flatMap(({ properties }) => properties.act.enum).sort());
});

test.each(all(/\]\((pictures\/[^)]+)\)/g))('%s is there', (picture) => {
  expect(existsSync(path.join(folder, picture))).toBe(true);
});

test('every link within it leads to a heading', () => {
  const headings = all(/^#+ (.+)$/gm).map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^a-z -]/g, '')
      .replaceAll(' ', '-'),
  );
  for (const link of all(/\]\(#([^)]+)\)/g)) expect(headings).toContain(link);
});
