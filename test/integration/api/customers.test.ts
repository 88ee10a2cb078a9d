import { randomUUID } from 'node:crypto';
import { createApiKey } from '../../../db/access/api-keys';
import { startPlatform, type Platform } from '../../support/platform';
import { callerOf, type Caller } from './api-under-test';

// What one customer's key or token opens: that customer's things, and of all others not even whether they exist.

let platform: Platform;
let call: Caller;
let owner: { customerId: string; authorization: string };
let stranger: typeof owner;
/** Addresses of what belongs to the owner. */
let own: Record<
  'application' | 'loan' | 'schedule' | 'flow' | 'trace' | 'part' | 'partTrace' | 'loans',
  string
>;

const application = (customerId: string) => ({
  ...{ customerId, productId: 'id-cash-instalment', instalmentCount: 6 },
  ...{ principal: { currency: 'IDR', amountMinor: 5_000_000 }, payoutAccountToken: 'tok_7f3k9m2q5x' },
});
const submit = (as: { authorization: string }, customerId: string) =>
  call<{ applicationId: string; flowId: string; code?: string }>('POST', '/v1/loan-applications', {
    headers: { ...as, 'idempotency-key': randomUUID() },
    body: application(customerId),
  });
const get = <Body = { code?: string; detail?: string }>(path: string, as: { authorization: string }) =>
  call<Body>('GET', path, { headers: { authorization: as.authorization } });

beforeAll(async () => {
  platform = await startPlatform();
  const { client, api } = platform;
  call = callerOf(api.url, {});
  [owner, stranger] = [await newCustomer(), await newCustomer()];
  const { body } = await submit(owner, owner.customerId);
  await client.workflow.getHandle(body.flowId).result();
  const { body: read } = await get<{ links: { loan: string } }>(
    `/v1/loan-applications/${body.applicationId}`,
    owner,
  );
  const loanId = read.links.loan.split('/').at(-1)!;
  const part = `/v1/flows/repayment-plan-generation:${loanId}`;
  own = {
    ...{ application: `/v1/loan-applications/${body.applicationId}`, loan: read.links.loan },
    ...{ schedule: `${read.links.loan}/schedule`, flow: `/v1/flows/${body.flowId}`, part },
    ...{ trace: `/v1/flows/${body.flowId}/trace`, partTrace: `${part}/trace` },
    loans: `/v1/customers/${owner.customerId}/loans`,
  };
}, 120_000);
afterAll(() => platform.stop());

async function newCustomer() {
  const customerId = await platform.newCustomer('ID');
  const key = await createApiKey(platform.owner, { clientId: 'mobile-app', role: 'app', customerId });
  return { customerId, authorization: `Bearer ${key.token}` };
}

const things = ['application', 'loan', 'schedule', 'flow', 'trace', 'part', 'partTrace', 'loans'] as const;

test.each(things)('a customer reads the own %s', async (thing) => {
  expect((await get(own[thing], owner)).status).toBe(200);
});

test.each(things)("another's %s is answered like one that does not exist", async (thing) => {
  const address = own[thing];
  const missing = address.replace(/(LA|LN|ID-)[0-9A-Z]+/g, '$1000000000000');
  const [others, none] = [await get(address, stranger), await get(missing, stranger)];
  expect(others.status).toBe(404);
  const idsAside = (body: object) => JSON.stringify(body).replace(/(LA|LN|ID-)[0-9A-Z]+/g, '$1');
  expect([others.status, idsAside(others.body)]).toEqual([none.status, idsAside(none.body)]);
});

test('a customer lists the own flows only', async () => {
  const { body } = await get<{ entries: { customerId?: string }[] }>('/v1/flows', owner);
  expect(body.entries.length).toBeGreaterThan(0);
  expect(new Set(body.entries.map(({ customerId }) => customerId))).toEqual(new Set([owner.customerId]));
  expect((await get<{ entries: unknown[] }>('/v1/flows', stranger)).body.entries).toEqual([]);
});

test("another's list of flows is answered like that of nobody", async () => {
  for (const customerId of [owner.customerId, 'ID-NOBODY']) {
    const { status, body } = await get(`/v1/flows?customerId=${customerId}`, stranger);
    expect([status, body.code]).toEqual([404, 'CUSTOMER_NOT_FOUND']);
  }
});

test('a customer submits for nobody else, and learns nothing of others by trying', async () => {
  for (const customerId of [owner.customerId, 'ID-NOBODY']) {
    const { status, body } = await submit(stranger, customerId);
    expect([status, body.code]).toEqual([422, 'UNKNOWN_CUSTOMER']);
  }
  const count = await platform
    .db('access.submission')
    .where({ client_id: `mobile-app:${stranger.customerId}` });
  expect(count).toEqual([]);
});

test("a customer does not withdraw another's application", async () => {
  const withdraw = (address: string) =>
    call('POST', `${address}/withdrawals`, {
      headers: { authorization: stranger.authorization, 'idempotency-key': randomUUID() },
      body: { reason: 'Out of spite.' },
    });
  for (const address of [own.application, '/v1/loan-applications/LA000000000000']) {
    const { status, body } = await withdraw(address);
    expect([status, body.code]).toEqual([404, 'UNKNOWN_LOAN_APPLICATION']);
  }
  expect(await platform.db('operations.act').where({ reason: 'Out of spite.' })).toEqual([]);
});

test('idempotency keys of two customers of one app are two keys', async () => {
  const key = randomUUID();
  const apply = (as: typeof owner) =>
    call<{ applicationId: string }>('POST', '/v1/loan-applications', {
      headers: { authorization: as.authorization, 'idempotency-key': key },
      body: application(as.customerId),
    });
  const [one, other] = [await apply(owner), await apply(stranger)];
  expect([one.status, other.status]).toEqual([202, 202]);
  expect(one.body.applicationId).not.toBe(other.body.applicationId);
});

test.each([
  '/v1/ledger/trial-balance',
  '/v1/ops/questions',
  '/v1/messages/5b2f0c1e-8a53-8f0e-9d57-0d2f3a6f9b11',
])('a customer is turned away from %s', async (path) => {
  expect((await get(path, owner)).body.code).toBe('FORBIDDEN');
});
