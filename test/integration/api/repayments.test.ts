import { randomUUID } from 'node:crypto';
import { advanceBusinessDate, businessDates } from '../../../db/business-date';
import { createApiKey } from '../../../db/access/api-keys';
import type { DueLoan, RepaymentAmounts } from '../../../schemas/generated/messages';
import { arrow } from '../../../schemas/arrows';
import { checkTrace } from '../../../scripts/check-trace';
import { addDays } from '../../../domain/calendar';
import { sumMinor } from '../../../domain/money';
import { startPlatform, type Platform } from '../../support/platform';

// What is owed and what a repayment would cost, from REST to the trace. domain/servicing has tests of its own for the rules.

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
}, 120_000);
afterAll(() => platform.stop());

interface Quote {
  quoteId: string;
  loanId: string;
  scenario: string;
  instalments?: number[];
  quotedFor: string;
  holdsUntil: string;
  amounts: RepaymentAmounts;
  links: { self: string; flow: string };
}

/** A customer with a loan over six months, or several. `startDate` is the day that the sandbox paid out on. */
async function borrower(market: 'CN' | 'ID' = 'ID', loanCount = 1) {
  const customerId = await platform.newCustomer(market);
  const loanIds: string[] = [];
  for (let n = 0; n < loanCount; n += 1) {
    const { outcome, applicationId } = await platform.apply({ market, customerId });
    expect(outcome.outcome).toBe('DISBURSED');
    loanIds.push(applicationId.replace('LA', 'LN'));
  }
  const { body } = await platform.get(`/v1/loans/${loanIds[0]}`);
  return { customerId, loanIds, loanId: loanIds[0]!, startDate: String(body.interestFrom) };
}

async function dueList(customerId: string): Promise<DueLoan[]> {
  const { status, body } = await platform.get(`/v1/customers/${customerId}/due-list`);
  expect(status).toBe(200);
  return body.loans as DueLoan[];
}

const quote = (loanId: string, request: object, key: string = randomUUID()) =>
  platform.post(`/v1/loans/${loanId}/repayment-quotes`, request, 'app', { 'idempotency-key': key });

async function quoted(loanId: string, request: object, key?: string): Promise<Quote> {
  const { status, body } = await quote(loanId, request, key);
  expect([status, body]).toEqual([201, body]);
  return body as unknown as Quote;
}

/** Puts a payment of whole instalments, from the first on, towards a loan, in the form in which payments are posted. */
async function payInstalments(loanId: string, valueDate: string, count: number): Promise<void> {
  const { instalments } = (await platform.get(`/v1/loans/${loanId}/schedule`)).body as {
    instalments: Record<'number' | 'feeMinor' | 'interestMinor' | 'principalMinor', number>[];
  };
  const parts = instalments.slice(0, count).flatMap(({ number, feeMinor, interestMinor, principalMinor }) => [
    { instalment: number, component: 'FEE', amount_minor: feeMinor },
    { instalment: number, component: 'INTEREST', amount_minor: interestMinor },
    { instalment: number, component: 'PRINCIPAL', amount_minor: principalMinor },
  ]);
  const common = { loan_id: loanId, payment_id: 'P1', value_date: valueDate };
  const amount_minor = sumMinor(parts.map((one) => one.amount_minor));
  await platform.db('asset_center.payment').insert({ ...common, number: 1, amount_minor, intent: 'NORMAL' });
  await platform
    .db('asset_center.posting')
    .insert(parts.map((part, index) => ({ ...common, ...part, number: index + 1, kind: 'PAYMENT' })));
}

