import { randomUUID } from 'node:crypto';
import { advanceBusinessDate, businessDates } from '../../../db/business-date';
import { createApiKey } from '../../../db/access/api-keys';
import { addDays } from '../../../domain/calendar';
import { sumMinor } from '../../../domain/money';
import type { DueLoan, ExtensionAmounts, Instalment } from '../../../schemas/generated/messages';
import { checkTrace } from '../../../scripts/check-trace';
import type { MoneyInOutcome } from '../../../workflows/repayment/money-in';
import { booksDisagree } from '../../support/books-agree';
import { startPlatform, type Platform } from '../../support/platform';
import { until } from '../../support/until';

// An extension from its order to the new schedule, and every way in which it does not come about.

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform({ workerSets: 2 });
}, 120_000);
afterAll(() => platform.stop());

afterEach(expectSound, 30_000);

/** After every case the books agree with what the services keep, and every handling follows the catalog. */
async function expectSound(): Promise<void> {
  expect(await booksDisagree(platform.db)).toEqual([]);
  expect(checkTrace(await platform.trace()).problems).toEqual([]);
}

type Market = 'CN' | 'ID';
const collectors = { CN: 'cn-payout', ID: 'id-payout' } as const;
const currencies = { CN: 'CNY', ID: 'IDR' } as const;

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

async function newLoan(market: Market = 'ID') {
  const customerId = await platform.newCustomer(market);
  const { outcome, applicationId } = await platform.apply({ market, customerId });
  expect(outcome.outcome).toBe('DISBURSED');
  return { market, customerId, loanId: applicationId.replace('LA', 'LN') };
}
type Loan = Awaited<ReturnType<typeof newLoan>>;

async function quoted({ loanId }: Loan, periods = 1): Promise<Quote> {
  const { status, body } = await platform.post(`/v1/loans/${loanId}/extension-quotes`, { periods });
  expect([status, body]).toEqual([201, body]);
  return body as unknown as Quote;
}

const order = (loanId: string, quoteId: string, prefer = 'wait=20') =>
  platform.post('/v1/extensions', { loanId, quoteId }, 'app', { prefer });

/** An order whose method is with the customer. */
async function ordered(loan: Loan, quote: Quote): Promise<Order> {
  const { status, body } = await order(loan.loanId, quote.quoteId);
  expect([status, body]).toEqual([201, expect.objectContaining({ state: 'METHOD_CREATED' })]);
  return body as unknown as Order;
}

const current = async ({ orderId }: Pick<Order, 'orderId'>): Promise<Order> =>
  (await platform.get(`/v1/extensions/${orderId}`)).body as unknown as Order;

