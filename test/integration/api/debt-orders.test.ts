import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ordersWithoutDebtor } from '../../../db/access/debt-contracts';
import { sign } from '../../../schemas/outside/signature';
import { MALL, PARTY, SECRET, startApi, type ApiUnderTest, type Reply } from './api-under-test';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApi();
  await api
    .owner('reference.mall')
    .insert({ ...(await api.owner('reference.mall').where('id', MALL).first<object>()), id: 'other-mall' });
});
afterAll(() => api.stop());

type Body = Record<string, unknown>;
interface Sending {
  mall?: string;
  timestamp?: Date;
  headers?: Record<string, string>;
  by?: ApiUnderTest;
}

/** Sends a call as a mall signs it. */
function tell(path: string, body: unknown, sending: Sending = {}): Promise<Reply<Body>> {
  const { mall = MALL, timestamp = new Date(), headers, by = api } = sending;
  const rawBody = typeof body === 'string' ? body : JSON.stringify(body);
  const signature = sign({ secret: SECRET, id: 'one', timestamp, rawBody });
  return by.call<Body>('POST', path, {
    headers: { 'mall-id': mall, ...signature, ...headers },
    body: rawBody,
  });
}

let count = 0;
const newId = (prefix: string): string => `${prefix}${String((count += 1)).padStart(6, '0')}`;

/** An order of 100.00 with two items, of which debtor and supplier have shares. */
const newOrder = (change: Body = {}) => ({
  ...{ orderId: newId('MO'), uniqueOrderNo: newId('Y'), merchantNo: '10090000001', orderAmount: '100.00' },
  ...{ paidAt: '2026-01-15T10:12:30+08:00', memberUserId: 'M-7731' },
  divideInfo: [
    { orderDetailId: '10001', productName: '商品A', ledgerId: 'S-88', amount: '50.00', merType: 1 },
    { orderDetailId: '10001', productName: null, ledgerId: 'D-31', amount: '30.00', merType: 2 },
    { orderDetailId: null, ledgerId: 'S-88', amount: '0.05', merType: 1 },
  ],
  orderDetails: [{ orderDetailId: '10001', price: '90.00' }],
  ...change,
});

async function paidOrder(change: Body = {}): Promise<string> {
  const order = newOrder(change);
  expect((await tell('/v1/debt-orders', order)).status).toBe(202);
  return order.orderId;
}
const confirm = (orderId: string, sending?: Sending) =>
  tell(`/v1/debt-orders/${orderId}/receipt-confirmations`, { orderId }, sending);
const refund = (orderId: string, refundAmount: string, change: Body = {}, sending?: Sending) =>
  tell(
    `/v1/debt-orders/${orderId}/refunds`,
    { orderId, refundNo: newId('MR'), refundAmount, ...change },
    sending,
  );
const rollBack = (orderId: string, change: Body = {}, sending?: Sending) =>
  tell(
    `/v1/debt-orders/${orderId}/debt-rollbacks`,
    { orderId, type: 1, refundStatus: 3, ...change },
    sending,
  );
const read = (orderId: string, as: 'mall' | 'ops' | 'finance' = 'ops') =>
  api.call<Body>('GET', `/v1/debt-orders/${orderId}`, { as });

const callsOf = (orderId: string): Promise<{ kind: string }[]> =>
  api.db('access.mall_call').where('order_id', orderId).orderBy('id').select('kind');

/** What an order's flow was told, in order: by signal, each with the types of its messages. */
async function toldTo(orderId: string): Promise<string[][]> {
  const { events } = await api.temporal.workflow.getHandle(`debt-order:${orderId}`).fetchHistory();
  return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => {
    if (!signal) return [];
    const [payload] = signal.input!.payloads!;
    const messages = JSON.parse(Buffer.from(payload!.data!).toString()) as Record<string, string>[];
    return [messages.map((one) => (one['commandType'] ?? one['eventType'])!)];
  });
}

