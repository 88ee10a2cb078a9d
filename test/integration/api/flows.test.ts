import { startApi, type ApiUnderTest } from './api-under-test';

interface Entry {
  flowId: string;
  market: string;
  state?: string;
  customerId?: string;
  startedAt: string;
  links: { self: string };
}
interface Page {
  entries: Entry[];
  links: { self: string; next?: string };
}

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const markets = {
  CN: { customerId: 'CN-C001', productId: 'cn-cash-instalment', currency: 'CNY', amountMinor: 1_000_000 },
  ID: { customerId: 'ID-C001', productId: 'id-cash-instalment', currency: 'IDR', amountMinor: 5_000_000 },
};
let keys = 0;
/** Submits an application, and returns the id of its flow. No worker runs here, so the flow stays where it is. */
async function submit(market: keyof typeof markets, customerId?: string): Promise<string> {
  const { customerId: usual, productId, ...principal } = markets[market];
  const { body } = await api.call<{ flowId: string }>('POST', '/v1/loan-applications', {
    ...{ as: 'app', headers: { 'idempotency-key': `flows-${(keys += 1)}` } },
    body: {
      ...{ customerId: customerId ?? usual, productId, principal, instalmentCount: 6 },
      payoutAccountToken: 'tok_7f3k9m2q5x',
    },
  });
  return body.flowId;
}
async function list(query: string | undefined): Promise<Page> {
  const address = query?.startsWith('/') ? query : `/v1/flows?${query}`;
  const { status, body } = await api.call<Page>('GET', address, { as: 'app' });
  expect([address, status]).toEqual([address, 200]);
  return body;
}
const idsOf = ({ entries }: Page): string[] => entries.map(({ flowId }) => flowId);

test('a flow is listed from the moment at which its submission was accepted', async () => {
  const flowId = await submit('ID', 'ID-C002');
  const { entries } = await list('limit=1');
  expect(entries).toMatchObject([
    { flowId, flow: 'loan-application-disbursement', state: 'RECEIVED', customerId: 'ID-C002', market: 'ID' },
  ]);
});

test('a submission that is sent again is listed once', async () => {
  const body = {
    ...{ customerId: 'ID-C003', productId: 'id-cash-instalment', instalmentCount: 3 },
    ...{ principal: { currency: 'IDR', amountMinor: 500_000 }, payoutAccountToken: 'tok_7f3k9m2q5x' },
  };
  const send = () =>
    api.call('POST', '/v1/loan-applications', {
      ...{ as: 'app', headers: { 'idempotency-key': 'again' }, body },
    });
  await Promise.all([send(), send(), send()]);
  expect((await list('customerId=ID-C003')).entries).toHaveLength(1);
});

test('each filter narrows the list', async () => {
  const [cn, id] = [await submit('CN'), await submit('ID')];
  const startOfCn = (await list(`customerId=CN-C001`)).entries.find(({ flowId }) => flowId === cn)!.startedAt;
  const has = async (query: string) => {
    const ids = idsOf(await list(query));
    return [ids.includes(cn), ids.includes(id)];
  };
  expect(await has('market=CN')).toEqual([true, false]);
  expect(await has('customerId=ID-C001')).toEqual([false, true]);
  expect(await has('flow=loan-application-disbursement')).toEqual([true, true]);
  expect(await has('flow=repayment')).toEqual([false, false]);
  expect(await has('state=RECEIVED')).toEqual([true, true]);
  expect(await has('state=DISBURSED')).toEqual([false, false]);
  expect(await has(`market=CN&from=${startOfCn}`)).toEqual([true, false]);
  expect(await has(`to=${startOfCn}`)).toEqual([false, false]);
});

test('the newest flow is first, and the pages hold each flow once while new ones come', async () => {
  for (let count = 0; count < 5; count += 1) await submit('CN', 'CN-C002');
  const before = idsOf(await list('customerId=CN-C002'));
  const seen: string[] = [];
  for (let link: string | undefined = 'customerId=CN-C002&limit=2'; link !== undefined;) {
    const page = await list(link);
    seen.push(...idsOf(page));
    link = page.links.next;
    await submit('CN', 'CN-C002');
  }
  expect(before).toHaveLength(5);
  expect(seen).toEqual(before);
});

test('flows that started in one millisecond are told apart by their ids', async () => {
  const ids = Array.from({ length: 5 }, (_, index) => `exception:PO-LA000000000${index}-1`);
  await api.db('messages.run').insert(
    ids.map((flow_id) => ({
      ...{ flow_id, flow: 'exception', market: 'ID', started_at: '2026-01-15T08:00:00.123Z' },
    })),
  );
  const seen: string[] = [];
  for (let link: string | undefined = 'flow=exception&limit=2'; link !== undefined;) {
    const page = await list(link);
    seen.push(...idsOf(page));
    expect(page.entries.every((entry) => entry.state === undefined)).toBe(true);
    link = page.links.next;
  }
  expect(seen.sort()).toEqual(ids);
});

test.each([
  'flow=Repayment',
  'market=XX',
  'state=LOST',
  'customerId=!',
  'from=yesterday',
  'to=2026-01-15',
  'to=0000-01-15T00:00:00Z',
  'from=2026-01-15T00:00:00%2B23:00',
  'limit=1000',
  'cursor=WyJhIiwxXQ',
  'customer=ID-C001',
])('a filter that cannot be one is refused: %s', async (query) => {
  const { status, body } = await api.call('GET', `/v1/flows?${query}`, { as: 'ops' });
  expect([status, body.code]).toEqual([400, 'INVALID_PARAMETER']);
});

test('a partner lists no flows', async () => {
  expect((await api.call('GET', '/v1/flows', { as: 'partner' })).status).toBe(403);
});
