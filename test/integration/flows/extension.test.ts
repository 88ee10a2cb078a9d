import { randomUUID } from 'node:crypto';
import { advanceBusinessDate, businessDates } from '../../../db/business-date';
import { createApiKey } from '../../../db/access/api-keys';
import { publishProductVersion } from '../../../db/products';
import { productOf } from '../../../db/reference';
import { addDays } from '../../../domain/calendar';
import { sumMinor } from '../../../domain/money';
import type { DueLoan, ExtensionAmounts, Instalment } from '../../../schemas/generated/messages';
import { checkTrace } from '../../../scripts/check-trace';
import type { MoneyInOutcome } from '../../../workflows/repayment/money-in';
import {
  currencies,
  newLoan as borrowed,
  pays as paysFrom,
  type Loan,
  type Market,
} from '../../support/borrowers';
import { startPlatform, type Platform } from '../../support/platform';
import { expectSound } from '../../support/sound';
import { until } from '../../support/until';

// An extension from its order to the new schedule, and every way in which it does not come about.

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform({ workerSets: 2 });
}, 120_000);
afterAll(() => platform.stop());

afterEach(() => expectSound(platform), 30_000);

/** Who has the methods made: the markets' default collectors. */
const collectors = { CN: 'cn-payout', ID: 'id-payout' } as const;

/** What of a loan these tests need. */
type Extended = Pick<Loan, 'market' | 'customerId' | 'loanId'>;

interface Quote {
  quoteId: string;
  quotedFor: string;
  amounts: ExtensionAmounts;
  newInstalments: Instalment[];
}
interface Order {
  orderId: string;
  state: string;
  amount: { amountMinor: number };
  method?: { kind: string };
  reasonCodes?: string[];
  links: { self: string; flow: string };
}

const newLoan = (market: Market = 'ID') => borrowed(platform, market);

async function quoted({ loanId }: Extended, periods = 1): Promise<Quote> {
  const { status, body } = await platform.post(`/v1/loans/${loanId}/extension-quotes`, { periods });
  expect([status, body]).toEqual([201, body]);
  return body as unknown as Quote;
}

const order = (loanId: string, quoteId: string, prefer = 'wait=20') =>
  platform.post('/v1/extensions', { loanId, quoteId }, 'app', { prefer });

/** An order whose method is with the customer. */
async function ordered(loan: Extended, quote: Quote): Promise<Order> {
  const { status, body } = await order(loan.loanId, quote.quoteId);
  expect([status, body]).toEqual([201, expect.objectContaining({ state: 'METHOD_CREATED' })]);
  return body as unknown as Order;
}

const current = async ({ orderId }: Pick<Order, 'orderId'>): Promise<Order> =>
  (await platform.get(`/v1/extensions/${orderId}`)).body as unknown as Order;

/** Has a customer pay at the market's channel at noon of a day, and waits until the money is where it belongs. */
async function pays(market: Market, amountMinor: number, on: string, by: { orderId?: string } = {}) {
  const { result } = await paysFrom(platform, {
    ...{ market, party: collectors[market], amountMinor, on },
    ...(by.orderId && { methodNo: `RM-${by.orderId}-1` }),
  });
  return result();
}

/** Has a normal repayment ordered and paid. */
async function repays(
  { customerId, loanId, market }: Extended,
  amountMinor: number,
  on: string,
): Promise<void> {
  const amount = { currency: currencies[market], amountMinor };
  const wanted = { customerId, payer: 'OTHER', lines: [{ loanId, amount }] };
  const { body } = await platform.post('/v1/repayment-orders', wanted, 'app', { prefer: 'wait=20' });
  expect(body.state).toBe('METHOD_CREATED');
  await pays(market, amountMinor, on, { orderId: String(body.orderId) });
}