describe('a paid order', () => {
  test('is on record in our own words, and its flow is told of it', async () => {
    const order = newOrder();
    const { status, headers, body } = await tell('/v1/debt-orders', order);
    const self = `/v1/debt-orders/${order.orderId}`;
    expect([status, headers.get('location'), body]).toEqual([
      ...[202, self],
      { orderId: order.orderId, state: 'RECEIVED', links: { self } },
    ]);
    expect(await toldTo(order.orderId)).toEqual([['create-pre-divide']]);

    const cny = (amountMinor: number) => ({ currency: 'CNY', amountMinor });
    const { content } = await api.db('access.mall_call').where('order_id', order.orderId).first();
    expect(content).toEqual({
      ...{ orderId: order.orderId, mallId: MALL, uniqueOrderNo: order.uniqueOrderNo },
      ...{ merchantNo: '10090000001', amount: cny(10_000) },
      lines: [
        {
          ...{ orderDetailId: '10001', productName: '商品A', ledgerId: 'S-88', merType: 'SUPPLIER' },
          amount: cny(5_000),
        },
        { orderDetailId: '10001', ledgerId: 'D-31', merType: 'DEBTOR', amount: cny(3_000) },
        { ledgerId: 'S-88', merType: 'SUPPLIER', amount: cny(5) },
      ],
      items: [{ orderDetailId: '10001', price: cny(9_000) }],
      ...{ paidAt: '2026-01-15T10:12:30+08:00', memberUserId: 'M-7731' },
    });
  });

  test('told of many times at once is taken in once, with one answer', async () => {
    const order = newOrder();
    const replies = await Promise.all(Array.from({ length: 6 }, () => tell('/v1/debt-orders', order)));
    expect(new Set(replies.map(({ status, body }) => JSON.stringify([status, body]))).size).toBe(1);
    expect(await callsOf(order.orderId)).toEqual([{ kind: 'PAID' }]);
  });

  test('told of again with other content is refused, and what was told first stands', async () => {
    const order = newOrder();
    await tell('/v1/debt-orders', order);
    const { status, body } = await tell('/v1/debt-orders', { ...order, orderAmount: '200.00' });
    expect([status, body['code']]).toEqual([422, 'ORDER_TAKEN']);
    expect((await read(order.orderId)).body).toMatchObject({ amount: { amountMinor: 10_000 } });
    expect(await toldTo(order.orderId)).toHaveLength(1);
  });

  test.each([
    ['three decimals', '30.001'],
    ['no amount', '0.00'],
    ['less than nothing', '-1.00'],
    ['a number and no text', 30],
    ['thousands separated', '1,000.00'],
    ['leading zeros', '030.00'],
    ['an exponent', '3e1'],
    ['more digits than anybody has money', '1000000000000.00'],
  ])('with %s as its amount is refused, and nothing is kept', async (_what, orderAmount) => {
    const order = newOrder({ orderAmount });
    const { status, body } = await tell('/v1/debt-orders', order);
    expect([status, body['code']]).toEqual([422, 'INVALID_BODY']);
    expect(body['errors']).toEqual([expect.objectContaining({ pointer: '/orderAmount' })]);
    expect(await callsOf(order.orderId)).toEqual([]);
  });

  test('whose lines, or whose items, are more than it is refused, and can be told of rightly then', async () => {
    const order = newOrder();
    const line = { ledgerId: 'S-88', amount: '100.01', merType: 1 };
    const items = [{ orderDetailId: '10001', price: '100.01' }];
    for (const wrong of [{ divideInfo: [line] }, { orderDetails: items }]) {
      const { status, body } = await tell('/v1/debt-orders', { ...order, ...wrong });
      expect([status, body['code']]).toEqual([422, 'MORE_THAN_ORDER']);
    }
    expect((await tell('/v1/debt-orders', order)).status).toBe(202);
  });

  test('with a price for an item twice is refused', async () => {
    const item = { orderDetailId: '10001', price: '10.00' };
    const { body } = await tell('/v1/debt-orders', newOrder({ orderDetails: [item, item] }));
    expect(body['errors']).toEqual([
      { pointer: '/orderDetails/1/orderDetailId', detail: 'stands there twice' },
    ]);
  });

  test('with a merType that nobody has agreed on is refused', async () => {
    const line = { ledgerId: 'S-88', amount: '1.00', merType: 3 };
    const { body } = await tell('/v1/debt-orders', newOrder({ divideInfo: [line] }));
    expect(body['errors']).toEqual([expect.objectContaining({ pointer: '/divideInfo/0/merType' })]);
  });
});

