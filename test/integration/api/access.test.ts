import { request } from 'node:http';
import { createApiKey, listApiKeys, revokeApiKey, type Role } from '../../../db/access/api-keys';
import { PARTY, startApi, type ApiUnderTest } from './api-under-test';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const get = (path: string, as?: Role) => api.call('GET', path, { ...(as && { as }) });
const getWith = (authorization: string, path = '/v1/ledger/trial-balance') =>
  api.call('GET', path, { headers: { authorization } });

test('without a key nothing under /v1 answers, not even what is not there', async () => {
  for (const path of ['/v1/ledger/trial-balance', '/v1/no-such-thing']) {
    const { status, headers, body } = await get(path);
    expect([status, body.code]).toEqual([401, 'KEY_MISSING']);
    expect(headers.get('www-authenticate')).toMatch(/^Bearer /);
  }
});

test('a key with another secret is refused', async () => {
  const token = api.tokens.ops;
  const { status, body } = await getWith(`Bearer ${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`);
  expect([status, body.code]).toEqual([401, 'KEY_INVALID']);
});

test.each(['Bearer x', 'Bearer ck_aaaaaaaaaaaa_', 'Bearer ck_aaaaaaaaaaaa_'.padEnd(66, 'A')])(
  'what is no key is refused: %s',
  async (authorization) => {
    expect((await getWith(authorization)).body.code).toBe('KEY_INVALID');
  },
);

test('a revoked key is refused from the next request on, and its other keys stay', async () => {
  const [one, other] = [
    await createApiKey(api.owner, { clientId: 'rotating', role: 'ops' }),
    await createApiKey(api.owner, { clientId: 'rotating', role: 'ops' }),
  ];
  await revokeApiKey(api.owner, one.keyId);
  expect((await getWith(`Bearer ${one.token}`)).body.code).toBe('KEY_INVALID');
  expect((await getWith(`Bearer ${other.token}`)).status).toBe(200);
});

test('a key that was good a moment ago and is revoked changes nothing, and claims no idempotency key', async () => {
  const { keyId, token } = await createApiKey(api.owner, { clientId: 'leaving', role: 'app' });
  const { token: otherToken } = await createApiKey(api.owner, { clientId: 'leaving', role: 'app' });
  const submit = (key: string, as: string) =>
    api.call('POST', '/v1/loan-applications', {
      headers: { authorization: `Bearer ${as}`, 'idempotency-key': key },
      body: {
        ...{ customerId: 'ID-C001', productId: 'id-cash-instalment', instalmentCount: 6 },
        ...{ principal: { currency: 'IDR', amountMinor: 5_000_000 }, payoutAccountToken: 'tok_7f3k9m2q5x' },
      },
    });
  expect((await submit('leaving-1', token)).status).toBe(202);

  await revokeApiKey(api.owner, keyId);
  expect((await submit('leaving-2', token)).body.code).toBe('KEY_INVALID');
  expect(await api.db('access.submission').where('idempotency_key', 'leaving-2')).toEqual([]);
  expect((await submit('leaving-2', otherToken)).status).toBe(202);
});

test.each([
  ['an address at which nothing is', '/v1/nothing', 'NOT_FOUND'],
  ['a malformed parameter', '/v1/loan-applications/LA-', 'INVALID_PARAMETER'],
  ['what its role may not read', '/v1/ops/questions', 'FORBIDDEN'],
])('%s is told of a key that has just been revoked, and of nothing else', async (_, path, before) => {
  const { keyId, token } = await createApiKey(api.owner, { clientId: 'left', role: 'app' });
  const code = async () => (await getWith(`Bearer ${token}`, path)).body.code;
  expect(await code()).toBe(before);
  await revokeApiKey(api.owner, keyId);
  expect(await code()).toBe('KEY_INVALID');
});

test('no secret is stored or listed', async () => {
  const { keyId, token } = await createApiKey(api.owner, { clientId: 'mobile-app', role: 'app' });
  const secret = token.slice(`ck_${keyId}_`.length);
  const stored = await api.db('access.api_key').where({ key_id: keyId });
  expect(JSON.stringify(stored)).not.toContain(secret);
  const listed = (await listApiKeys(api.db)).find((key) => key.keyId === keyId);
  expect(JSON.stringify(listed)).not.toContain(secret);
  expect(listed).not.toHaveProperty('hash');
});

