import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { newSecret } from './support';
import type { PlatformView } from './support';
import { startedYeepay } from './yeepay-support';

// docs/sandbox.md is what people copy from: each of its lines must do what it says.

const docs = readFileSync(join(__dirname, '../../../docs/sandbox.md'), 'utf8');
const posts = [...docs.matchAll(/^curl --json '(.*)' \$SANDBOX(\S+)$/gm)].map(([, body = '', path = '']) => ({
  body,
  path,
}));
const others = [...docs.matchAll(/^curl (-X DELETE )?"?\$SANDBOX([^"\s]+)"?$/gm)];

let view: PlatformView;
beforeAll(async () => {
  const parties = ['bank-huaxin', 'cn-payout', 'cn-messaging'];
  view = await startedYeepay({ secrets: new Map(parties.map((party) => [party, [newSecret()]])) });
});
afterAll(() => view.sandbox.close());

test.each(posts)('the line is taken: $body', async ({ body, path }) => {
  const headers = { 'content-type': 'application/json' };
  // What tells of money is answered with its number, an order with Yeepay's; all else with nothing.
  const { status } = await view.send('POST', path, { headers, body });
  const answered: Record<string, number> = {
    ...{ '/control/payments': 202, '/control/chargebacks': 202, '/control/yeepay/orders': 201 },
  };
  expect(status).toBe(answered[path] ?? 204);
});

test.each(others.map(([line, remove, path = '']) => ({ line, method: remove ? 'DELETE' : 'GET', path })))(
  'the line is taken: $line',
  async ({ method, path }) => {
    expect((await view.send(method, path, {})).status).toBe(method === 'GET' ? 200 : 204);
  },
);

test('every curl line is one of these, and every behaviour has one', () => {
  expect(posts.length + others.length).toBe(docs.match(/^curl /gm)?.length);
  const source = readFileSync(join(__dirname, '../../../sandbox/rules.ts'), 'utf8');
  const kinds = [...source.matchAll(/ kind\('([A-Z_]+)'/g)].map(([, kind]) => kind);
  expect(kinds).toContain('MIXTURE');
  for (const kind of kinds) expect(docs).toContain(`"kind":"${kind}"`);
});