describe('who signs', () => {
  test('is believed only with a good signature of the last five minutes, before the body is read', async () => {
    const path = '/v1/debt-orders';
    const old = new Date(Date.now() - 600_000);
    const forged = { 'webhook-signature': `v1,${Buffer.alloc(32).toString('base64')}` };
    const codeOf = async (reply: Promise<Reply<Body>>) => (await reply).body['code'];
    expect(await codeOf(tell(path, '{', { headers: forged }))).toBe('SIGNATURE_INVALID');
    expect(await codeOf(tell(path, '{', { timestamp: old }))).toBe('SIGNATURE_EXPIRED');
    expect(await codeOf(tell(path, '{', { mall: 'nobody' }))).toBe('UNKNOWN_PARTY');
    expect(await codeOf(tell(path, '{'))).toBe('INVALID_JSON');
  });

  test('too long ago is told so at each call', async () => {
    const sending = { timestamp: new Date(Date.now() - 600_000) };
    const replies = [
      await confirm('MO1', sending),
      await refund('MO1', '1.00', {}, sending),
      await rollBack('MO1', {}, sending),
    ];
    expect(replies.map(({ body }) => body['code'])).toEqual(Array(3).fill('SIGNATURE_EXPIRED'));
  });

  test('well, but is a party that is no mall, is not believed', async () => {
    const { status, body } = await tell('/v1/debt-orders', newOrder(), { mall: PARTY });
    expect([status, body['code']]).toEqual([404, 'UNKNOWN_PARTY']);
  });

  test('a call about one order has not signed it for another: the body names the order', async () => {
    const [one, other] = [await paidOrder(), await paidOrder()];
    const { status, body } = await tell(`/v1/debt-orders/${other}/receipt-confirmations`, { orderId: one });
    expect([status, body['errors']]).toEqual([
      422,
      [{ pointer: '/orderId', detail: 'must be the order of the path' }],
    ]);
    expect(await callsOf(other)).toHaveLength(1);
  });

  test('needs no key, and an API key alone opens none of it', async () => {
    const { status, body } = await api.call('POST', '/v1/debt-orders', { as: 'ops', body: newOrder() });
    expect([status, body.code]).toEqual([401, 'SIGNATURE_MISSING']);
  });
});

describe('the confirmation of a receipt', () => {
  test('is on record once, however often it is sent', async () => {
    const orderId = await paidOrder();
    const replies = [await confirm(orderId), await confirm(orderId)];
    expect(replies.map(({ status }) => status)).toEqual([202, 202]);
    expect(await callsOf(orderId)).toEqual([{ kind: 'PAID' }, { kind: 'RECEIPT_CONFIRMED' }]);
  });

  test('of an order that nobody has told of is refused', async () => {
    const { status, body } = await confirm('MO-NOBODY');
    expect([status, body['code']]).toEqual([404, 'UNKNOWN_DEBT_ORDER']);
  });
});

describe('a refund', () => {
  test('is asked for and approved by one call', async () => {
    const orderId = await paidOrder();
    const { status, headers, body } = await refund(orderId, '50.00', { refundNo: 'MR-1' });
    expect([status, headers.get('location')]).toEqual([202, `/v1/debt-orders/${orderId}`]);
    expect(body).toMatchObject({ orderId, refundNo: 'MR-1', state: 'RECEIVED', lines: [] });
    const told = await toldTo(orderId);
    expect(told.at(-1)!.slice(-2)).toEqual(['refund-requested', 'refund-approved']);
    const recorded = await api.db('messages.message').where('flow_id', `mall:${orderId}.MR-1`).orderBy('id');
    expect(recorded.map((one: { message_type: string }) => one.message_type)).toEqual(told.at(-1)!.slice(-2));
  });

  test('sent again is the same refund; with other content it is refused', async () => {
    const orderId = await paidOrder();
    const change = { refundNo: 'MR-1', orderDetailId: null };
    await refund(orderId, '60.00', change);
    expect((await refund(orderId, '60.00', change)).status).toBe(202);
    expect((await refund(orderId, '60.0', { refundNo: 'MR-1' })).status).toBe(202);
    const { status, body } = await refund(orderId, '10.00', change);
    expect([status, body['code']]).toEqual([409, 'REFUND_TAKEN']);
    expect(await callsOf(orderId)).toEqual([{ kind: 'PAID' }, { kind: 'REFUND' }]);
  });

  test('of more than is left of the order, or of the item, is refused, and nothing is kept', async () => {
    const orderId = await paidOrder();
    const item = { orderDetailId: '10001' };
    await refund(orderId, '80.00', item);
    const codes = [
      await refund(orderId, '10.01', item),
      await refund(orderId, '20.01'),
      await refund(orderId, '1.00', { orderDetailId: '10002' }),
    ].map(({ status, body }) => [status, body['code']]);
    expect(codes).toEqual([
      [422, 'REFUND_EXCEEDS_ITEM'],
      [422, 'REFUND_EXCEEDS_ORDER'],
      [422, 'ITEM_UNKNOWN'],
    ]);
    expect(await callsOf(orderId)).toHaveLength(2);
    await refund(orderId, '10.00', item);
    expect((await refund(orderId, '0.01', item)).body['code']).toBe('ITEM_REFUNDED');
  });

  test('of many at once takes no more than the order together', async () => {
    const orderId = await paidOrder();
    const replies = await Promise.all(Array.from({ length: 8 }, () => refund(orderId, '30.00')));
    expect(replies.filter(({ status }) => status === 202)).toHaveLength(3);
    expect(new Set(replies.map(({ body }) => body['code']))).toEqual(
      new Set([undefined, 'REFUND_EXCEEDS_ORDER']),
    );
  });

  test('is shown with its order before the flow has taken either', async () => {
    const orderId = await paidOrder();
    await refund(orderId, '12.34', { refundNo: 'MR-1', orderDetailId: '10001' });
    expect((await read(orderId)).body).toMatchObject({
      ...{ orderId, mallId: MALL, state: 'RECEIVED', isCompleted: false, movements: [] },
      amount: { currency: 'CNY', amountMinor: 10_000 },
      refunds: [
        {
          ...{ refundNo: 'MR-1', orderDetailId: '10001', amount: { currency: 'CNY', amountMinor: 1_234 } },
          ...{ state: 'RECEIVED', isDone: false },
        },
      ],
    });
  });

  test('waits no longer than the mall prefers', async () => {
    const orderId = await paidOrder();
    const { status, headers } = await refund(orderId, '1.00', {}, { headers: { prefer: 'wait=1' } });
    expect([status, headers.get('preference-applied')]).toEqual([202, 'wait=1']);
  });
});

