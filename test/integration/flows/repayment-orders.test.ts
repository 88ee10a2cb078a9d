import { randomUUID } from 'node:crypto';
import { createApiKey } from '../../../db/access/api-keys';
import { advanceBusinessDate, businessDates } from '../../../db/business-date';
import { addDays } from '../../../domain/calendar';
import { arrow } from '../../../schemas/arrows';
import type { Message } from '../../../schemas/message';
import { checkTrace } from '../../../scripts/check-trace';
import { startPlatform, type Behaviour, type Platform } from '../../support/platform';
import { until } from '../../support/until';

// Repayment orders, from REST to the parties: who collects them, the method to pay by, and every way not to get one.

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform({ answerTimeoutMs: 1_000 });
}, 120_000);
afterAll(() => platform.stop());

interface Order {
  orderId: string;
  state: string;
  amount: { currency: string; amountMinor: number };
  lines: { loanId: string; quoteId?: string; amount: { amountMinor: number } }[];
  collectedBy?: string;
  party?: string;
  method?: { kind: string; value: string; expiresAt: string };
  reasonCodes?: string[];
  links: { self: string; flow: string; cancellation: string };
}

/** Amounts tell the sandbox's parties one order from another. */
let amounts = 100_000;
const newAmount = (): number => (amounts += 100);

const currencyOf = { CN: 'CNY', ID: 'IDR' } as const;

/** A customer with active loans, each by the partner that routing takes unless it refuses the customer. */
async function borrower(market: 'CN' | 'ID', loanCount = 1) {
  const customerId = await platform.newCustomer(market);
  return { customerId, loanIds: await borrow(market, customerId, loanCount) };
}

async function borrow(market: 'CN' | 'ID', customerId: string, loanCount = 1): Promise<string[]> {
  const loanIds: string[] = [];
  for (let n = 0; n < loanCount; n += 1) {
    const { outcome, applicationId } = await platform.apply({ market, customerId });
    expect(outcome.outcome).toBe('DISBURSED');
    loanIds.push(applicationId.replace('LA', 'LN'));
  }
  return loanIds;
}

/** A line for an amount of its own. */
const lineOf = (market: 'CN' | 'ID', loanId: string, amountMinor = newAmount()) => ({
  ...{ loanId, amount: { currency: currencyOf[market], amountMinor } },
});

const post = (
  body: object,
  { key = randomUUID(), prefer = 'wait=20' }: { key?: string; prefer?: string } = {},
) => platform.post('/v1/repayment-orders', body, 'app', { 'idempotency-key': key, prefer });

async function ordered(body: object, options?: { key?: string; prefer?: string }): Promise<Order> {
  const { status, body: order } = await post(body, options);
  expect([status, order]).toEqual([201, order]);
  return order as unknown as Order;
}

const orderAt = async ({ links }: Pick<Order, 'links'>): Promise<Order> =>
  (await platform.get(links.self)).body as unknown as Order;

const cancel = ({ links }: Pick<Order, 'links'>) =>
  platform.post(links.cancellation, { reason: 'pays otherwise' });

/** How a party behaves when it is asked for methods of an amount. */
const toMethods = (party: string, amountMinor: number, behaviour: Behaviour['behaviour']): Behaviour => ({
  ...{ party, operation: 'repayment-method', match: { amountMinor }, behaviour },
});

const outcomeOf = ({ orderId }: Pick<Order, 'orderId'>): Promise<unknown> =>
  platform.client.workflow.getHandle(`repayment:${orderId}`).result();

const requestsOf = ({ orderId }: Pick<Order, 'orderId'>) =>
  platform
    .db('outside.request')
    .where('flow_id', `repayment:${orderId}`)
    .orderBy('request_no')
    .select('request_no', 'party', 'operation', 'state', 'settled_by');

