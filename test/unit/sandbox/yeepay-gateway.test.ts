// The platform's gateway against the sandbox's Yeepay: what each of its behaviours is to the platform.
import { generateKeyPairSync } from 'node:crypto';
import type { Behaviour } from '../../../sandbox/behaviours';
import type { DividedPart, YeepayOrder } from '../../../schemas/outside/yeepay/divide';
import { divideRow, rowOf, startedYeepay, type YeepayView } from './yeepay-support';

let view: YeepayView;
let order: YeepayOrder;
beforeEach(async () => {
  view = await startedYeepay();
  order = await view.pay();
});
afterEach(() => view.sandbox.close());

const unknown = (why: unknown) => ({ status: 'UNKNOWN', why });
const done = expect.objectContaining({ status: 'SUCCEEDED' });
const processing = { status: 'PROCESSING' };
const refused = { status: 'FAILED', failure: { code: 'FAIL', message: 'NO' } };
const unavailable = unknown('the code sys.service.unavailable');
const retryable = unknown('the code sys.service.retryable');

test.each<[Behaviour, object, object]>([
  [{ kind: 'ACCEPT' }, done, done],
  [{ kind: 'REFUSE', code: 'NO' }, refused, refused],
  [{ kind: 'SILENT', delayMs: 0 }, processing, done],
  [{ kind: 'SILENT', delayMs: 0, code: 'NO' }, processing, refused],
  [{ kind: 'SILENT', delayMs: 3_600_000 }, processing, processing],
  [{ kind: 'SLOW', delayMs: 1 }, done, done],
  [{ kind: 'BREAK' }, unknown('other side closed'), done],
  [{ kind: 'ERROR' }, unavailable, done],
  [{ kind: 'NOT_TAKEN', by: 'BREAK' }, unknown('other side closed'), { status: 'NOT_KNOWN' }],
  [{ kind: 'NOT_TAKEN', by: 'ERROR' }, retryable, { status: 'NOT_KNOWN' }],
  [{ kind: 'CONTRADICT', by: 'ANSWER', truth: 'SUCCEEDED', code: 'NO' }, refused, done],
])('a divide at a Yeepay that behaves as %j', async (behaviour, sent, queried) => {
  await view.behaveAs({ behaviour });
  const row = divideRow(order, { SUPPLIER: 6_000, DEBTOR: 2_005 });
  expect(await view.gateways()['yeepay-divide'].send(row)).toEqual(sent);
  expect(await view.gateways()['yeepay-divide'].query(row)).toEqual(queried);
});

test('a divide that hangs leaves the outcome unknown when the time for an answer is over', async () => {
  await view.behaveAs({ behaviour: { kind: 'HANG' } });
  const row = divideRow(order, { DEBTOR: 1 });
  const impatient = view.gateways({ answerTimeoutMs: 1_000 })['yeepay-divide'];
  expect(await impatient.send(row)).toEqual(unknown(expect.stringContaining('timeout')));
  expect(await view.gateways()['yeepay-divide'].query(row)).toEqual(done);
});

test('a failure that becomes a success later is told by a query then', async () => {
  await view.behaveAs({ behaviour: { kind: 'LATE_SUCCESS', delayMs: 200, code: 'NO' } });
  const row = divideRow(order, { DEBTOR: 1 });
  const gateway = view.gateways()['yeepay-divide'];
  expect(await gateway.send(row)).toEqual(refused);
  let word = await gateway.query(row);
  while (word.status === 'FAILED') word = await gateway.query(row);
  expect(word).toEqual(done);
});

test('a Yeepay that is down leaves the outcome unknown, and learns nothing', async () => {
  await view.control('outages', { party: 'yeepay', by: 'ERROR' });
  const row = divideRow(order, { DEBTOR: 1 });
  const gateway = view.gateways()['yeepay-divide'];
  expect(await gateway.send(row)).toMatchObject({ status: 'UNKNOWN' });
  await view.send('DELETE', '/control/outages', {});
  expect(await gateway.query(row)).toEqual({ status: 'NOT_KNOWN' });
});