const scheduleOf = async (loanId: string, version?: number): Promise<Instalment[]> => {
  const { body } = await platform.get(
    `/v1/loans/${loanId}/schedule${version === undefined ? '' : `?version=${version}`}`,
  );
  return body.instalments as Instalment[];
};

/** The refunds that began by themselves when money came, in order. */
async function refundsOf({ receiptId }: MoneyInOutcome): Promise<string[]> {
  const rows = await platform
    .db('messages.message')
    .where({ flow_id: `repayment:${receiptId}`, message_type: 'create-repayment-refund' })
    .select<{ refundId: string }[]>(platform.db.raw(`body #>> '{data,refundId}' as "refundId"`));
  return rows.map(({ refundId }) => refundId);
}

/** What went back by itself of what was paid: its one refund, at its end. */
async function returned(paid: MoneyInOutcome) {
  const [refundId, ...others] = await refundsOf(paid);
  expect(others).toEqual([]);
  await platform.client.workflow.getHandle(`refund-and-reversal-lifecycle:${refundId}`).result();
  const { body } = await platform.get(`/v1/refunds/${refundId}`, 'ops');
  return body as { refundId: string; state: string; cause: string; amount: { amountMinor: number } };
}

/** The money that channels have really paid back for a refund. */
async function paidBack(refundId: string): Promise<number[]> {
  const response = await fetch(`${platform.sandbox.url}/control/refunds?reference=${refundId}`);
  const { refunds } = (await response.json()) as { refunds: { amount: { amountMinor: number } }[] };
  return refunds.map(({ amount }) => amount.amountMinor);
}

const told = (customerId: string, template: string): Promise<unknown[]> =>
  platform.db('outreach_system.dispatched_message').where({ customer_id: customerId, template });

async function payable(customerId: string): Promise<number> {
  const position = await platform
    .db('books.account_position')
    .where({ book: 'general', owner: customerId, code: 'customer-payable' })
    .first<{ m: number } | undefined>('balance_minor as m');
  return position?.m ?? 0;
}

/** Nothing of the loan has changed, what was paid for the extension went back once, and the customer knows. */
async function expectNotExtended(
  { loanId, customerId }: Extended,
  placed: Order,
  paid: MoneyInOutcome,
  paidMinor: number,
  reasonCode = 'NOT_AS_QUOTED',
) {
  expect(await current(placed)).toMatchObject({ state: 'CANCELLED', reasonCodes: [reasonCode] });
  expect(await platform.db('asset_center.schedule').where({ loan_id: loanId })).toHaveLength(1);
  const refund = await returned(paid);
  expect(refund).toMatchObject({ state: 'REFUNDED', amount: { amountMinor: paidMinor } });
  expect(await paidBack(refund.refundId)).toEqual([paidMinor]);
  expect(await payable(customerId)).toBe(0);
  expect(await told(customerId, 'EXTENSION_CANCELLED')).toHaveLength(1);
}

const cancelled = ({ orderId }: Pick<Order, 'orderId'>) =>
  platform.post(`/v1/extensions/${orderId}/cancellation`, { reason: 'pays in time after all' });

/** The customer was told, once, how an order ended. */
async function expectToldOf({ customerId, loanId }: Extended, orderId: string, state: 'REJECTED' | 'FAILED') {
  const template = `EXTENSION_${state}`;
  await until(async () => (await told(customerId, template)).length > 0);
  expect(await told(customerId, template)).toEqual([
    expect.objectContaining({ notification_id: `${template}:${orderId}`, reference: loanId }),
  ]);
}

/** A quote as it would be of a loan that is a day overdue: a person has to approve its order. */
async function quotedForReview(loan: Extended): Promise<Quote> {
  const quote = await quoted(loan);
  const quoteId = `EQ${randomUUID().replaceAll('-', '').toUpperCase().slice(0, 20)}`;
  await platform.owner.raw(
    `insert into asset_center.extension_quote
     select (jsonb_populate_record(q, jsonb_build_object('quote_id', :quoteId::text, 'overdue_days', 1))).*
       from asset_center.extension_quote q where quote_id = :made`,
    { quoteId, made: quote.quoteId },
  );
  return { ...quote, quoteId };
}