/** Lets something be otherwise for as long as some work takes. */
async function whileParty<T>(id: string, changes: object, work: () => Promise<T>): Promise<T> {
  const before = await platform.owner('reference.party').where({ id }).first<object>(Object.keys(changes));
  await platform.owner('reference.party').where({ id }).update(changes);
  return work().finally(() => platform.owner('reference.party').where({ id }).update(before));
}

describe('the method to pay an order by', () => {
  test('comes with the answer from a partner that collects itself', async () => {
    const { customerId, loanIds } = await borrower('CN');
    const line = lineOf('CN', loanIds[0]!);
    const order = await ordered({ customerId, lines: [line] });
    expect(order).toMatchObject({
      ...{ state: 'METHOD_CREATED', collectedBy: 'PARTNER', party: 'bank-huaxin', amount: line.amount },
      ...{ lines: [{ loanId: loanIds[0], scenario: 'NORMAL', amount: line.amount }] },
      method: { kind: 'QR', value: expect.stringContaining('bank-huaxin') },
    });
    expect(await orderAt(order)).toEqual(order);
    expect(await requestsOf(order)).toMatchObject([
      {
        ...{ request_no: `RM-${order.orderId}-1`, party: 'bank-huaxin', state: 'SUCCEEDED' },
        operation: 'funding-partner-repayment-method',
      },
    ]);
  });

  test("comes from our payment system, where the partner's money is in custody", async () => {
    const { customerId, loanIds } = await borrower('ID');
    const order = await ordered({ customerId, lines: [lineOf('ID', loanIds[0]!)] });
    expect(order).toMatchObject({
      ...{ state: 'METHOD_CREATED', collectedBy: 'CUSTODY', party: 'id-payout' },
      method: { kind: 'VA', value: expect.stringMatching(/^[0-9]{16}$/) },
    });
    expect(await requestsOf(order)).toMatchObject([{ operation: 'payment-channel-repayment-method' }]);
  });

  test('is for the total of a quote, and for what is quoted', async () => {
    const { customerId, loanIds } = await borrower('ID');
    const { body: quote } = await platform.post(`/v1/loans/${loanIds[0]}/repayment-quotes`, {
      ...{ scenario: 'NORMAL', instalments: [1, 2] },
    });
    const { quoteId, quotedFor } = quote as { quoteId: string; quotedFor: string };
    const order = await ordered({ customerId, lines: [{ loanId: loanIds[0], quoteId }] });
    const { totalMinor } = quote.amounts as { totalMinor: number };
    const amount = { currency: 'IDR', amountMinor: totalMinor };
    expect(order).toMatchObject({
      ...{ amount, state: 'METHOD_CREATED' },
      lines: [{ quoteId, quotedFor, scenario: 'NORMAL', instalments: [1, 2], amount }],
    });
  });

  test('takes no money once it has expired', async () => {
    const { customerId, loanIds } = await borrower('ID');
    const market = () => platform.owner('reference.market').where({ id: 'ID' });
    await market().update({ method_expires_in_seconds: 1 });
    const order = await ordered({ customerId, lines: [lineOf('ID', loanIds[0]!)] }).finally(() =>
      market().update({ method_expires_in_seconds: 1_800 }),
    );
    await until(async () => (await orderAt(order)).state === 'EXPIRED');
    expect(await orderAt(order)).not.toHaveProperty('method');
  });
});

describe('an order for several loans', () => {
  test('of one partner that collects itself is collected by it', async () => {
    const { customerId, loanIds } = await borrower('CN', 2);
    const lines = loanIds.map((loanId) => lineOf('CN', loanId));
    const order = await ordered({ customerId, lines });
    expect(order.amount.amountMinor).toBe(lines[0]!.amount.amountMinor + lines[1]!.amount.amountMinor);
    expect(order.lines.map(({ loanId }) => loanId)).toEqual(loanIds);
    expect(order.party).toBe('bank-huaxin');
  });

  test('of several partners is collected by our payment system', async () => {
    const { customerId, loanIds } = await borrower('CN');
    await platform.behave({
      ...{ party: 'bank-huaxin', match: { customerId } },
      behaviour: { kind: 'REFUSE', code: 'NO' },
    });
    const others = await borrow('CN', customerId);
    const order = await ordered({
      customerId,
      lines: [...loanIds, ...others].map((loanId) => lineOf('CN', loanId)),
    });
    expect(order).toMatchObject({ collectedBy: 'CUSTODY', party: 'cn-payout', state: 'METHOD_CREATED' });
  });
});