test('a divide to 1,000 receivers with the longest numbers is done, told of, and taken back', async () => {
  await view.behaveAs({ behaviour: { kind: 'ACCEPT' } });
  const receivers = Array.from({ length: 1_000 }, (_, n) => `S${String(n).padStart(63, '0')}`);
  const longest = { orderId: 'O'.padEnd(64, '0'), merchantNo: 'M'.padEnd(64, '0') };
  order = await view.pay({ ...longest, amountMinor: 1_000_000 });
  const description = `Order ${order.orderId}`;
  const parts = receivers.map((ledgerNo) => ({ ledgerNo, amountMinor: 900, description }));
  const row = rowOf('yeepay-divide', 'DV-1', { ...order, parts });
  const gateways = view.gateways();
  expect(await gateways['yeepay-divide'].send(row)).toEqual(done);
  const told = await gateways['yeepay-divide'].query(row);
  const { divided } = told as { divided: DividedPart[] };
  expect(divided.map(({ ledgerNo }) => ledgerNo)).toEqual(receivers);

  const back = rowOf('yeepay-divide-back', 'DB-1', {
    ...{ ...order, divideRequestId: 'DV-1' },
    parts: divided.map((part) => ({ ...part, reason: `Refund ${'R'.padEnd(64, '0')}` })),
  });
  expect(await gateways['yeepay-divide-back'].send(back)).toEqual(done);
  expect(await gateways['yeepay-divide-back'].query(back)).toEqual(done);
});

describe('an order', () => {
  const clearing = () => rowOf('yeepay-clearing', 'YC-1', order);

  test('that is cleared tells what was settled, and what can be divided yet', async () => {
    await view.behaveAs({ behaviour: { kind: 'ACCEPT' } });
    await view.gateways()['yeepay-divide'].send(divideRow(order, { DEBTOR: 2_005 }));
    expect(await view.gateways()['yeepay-clearing'].send(clearing())).toEqual({
      ...{ status: 'SUCCEEDED', transactionNo: order.uniqueOrderNo },
      paidAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00$/),
      cleared: { settledMinor: 9_940, undividedMinor: 7_935 },
    });
  });

  test('that is not cleared yet is waited for, and cannot be divided', async () => {
    order = await view.pay({ orderId: 'ORDER2', clearing: { kind: 'SILENT', delayMs: 3_600_000 } });
    expect(await view.gateways()['yeepay-clearing'].query(clearing())).toEqual(processing);
    expect(await view.gateways()['yeepay-divide'].send(divideRow(order, { DEBTOR: 1 }))).toMatchObject({
      ...{ status: 'FAILED', failure: { code: 'ORDER_NOT_CLEARED' } },
    });
  });

  test('that Yeepay does not know leaves it unknown', async () => {
    order = { ...order, orderId: 'ANOTHER' };
    expect(await view.gateways()['yeepay-clearing'].send(clearing())).toEqual(
      unknown('Yeepay does not know the order'),
    );
  });
});

