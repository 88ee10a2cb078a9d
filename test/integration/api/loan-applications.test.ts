import { startApi, type ApiUnderTest, type Reply } from './api-under-test';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const application = {
  customerId: 'ID-C001',
  productId: 'id-cash-instalment',
  principal: { currency: 'IDR', amountMinor: 5_000_000 },
  instalmentCount: 6,
  payoutAccountToken: 'tok_7f3k9m2q5x',
};
interface Accepted {
  applicationId: string;
  flowId: string;
  state: string;
  links: { self: string; flow: string };
}
let keys = 0;
const newKey = (): string => `key-${(keys += 1)}`;
const submit = <Body = Accepted>(
  body: unknown,
  key = newKey(),
  as: 'app' | 'bff' = 'app',
): Promise<Reply<Body>> =>
  api.call<Body>('POST', '/v1/loan-applications', { as, headers: { 'idempotency-key': key }, body });
const refused = (body: unknown, key?: string) =>
  submit<{ code: string; detail: string; errors?: { pointer: string }[] }>(body, key);
const submissionCount = async (): Promise<number> =>
  Number((await api.db('access.submission').count<{ count: string }[]>())[0]!.count);

test('an accepted application starts one flow, whose address is the Location', async () => {
  const { status, headers, body } = await submit({ ...application, purpose: 'Stock for a small shop' });
  expect(status).toBe(202);
  expect(headers.get('location')).toBe(`/v1/flows/${body.flowId}`);
  expect(body.flowId).toBe(`loan-application-disbursement:${body.applicationId}`);

  const workflow = await api.temporal.workflow.getHandle(body.flowId).describe();
  expect(workflow.type).toBe('loan-application-disbursement');
  expect(await workflow.staticSummary()).toBe(
    `Loan application ${body.applicationId}: IDR 5,000,000 in 6 instalments`,
  );
});

test('the command of a flow carries the newest product version and the client application as its source', async () => {
  const { body } = await submit(application, newKey(), 'bff');
  const { command } = await api.db('access.submission').where({ flow_id: body.flowId }).first('command');
  expect(command).toMatchObject({
    ...{ commandType: 'submit-loan-application', source: 'bff-system', market: 'ID', target: 'loan-engine' },
    data: { ...application, applicationId: body.applicationId, productVersion: 1 },
  });
});

test('the same key with the same body gives the same answer, also after the flow has ended', async () => {
  const key = newKey();
  const first = await submit(application, key);
  await api.temporal.workflow.getHandle(first.body.flowId).terminate('the test ends it');
  const again = await submit(application, key);
  expect([again.status, again.body]).toEqual([202, first.body]);
  const { status } = await api.temporal.workflow.getHandle(first.body.flowId).describe();
  expect(status.name).toBe('TERMINATED');
});

test('members of the body in another order make the same body', async () => {
  const key = newKey();
  const first = await submit(application, key);
  const reversed = Object.fromEntries(Object.entries(application).reverse());
  expect((await submit(reversed, key)).body).toEqual(first.body);
});