describe('our payment system collects', () => {
  test('when somebody else pays for the borrower, and the partner takes only its borrowers’ money', async () => {
    const { customerId, loanIds } = await borrower('CN');
    const order = await ordered({ customerId, payer: 'OTHER', lines: [lineOf('CN', loanIds[0]!)] });
    expect(order).toMatchObject({ collectedBy: 'CUSTODY', party: 'cn-payout' });
  });

  test("when the partner's channel is down", async () => {
    const { customerId, loanIds } = await borrower('CN');
    const order = await whileParty('bank-huaxin', { channel_state: 'DOWN' }, () =>
      ordered({ customerId, lines: [lineOf('CN', loanIds[0]!)] }),
    );
    expect(order).toMatchObject({ collectedBy: 'CUSTODY', party: 'cn-payout' });
    expect(await requestsOf(order)).toMatchObject([{ party: 'cn-payout' }]);
  });

  test('when the partner gives no method', async () => {
    const { customerId, loanIds } = await borrower('CN');
    const line = lineOf('CN', loanIds[0]!);
    await platform.behave(
      toMethods('bank-huaxin', line.amount.amountMinor, { kind: 'REFUSE', code: 'CLOSED' }),
    );
    const order = await ordered({ customerId, lines: [line] });
    expect(order).toMatchObject({ state: 'METHOD_CREATED', collectedBy: 'CUSTODY', party: 'cn-payout' });
    expect(await requestsOf(order)).toMatchObject([
      { request_no: `RM-${order.orderId}-1`, party: 'bank-huaxin', state: 'FAILED' },
      { request_no: `RM-${order.orderId}-2`, party: 'cn-payout', state: 'SUCCEEDED' },
    ]);
  });

  test('when the partner has given no word in half a minute; a word that comes after that changes nothing', async () => {
    const { customerId, loanIds } = await borrower('CN');
    const line = lineOf('CN', loanIds[0]!);
    await platform.behave(
      toMethods('bank-huaxin', line.amount.amountMinor, { kind: 'CALLBACK', delayMs: 8_000 }),
    );
    const { status, body } = await post({ customerId, lines: [line] }, { prefer: 'wait=1' });
    const order = body as unknown as Order;
    expect([status, order.state]).toEqual([202, 'ROUTED']);

    // Operators make it ask at once, instead of after 1, 2, 4, 8 and 16 seconds.
    await until(async () => {
      await platform.post(
        `/v1/ops/flows/repayment:${order.orderId}/interventions`,
        { act: 'retry-now', reason: 'now' },
        'ops',
      );
      return (await orderAt(order)).state === 'METHOD_CREATED';
    });
    expect(await outcomeOf(order)).toMatchObject({
      ...{ outcome: 'METHOD_CREATED', methodNo: `RM-${order.orderId}-2` },
    });
    const settled = [
      { party: 'bank-huaxin', state: 'FAILED', settled_by: 'GIVEN_UP' },
      { party: 'cn-payout', state: 'SUCCEEDED', settled_by: 'ANSWER' },
    ];
    expect(await requestsOf(order)).toMatchObject(settled);
    const heard = platform.db('outside.notification').where('request_no', `RM-${order.orderId}-1`);
    await until(async () => (await heard.clone()).length === 1);
    expect(await requestsOf(order)).toMatchObject(settled);
    expect(await orderAt(order)).toMatchObject({ state: 'METHOD_CREATED', party: 'cn-payout' });
  }, 90_000);
});