const openQuestions = async (): Promise<string[]> => {
  const { body } = await platform.get('/v1/ops/questions', 'ops');
  return (body.questions as { flowId: string }[]).map(({ flowId }) => flowId);
};

/** Resets a flow that has ended to its first task, and waits for its end. */
async function resetToStart(flowId: string): Promise<unknown> {
  const { client } = platform;
  const { events } = await client.workflow.getHandle(flowId).fetchHistory();
  const first = events!.find((event) => event.workflowTaskCompletedEventAttributes)!;
  const { runId } = await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId: flowId },
    reason: 'tried by a test',
    requestId: randomUUID(),
    workflowTaskFinishEventId: first.eventId!,
  });
  return client.workflow.getHandle(flowId, runId).result();
}

async function decided({ links }: Order, answer: 'APPROVE' | 'REJECT'): Promise<void> {
  await platform.decide(links.flow.replace('/v1/flows/', ''), 'review', answer);
}

describe('an extension that is paid as it was quoted', () => {
  test('makes the new version of the schedule that was quoted, and leaves the old one readable', async () => {
    const loan = await newLoan();
    const before = await scheduleOf(loan.loanId);
    const quote = await quoted(loan, 2);
    const placed = await ordered(loan, quote);
    expect(placed.amount.amountMinor).toBe(quote.amounts.totalMinor);
    expect(await pays(loan.market, quote.amounts.totalMinor, quote.quotedFor, placed)).toMatchObject({
      outcome: 'UNAPPLIED',
    });
    expect((await current(placed)).state).toBe('EXTENDED');
    expect(await scheduleOf(loan.loanId)).toEqual(quote.newInstalments);
    expect(await scheduleOf(loan.loanId, 1)).toEqual(before);
    expect(await payable(loan.customerId)).toBe(0);
    const { body } = await platform.get(`/v1/customers/${loan.customerId}/due-list`);
    const [due] = body.loans as DueLoan[];
    expect(due!.instalments.map(({ dueDate }) => dueDate)).toEqual(
      quote.newInstalments.map(({ dueDate }) => dueDate),
    );
    expect(due!.scenarios).toContainEqual(expect.objectContaining({ scenario: 'EXTENSION', isOpen: false }));
    const told = await platform
      .db('outreach_system.dispatched_message')
      .where({ customer_id: loan.customerId, template: 'EXTENSION_SUCCEEDED' });
    expect(told).toHaveLength(1);
    // What customers see follows from the posted entry.
    const tale = (await platform.trace())
      .filter(
        ({ flowId, message }) =>
          flowId === `extension:${placed.orderId}` && message === 'extension-succeeded',
      )
      .map(({ service }) => service);
    expect(tale).toEqual(['accounting-center', 'asset-center', 'repayment-plan-service', 'app']);
  });

  test('and overpaid, or paid twice, gives back what is too much', async () => {
    const loan = await newLoan('CN');
    const quote = await quoted(loan);
    const placed = await ordered(loan, quote);
    const { totalMinor } = quote.amounts;
    const first = await pays('CN', totalMinor + 100, quote.quotedFor, placed);
    const second = await pays('CN', totalMinor, quote.quotedFor, placed);
    expect((await current(placed)).state).toBe('EXTENDED');
    expect(await platform.db('asset_center.schedule').where({ loan_id: loan.loanId })).toHaveLength(2);
    const refunds = [await returned(first), await returned(second)];
    expect(refunds.map(({ state, amount }) => [state, amount.amountMinor])).toEqual([
      ['REFUNDED', 100],
      ['REFUNDED', totalMinor],
    ]);
    expect(await payable(loan.customerId)).toBe(0);
    expect(await told(loan.customerId, 'EXTENSION_CANCELLED')).toEqual([]);
  });

  test('is booked by the payment that it was extended by, and not by one before that came to nothing', async () => {
    const loan = await newLoan('CN');
    const { quotedFor: firstDay } = await quoted(loan);
    await repays(loan, 10_000, addDays(firstDay, 1));
    const quote = await quoted(loan);
    const placed = await ordered(loan, quote);
    const { totalMinor } = quote.amounts;
    // It counts before the repayment.
    const inVain = await pays('CN', totalMinor, firstDay, placed);
    const inTime = await pays('CN', totalMinor, quote.quotedFor, placed);
    expect((await current(placed)).state).toBe('EXTENDED');
    const payments = await platform
      .db('asset_center.payment')
      .where({ loan_id: loan.loanId, intent: 'EXTENSION' })
      .pluck('payment_id');
    expect(payments).toEqual([inTime.receiptId]);
    expect(await returned(inVain)).toMatchObject({ state: 'REFUNDED', amount: { amountMinor: totalMinor } });
    expect(await payable(loan.customerId)).toBe(0);
  });

  test('is repaid by its new schedule afterwards', async () => {
    const loan = await newLoan();
    const quote = await quoted(loan);
    const placed = await ordered(loan, quote);
    await pays('ID', quote.amounts.totalMinor, quote.quotedFor, placed);
    await repays(loan, quote.newInstalments[0]!.totalMinor, quote.quotedFor);
    const { body } = await platform.get(`/v1/customers/${loan.customerId}/due-list`);
    const [due] = body.loans as DueLoan[];
    const newMinor = sumMinor(quote.newInstalments.map(({ totalMinor }) => totalMinor));
    expect(due!.outstanding.totalMinor).toBe(newMinor - quote.newInstalments[0]!.totalMinor);
  });
});