describe('the divide of an order', () => {
  beforeEach(() => view.behaveAs({ behaviour: { kind: 'ACCEPT' } }));

  async function divided(): Promise<DividedPart[]> {
    const gateway = view.gateways()['yeepay-divide'];
    const word = await gateway.send(divideRow(order, { SUPPLIER: 6_000, DEBTOR: 2_005 }));
    return (word as { divided: DividedPart[] }).divided;
  }

  test('says what each receiver got, under a number of its own', async () => {
    expect(await divided()).toEqual([
      { detailNo: expect.any(String), ledgerNo: 'SUPPLIER', amountMinor: 6_000 },
      { detailNo: expect.any(String), ledgerNo: 'DEBTOR', amountMinor: 2_005 },
    ]);
  });

  test('sent again is the same', async () => {
    expect(await divided()).toEqual(await divided());
    expect(await view.balances()).toEqual({ MALL: 0, SUPPLIER: 6_000, DEBTOR: 2_005 });
  });

  test('with a ledger twice is our own mistake, and is not sent', async () => {
    const row = divideRow(order, { DEBTOR: 1 });
    const { parts } = row.body as { parts: object[] };
    const twice = { ...row, body: { ...row.body, parts: [...parts, ...parts] } };
    await expect(view.gateways()['yeepay-divide'].send(twice)).rejects.toThrow('merge its parts');
  });

  test('is completed: the rest goes to the order’s merchant, as only a query tells', async () => {
    await divided();
    const row = rowOf('yeepay-divide-complete', 'DC-1', { ...order, description: '余额' });
    const gateway = view.gateways()['yeepay-divide-complete'];
    expect(await gateway.send(row)).toEqual(processing);
    expect(await gateway.query(row)).toMatchObject({
      status: 'SUCCEEDED',
      completed: { amountMinor: 1_935 },
    });
    expect(await view.balances()).toEqual({ MALL: 1_935, SUPPLIER: 6_000, DEBTOR: 2_005 });
  });

  test('is taken back in parts', async () => {
    const [, debtor] = await divided();
    const part = { detailNo: debtor!.detailNo, amountMinor: 5, reason: '退款' };
    const row = rowOf('yeepay-divide-back', 'DB-1', { ...order, divideRequestId: 'DV-1', parts: [part] });
    const gateway = view.gateways()['yeepay-divide-back'];
    const sent = await gateway.send(row);
    expect(sent).toMatchObject({ status: 'SUCCEEDED', transactionNo: expect.any(String) });
    expect(await gateway.query(row)).toEqual(sent);
    expect(await view.balances()).toEqual({ MALL: 5, SUPPLIER: 6_000, DEBTOR: 2_000 });
  });

  test('is taken back also where only Yeepay knows what it calls what a receiver got', async () => {
    const part = { ledgerNo: 'DEBTOR', detailNo: null, amountMinor: 5, reason: '退款' };
    const row = rowOf('yeepay-divide-back', 'DB-1', { ...order, divideRequestId: 'DV-1', parts: [part] });
    const gateway = view.gateways()['yeepay-divide-back'];
    // Nobody has divided it yet, so nobody is asked to give back.
    expect(await gateway.send(row)).toEqual(unknown('Yeepay does not say what it calls what a receiver got'));
    expect(await gateway.query(row)).toEqual({ status: 'NOT_KNOWN' });
    await divided();
    expect(await gateway.send(row)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await view.balances()).toEqual({ MALL: 5, SUPPLIER: 6_000, DEBTOR: 2_000 });
  });

  test('that is refused when it is taken back has Yeepay’s reason, also by a query', async () => {
    const part = { detailNo: 'NONE', amountMinor: 5, reason: '退款' };
    const row = rowOf('yeepay-divide-back', 'DB-1', { ...order, divideRequestId: 'DV-1', parts: [part] });
    const failed = { status: 'FAILED', failure: { code: 'FAIL', message: 'DETAIL_NOT_EXIST' } };
    const gateway = view.gateways()['yeepay-divide-back'];
    expect([await gateway.send(row), await gateway.query(row)]).toEqual([failed, failed]);
  });
});

test('a code that is not configured says nothing of what a query asks for', async () => {
  const gateway = view.gateways({ notKnownCodes: ['ANOTHER'] })['yeepay-divide'];
  expect(await gateway.query(divideRow(order, { DEBTOR: 1 }))).toEqual(unknown('the code REQUEST_NOT_EXIST'));
});

test('an answer that another key has signed is not believed', async () => {
  const { publicKey: platformKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const gateway = view.gateways({ platformKey })['yeepay-divide'];
  expect(await gateway.send(divideRow(order, { DEBTOR: 1 }))).toEqual(
    unknown('an answer that Yeepay has not signed (HTTP 200)'),
  );
});

test('an app that Yeepay does not know is thrown for operators to see', async () => {
  const gateway = view.gateways({ appKey: 'another' })['yeepay-divide'];
  await expect(gateway.send(divideRow(order, { DEBTOR: 1 }))).rejects.toThrow('HTTP 401');
});