describe('nobody collects an order', () => {
  test('when all refuse: it has failed, and the answer says so', async () => {
    const { customerId, loanIds } = await borrower('CN');
    const line = lineOf('CN', loanIds[0]!);
    const refusing = { kind: 'REFUSE', code: 'CLOSED' };
    const { amountMinor } = line.amount;
    await platform.behave(
      toMethods('bank-huaxin', amountMinor, refusing),
      toMethods('cn-payout', amountMinor, refusing),
    );
    const order = await ordered({ customerId, lines: [line] });
    expect(order).toMatchObject({ state: 'FAILED', reasonCodes: ['METHOD_REFUSED'] });
    expect(order).not.toHaveProperty('method');
    expect(await outcomeOf(order)).toEqual({ outcome: 'FAILED', orderId: order.orderId });
  });

  test('when the only collector is down', async () => {
    const { customerId, loanIds } = await borrower('ID');
    const order = await whileParty('id-payout', { channel_state: 'DOWN' }, () =>
      ordered({ customerId, lines: [lineOf('ID', loanIds[0]!)] }),
    );
    expect(order).toMatchObject({ state: 'FAILED', reasonCodes: ['NO_COLLECTOR'] });
    expect(await requestsOf(order)).toEqual([]);
  });
});

test('a slow party is not waited for in the call: the method is found at the address of the order', async () => {
  const { customerId, loanIds } = await borrower('ID');
  const line = lineOf('ID', loanIds[0]!);
  await platform.behave(
    toMethods('id-payout', line.amount.amountMinor, { kind: 'CALLBACK', delayMs: 2_500 }),
  );
  const { status, headers, body } = await post({ customerId, lines: [line] }, { prefer: 'wait=1' });
  const order = body as unknown as Order;
  expect([status, order.state, headers.get('location')]).toEqual([202, 'ROUTED', order.links.self]);
  await outcomeOf(order);
  expect(await orderAt(order)).toMatchObject({ state: 'METHOD_CREATED', method: { kind: 'VA' } });
  expect(await requestsOf(order)).toMatchObject([{ state: 'SUCCEEDED' }]);
});

test('who does not say how long to wait is answered with the method, who wants no wait with the address', async () => {
  const { customerId, loanIds } = await borrower('ID');
  const withoutPrefer = await platform.post('/v1/repayment-orders', {
    ...{ customerId, lines: [lineOf('ID', loanIds[0]!)] },
  });
  expect([withoutPrefer.status, withoutPrefer.body.state]).toEqual([201, 'METHOD_CREATED']);
  const { status, body } = await post(
    { customerId, lines: [lineOf('ID', loanIds[0]!)] },
    { prefer: 'wait=0' },
  );
  expect([status, body.state]).toEqual([202, 'RECEIVED']);
  await outcomeOf(body as unknown as Order);
});

describe('what became of the request for a method, when its answer', () => {
  test.each([
    ['breaks off, after it was made', { kind: 'BREAK' }],
    ['is an error, after it was made', { kind: 'ERROR' }],
    ['never comes, after it was made', { kind: 'HANG' }],
    ['breaks off, before it was taken', { kind: 'NOT_TAKEN', by: 'BREAK' }],
    [
      'says that it failed, and it did not',
      { kind: 'CONTRADICT', by: 'ANSWER', truth: 'SUCCEEDED', code: 'NO' },
    ],
    ['comes before its response', { kind: 'EARLY_CALLBACK' }],
    ['comes twice', { kind: 'DOUBLE_CALLBACK', delayMs: 100, ids: 'DIFFERENT' }],
  ])(
    '%s, is asked for: there is one method, of that number',
    async (_how, behaviour) => {
      const { customerId, loanIds } = await borrower('ID');
      const line = lineOf('ID', loanIds[0]!);
      await platform.behave({ ...toMethods('id-payout', line.amount.amountMinor, behaviour), times: 1 });
      const { body } = await post({ customerId, lines: [line] });
      const order = body as unknown as Order;
      await outcomeOf(order);
      expect(await orderAt(order)).toMatchObject({ state: 'METHOD_CREATED', party: 'id-payout' });
      expect(await requestsOf(order)).toMatchObject([
        { request_no: `RM-${order.orderId}-1`, state: 'SUCCEEDED' },
      ]);
    },
    30_000,
  );
});