describe('an extension does not apply, and what was paid goes back by itself,', () => {
  test('where a repayment came before', async () => {
    const loan = await newLoan();
    const quote = await quoted(loan);
    const placed = await ordered(loan, quote);
    await repays(loan, 100_000, quote.quotedFor);
    const paid = await pays('ID', quote.amounts.totalMinor, quote.quotedFor, placed);
    await expectNotExtended(loan, placed, paid, quote.amounts.totalMinor);
  });

  test('where the customer has cancelled it before', async () => {
    const loan = await newLoan();
    const quote = await quoted(loan);
    const placed = await ordered(loan, quote);
    const [first, again] = [await cancelled(placed), await cancelled(placed)];
    expect([first.status, first.body.state, first.body.method]).toEqual([200, 'CANCELLED', undefined]);
    expect(again.body).toEqual(first.body);
    const paid = await pays('ID', quote.amounts.totalMinor, quote.quotedFor, placed);
    await expectNotExtended(loan, placed, paid, quote.amounts.totalMinor, 'CANCELLED');
    expect(await cancelled(placed)).toMatchObject({ status: 409, body: { code: 'ORDER_PAID' } });
  });

  test('once, also where the flow of the money is reset and goes the way again', async () => {
    const loan = await newLoan();
    const quote = await quoted(loan);
    const placed = await ordered(loan, quote);
    await cancelled(placed);
    const paid = await pays('ID', quote.amounts.totalMinor, quote.quotedFor, placed);
    await returned(paid);
    expect(await resetToStart(`repayment:${paid.receiptId}`)).toEqual(paid);
    await expectNotExtended(loan, placed, paid, quote.amounts.totalMinor, 'CANCELLED');
  });

  test('above the limit of the market once one operator has approved it, as nobody but the house has asked for it', async () => {
    const loan = await newLoan();
    const quote = await quoted(loan);
    const placed = await ordered(loan, quote);
    await cancelled(placed);
    const aboveMinor = 500_001;
    const paid = await pays('ID', aboveMinor, quote.quotedFor, placed);
    const [refundId] = await refundsOf(paid);
    const flowId = `refund-and-reversal-lifecycle:${refundId}`;
    const stateNow = async () => (await platform.get(`/v1/refunds/${refundId}`, 'ops')).body.state;
    await until(async () => (await stateNow()) === 'REQUESTED');
    const { body } = await platform.get(`/v1/ops/flows/${flowId}/audit`, 'ops');
    const [asked] = body.entries as { id: string; actor: string; answer: string }[];
    expect(asked).toMatchObject({ actor: 'refund-reversal-service', answer: 'APPROVE' });
    const approval = { reason: 'seen' };
    expect((await platform.post(`/v1/ops/acts/${asked!.id}/approvals`, approval, 'ops')).status).toBe(201);
    await expectNotExtended(loan, placed, paid, aboveMinor, 'CANCELLED');
  });

  test('where another extension of the loan was paid before', async () => {
    const loan = await newLoan('CN');
    const [quote, other] = [await quoted(loan), await quoted(loan, 2)];
    const [placed, otherPlaced] = [await ordered(loan, quote), await ordered(loan, other)];
    await pays('CN', other.amounts.totalMinor, other.quotedFor, otherPlaced);
    const paid = await pays('CN', quote.amounts.totalMinor, quote.quotedFor, placed);
    expect((await current(otherPlaced)).state).toBe('EXTENDED');
    expect((await current(placed)).state).toBe('CANCELLED');
    expect(await returned(paid)).toMatchObject({
      ...{ state: 'REFUNDED', amount: { amountMinor: quote.amounts.totalMinor } },
    });
  });

  test.each([
    ['a day late', 0, 1],
    ['less than it costs', -1, 0],
  ])('where it was paid %s', async (_what, moreMinor, daysLate) => {
    const loan = await newLoan();
    const quote = await quoted(loan);
    const placed = await ordered(loan, quote);
    const amountMinor = quote.amounts.totalMinor + moreMinor;
    const paid = await pays('ID', amountMinor, addDays(quote.quotedFor, daysLate), placed);
    await expectNotExtended(loan, placed, paid, amountMinor);
  });
});