test('the same key with another body is refused, and the first submission stands', async () => {
  const key = newKey();
  const first = await submit(application, key);
  const { status, body } = await refused({ ...application, instalmentCount: 3 }, key);
  expect([status, body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
  expect((await submit(application, key)).body).toEqual(first.body);
});

test('of many requests with one key at once, one application comes', async () => {
  const key = newKey();
  const replies = await Promise.all(Array.from({ length: 10 }, () => submit(application, key)));
  const accepted = replies.filter(({ status }) => status === 202);
  expect(new Set(accepted.map(({ body }) => body.applicationId)).size).toBe(1);
  const others = replies.filter(({ status }) => status !== 202);
  expect(others.map(({ status }) => status)).toEqual(others.map(() => 409));
  expect((await submit(application, key)).body).toEqual(accepted[0]!.body);
});

test('a key belongs to its client: two clients may use the same one', async () => {
  const key = newKey();
  const [one, other] = [await submit(application, key, 'app'), await submit(application, key, 'bff')];
  expect(one.body.applicationId).not.toBe(other.body.applicationId);
});

test.each([
  ['UNKNOWN_PRODUCT', { productId: 'no-such-product' }],
  ['UNKNOWN_PRODUCT', { productVersion: 99 }],
  ['UNKNOWN_CUSTOMER', { customerId: 'ID-C999' }],
  ['CUSTOMER_NOT_IN_MARKET', { customerId: 'CN-C001' }],
  ['WRONG_CURRENCY', { principal: { currency: 'CNY', amountMinor: 5_000_000 } }],
  ['AMOUNT_OUT_OF_RANGE', { principal: { currency: 'IDR', amountMinor: 20_100_000 } }],
  ['AMOUNT_OUT_OF_RANGE', { principal: { currency: 'IDR', amountMinor: 5_000_001 } }],
  ['TERM_NOT_OFFERED', { instalmentCount: 7 }],
])('%s is refused at once, and nothing is written: %j', async (code, change) => {
  const before = await submissionCount();
  const { status, body } = await refused({ ...application, ...change });
  expect([status, body.code]).toEqual([422, code]);
  expect(await submissionCount()).toBe(before);
});

test('a key is free again when what it was used for was refused', async () => {
  const key = newKey();
  await refused({ ...application, instalmentCount: 7 }, key);
  expect((await submit(application, key)).status).toBe(202);
});

test.each([
  ['', { ...application, nickname: 'x' }],
  ['', { ...application, applicationId: 'LA0000000001' }],
  ['/principal/amountMinor', { ...application, principal: { currency: 'IDR', amountMinor: 0.5 } }],
  ['/principal/amountMinor', { ...application, principal: { currency: 'IDR', amountMinor: '5000000' } }],
  ['/payoutAccountToken', { ...application, payoutAccountToken: '6222 0200 1234 5678' }],
  ['', [application]],
])('a body that breaks the schema is refused with a pointer to the place: %s', async (pointer, wrong) => {
  const { status, body } = await refused(wrong);
  expect([status, body.code, body.errors?.[0]?.pointer]).toEqual([422, 'INVALID_BODY', pointer]);
});

test('text that the database cannot hold is refused, not failed on', async () => {
  const { status, body } = await refused({ ...application, purpose: 'a\u0000b' });
  expect([status, body.code]).toEqual([400, 'INVALID_JSON']);
});

test('without an Idempotency-Key nothing is accepted', async () => {
  const { status, body } = await api.call('POST', '/v1/loan-applications', {
    as: 'app',
    body: application,
  });
  expect([status, body.code]).toEqual([400, 'IDEMPOTENCY_KEY_MISSING']);
});

test.each(['', 'two words', 'x'.repeat(201), 'caf\u00e9'])(
  'a malformed Idempotency-Key is refused: "%s"',
  async (key) => {
    const { status, body } = await refused(application, key);
    expect([status, body.code]).toEqual([400, 'IDEMPOTENCY_KEY_INVALID']);
  },
);

test('an application can be read as soon as it is accepted', async () => {
  const { body } = await submit(application);
  const { status, body: read } = await api.call('GET', body.links.self, { as: 'app' });
  expect(status).toBe(200);
  expect(read).toMatchObject({ state: 'RECEIVED', customerId: 'ID-C001', principal: application.principal });
});

test('while Temporal is away the answer is 503, and the same request starts the flow later', async () => {
  const lonely = await api.beside({ temporalAddress: '127.0.0.1:1' });
  const key = newKey();
  const headers = { 'idempotency-key': key, authorization: `Bearer ${api.tokens.app}` };
  const away = await lonely.call('POST', '/v1/loan-applications', { headers, body: application });
  expect([away.status, away.body.code]).toEqual([503, 'TEMPORARILY_UNAVAILABLE']);
  expect(away.headers.get('retry-after')).toMatch(/^\d+$/);
  expect((await lonely.call('GET', '/readyz')).status).toBe(503);
  await lonely.stop();

  const { status, body } = await submit(application, key);
  expect(status).toBe(202);
  expect((await api.temporal.workflow.getHandle(body.flowId).describe()).status.name).toBe('RUNNING');
}, 30_000);

test('where no worker takes the flow up, whoever waits gets 202, and the flow is started all the same', async () => {
  const headers = { 'idempotency-key': newKey(), prefer: 'wait=1' };
  const { status, body } = await api.call<Accepted>('POST', '/v1/loan-applications', {
    ...{ as: 'app', headers, body: application },
  });
  expect(status).toBe(202);
  expect((await api.temporal.workflow.getHandle(body.flowId).describe()).status.name).toBe('RUNNING');
});