describe('a cancellation', () => {
  test('hides the method, and is the same when it is repeated', async () => {
    const { customerId, loanIds } = await borrower('ID');
    const order = await ordered({ customerId, lines: [lineOf('ID', loanIds[0]!)] });
    const [first, again] = [await cancel(order), await cancel(order)];
    expect([first.status, first.body.state]).toEqual([200, 'CANCELLED']);
    expect(first.body).not.toHaveProperty('method');
    expect(again.body).toEqual(first.body);
    expect(await orderAt(order)).toEqual(first.body);
    const rows = await platform.db('repayment_engine.order_cancellation').where('order_id', order.orderId);
    expect(rows).toMatchObject([{ actor: 'test-app', reason: 'pays otherwise' }]);
  });

  test('while a party works on the method ends the order, whatever the party does', async () => {
    const { customerId, loanIds } = await borrower('CN', 2);
    const [given, refused] = loanIds.map((loanId) => lineOf('CN', loanId));
    await platform.behave(
      toMethods('bank-huaxin', given!.amount.amountMinor, { kind: 'CALLBACK', delayMs: 2_500 }),
      toMethods('bank-huaxin', refused!.amount.amountMinor, {
        ...{ kind: 'CALLBACK', delayMs: 2_500, code: 'CLOSED' },
      }),
    );
    const orders = await Promise.all(
      [given, refused].map(async (line) => {
        const { body } = await post({ customerId, lines: [line] }, { prefer: 'wait=1' });
        const order = body as unknown as Order;
        expect((await cancel(order)).body.state).toBe('CANCELLED');
        await outcomeOf(order);
        return order;
      }),
    );
    for (const order of orders) {
      expect((await orderAt(order)).state).toBe('CANCELLED');
      // No other party is asked for what nobody wants any more.
      expect(await requestsOf(order)).toMatchObject([{ party: 'bank-huaxin' }]);
    }
  });

  test('before the order is created is heeded', async () => {
    const { customerId, loanIds } = await borrower('ID');
    await platform.owner.raw(
      `create function public.not_yet() returns trigger language plpgsql as $$ begin raise 'not yet'; end $$;
       create trigger not_yet before insert on repayment_engine.repayment_order for each row execute function public.not_yet()`,
    );
    const { body } = await post(
      { customerId, lines: [lineOf('ID', loanIds[0]!)] },
      { prefer: 'wait=0' },
    ).finally(() => undefined);
    const order = body as unknown as Order;
    const cancelled = await cancel(order);
    await platform.owner.raw('drop function public.not_yet cascade');
    expect(cancelled.body.state).toBe('CANCELLED');
    expect(await outcomeOf(order)).toMatchObject({ outcome: 'FAILED' });
    expect((await orderAt(order)).state).toBe('CANCELLED');
    expect(await requestsOf(order)).toEqual([]);
  }, 60_000);

  test('is refused with ORDER_PAID once money has come', async () => {
    const { customerId, loanIds } = await borrower('ID');
    const order = await ordered({ customerId, lines: [lineOf('ID', loanIds[0]!)] });
    await received(order, 1);
    expect(await cancel(order)).toMatchObject({ status: 409, body: { code: 'ORDER_PAID' } });
    expect(await orderAt(order)).toMatchObject({ state: 'PARTLY_PAID', received: { amountMinor: 1 } });
    await received(order, order.amount.amountMinor);
    expect((await orderAt(order)).state).toBe('PAID');
  });

  test('of an order that nobody has made is not recorded', async () => {
    const { status, body } = await platform.post('/v1/repayment-orders/RO0000000000/cancellation', {
      reason: 'pays otherwise',
    });
    expect([status, body.code]).toEqual([404, 'UNKNOWN_REPAYMENT_ORDER']);
  });
});