test('of a fee and a repayment at the same instant one follows the other', async () => {
  const loan = await newLoan();
  const quote = await quoted(loan);
  const placed = await ordered(loan, quote);
  const [paid] = await Promise.all([
    pays('ID', quote.amounts.totalMinor, quote.quotedFor, placed),
    repays(loan, 50_000, quote.quotedFor),
  ]);
  const { state } = await current(placed);
  const versions = await platform.db('asset_center.schedule').where({ loan_id: loan.loanId });
  expect([state, versions.length, (await refundsOf(paid)).length]).toEqual(
    state === 'EXTENDED' ? ['EXTENDED', 2, 0] : ['CANCELLED', 1, 1],
  );
  if (state === 'CANCELLED') await returned(paid);
  expect(await payable(loan.customerId)).toBe(0);
});

describe('an extension that is not paid', () => {
  test('changes nothing, and its method expires', async () => {
    const loan = await newLoan();
    const before = await scheduleOf(loan.loanId);
    const placed = await ordered(loan, await quoted(loan));
    const expiresAt = new Date(Date.now() - 1_000).toISOString();
    await platform.owner.raw(
      `update extension_engine.extension_order
          set method = jsonb_set(method, '{expiresAt}', to_jsonb(:expiresAt::text)) where order_id = :orderId`,
      { expiresAt, orderId: placed.orderId },
    );
    const expired = await current(placed);
    expect(expired.state).toBe('EXPIRED');
    expect(expired.method).toBeUndefined();
    expect(await scheduleOf(loan.loanId)).toEqual(before);
  });

  test('has failed where the party gives no method', async () => {
    const loan = await newLoan('CN');
    const quote = await quoted(loan);
    await platform.behave({
      ...{ party: 'cn-payout', behaviour: { kind: 'REFUSE', code: 'CHANNEL_CLOSED' } },
      times: 1,
    });
    const { status, body } = await order(loan.loanId, quote.quoteId);
    expect([status, body.state, body.reasonCodes]).toEqual([201, 'FAILED', ['METHOD_REFUSED']]);
    await expectToldOf(loan, String(body.orderId), 'FAILED');
  });

  test('has failed where nobody collects, and the customer is told', async () => {
    const loan = await newLoan('CN');
    const quote = await quoted(loan);
    const channel = platform.owner('reference.party').where({ id: 'cn-payout' });
    await channel.clone().update({ channel_state: 'DOWN' });
    const { status, body } = await order(loan.loanId, quote.quoteId).finally(() =>
      channel.clone().update({ channel_state: 'UP' }),
    );
    expect([status, body.state, body.reasonCodes]).toEqual([201, 'FAILED', ['NO_COLLECTOR']]);
    await expectToldOf(loan, String(body.orderId), 'FAILED');
  });

  test('is not, by money in another currency, which waits for people as all money that nobody knows', async () => {
    const loan = await newLoan();
    const placed = await ordered(loan, await quoted(loan));
    const { flowId, result } = await paysFrom(platform, {
      ...{ market: 'CN', party: 'id-payout', amountMinor: 5_000, methodNo: `RM-${placed.orderId}-1` },
    });
    await until(async () => (await openQuestions()).includes(flowId));
    expect((await current(placed)).state).toBe('METHOD_CREATED');
    const evidence = { customerId: loan.customerId };
    const found = { flowId, question: 'receipt', answer: 'IDENTIFIED', reason: 'has the slip', evidence };
    const { body } = await platform.post('/v1/ops/acts', found, 'ops');
    await platform.post(`/v1/ops/acts/${String(body.actId)}/approvals`, { reason: 'seen' }, 'otherOps');
    expect(await result()).toMatchObject({ outcome: 'UNAPPLIED' });
    expect((await current(placed)).state).toBe('METHOD_CREATED');
    expect(
      await platform.db('refund_reversal_service.refund').where({ customer_id: loan.customerId }),
    ).toEqual([]);
  });
});