describe("the mall's second call (type=1)", () => {
  test('is false while the refund is not done, and starts nothing', async () => {
    const orderId = await paidOrder();
    await refund(orderId, '1.00');
    const told = await toldTo(orderId);
    for (const refundStatus of [2, 3]) {
      const { status, body } = await rollBack(orderId, { refundStatus, theMallsOwn: 'field' });
      expect([status, body]).toEqual([200, { success: false }]);
    }
    expect(await toldTo(orderId)).toEqual(told);
  });

  test.each([
    ['another type', { type: 0 }, '/type'],
    ['another refund status', { refundStatus: 1 }, '/refundStatus'],
    ['no refund status', { refundStatus: undefined }, ''],
  ])('with %s is refused, by its place', async (_what, change, pointer) => {
    const { status, body } = await rollBack(await paidOrder(), change);
    expect([status, body['errors']]).toEqual([422, [expect.objectContaining({ pointer })]]);
  });

  test('before any refund says what to call first', async () => {
    const orderId = await paidOrder();
    expect((await rollBack(orderId)).body['code']).toBe('NO_REFUND');
    await refund(orderId, '1.00');
    expect((await rollBack(orderId, { refundNo: 'MR-OTHER' })).body['code']).toBe('NO_REFUND');
  });
});

describe("another mall's order", () => {
  const sending = { mall: 'other-mall' };
  let other: ApiUnderTest;
  beforeAll(async () => {
    other = await api.beside({ secrets: { 'other-mall': [SECRET] } });
  });
  afterAll(() => other.stop());

  test('is answered like one that does not exist', async () => {
    const orderId = await paidOrder();
    await refund(orderId, '1.00');
    const by = { ...sending, by: other };
    for (const id of [orderId, 'MO-NOBODY']) {
      const codes = [await confirm(id, by), await refund(id, '1.00', {}, by), await rollBack(id, {}, by)];
      expect(codes.map(({ body }) => body['code'])).toEqual(Array(3).fill('UNKNOWN_DEBT_ORDER'));
    }
    expect(await callsOf(orderId)).toHaveLength(2);
  });

  test('cannot be told of', async () => {
    const order = newOrder();
    await tell('/v1/debt-orders', order);
    const { body } = await tell('/v1/debt-orders', order, { ...sending, by: other });
    expect(body['code']).toBe('ORDER_TAKEN');
  });

  test('is not read: by its key a mall reads its own', async () => {
    const order = newOrder();
    await tell('/v1/debt-orders', order, { ...sending, by: other });
    expect((await read(order.orderId, 'mall')).body['code']).toBe('UNKNOWN_DEBT_ORDER');
    expect((await read(order.orderId, 'finance')).status).toBe(200);
    expect((await read(await paidOrder(), 'mall')).status).toBe(200);
  });
});