/** Has the database say that so much has come for an order. */
const received = ({ orderId }: Order, amountMinor: number): Promise<void> =>
  platform.owner.raw(
    `create or replace function repayment_engine.received_minor(p_order_id text) returns bigint language sql stable
     return case p_order_id when '${orderId}' then ${amountMinor} else 0 end`,
  );

describe('the same Idempotency-Key', () => {
  test('is the same order, also at the same time and when it has ended', async () => {
    const { customerId, loanIds } = await borrower('ID');
    const body = { customerId, lines: [lineOf('ID', loanIds[0]!)] };
    const key = randomUUID();
    /** Sends it again for as long as another one is being handled, as a client has to. */
    const insist = async (): Promise<Order> => {
      const reply = await post(body, { key });
      return reply.status === 409 ? insist() : (reply.body as unknown as Order);
    };
    const orders = await Promise.all(Array.from({ length: 5 }, insist));
    const again = await ordered(body, { key });
    for (const order of orders) expect(order).toEqual(again);
    expect(await requestsOf(again)).toHaveLength(1);
  });

  test('with another body is refused', async () => {
    const { customerId, loanIds } = await borrower('ID');
    const key = randomUUID();
    await ordered({ customerId, lines: [lineOf('ID', loanIds[0]!)] }, { key });
    const { status, body } = await post({ customerId, lines: [lineOf('ID', loanIds[0]!)] }, { key });
    expect([status, body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
  });
});

describe('an order is not taken, and nothing is kept,', () => {
  const refusedWith = async (request: object): Promise<unknown> => {
    const count = async () => (await platform.db('access.submission').count({ rows: '*' }))[0];
    const before = await count();
    const { status, body } = await post(request);
    expect([status, await count()]).toEqual([422, before]);
    return body.code;
  };

  test('for a loan that is not the customer’s, or stands in it twice, or in another currency', async () => {
    const { customerId, loanIds } = await borrower('ID');
    const strangers = await borrower('ID');
    const refusals = [
      { customerId: 'ID-NOBODY', lines: [lineOf('ID', loanIds[0]!)] },
      { customerId, lines: [lineOf('ID', strangers.loanIds[0]!)] },
      { customerId, lines: [lineOf('ID', loanIds[0]!), lineOf('ID', loanIds[0]!)] },
      { customerId, lines: [lineOf('CN', loanIds[0]!)] },
    ];
    const codes: unknown[] = [];
    for (const refusal of refusals) codes.push(await refusedWith(refusal));
    expect(codes).toEqual(['UNKNOWN_CUSTOMER', 'LOAN_NOT_OF_CUSTOMER', 'LOAN_REPEATED', 'WRONG_CURRENCY']);
  });

  test('for a quote of another loan, one that the loan has left behind, or one that asks for nothing', async () => {
    const { customerId, loanIds } = await borrower('ID', 2);
    const quoteOf = async (loanId: string, request: object): Promise<string> =>
      String((await platform.post(`/v1/loans/${loanId}/repayment-quotes`, request)).body.quoteId);
    const quoteId = await quoteOf(loanIds[0]!, { scenario: 'EARLY_SETTLEMENT' });
    expect(await refusedWith({ customerId, lines: [{ loanId: loanIds[1], quoteId }] })).toBe('UNKNOWN_QUOTE');

    const common = { loan_id: loanIds[0]!, payment_id: 'P1', value_date: '2026-01-15' };
    await platform
      .db('asset_center.payment')
      .insert({ ...common, number: 1, amount_minor: 10, intent: 'NORMAL' });
    await platform.db('asset_center.posting').insert({
      ...{ ...common, number: 1, instalment: 1, component: 'PRINCIPAL', kind: 'PAYMENT', amount_minor: 10 },
    });
    expect(await refusedWith({ customerId, lines: [{ loanId: loanIds[0], quoteId }] })).toBe('QUOTE_EXPIRED');

    const nothing = `RQ${randomUUID().replaceAll('-', '').slice(0, 20).toUpperCase()}`;
    await platform.db.raw(
      `insert into asset_center.repayment_quote
       select (jsonb_populate_record(q, jsonb_build_object(
                'quote_id', cast(:nothing as text), 'loan_id', cast(:other as text), 'principal_minor', 0, 'interest_minor', 0,
                'fee_minor', 0, 'waiver_minor', 0, 'total_minor', 0))).*
         from asset_center.repayment_quote q where quote_id = :quoteId`,
      { nothing, quoteId, other: loanIds[1]! },
    );
    expect(await refusedWith({ customerId, lines: [{ loanId: loanIds[1], quoteId: nothing }] })).toBe(
      'NOTHING_TO_PAY',
    );
  });

  test('for more than an amount can hold, and for a loan that is not active', async () => {
    const { customerId, loanIds } = await borrower('ID', 2);
    const lines = loanIds.map((loanId) => lineOf('ID', loanId, Number.MAX_SAFE_INTEGER));
    expect(await refusedWith({ customerId, lines })).toBe('ORDER_TOO_LARGE');
    await platform
      .owner('asset_center.loan')
      .where({ loan_id: loanIds[0]! })
      .update({ state: 'BOOKED', schedule_version: null });
    expect(await refusedWith({ customerId, lines: [lineOf('ID', loanIds[0]!)] })).toBe('LOAN_NOT_ACTIVE');
  });
});

test('a customer orders, reads and cancels for own loans only, and nobody can tell what another has', async () => {
  const { customerId, loanIds } = await borrower('ID');
  const order = await ordered({ customerId, lines: [lineOf('ID', loanIds[0]!)] });
  const keyOf = async (customer: string) =>
    (await createApiKey(platform.owner, { clientId: 'mobile-app', role: 'app', customerId: customer })).token;
  const ask = async (token: string, path: string, body?: object) => {
    const response = await fetch(platform.api.url + path, {
      method: body ? 'POST' : 'GET',
      headers: {
        ...{ authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        'idempotency-key': randomUUID(),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    return [response.status, ((await response.json()) as { code?: string }).code];
  };
  const stranger = await platform.newCustomer('ID');
  const [own, other] = [await keyOf(customerId), await keyOf(stranger)];
  const lines = [lineOf('ID', loanIds[0]!)];

  expect(await ask(own, '/v1/repayment-orders', { customerId, lines })).toEqual([201, undefined]);
  expect(await ask(own, order.links.self)).toEqual([200, undefined]);
  expect(await ask(other, '/v1/repayment-orders', { customerId, lines })).toEqual([422, 'UNKNOWN_CUSTOMER']);
  expect(await ask(other, '/v1/repayment-orders', { customerId: stranger, lines })).toEqual([
    ...[422, 'LOAN_NOT_OF_CUSTOMER'],
  ]);
  for (const [path, body] of [
    [order.links.self],
    [order.links.cancellation, { reason: 'not mine' }],
  ] as const) {
    expect(await ask(other, path, body)).toEqual([404, 'UNKNOWN_REPAYMENT_ORDER']);
    const nobodys = path.replace(order.orderId, 'RO0000000000');
    expect(await ask(other, nobodys, body)).toEqual([404, 'UNKNOWN_REPAYMENT_ORDER']);
  }
  expect(await ask(other, order.links.flow)).toEqual([404, 'UNKNOWN_FLOW']);
  expect(await ask(own, order.links.cancellation, { reason: 'mine' })).toEqual([200, undefined]);
});

test("an order's flow is listed for its customer, and leads to the order", async () => {
  const { customerId, loanIds } = await borrower('ID');
  const order = await ordered({ customerId, lines: [lineOf('ID', loanIds[0]!)] });
  const { body } = await platform.get(`/v1/flows?flow=repayment&customerId=${customerId}`);
  expect((body.entries as { links: object }[])[0]!.links).toMatchObject({
    ...{ self: order.links.flow, subject: order.links.self },
  });
  expect((await platform.get(order.links.flow)).body.state).toBe('COMPLETED');
});

test.each(['repayment_order_line', 'order_cancellation'])(
  'the database refuses every change of repayment_engine.%s, to its owner too',
  async (table) => {
    for (const change of [`delete from repayment_engine.${table}`, `truncate repayment_engine.${table}`]) {
      await expect(platform.owner.raw(change)).rejects.toMatchObject({ code: '23001' });
    }
  },
);

test('every handling follows an arrow of the catalog, and the sub-flow takes all that it draws', async () => {
  for (const market of ['CN', 'ID'] as const) {
    const { customerId, loanIds } = await borrower(market);
    await ordered({ customerId, lines: [lineOf(market, loanIds[0]!)] });
  }
  const { problems, notSeen } = checkTrace(await platform.trace());
  expect(problems).toEqual([]);
  const drawn = [
    arrow('bff-system', 'create-repayment-order'),
    arrow('create-repayment-order', 'repayment-engine'),
    arrow('repayment-engine', 'repayment-order-created'),
    arrow('repayment-order-created', 'repayment-engine'),
    arrow('repayment-engine', 'repayment-route-selected'),
    arrow('repayment-route-selected', 'repayment-engine'),
    arrow('repayment-engine', 'request-partner-repayment'),
    arrow('request-partner-repayment', 'partner-hub'),
    arrow('partner-hub', 'repayment-method-created'),
    arrow('partner-hub', 'create-repayment-method'),
    arrow('create-repayment-method', 'payment-system'),
    arrow('payment-system', 'repayment-method-created'),
    arrow('repayment-method-created', 'bff-system'),
  ];
  expect(notSeen['repayment']!.filter((one) => drawn.includes(one))).toEqual([]);
});

// At the end, and in CN, where the day is looked at by no other test of this file: it moves for all of its loans.
test('a quote whose day is over is not ordered; one that runs out on the way fails its order, which says why', async () => {
  const { customerId, loanIds } = await borrower('CN');
  const { body: quote } = await platform.post(`/v1/loans/${loanIds[0]}/repayment-quotes`, {
    scenario: 'EARLY_SETTLEMENT',
  });
  const body = { customerId, lines: [{ loanId: loanIds[0], quoteId: quote.quoteId }] };
  const key = randomUUID();
  const taken = await post(body, { key, prefer: 'wait=0' });
  await outcomeOf(taken.body as unknown as Order);

  const { command } = await platform
    .db('access.submission')
    .where('business_id', String(taken.body.orderId))
    .first<{ command: Message<'create-repayment-order'> }>('command');
  const { businessDate } = (await businessDates(platform.db)).find(({ market }) => market === 'CN')!;
  const to = addDays(String(quote.quotedFor), 1);
  await advanceBusinessDate(platform.db, { market: 'CN', from: businessDate, to });

  expect((await post(body)).body.code).toBe('QUOTE_EXPIRED');
  expect((await ordered(body, { key })).state).toBe('METHOD_CREATED');

  const orderId = `RO${randomUUID().replaceAll('-', '').slice(0, 20).toUpperCase()}`;
  const flowId = `repayment:${orderId}`;
  const late = { ...command, commandId: randomUUID(), flowId, data: { ...command.data, orderId } };
  await platform.db('access.submission').insert({
    ...{ client_id: 'test-app', idempotency_key: orderId, body_hash: Buffer.alloc(32), flow: 'repayment' },
    ...{ flow_id: flowId, business_id: orderId, command: JSON.stringify(late) },
  });
  await platform.client.workflow.start('repayment', { workflowId: flowId, taskQueue: 'flows', args: [late] });
  expect(await outcomeOf({ orderId })).toEqual({ outcome: 'FAILED', orderId });
  expect((await platform.get(`/v1/repayment-orders/${orderId}`)).body).toMatchObject({
    ...{ state: 'FAILED', reasonCodes: ['QUOTE_EXPIRED'] },
  });
});