describe('an extension that costs nothing', () => {
  beforeAll(async () => {
    const productId = 'id-cash-instalment';
    const { market, name, terms } = (await productOf(platform.db, productId, 1))!;
    const extension = { ...terms.extension!, feeRate: '0' };
    await publishProductVersion(platform.owner, {
      ...{ productId, market, name, terms: { ...terms, extension } },
    });
  });

  /** A loan by the newest version of the product, which extends it for nothing. */
  async function newFreeLoan(): Promise<Extended> {
    const customerId = await platform.newCustomer('ID');
    const { body } = await platform.post(
      '/v1/loan-applications',
      {
        ...{ customerId, productId: 'id-cash-instalment', instalmentCount: 6 },
        ...{ principal: { currency: 'IDR', amountMinor: 5_000_000 }, payoutAccountToken: 'tok_test_account' },
      },
      'app',
      { prefer: 'wait=20' },
    );
    expect(body.state).toBe('DISBURSED');
    return { market: 'ID', customerId, loanId: String(body.applicationId).replace('LA', 'LN') };
  }

  test('applies at once, in the run of its order, and the customer is told', async () => {
    const loan = await newFreeLoan();
    const before = await scheduleOf(loan.loanId);
    const quote = await quoted(loan);
    const { status, body } = await order(loan.loanId, quote.quoteId);
    expect([status, body]).toEqual([
      201,
      expect.objectContaining({ state: 'EXTENDED', amount: { currency: 'IDR', amountMinor: 0 } }),
    ]);
    expect(body.method).toBeUndefined();
    expect(await scheduleOf(loan.loanId)).toEqual(quote.newInstalments);
    expect(await scheduleOf(loan.loanId, 1)).toEqual(before);
    expect(await told(loan.customerId, 'EXTENSION_FREE')).toHaveLength(1);
    const { body: list } = await platform.get(`/v1/customers/${loan.customerId}/due-list`);
    expect((list.loans as DueLoan[])[0]!.scenarios).toContainEqual(
      expect.objectContaining({ scenario: 'EXTENSION', isOpen: false }),
    );
    expect(await cancelled({ orderId: String(body.orderId) })).toMatchObject({ status: 409 });
  });

  test('does not where the loan has changed since the order was taken, and the customer is told', async () => {
    const loan = await newFreeLoan();
    const quote = await quotedForReview(loan);
    const { body } = await order(loan.loanId, quote.quoteId, 'wait=1');
    expect(body.state).toBe('CREATED');
    await repays(loan, 100_000, quote.quotedFor);
    await decided(body as unknown as Order, 'APPROVE');
    await until(async () => (await current({ orderId: String(body.orderId) })).state === 'FAILED');
    expect((await current({ orderId: String(body.orderId) })).reasonCodes).toEqual(['NOT_AS_QUOTED']);
    await expectToldOf(loan, String(body.orderId), 'FAILED');
    expect(await platform.db('asset_center.schedule').where({ loan_id: loan.loanId })).toHaveLength(1);
  });
});

