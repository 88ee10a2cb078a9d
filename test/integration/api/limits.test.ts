import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import type { SocketLimits } from '../../../api/server';
import { createApiKey } from '../../../db/access/api-keys';
import { sign } from '../../../schemas/outside/signature';
import { PARTY, SECRET, startApi, type ApiUnderTest } from './api-under-test';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

/** An API of the test's own, which takes few requests. */
async function withLimits(
  rateLimits: { perClient: number; perAddress: number },
  work: (limited: ApiUnderTest) => Promise<void>,
): Promise<void> {
  const limited = await api.beside({ rateLimits });
  try {
    await work(limited);
  } finally {
    await limited.stop();
  }
}

const codesOf = async (count: number, send: () => Promise<{ status: number }>): Promise<number[]> => {
  const statuses: number[] = [];
  for (let sent = 0; sent < count; sent += 1) statuses.push((await send()).status);
  return statuses;
};

test('a client that sends too much is told when to come again, and others are served', async () => {
  await withLimits({ perClient: 2, perAddress: 100 }, async (limited) => {
    const send = (as: 'ops' | 'finance') => limited.call('GET', '/v1/ledger/trial-balance', { as });
    expect(await codesOf(2, () => send('ops'))).toEqual([200, 200]);
    const { status, headers, body } = await send('ops');
    expect([status, body.code]).toEqual([429, 'RATE_LIMITED']);
    expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    expect(headers.get('ratelimit-policy')).toBe('"client";q=2;w=10');
    expect(headers.get('ratelimit')).toMatch(/^"client";r=0;t=\d+$/);
    expect((await send('finance')).status).toBe(200);
  });
});

test('two customers of one app do not use up the share of each other', async () => {
  await withLimits({ perClient: 1, perAddress: 100 }, async (limited) => {
    for (const customerId of ['ID-C001', 'ID-C002']) {
      const { token } = await createApiKey(api.owner, { clientId: 'mobile-app', role: 'app', customerId });
      const headers = { authorization: `Bearer ${token}` };
      expect((await limited.call('GET', '/v1/flows', { headers })).status).toBe(200);
    }
  });
});

test('an address that shows no good key is told to wait, and good keys from there are served', async () => {
  await withLimits({ perClient: 100, perAddress: 2 }, async (limited) => {
    const guess = () => limited.call('GET', '/v1/flows', { headers: { authorization: 'Bearer guess' } });
    expect(await codesOf(3, guess)).toEqual([401, 401, 429]);
    expect((await limited.call('GET', '/v1/flows', { as: 'app' })).status).toBe(200);
  });
});

test.each(['/healthz', '/openapi.json', '/docs/', '/no-such-thing'])(
  'what is open to all is limited by address: %s',
  async (path) => {
    await withLimits({ perClient: 100, perAddress: 1 }, async (limited) => {
      const statuses = await codesOf(2, () => fetch(limited.url + path));
      expect(statuses[0]).not.toBe(429);
      expect(statuses[1]).toBe(429);
    });
  },
);

test.each([
  ['a callback without a signature', 'POST', `/callbacks/${PARTY}`],
  ['a callback for nobody', 'POST', '/callbacks/NOT-A-PARTY!'],
  ['another method', 'DELETE', `/callbacks/${PARTY}`],
  ['a path that cannot be read', 'GET', '/callbacks/%E0%A4%A'],
])('what is refused before it proves anything is limited by address: %s', async (_what, method, path) => {
  await withLimits({ perClient: 100, perAddress: 1 }, async (limited) => {
    const body = method === 'POST' ? { body: {} } : {};
    const statuses = await codesOf(2, () => limited.call(method, path, body));
    expect(statuses[0]).not.toBe(429);
    expect(statuses[1]).toBe(429);
  });
});

test('a party is limited by its name, and who signs badly by the address', async () => {
  await withLimits({ perClient: 1, perAddress: 1 }, async (limited) => {
    const call = (secret: string) => {
      const body = JSON.stringify({ type: 'payout.settled', requestNo: 'PO-NONE-1', status: 'FAILED' });
      const headers = sign({ secret, id: 'n-1', timestamp: new Date(), rawBody: body });
      return limited.call('POST', `/callbacks/${PARTY}`, { body, headers: { ...headers } });
    };
    const wrong = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
    expect(await codesOf(2, () => call(wrong))).toEqual([401, 429]);
    expect(await codesOf(2, () => call(SECRET))).toEqual([422, 429]);
  });
});

test('every answer carries the headers that keep a browser from harm', async () => {
  const { headers } = await api.call('GET', '/v1/flows', { as: 'app' });
  expect(headers.get('content-security-policy')).toContain("default-src 'self'");
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('strict-transport-security')).toMatch(/^max-age=/);
  expect(headers.get('cache-control')).toContain('private');
  expect(headers.get('x-powered-by')).toBeNull();
  expect(headers.get('access-control-allow-origin')).toBeNull();
});

describe('a connection is ended when its client', () => {
  const usual: SocketLimits = {
    ...{ headersTimeout: 60_000, requestTimeout: 60_000, keepAliveTimeout: 60_000, timeout: 60_000 },
    connectionsCheckingInterval: 50,
  };
  const head = 'POST /v1/loan-applications HTTP/1.1\r\nhost: x\r\n';
  test.each<[string, Partial<SocketLimits>, string]>([
    ['says nothing', { timeout: 200 }, ''],
    ['does not end the head of its request', { headersTimeout: 200 }, head],
    [
      'does not end its body',
      { headersTimeout: 100, requestTimeout: 200 },
      'POST /callbacks/bank-huaxin HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{',
    ],
    ['asks for nothing more', { keepAliveTimeout: 200 }, 'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n'],
  ])('%s', async (_what, changed, sent) => {
    const impatient = await api.beside({ socketLimits: { ...usual, ...changed } });
    const socket = connectSocket(Number(new URL(impatient.url).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write(sent);
    socket.resume();
    await once(socket, 'close');
    expect(socket.destroyed).toBe(true);
    await impatient.stop();
  });
});