describe('what died between the record and the flow', () => {
  test('is told by the same call again', async () => {
    const order = newOrder();
    const lonely = await api.beside({ temporalAddress: '127.0.0.1:1' });
    expect((await tell('/v1/debt-orders', order, { by: lonely })).status).toBe(503);
    await lonely.stop();
    expect(await callsOf(order.orderId)).toEqual([{ kind: 'PAID' }]);
    expect((await tell('/v1/debt-orders', order)).status).toBe(202);
    expect(await toldTo(order.orderId)).toEqual([['create-pre-divide']]);
  }, 30_000);

  test('is told by any later call about the order, in the order in which it came', async () => {
    const order = newOrder();
    const lonely = await api.beside({ temporalAddress: '127.0.0.1:1' });
    await tell('/v1/debt-orders', order, { by: lonely });
    await lonely.stop();
    await refund(order.orderId, '1.00');
    expect(await toldTo(order.orderId)).toEqual([
      ['create-pre-divide', 'refund-requested', 'refund-approved'],
    ]);
  }, 30_000);
});

describe('what operators bring in', () => {
  const put = (path: string, body: unknown, as: 'ops' | 'mall' = 'ops') =>
    api.call<Body>('PUT', path, { as, body });
  const cny = (amountMinor: number) => ({ currency: 'CNY', amountMinor });
  const newContract = (change: Body = {}) => ({
    ...{ caseEntrustId: 'WA-1', memberUserId: newId('M-'), position: 1, totalDebt: cny(3_000) },
    plan: [
      { period: '2026-02', planned: cny(2_000) },
      { period: '2026-01', planned: cny(1_000) },
    ],
    ...change,
  });
  const contractAddress = () => `/v1/debt-contracts/${newId('HZ-')}`;

  test('a contract, once, is shown month by month with what was settled before', async () => {
    const [address, contract] = [
      contractAddress(),
      newContract({ settledBefore: { amount: cny(1_200), valueDate: '2026-01-15' } }),
    ];
    const replies = [await put(address, contract), await put(address, contract)];
    expect(replies.map(({ status }) => status)).toEqual([200, 200]);
    const { body } = await api.call<Body>('GET', address, { as: 'finance' });
    expect(body).toEqual(replies[1]!.body);
    expect(body).toMatchObject({
      ...{ status: 'OPEN', settled: cny(1_200), remaining: cny(1_800) },
      plan: [
        { period: '2026-01', planned: cny(1_000), actual: cny(1_000) },
        { period: '2026-02', planned: cny(2_000), actual: cny(200) },
      ],
      records: [{ type: 'INCOME', amount: cny(1_200), refundStatus: 'NONE', valueDate: '2026-01-15' }],
    });
  });

  test('a contract that cannot be is refused, and nothing is kept', async () => {
    const address = contractAddress();
    const month = { period: '2026-01', planned: cny(1_500) };
    const before = { amount: cny(3_001), valueDate: '2026-01-15' };
    const codes = [
      await put(address, newContract({ plan: [month] })),
      await put(address, newContract({ plan: [month, month] })),
      await put(address, newContract({ settledBefore: before })),
      await put(address, newContract({ totalDebt: { currency: 'IDR', amountMinor: 3_000 } })),
    ].map(({ body }) => body['code']);
    expect(codes).toEqual([
      ...['PLAN_IS_NOT_DEBT', 'PLAN_IS_NOT_DEBT', 'SETTLED_MORE_THAN_DEBT', 'WRONG_CURRENCY'],
    ]);
    const { body } = await api.call('GET', address, { as: 'ops' });
    expect(body.code).toBe('UNKNOWN_DEBT_CONTRACT');
  });

  test("a contract's number and its place among the debtor's are given once", async () => {
    const [address, contract] = [contractAddress(), newContract()];
    await put(address, contract);
    const codes = [
      await put(address, { ...contract, caseEntrustId: 'WA-2' }),
      await put(contractAddress(), contract),
    ].map(({ status, body }) => [status, body['code']]);
    expect(codes).toEqual(Array(2).fill([409, 'CONTRACT_TAKEN']));
  });

  test('whose a ledger id is, for good; an order that waited for it is woken', async () => {
    const [orderId, ledgerId, memberUserId] = [await paidOrder(), newId('D-'), newId('M-')];
    await api.owner('debt_settlement_service.divided_order').insert({ order_id: orderId, market: 'CN' });
    await api.owner('debt_settlement_service.debtor_line').insert({
      ...{ order_id: orderId, number: 1, ledger_id: ledgerId, currency: 'CNY', amount_minor: 3_000 },
    });
    await api.owner('messages.handling').insert({
      ...{ service: 'debt-settlement-service', message_id: api.owner.raw('gen_random_uuid()') },
      ...{ message_type: 'settle-debt', source: 'mall', market: 'CN', flow: 'debt-order' },
      ...{ flow_id: `debt-order:${orderId}`, content_hash: Buffer.alloc(32) },
      refusal: JSON.stringify({ code: 'LEDGER_NOT_MAPPED', reason: 'Map it.' }),
    });
    const told = await toldTo(orderId);
    const address = `/v1/debt-ledgers/${ledgerId}`;
    const { status, body } = await put(address, { memberUserId });
    expect([status, body]).toEqual([200, { ledgerId, memberUserId }]);
    expect(await ordersWithoutDebtor(api.db, memberUserId)).toEqual([orderId]);
    expect(await toldTo(orderId)).toEqual([...told, []]);

    expect((await put(address, { memberUserId })).status).toBe(200);
    const other = await put(address, { memberUserId: newId('M-') });
    expect([other.status, other.body['code']]).toEqual([409, 'LEDGER_TAKEN']);
  });

  const newImport = (change: Body = {}) => ({
    ...{ mallId: MALL, uniqueOrderNo: newId('Y'), merchantNo: '10090000001', amount: cny(10_000) },
    lines: [{ ledgerId: 'D-31', merType: 'DEBTOR', subMerNo: '10090000031', amount: cny(3_000) }],
    divided: {
      ...{ settled: cny(9_940), divideRequestId: 'FZ1', batchNo: 'FZ88', dividedOn: '2025-07-11' },
      ...{ details: [{ subMerNo: '10090000031', detailNo: 'FZD1' }], isCompleted: true },
    },
    receiptConfirmed: true,
    ...change,
  });

  test('an order that was divided before; the mall can refund it then', async () => {
    const [orderId, imported] = [newId('MO'), newImport()];
    const address = `/v1/debt-order-imports/${orderId}`;
    expect((await put(address, imported)).status).toBe(202);
    expect((await put(address, imported)).status).toBe(202);
    expect((await toldTo(orderId))[0]).toEqual(['create-pre-divide', 'settle-debt']);
    expect((await refund(orderId, '10.00')).status).toBe(202);
    const { body } = await put(address, { ...imported, receiptConfirmed: false });
    expect(body['code']).toBe('ORDER_TAKEN');
  });

  test('an order that cannot have been divided so is refused, and nothing is kept', async () => {
    const orderId = newId('MO');
    const divided = newImport().divided;
    const codes = [];
    for (const change of [
      { mallId: 'no-such-mall' },
      { amount: { currency: 'IDR', amountMinor: 10_000 } },
      { divided: { ...divided, settled: cny(10_001) } },
      { divided: { ...divided, settled: cny(2_999) } },
      { divided: { ...divided, details: [{ subMerNo: '1', detailNo: 'FZD1' }] } },
    ]) {
      codes.push((await put(`/v1/debt-order-imports/${orderId}`, newImport(change))).body['code']);
    }
    expect(codes).toEqual([
      ...['UNKNOWN_MALL', 'WRONG_CURRENCY', 'MORE_THAN_ORDER', 'MORE_THAN_ORDER', 'INCOMPLETE_IMPORT'],
    ]);
    expect(await callsOf(orderId)).toEqual([]);
  });

  test.each([`/v1/debt-contracts/HZ-1`, `/v1/debt-ledgers/D-1`, `/v1/debt-order-imports/MO0000000001`])(
    'is for operators: a mall does not put %s',
    async (address) => {
      expect((await put(address, {}, 'mall')).body['code']).toBe('FORBIDDEN');
    },
  );
});

// What the mall's engineers copy from: each of its calls must do what it says.
test('the calls that the docs show are taken, in their order', async () => {
  const docs = readFileSync(join(__dirname, '../../../docs/debt-resolution-for-the-mall.md'), 'utf8');
  const shown = [...docs.matchAll(/^call (\S+)[ \\\n]+'([^']*)'/gm)];
  expect(shown).toHaveLength(docs.match(/^call \//gm)!.length);
  const statuses = [];
  for (const [, path = '', body = ''] of shown) statuses.push((await tell(path, body)).status);
  expect(statuses).toEqual([202, 202, 202, 200]);
});