describe('an extension that a person is to approve', () => {
  test('is rejected when nobody does in time, and the customer is told', async () => {
    const loan = await newLoan();
    const quote = await quotedForReview(loan);
    const market = platform.owner('reference.market').where({ id: 'ID' });
    await market.clone().update({ review_within_seconds: 1 });
    const { status, body } = await order(loan.loanId, quote.quoteId).finally(() =>
      market.clone().update({ review_within_seconds: 86_400 }),
    );
    expect([status, body.state, body.reasonCodes]).toEqual([201, 'REJECTED', ['NOT_APPROVED']]);
    await expectToldOf(loan, String(body.orderId), 'REJECTED');
  });

  test('is asked about no more once the customer has cancelled it, who is not told of that', async () => {
    const loan = await newLoan();
    const quote = await quotedForReview(loan);
    const { body } = await order(loan.loanId, quote.quoteId, 'wait=1');
    const flowId = `extension:${String(body.orderId)}`;
    expect(await openQuestions()).toContain(flowId);
    expect((await cancelled({ orderId: String(body.orderId) })).body.state).toBe('CANCELLED');
    expect(await platform.client.workflow.getHandle(flowId).result()).toMatchObject({ outcome: 'CANCELLED' });
    expect(await openQuestions()).not.toContain(flowId);
    expect(
      await platform.db('outreach_system.dispatched_message').where({ customer_id: loan.customerId }),
    ).toEqual([expect.objectContaining({ template: 'DISBURSEMENT_SUCCEEDED' })]);
  });

  test('is so where the loan was extended before', async () => {
    const loan = await newLoan('CN');
    const first = await quoted(loan);
    await pays('CN', first.amounts.totalMinor, first.quotedFor, await ordered(loan, first));
    const second = await quoted(loan);
    const { status, body } = await order(loan.loanId, second.quoteId, 'wait=1');
    expect([status, body.state]).toEqual([202, 'CREATED']);
    await decided(body as unknown as Order, 'APPROVE');
    const placed = { orderId: String(body.orderId) };
    await until(async () => (await current(placed)).state === 'METHOD_CREATED');
    await pays('CN', second.amounts.totalMinor, second.quotedFor, placed);
    expect((await current(placed)).state).toBe('EXTENDED');
    expect(await platform.db('asset_center.schedule').where({ loan_id: loan.loanId })).toHaveLength(3);
  });
});