test('a key that has ended is refused', async () => {
  const expiresAt = new Date(Date.now() + 3_600_000);
  const { keyId, token } = await createApiKey(api.owner, { clientId: 'for-a-while', role: 'ops', expiresAt });
  expect((await getWith(`Bearer ${token}`)).status).toBe(200);
  await api
    .owner('access.api_key')
    .where({ key_id: keyId })
    .update({ expires_at: api.owner.raw('now()') });
  expect((await getWith(`Bearer ${token}`)).body.code).toBe('KEY_INVALID');
});

test('the day of its last use is noted of a key', async () => {
  const { keyId, token } = await createApiKey(api.owner, { clientId: 'used-today', role: 'ops' });
  const lastUsedOn = async () => (await listApiKeys(api.db)).find((key) => key.keyId === keyId)!.lastUsedOn;
  expect(await lastUsedOn()).toBeNull();
  await getWith(`Bearer ${token}`);
  expect(await lastUsedOn()).toMatch(/^\d{4}-\d{2}-\d{2}$/);
});

test.each([
  ['a role that does not act for customers', { role: 'ops', customerId: 'ID-C001' }, /role app/],
  ['a customer that does not exist', { role: 'app', customerId: 'ID-C999' }, /no such customer/],
  ['an end in the past', { role: 'app', expiresAt: new Date(0) }, /in the future/],
  ['an end that is no time', { role: 'app', expiresAt: new Date('soon') }, /in the future/],
])('a key for %s is not made', async (_what, wanted, why) => {
  await expect(createApiKey(api.owner, { clientId: 'mobile-app', ...wanted })).rejects.toThrow(why);
});

test('a key for a role that does not exist is not made', async () => {
  await expect(createApiKey(api.owner, { clientId: 'mobile-app', role: 'root' })).rejects.toThrow(
    /app, bff, ops/,
  );
});

test.each<[Role, string, number]>([
  ['app', '/v1/ledger/trial-balance', 403],
  ['bff', `/v1/funds/${PARTY}/position`, 403],
  ['partner', '/v1/ledger/trial-balance', 403],
  ['partner', `/v1/funds/${PARTY}/position`, 200],
  ['partner', '/v1/funds/trust-jinhe/position', 404],
  ['finance', '/v1/ledger/trial-balance', 200],
  ['finance', '/v1/funds/trust-jinhe/position', 200],
])('a key of role %s reads %s with status %d', async (role, path, status) => {
  expect((await get(path, role)).status).toBe(status);
});

test.each<Role>(['ops', 'finance', 'partner'])('a key of role %s submits nothing', async (role) => {
  const headers = { 'idempotency-key': 'k' };
  const { body } = await api.call('POST', '/v1/loan-applications', { as: role, headers, body: {} });
  expect(body.code).toBe('FORBIDDEN');
});

test('another method is refused with those that are allowed', async () => {
  const { status, headers, body } = await api.call('DELETE', '/v1/ledger/trial-balance', { as: 'ops' });
  expect([status, body.code, headers.get('allow')]).toEqual([405, 'METHOD_NOT_ALLOWED', 'GET, HEAD']);
});