describe('the due list', () => {
  test('has each instalment of each loan with what is owed of it, and what the customer can do', async () => {
    const { customerId, loanIds, startDate } = await borrower('ID', 2);
    const loans = await dueList(customerId);
    expect(loans.map(({ loanId }) => loanId)).toEqual([...loanIds].reverse());
    for (const loan of loans) {
      const { instalments } = (await platform.get(`/v1/loans/${loan.loanId}/schedule`)).body as {
        instalments: { number: number; dueDate: string; totalMinor: number }[];
      };
      expect(loan.instalments.map(({ number, dueDate, owed }) => [number, dueDate, owed.totalMinor])).toEqual(
        instalments.map(({ number, dueDate, totalMinor }) => [number, dueDate, totalMinor]),
      );
      expect(loan).toMatchObject({ asOf: startDate, overdueDays: 0, due: { totalMinor: 0 } });
      expect(loan.scenarios.map(({ scenario, isOpen }) => [scenario, isOpen])).toEqual([
        ['NORMAL', true],
        ['EARLY_SETTLEMENT', true],
        ['CANCELLATION', true],
        ['EXTENSION', true],
      ]);
    }
  });

  test('writes no row but its messages', async () => {
    const { customerId } = await borrower();
    const counted = async () => {
      const { rows } = await platform.owner.raw<{ rows: { name: string; count: number }[] }>(
        `select n.nspname || '.' || c.relname as name,
                (xpath('/row/n/text()', query_to_xml(format('select count(*) as n from %I.%I', n.nspname, c.relname),
                                                     false, true, '')))[1]::text::integer as count
           from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`,
      );
      return Object.fromEntries(rows.map(({ name, count }) => [name, count]));
    };
    const before = await counted();
    await dueList(customerId);
    const after = await counted();
    const added = Object.entries(after).map(([name, count]) => [name, count - before[name]!] as const);
    expect(Object.fromEntries(added.filter(([, more]) => more !== 0))).toEqual({
      'messages.handling': 2,
      'messages.message': 2,
      'messages.run': 1,
    });
  });

  test('of a customer without loans is empty', async () => {
    expect(await dueList(await platform.newCustomer('CN'))).toEqual([]);
  });

  test('of nobody is not there', async () => {
    const { status, body } = await platform.get('/v1/customers/ID-NOBODY/due-list');
    expect([status, body.code]).toEqual([404, 'CUSTOMER_NOT_FOUND']);
  });

  test('leaves out what is paid', async () => {
    const { customerId, loanId, startDate } = await borrower();
    await payInstalments(loanId, startDate, 1);
    const [loan] = await dueList(customerId);
    expect(loan!.instalments.map(({ number }) => number)).toEqual([2, 3, 4, 5, 6]);
  });
});