describe('an extension is not ordered', () => {
  test('twice by one quote, nor by a quote of another loan, nor once the loan has changed', async () => {
    const [loan, other] = [await newLoan(), await newLoan()];
    const [quote, outdated] = [await quoted(loan), await quoted(loan)];
    await ordered(loan, quote);
    const refusal = async (loanId: string, quoteId: string) => {
      const { status, body } = await order(loanId, quoteId);
      return [status, body.code];
    };
    expect(await refusal(loan.loanId, quote.quoteId)).toEqual([422, 'QUOTE_TAKEN']);
    expect(await refusal(other.loanId, outdated.quoteId)).toEqual([404, 'UNKNOWN_EXTENSION_QUOTE']);
    await repays(loan, 100_000, quote.quotedFor);
    expect(await refusal(loan.loanId, outdated.quoteId)).toEqual([422, 'QUOTE_EXPIRED']);
  });

  test('under a key that was used for another, while the same again is the same order', async () => {
    const loan = await newLoan();
    const [quote, other] = [await quoted(loan), await quoted(loan)];
    const key = { 'idempotency-key': randomUUID(), prefer: 'wait=20' };
    const send = ({ quoteId }: Quote) =>
      platform.post('/v1/extensions', { loanId: loan.loanId, quoteId }, 'app', key);
    const first = await send(quote);
    expect((await send(quote)).body).toEqual(first.body);
    expect((await send(other)).body.code).toBe('IDEMPOTENCY_KEY_REUSED');
  });

  test("for another customer's loan, nor read by another", async () => {
    const loan = await newLoan();
    const quote = await quoted(loan);
    const placed = await ordered(loan, quote);
    const customerId = await platform.newCustomer('ID');
    const { token } = await createApiKey(platform.owner, { clientId: 'mobile-app', role: 'app', customerId });
    const headers = { authorization: `Bearer ${token}`, 'idempotency-key': randomUUID() };
    const answers = await Promise.all([
      fetch(platform.api.url + placed.links.self, { headers }),
      fetch(`${platform.api.url}/v1/extensions`, {
        ...{ method: 'POST', headers: { ...headers, 'content-type': 'application/json' } },
        body: JSON.stringify({ loanId: loan.loanId, quoteId: quote.quoteId }),
      }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([404, 404]);
  });
});

// The last: a market's business date moves for all of its loans.
describe('a loan that is overdue', () => {
  test('is extended once a person has approved it, and its arrears are paid with the fee; or a person rejects it', async () => {
    const [loan, rejected] = [await newLoan(), await newLoan()];
    const [first] = await scheduleOf(loan.loanId);
    const on = addDays(first!.dueDate, 10);
    const { businessDate } = (await businessDates(platform.db)).find(({ market }) => market === 'ID')!;
    await advanceBusinessDate(platform.db, { market: 'ID', from: businessDate, to: on });
    const place = async (one: Extended) => {
      const quote = await quoted(one);
      const { status, body } = await order(one.loanId, quote.quoteId, 'wait=1');
      expect([status, body.state]).toEqual([202, 'CREATED']);
      return { quote, placed: body as unknown as Order };
    };
    const refused = await place(rejected);
    await decided(refused.placed, 'REJECT');
    await until(async () => (await current(refused.placed)).state === 'REJECTED');

    const { quote, placed } = await place(loan);
    expect(quote.amounts.arrears.penaltyMinor).toBeGreaterThan(0);
    await decided(placed, 'APPROVE');
    await until(async () => (await current(placed)).state === 'METHOD_CREATED');
    await pays('ID', quote.amounts.totalMinor, on, placed);
    expect((await current(placed)).state).toBe('EXTENDED');
    const { body } = await platform.get(`/v1/customers/${loan.customerId}/due-list`);
    const [due] = body.loans as DueLoan[];
    expect(due).toMatchObject({ overdueDays: 0, due: { totalMinor: 0 } });
  }, 60_000);
});

test('the messages take all arrows that the catalog draws', async () => {
  expect(checkTrace(await platform.trace()).notSeen['extension']).toEqual([]);
});
