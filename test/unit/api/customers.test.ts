import { Client, Connection } from '@temporalio/client';
import { apiRoutes } from '../../../api/app';
import type { Route } from '../../../api/route';
import { connect } from '../../../db/pool';

// Nothing is connected before the first query or call, and there is none here.
const routes = apiRoutes({
  db: connect('postgres://nowhere.invalid/none', { max: 1, applicationName: 'unit-test' }),
  temporal: new Client({ connection: Connection.lazy({ address: 'nowhere.invalid:1' }) }),
  config: { taskQueue: 'flows', partySecrets: new Map() },
});

const customersOf = ({ access }: Route) =>
  access !== 'OPEN' && 'roles' in access && access.roles.includes('app')
    ? { declared: access.customers }
    : null;
const forCustomers = routes.flatMap((route): [string, Route][] =>
  customersOf(route) ? [[`${route.method.toUpperCase()} ${route.path}`, route]] : [],
);

test.each(forCustomers)('%s says what a customer gets of it', (_name, route) => {
  expect(customersOf(route)!.declared).toBeDefined();
});

test.each(forCustomers)(
  '%s is alike for all customers only if its address names nothing of theirs',
  (_name, route) => {
    const { declared } = customersOf(route)!;
    const namesSomething = /\{(?!productId|version)\w+\}|customer|flows|loan|order|extensions/.test(
      route.path,
    );
    expect(declared === 'ALL_ALIKE').toBe(!namesSomething);
  },
);

test('everything under /v1 asks for a role, but for what malls sign; and everything else is open or signed', () => {
  const open = routes.filter(
    ({ path, access }) => !path.startsWith('/v1/') || access === 'OPEN' || 'signature' in access,
  );
  expect(
    open.map(({ path, access }) => `${path} ${access === 'OPEN' ? 'open' : Object.keys(access).join()}`),
  ).toEqual([
    ...['', '/{orderId}/receipt-confirmations', '/{orderId}/refunds', '/{orderId}/debt-rollbacks'].map(
      (of) => `/v1/debt-orders${of} signature`,
    ),
    ...['/callbacks/yeepay signature,isInBody', '/callbacks/{party} signature'],
    ...['/healthz open', '/readyz open', '/openapi.json open'],
  ]);
});