/** Has a customer pay at the market's channel at noon of a day, and waits until the money is where it belongs. */
async function pays(market: Market, amountMinor: number, on: string, by: { orderId?: string } = {}) {
  const party = collectors[market];
  const response = await fetch(`${platform.sandbox.url}/control/payments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      ...{ party, amount: { currency: currencies[market], amountMinor }, paidAt: `${on}T12:00:00+08:00` },
      ...(by.orderId && { methodNo: `RM-${by.orderId}-1` }),
    }),
  });
  const { transactionNo } = (await response.json()) as { transactionNo: string };
  const handle = platform.client.workflow.getHandle(`repayment:${party}.${transactionNo}`);
  await until(() =>
    handle
      .describe()
      .then(() => true)
      .catch(() => false),
  );
  return (await handle.result()) as MoneyInOutcome;
}

/** Has a normal repayment ordered and paid. */
async function repays({ customerId, loanId, market }: Loan, amountMinor: number, on: string): Promise<void> {
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

async function payable(customerId: string): Promise<number> {
  const position = await platform
    .db('books.account_position')
    .where({ book: 'general', owner: customerId, code: 'customer-payable' })
    .first<{ m: number } | undefined>('balance_minor as m');
  return position?.m ?? 0;
}

/** Nothing of the loan has changed, and what was paid for the extension stands as a payable. */
async function expectNotExtended({ loanId, customerId }: Loan, placed: Order, paidMinor: number) {
  expect(await current(placed)).toMatchObject({ state: 'CANCELLED', reasonCodes: ['NOT_AS_QUOTED'] });
  expect(await platform.db('asset_center.schedule').where({ loan_id: loanId })).toHaveLength(1);
  expect(await payable(customerId)).toBe(paidMinor);
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
  });

  test('and overpaid, or paid twice, leaves what is too much as a payable', async () => {
    const loan = await newLoan('CN');
    const quote = await quoted(loan);
    const placed = await ordered(loan, quote);
    const { totalMinor } = quote.amounts;
    await pays('CN', totalMinor + 100, quote.quotedFor, placed);
    await pays('CN', totalMinor, quote.quotedFor, placed);
    expect((await current(placed)).state).toBe('EXTENDED');
    expect(await platform.db('asset_center.schedule').where({ loan_id: loan.loanId })).toHaveLength(2);
    expect(await payable(loan.customerId)).toBe(100 + totalMinor);
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
    expect(inVain.receiptId).not.toBe(inTime.receiptId);
    expect(payments).toEqual([inTime.receiptId]);
    expect(await payable(loan.customerId)).toBe(totalMinor);
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

describe('an extension does not apply, and what was paid stays a payable,', () => {
  test('where a repayment came before', async () => {
    const loan = await newLoan();
    const quote = await quoted(loan);
    const placed = await ordered(loan, quote);
    await repays(loan, 100_000, quote.quotedFor);
    await pays('ID', quote.amounts.totalMinor, quote.quotedFor, placed);
    await expectNotExtended(loan, placed, quote.amounts.totalMinor);
  });

  test('where another extension of the loan was paid before', async () => {
    const loan = await newLoan('CN');
    const [quote, other] = [await quoted(loan), await quoted(loan, 2)];
    const [placed, otherPlaced] = [await ordered(loan, quote), await ordered(loan, other)];
    await pays('CN', other.amounts.totalMinor, other.quotedFor, otherPlaced);
    await pays('CN', quote.amounts.totalMinor, quote.quotedFor, placed);
    expect((await current(otherPlaced)).state).toBe('EXTENDED');
    expect((await current(placed)).state).toBe('CANCELLED');
    expect(await payable(loan.customerId)).toBe(quote.amounts.totalMinor);
  });

  test.each([
    ['a day late', 0, 1],
    ['less than it costs', -1, 0],
  ])('where it was paid %s', async (_what, moreMinor, daysLate) => {
    const loan = await newLoan();
    const quote = await quoted(loan);
    const placed = await ordered(loan, quote);
    const amountMinor = quote.amounts.totalMinor + moreMinor;
    await pays('ID', amountMinor, addDays(quote.quotedFor, daysLate), placed);
    await expectNotExtended(loan, placed, amountMinor);
  });
});

test('of a fee and a repayment at the same instant one follows the other', async () => {
  const loan = await newLoan();
  const quote = await quoted(loan);
  const placed = await ordered(loan, quote);
  await Promise.all([
    pays('ID', quote.amounts.totalMinor, quote.quotedFor, placed),
    repays(loan, 50_000, quote.quotedFor),
  ]);
  const { state } = await current(placed);
  const versions = await platform.db('asset_center.schedule').where({ loan_id: loan.loanId });
  expect([state, versions.length, await payable(loan.customerId)]).toEqual(
    state === 'EXTENDED' ? ['EXTENDED', 2, 0] : ['CANCELLED', 1, quote.amounts.totalMinor],
  );
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

  test('where it costs nothing', async () => {
    const loan = await newLoan();
    const { quoteId } = await quoted(loan);
    const free = `EQ${randomUUID().replaceAll('-', '').toUpperCase().slice(0, 20)}`;
    await platform.owner.raw(
      `insert into asset_center.extension_quote
       select (jsonb_populate_record(q, jsonb_build_object('quote_id', :free::text, 'fee_minor', 0, 'total_minor', 0))).*
         from asset_center.extension_quote q where quote_id = :quoteId`,
      { free, quoteId },
    );
    const { status, body } = await order(loan.loanId, free);
    expect([status, body.code]).toEqual([422, 'NOTHING_TO_PAY']);
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
    const place = async (one: Loan) => {
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