describe('a quote', () => {
  test('of instalments costs what the schedule asks for them, and can be read again', async () => {
    const { customerId, loanId, startDate } = await borrower();
    const [loan] = await dueList(customerId);
    const owed = loan!.instalments.slice(0, 2).map((one) => one.owed.totalMinor);
    const made = await quoted(loanId, { scenario: 'NORMAL', instalments: [1, 2] });
    expect(made.amounts.totalMinor).toBe(owed[0]! + owed[1]!);
    expect(made).toMatchObject({ loanId, customerId, instalments: [1, 2], quotedFor: startDate });
    expect((await platform.get(made.links.self)).body).toEqual(made);
  });

  test('of an amount divides it, and never asks for more', async () => {
    const { loanId } = await borrower();
    const amount = { currency: 'IDR', amountMinor: 100_000 };
    const { amounts, instalments } = await quoted(loanId, { scenario: 'NORMAL', amount });
    expect([amounts.totalMinor, instalments]).toEqual([100_000, undefined]);
  });

  test("holds until its day ends in the loan's market", async () => {
    const { loanId } = await borrower();
    const { quotedFor, holdsUntil } = await quoted(loanId, { scenario: 'EARLY_SETTLEMENT' });
    // Midnight in Jakarta.
    expect(holdsUntil).toBe(`${quotedFor}T17:00:00.000Z`);
  });

  test('of a cancellation returns the fee that was deducted', async () => {
    const { loanId } = await borrower();
    const { amounts } = await quoted(loanId, { scenario: 'CANCELLATION' });
    expect(amounts).toMatchObject({
      ...{ principalMinor: 5_000_000, interestMinor: 0, returnedFeeMinor: 150_000, totalMinor: 4_850_000 },
    });
  });

  test('under the same key is the same, also when asked at the same time', async () => {
    const { loanId } = await borrower();
    const key = randomUUID();
    const asked = await Promise.all(
      [1, 2, 3].map(() => quote(loanId, { scenario: 'EARLY_SETTLEMENT' }, key)),
    );
    expect(asked.filter(({ status }) => status === 201).length).toBeGreaterThan(0);
    // Whoever comes while another is being answered is told to come again.
    expect(asked.every(({ status }) => [201, 409].includes(status))).toBe(true);
    const again = await quoted(loanId, { scenario: 'EARLY_SETTLEMENT' }, key);
    for (const { body } of asked.filter(({ status }) => status === 201)) expect(body).toEqual(again);
    expect(await platform.db('asset_center.repayment_quote').where({ loan_id: loanId })).toHaveLength(1);
  });

  test('of several at once is worked out for each', async () => {
    const { loanId } = await borrower();
    const requests = [
      { scenario: 'EARLY_SETTLEMENT' },
      { scenario: 'CANCELLATION' },
      { scenario: 'NORMAL', instalments: [1] },
      { scenario: 'EARLY_SETTLEMENT' },
    ];
    const made = await Promise.all(requests.map((request) => quoted(loanId, request)));
    expect(new Set(made.map(({ quoteId }) => quoteId)).size).toBe(4);
    expect(made[3]!.amounts).toEqual(made[0]!.amounts);
  });

  test('waits for a payment that is being posted, and is worked out with it', async () => {
    const { loanId, startDate } = await borrower();
    const before = await quoted(loanId, { scenario: 'EARLY_SETTLEMENT' });
    const posting = await platform.db.transaction();
    await posting.raw('select from asset_center.loan where loan_id = ? for update', [loanId]);
    const waiting = quoted(loanId, { scenario: 'EARLY_SETTLEMENT' });
    const isWaiting = async () =>
      (
        await platform.owner.raw<{ rows: unknown[] }>(
          `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        )
      ).rows.length > 0;
    while (!(await isWaiting())) await new Promise((resolve) => setImmediate(resolve));
    await posting('asset_center.payment').insert({
      ...{ loan_id: loanId, number: 1, payment_id: 'P1', value_date: startDate },
      ...{ amount_minor: 1_000, intent: 'NORMAL' },
    });
    await posting('asset_center.posting').insert({
      ...{ loan_id: loanId, number: 1, payment_id: 'P1', value_date: startDate, instalment: 1 },
      ...{ component: 'PRINCIPAL', kind: 'PAYMENT', amount_minor: 1_000 },
    });
    await posting.commit();
    expect((await waiting).amounts.principalMinor).toBe(before.amounts.principalMinor - 1_000);
  });

  test('under a key that was used for another loan or request is refused', async () => {
    const { loanIds } = await borrower('ID', 2);
    const key = randomUUID();
    await quoted(loanIds[0]!, { scenario: 'EARLY_SETTLEMENT' }, key);
    const others = [
      await quote(loanIds[1]!, { scenario: 'EARLY_SETTLEMENT' }, key),
      await quote(loanIds[0]!, { scenario: 'CANCELLATION' }, key),
    ];
    for (const { status, body } of others) {
      expect([status, body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    }
  });

  test.each([
    ['NOTHING_DUE', { scenario: 'NORMAL' }],
    ['UNKNOWN_INSTALMENT', { scenario: 'NORMAL', instalments: [7] }],
    ['WRONG_CURRENCY', { scenario: 'NORMAL', amount: { currency: 'CNY', amountMinor: 1 } }],
    ['INVALID_BODY', { scenario: 'EARLY_SETTLEMENT', instalments: [1] }],
    ['INVALID_BODY', { scenario: 'EXTENSION' }],
  ])('is refused with %s for %j, the same under the same key, and nothing is kept', async (code, request) => {
    const { loanId } = await borrower();
    const key = randomUUID();
    const answers = [await quote(loanId, request, key), await quote(loanId, request, key)];
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
      [422, code],
      [422, code],
    ]);
    expect(answers[0]!.body).toEqual(answers[1]!.body);
    expect(await platform.db('asset_center.repayment_quote').where({ loan_id: loanId })).toEqual([]);
  });

  test('of a loan that is not booked is not made', async () => {
    const { status, body } = await quote('LN0000000000000000', { scenario: 'NORMAL' });
    expect([status, body.code]).toEqual([404, 'UNKNOWN_LOAN']);
  });

  test('of a loan that is paid is refused, and the loan is not in the due list', async () => {
    const { customerId, loanId, startDate } = await borrower();
    await payInstalments(loanId, startDate, 6);
    for (const request of [{ scenario: 'NORMAL', instalments: [1] }, { scenario: 'EARLY_SETTLEMENT' }]) {
      const { status, body } = await quote(loanId, request);
      expect([status, body.code]).toEqual([422, 'LOAN_SETTLED']);
    }
    expect(await dueList(customerId)).toEqual([]);
  });

  test('of what the product does not offer is refused, and the due list says so', async () => {
    const customerId = await platform.newCustomer('CN');
    const application = {
      ...{ customerId, productId: 'cn-interest-first', instalmentCount: 3 },
      ...{ principal: { currency: 'CNY', amountMinor: 1_000_000 }, payoutAccountToken: 'tok_test_account' },
    };
    const { body } = await platform.post('/v1/loan-applications', application, 'app', { prefer: 'wait=20' });
    expect(body.state).toBe('DISBURSED');
    const [loan] = await dueList(customerId);
    const refused = await quote(loan!.loanId, { scenario: 'CANCELLATION' });
    expect([refused.status, refused.body.code]).toEqual([422, 'NOT_OFFERED']);
    expect(loan!.scenarios).toContainEqual({
      ...{ scenario: 'CANCELLATION', isOpen: false },
      closedBecause: { code: 'NOT_OFFERED', reason: refused.body.detail },
    });
  });

  test('of a loan that has no schedule yet is refused', async () => {
    const { loanId } = await borrower();
    await platform
      .owner('asset_center.loan')
      .where({ loan_id: loanId })
      .update({ state: 'BOOKED', schedule_version: null });
    const { status, body } = await quote(loanId, { scenario: 'EARLY_SETTLEMENT' });
    expect([status, body.code]).toEqual([422, 'LOAN_NOT_ACTIVE']);
  });
});

describe('of another customer', () => {
  test('neither due list nor quote can be read, and no loan quoted', async () => {
    const { customerId, loanId } = await borrower();
    const { links } = await quoted(loanId, { scenario: 'EARLY_SETTLEMENT' });
    const keyOf = async (customer: string) =>
      (await createApiKey(platform.owner, { clientId: 'mobile-app', role: 'app', customerId: customer }))
        .token;
    const ask = async (token: string, path: string, body?: object) => {
      const response = await fetch(platform.api.url + path, {
        method: body ? 'POST' : 'GET',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'idempotency-key': randomUUID(),
        },
        ...(body && { body: JSON.stringify(body) }),
      });
      return response.status;
    };
    const everything = (token: string) =>
      Promise.all([
        ask(token, `/v1/customers/${customerId}/due-list`),
        ask(token, links.self),
        ask(token, links.flow),
        ask(token, `/v1/loans/${loanId}/repayment-quotes`, { scenario: 'CANCELLATION' }),
      ]);
    expect(await everything(await keyOf(customerId))).toEqual([200, 200, 200, 201]);
    expect(await everything(await keyOf(await platform.newCustomer('ID')))).toEqual([404, 404, 404, 404]);
  });
});

test('the messages of both sub-flows take all arrows that the catalog draws, and no other', async () => {
  const { customerId, loanId } = await borrower();
  await dueList(customerId);
  for (const request of [
    { scenario: 'NORMAL', instalments: [1] },
    { scenario: 'EARLY_SETTLEMENT' },
    { scenario: 'CANCELLATION' },
  ]) {
    await quoted(loanId, request);
  }
  const { problems, notSeen } = checkTrace(await platform.trace());
  expect(problems).toEqual([]);
  const drawn = [
    arrow('bff-system', 'query-asset-due-list'),
    arrow('query-asset-due-list', 'asset-center'),
    arrow('asset-center', 'asset-due-list-queried'),
    arrow('asset-due-list-queried', 'bff-system'),
    arrow('bff-system', 'calculate-repayment-posting'),
    arrow('calculate-repayment-posting', 'asset-center'),
    arrow('asset-center', 'calculate-loan-cancel-repayment'),
    arrow('asset-center', 'calculate-early-settlement'),
    arrow('asset-center', 'repayment-posting-calculated'),
    arrow('calculate-loan-cancel-repayment', 'product-calculation-service'),
    arrow('calculate-early-settlement', 'product-calculation-service'),
    arrow('product-calculation-service', 'repayment-plan-calculated'),
    arrow('repayment-plan-calculated', 'asset-center'),
    arrow('repayment-posting-calculated', 'bff-system'),
  ];
  expect(notSeen['repayment']!.filter((one) => drawn.includes(one))).toEqual([]);
  // What is left belongs to the other sub-flows.
  expect(notSeen['repayment']).toContain(arrow('bff-system', 'create-repayment-order'));
});

test("a quote's flow is listed for its customer, and leads to the quote", async () => {
  const { customerId, loanId } = await borrower();
  const { links } = await quoted(loanId, { scenario: 'EARLY_SETTLEMENT' });
  const { body } = await platform.get(`/v1/flows?flow=repayment&customerId=${customerId}`);
  const [listed] = body.entries as { links: object }[];
  expect(listed!.links).toMatchObject({ self: links.flow, subject: links.self });
  expect((await platform.get(links.flow)).body.state).toBe('ARCHIVED');
});

test.each(['schedule', 'instalment', 'payment', 'posting', 'repayment_quote'])(
  'the database refuses every change of asset_center.%s, to its owner too',
  async (table) => {
    for (const change of [`delete from asset_center.${table}`, `truncate asset_center.${table} cascade`]) {
      await expect(platform.owner.raw(change)).rejects.toMatchObject({ code: '23001' });
    }
  },
);

// In CN, where no other test of this file looks at a day: a market's business date moves for all of its loans.
test('as days close, an instalment falls due, then is overdue and bears penalty, and the loan can be cancelled no more', async () => {
  const { customerId, loanId } = await borrower('CN');
  const closeDaysUntil = async (to: string): Promise<void> => {
    const market = 'CN';
    const { businessDate } = (await businessDates(platform.db)).find((one) => one.market === market)!;
    await advanceBusinessDate(platform.db, { market, from: businessDate, to });
  };
  const settlement = await quoted(loanId, { scenario: 'EARLY_SETTLEMENT' });
  const [fresh] = await dueList(customerId);
  const { dueDate, owed: scheduled } = fresh!.instalments[0]!;

  await closeDaysUntil(dueDate);
  const [due] = await dueList(customerId);
  expect(due!.instalments[0]).toMatchObject({ timing: 'DUE', overdueDays: 0, owed: scheduled });
  expect(due!.due).toEqual(scheduled);
  expect(due!.scenarios.find(({ scenario }) => scenario === 'CANCELLATION')).toMatchObject({
    ...{ isOpen: false, closedBecause: { code: 'WINDOW_CLOSED' } },
  });
  const allDue = await quoted(loanId, { scenario: 'NORMAL' });
  expect([allDue.instalments, allDue.amounts.totalMinor]).toEqual([[1], scheduled.totalMinor]);

  const tenDaysOn = addDays(dueDate, 10);
  await closeDaysUntil(tenDaysOn);
  const [overdue] = await dueList(customerId);
  expect(overdue).toMatchObject({ asOf: tenDaysOn, overdueDays: 10 });
  // 14.2233 % a year on the overdue principal, by real days over 360.
  const penaltyMinor = Math.round((scheduled.principalMinor * 0.142233 * 10) / 360);
  expect(overdue!.due).toEqual({
    ...scheduled,
    ...{ penaltyMinor, totalMinor: scheduled.totalMinor + penaltyMinor },
  });
  expect((await quote(loanId, { scenario: 'CANCELLATION' })).body.code).toBe('WINDOW_CLOSED');

  const later = await quoted(loanId, { scenario: 'EARLY_SETTLEMENT' });
  expect(later.amounts.interestMinor).toBeGreaterThan(settlement.amounts.interestMinor);
  expect(later).toMatchObject({ quotedFor: tenDaysOn, amounts: { penaltyMinor } });
  // A quote stays as it was made.
  expect((await platform.get(settlement.links.self)).body).toEqual(settlement);
});