test.each([
  ['NOT_FOUND', '/v1/no-such-thing'],
  ['UNREADABLE_REQUEST', '/v1/loans/%E0%A4%A'],
  ['INVALID_PARAMETER', '/v1/loans/x'],
  ['INVALID_PARAMETER', '/v1/flows/no-colon'],
  ['INVALID_PARAMETER', '/v1/loans/LN0000000000%00'],
  ['INVALID_PARAMETER', '/v1/ledger/trial-balance?through=yesterday'],
  ['INVALID_PARAMETER', '/v1/ledger/trial-balance?market=ID&market=CN'],
  ['INVALID_PARAMETER', '/v1/ledger/trial-balance?throgh=2026-01-31'],
  ['INVALID_PARAMETER', '/v1/messages/urn:uuid:5b2f0c1e-8a53-8f0e-9d57-0d2f3a6f9b11'],
  ['INVALID_PARAMETER', '/v1/messages/2-280f5dc----1-0c-a4b33---b3-0--acf-'],
  ['UNKNOWN_LOAN', '/v1/loans/LN0000000000'],
  ['UNKNOWN_LOAN_APPLICATION', '/v1/loan-applications/LA0000000000'],
  ['UNKNOWN_FLOW', '/v1/flows/loan-application-disbursement:LA0000000000'],
  ['UNKNOWN_FLOW', '/v1/flows/loan-application-disbursement:LA0000000000/trace'],
  ['UNKNOWN_PARTNER', '/v1/funds/nobody/position'],
  ['UNKNOWN_PARTNER', '/v1/funds/cn-payout/position'],
])('%s answers %s', async (code, path) => {
  expect((await get(path, 'ops')).body.code).toBe(code);
});

test.each<[number, string, { body: string; headers?: Record<string, string> }]>([
  [400, 'INVALID_JSON', { body: '{' }],
  [415, 'UNSUPPORTED_MEDIA_TYPE', { body: '{}', headers: { 'content-type': 'text/plain' } }],
  [415, 'UNSUPPORTED_MEDIA_TYPE', { body: '{}', headers: { 'content-encoding': 'gzip' } }],
  [413, 'BODY_TOO_LARGE', { body: JSON.stringify('x'.repeat(70_000)) }],
  [400, 'INVALID_JSON', { body: '['.repeat(60_000) }],
])('a body that cannot be taken answers %d %s', async (status, code, { body, headers }) => {
  const reply = await api.call('POST', '/v1/loan-applications', {
    ...{ as: 'app', body, headers: { 'idempotency-key': 'k', ...headers } },
  });
  expect([reply.status, reply.body.code]).toEqual([status, code]);
});

test('what goes wrong inside is told to the log and not to the client', async () => {
  await api.owner.raw('alter table messages.handling rename to elsewhere');
  try {
    const { status, headers, body } = await get(
      '/v1/flows/loan-application-disbursement:LA0000000000/trace',
      'ops',
    );
    expect([status, body.code]).toEqual([500, 'INTERNAL_ERROR']);
    expect(JSON.stringify(body)).not.toMatch(/handling|select|at /);
    expect(api.log).toContainEqual(
      expect.objectContaining({ level: 50, requestId: headers.get('x-request-id') }),
    );
  } finally {
    await api.owner.raw('alter table messages.elsewhere rename to handling');
  }
});

test('no key gets into the log', async () => {
  await get('/v1/ledger/trial-balance', 'finance');
  expect(JSON.stringify(api.log)).not.toContain('ck_');
});

test('the process says that it lives and that it can serve', async () => {
  expect((await api.call<object>('GET', '/healthz')).body).toEqual({ status: 'ok' });
  expect((await api.call<object>('GET', '/readyz')).body).toEqual({ status: 'ready' });
});

test('the docs load nothing from elsewhere and no script inside the page', async () => {
  const page = await fetch(`${api.url}/docs`);
  const html = await page.text();
  expect(html).not.toMatch(/https?:|<script>/);
  for (const [, file = ''] of html.matchAll(/(?:src|href)="([^"]+)"/g)) {
    expect([file, (await fetch(new URL(file, page.url))).status]).toEqual([file, 200]);
  }
});

test('a client that goes away in the middle of its body leaves the API as it was', async () => {
  await new Promise<void>((resolve) => {
    const leaving = request(`${api.url}/v1/loan-applications`, {
      method: 'POST',
      headers: {
        ...{ authorization: `Bearer ${api.tokens.app}`, 'content-type': 'application/json' },
        ...{ 'content-length': '1000', 'idempotency-key': 'leaving' },
      },
    });
    leaving.once('error', () => resolve());
    leaving.write('{', () => leaving.destroy(new Error('gone')));
  });
  expect((await get('/healthz')).status).toBe(200);
});
