import { startApi, type ApiUnderTest } from './api-under-test';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const products = '/v1/product-versions';
const read = (path: string, ifNoneMatch?: string, method = 'GET') =>
  api.call<unknown>(method, path, {
    as: 'ops',
    ...(ifNoneMatch !== undefined && { headers: { 'if-none-match': ifNoneMatch } }),
  });
const etagOf = async (path: string): Promise<string> => (await read(path)).headers.get('etag')!;

test('a read carries a strong ETag, and may be kept by its client only, who has to ask again', async () => {
  const { headers } = await read(products);
  expect(headers.get('etag')).toMatch(/^"[\w-]+"$/);
  expect(headers.get('cache-control')).toBe('private, no-cache');
});

test.each([
  ['the ETag', (etag: string) => etag],
  ['the ETag as a weak one', (etag: string) => `W/${etag}`],
  ['the ETag among others', (etag: string) => `"other", ${etag}`],
  ['any', () => '*'],
])('what has not changed is not sent again to a client that names %s', async (_what, named) => {
  const etag = await etagOf(products);
  const { status, headers, body } = await read(products, named(etag));
  expect([status, headers.get('etag'), body]).toEqual([304, etag, null]);
});

test('another ETag gets the whole answer', async () => {
  expect((await read(products, '"other"')).status).toBe(200);
});

test('when the content changes so does the ETag, and the old one gets the new content', async () => {
  const before = await etagOf('/v1/flows');
  await api.call('POST', '/v1/loan-applications', {
    as: 'app',
    headers: { 'idempotency-key': 'one' },
    body: {
      ...{ customerId: 'ID-C001', productId: 'id-cash-instalment', instalmentCount: 6 },
      ...{ principal: { currency: 'IDR', amountMinor: 5_000_000 }, payoutAccountToken: 'tok_7f3k9m2q5x' },
    },
  });
  const { status, headers } = await read('/v1/flows', before);
  expect(status).toBe(200);
  expect(headers.get('etag')).not.toBe(before);
});

test('HEAD has the ETag of GET', async () => {
  expect((await read(products, undefined, 'HEAD')).headers.get('etag')).toBe(await etagOf(products));
});

test('a problem has no ETag, and is not turned into 304', async () => {
  const { status, headers } = await read('/v1/loans/LN0000000000', '*');
  expect([status, headers.get('etag')]).toEqual([404, null]);
});
