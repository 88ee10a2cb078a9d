import { randomUUID } from 'node:crypto';
import { createApiKey } from '../../../db/access/api-keys';
import { advanceBusinessDate, businessDates } from '../../../db/business-date';
import { addDays, addMonths, daysBetween } from '../../../domain/calendar';
import { sumMinor } from '../../../domain/money';
import { arrow } from '../../../schemas/arrows';
import type { DueLoan, ExtensionAmounts, Instalment } from '../../../schemas/generated/messages';
import { checkTrace } from '../../../scripts/check-trace';
import { startPlatform, type Platform } from '../../support/platform';

// What more time for a loan costs, from REST to the trace. domain/servicing has tests of its own for the rules.

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
}, 120_000);
afterAll(() => platform.stop());

interface Quote {
  quoteId: string;
  loanId: string;
  customerId: string;
  periods: number;
  quotedFor: string;
  holdsUntil: string;
  scheduleVersion: number;
  amounts: ExtensionAmounts;
  newInstalments: Instalment[];
  links: { self: string; flow: string };
}

type Market = 'CN' | 'ID';

/** A customer with a loan; `startDate` is the day that the sandbox paid out on. */
async function borrower(market: Market = 'ID', instalmentCount = 6) {
  const customerId = await platform.newCustomer(market);
  const { outcome, applicationId } = await platform.apply({ market, customerId, instalmentCount });
  expect(outcome.outcome).toBe('DISBURSED');
  const loanId = applicationId.replace('LA', 'LN');
  const { body } = await platform.get(`/v1/loans/${loanId}`);
  return { customerId, loanId, startDate: String(body.interestFrom) };
}

async function scheduleOf(loanId: string): Promise<Instalment[]> {
  const { body } = await platform.get(`/v1/loans/${loanId}/schedule`);
  return body.instalments as Instalment[];
}

const quote = (loanId: string, request: object, key: string = randomUUID()) =>
  platform.post(`/v1/loans/${loanId}/extension-quotes`, request, 'app', { 'idempotency-key': key });

async function quoted(loanId: string, periods: number, key?: string): Promise<Quote> {
  const { status, body } = await quote(loanId, { periods }, key);
  expect([status, body]).toEqual([201, body]);
  return body as unknown as Quote;
}

const refusalOf = async (loanId: string, periods: number) => {
  const { status, body } = await quote(loanId, { periods });
  return [status, body.code];
};

/** Makes a further version of a loan's schedule the one that holds, as an extension does. */
async function extendBefore(loanId: string, periods: number): Promise<void> {
  const version = 2;
  const moved = (date: string) => addMonths(date, periods);
  await platform.db('asset_center.schedule').insert({ loan_id: loanId, version, added_periods: periods });
  await platform.db('asset_center.instalment').insert(
    (await scheduleOf(loanId)).map((one) => ({
      ...{ loan_id: loanId, version, number: one.number },
      ...{ period_start: moved(one.periodStart), due_date: moved(one.dueDate), fee_minor: one.feeMinor },
      ...{ principal_minor: one.principalMinor, interest_minor: one.interestMinor },
    })),
  );
  await platform.db('asset_center.loan').where({ loan_id: loanId }).update({ schedule_version: version });
}

/** Puts a payment of whole instalments, from the first on, towards a loan, in the form in which payments are posted. */
async function payInstalments(loanId: string, valueDate: string, count: number): Promise<void> {
  const parts = (await scheduleOf(loanId))
    .slice(0, count)
    .flatMap(({ number, feeMinor, interestMinor, principalMinor }) => [
      { instalment: number, component: 'FEE', amount_minor: feeMinor },
      { instalment: number, component: 'INTEREST', amount_minor: interestMinor },
      { instalment: number, component: 'PRINCIPAL', amount_minor: principalMinor },
    ])
    .filter(({ amount_minor }) => amount_minor > 0);
  const common = { loan_id: loanId, payment_id: 'P1', value_date: valueDate };
  const amount_minor = sumMinor(parts.map((one) => one.amount_minor));
  await platform.db('asset_center.payment').insert({ ...common, number: 1, amount_minor, intent: 'NORMAL' });
  await platform
    .db('asset_center.posting')
    .insert(parts.map((part, index) => ({ ...common, ...part, number: index + 1, kind: 'PAYMENT' })));
}

const nothingOwed = { penaltyMinor: 0, feeMinor: 0, interestMinor: 0, principalMinor: 0, totalMinor: 0 };

describe('the quote of an extension', () => {
  test('has its fee, the interest of the time that is added and the whole new schedule, and can be read again', async () => {
    const { customerId, loanId, startDate } = await borrower();
    const before = await scheduleOf(loanId);
    const made = await quoted(loanId, 2);
    expect(made).toMatchObject({ loanId, customerId, periods: 2, quotedFor: startDate, scheduleVersion: 1 });
    // 0.5 % of 5,000,000, and two months more of 2 % each on it.
    expect(made.amounts).toMatchObject({ feeMinor: 25_000, arrears: nothingOwed, totalMinor: 25_000 });
    expect(made.amounts.addedInterestMinor).toBe(
      sumMinor(made.newInstalments.map((one) => one.interestMinor)) -
        sumMinor(before.map((one) => one.interestMinor)),
    );
    expect(made.newInstalments[0]!.interestMinor - before[0]!.interestMinor).toBe(200_000);
    expect(made.newInstalments.map(({ dueDate, principalMinor }) => [dueDate, principalMinor])).toEqual(
      before.map(({ number, principalMinor }) => [addMonths(startDate, number + 2), principalMinor]),
    );
    expect((await platform.get(made.links.self)).body).toEqual(made);
  });

  test('moves only what is not paid', async () => {
    const { loanId, startDate } = await borrower();
    const before = await scheduleOf(loanId);
    await payInstalments(loanId, startDate, 2);
    const { newInstalments, amounts } = await quoted(loanId, 1);
    expect(newInstalments.slice(0, 2)).toEqual(before.slice(0, 2));
    expect(newInstalments.slice(2).map(({ dueDate }) => dueDate)).toEqual(
      before.slice(2).map(({ number }) => addMonths(startDate, number + 1)),
    );
    const movedMinor = sumMinor(before.slice(2).map(({ principalMinor }) => principalMinor));
    expect(amounts.feeMinor).toBe(Math.round(movedMinor * 0.005));
  });

  test("holds until its day ends in the loan's market", async () => {
    const { loanId } = await borrower();
    const { quotedFor, holdsUntil } = await quoted(loanId, 1);
    // Midnight in Jakarta.
    expect(holdsUntil).toBe(`${quotedFor}T17:00:00.000Z`);
  });

  test('keeps what it was worked out on, and changes nothing of the loan', async () => {
    const { loanId, startDate } = await borrower();
    await payInstalments(loanId, startDate, 1);
    const before = await scheduleOf(loanId);
    const { quoteId } = await quoted(loanId, 1);
    const postings = await platform.db('asset_center.posting').where({ loan_id: loanId });
    expect(await platform.db('asset_center.extension_quote').where({ loan_id: loanId })).toEqual([
      expect.objectContaining({ quote_id: quoteId, schedule_version: 1, last_posting: postings.length }),
    ]);
    expect(await scheduleOf(loanId)).toEqual(before);
    expect(await platform.db('asset_center.schedule').where({ loan_id: loanId })).toHaveLength(1);
  });

  test('under the same key is the same, also when asked at the same time', async () => {
    const { loanId } = await borrower();
    const key = randomUUID();
    const asked = await Promise.all([1, 2, 3].map(() => quote(loanId, { periods: 1 }, key)));
    // Whoever comes while another is being answered is told to come again.
    expect(asked.every(({ status }) => [201, 409].includes(status))).toBe(true);
    const again = await quoted(loanId, 1, key);
    const answered = asked.filter(({ status }) => status === 201);
    expect(answered.length).toBeGreaterThan(0);
    for (const { body } of answered) expect(body).toEqual(again);
    expect(await platform.db('asset_center.extension_quote').where({ loan_id: loanId })).toHaveLength(1);
  });

  test('under a key that was used for other periods, or for a repayment, is refused', async () => {
    const { loanId } = await borrower();
    const [ofExtension, ofRepayment] = [randomUUID(), randomUUID()];
    await quoted(loanId, 1, ofExtension);
    const settlement = { scenario: 'EARLY_SETTLEMENT' };
    await platform.post(`/v1/loans/${loanId}/repayment-quotes`, settlement, 'app', {
      'idempotency-key': ofRepayment,
    });
    for (const [periods, key] of [
      [2, ofExtension],
      [1, ofRepayment],
    ] as const) {
      const { status, body } = await quote(loanId, { periods }, key);
      expect([status, body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    }
  });
});

describe('an extension is not quoted', () => {
  test.each([
    ['PERIODS_OUT_OF_RANGE', { periods: 4 }],
    ['INVALID_BODY', { periods: 0 }],
    ['INVALID_BODY', { periods: 1, scenario: 'EXTENSION' }],
  ])('with %s for %j: the same under the same key, and nothing is kept of it', async (code, request) => {
    const { loanId } = await borrower();
    const key = randomUUID();
    const answers = [await quote(loanId, request, key), await quote(loanId, request, key)];
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
      [422, code],
      [422, code],
    ]);
    expect(answers[0]!.body).toEqual(answers[1]!.body);
    expect(await platform.db('asset_center.extension_quote').where({ loan_id: loanId })).toEqual([]);
  });

  test('of a loan that is not booked', async () => {
    expect(await refusalOf('LN0000000000000000', 1)).toEqual([404, 'UNKNOWN_LOAN']);
  });

  test('of a loan that has no schedule yet', async () => {
    const { loanId } = await borrower();
    await platform
      .owner('asset_center.loan')
      .where({ loan_id: loanId })
      .update({ state: 'BOOKED', schedule_version: null });
    expect(await refusalOf(loanId, 1)).toEqual([422, 'LOAN_NOT_ACTIVE']);
  });

  test('of a loan that is paid', async () => {
    const { loanId, startDate } = await borrower();
    await payInstalments(loanId, startDate, 6);
    expect(await refusalOf(loanId, 1)).toEqual([422, 'LOAN_SETTLED']);
  });

  test('where the product does not offer it', async () => {
    const application = {
      ...{
        customerId: await platform.newCustomer('CN'),
        productId: 'cn-equal-principal',
        instalmentCount: 6,
      },
      ...{ principal: { currency: 'CNY', amountMinor: 1_000_000 }, payoutAccountToken: 'tok_test_account' },
    };
    const { body } = await platform.post('/v1/loan-applications', application, 'app', { prefer: 'wait=20' });
    expect(body.state).toBe('DISBURSED');
    const loanId = String(body.applicationId).replace('LA', 'LN');
    expect(await refusalOf(loanId, 1)).toEqual([422, 'NOT_OFFERED']);
  });

  test('of a loan that was extended as often as the product allows', async () => {
    const { loanId } = await borrower();
    await extendBefore(loanId, 1);
    expect(await refusalOf(loanId, 1)).toEqual([422, 'EXTENDED_TOO_OFTEN']);
  });

  test('beyond twice the time that the loan had at first', async () => {
    const { loanId } = await borrower('CN', 3);
    await extendBefore(loanId, 3);
    expect(await refusalOf(loanId, 1)).toEqual([422, 'TERM_TOO_LONG']);
  });
});

test("is quoted only as far as the contract of the loan's funding partner lets it run", async () => {
  const { customerId, loanId, startDate } = await borrower();
  const lastDay = (await scheduleOf(loanId)).at(-1)!.dueDate;
  const partner = platform.owner('reference.party').where({
    id: platform.db('asset_center.loan').where({ loan_id: loanId }).select('partner_id'),
  });
  const mostDays = daysBetween(startDate, addMonths(lastDay, 1));
  const scenarioOf = async () => {
    const { body } = await platform.get(`/v1/customers/${customerId}/due-list`);
    return (body.loans as DueLoan[])[0]!.scenarios.find(({ scenario }) => scenario === 'EXTENSION');
  };
  try {
    await partner.clone().update({ longest_term_days: mostDays });
    expect((await quoted(loanId, 1)).newInstalments.at(-1)!.dueDate).toBe(addMonths(lastDay, 1));
    expect(await refusalOf(loanId, 2)).toEqual([422, 'FUNDING_TERM_TOO_LONG']);
    expect(await scenarioOf()).toMatchObject({ isOpen: true });
    await partner.clone().update({ longest_term_days: mostDays - 1 });
    expect(await refusalOf(loanId, 1)).toEqual([422, 'FUNDING_TERM_TOO_LONG']);
    expect(await scenarioOf()).toMatchObject({
      ...{ isOpen: false, closedBecause: { code: 'FUNDING_TERM_TOO_LONG' } },
    });
  } finally {
    await partner.clone().update({ longest_term_days: null });
  }
});

test('of another customer neither a quote can be read nor a loan quoted', async () => {
  const { customerId, loanId } = await borrower();
  const { links } = await quoted(loanId, 1);
  const everything = async (customer: string) => {
    const client = { clientId: 'mobile-app', role: 'app', customerId: customer } as const;
    const { token } = await createApiKey(platform.owner, client);
    const headers = { authorization: `Bearer ${token}`, 'idempotency-key': randomUUID() };
    const answers = await Promise.all([
      fetch(platform.api.url + links.self, { headers }),
      fetch(platform.api.url + links.flow, { headers }),
      fetch(`${platform.api.url}/v1/loans/${loanId}/extension-quotes`, {
        ...{ method: 'POST', headers: { ...headers, 'content-type': 'application/json' } },
        body: JSON.stringify({ periods: 1 }),
      }),
    ]);
    return answers.map(({ status }) => status);
  };
  expect(await everything(customerId)).toEqual([200, 200, 201]);
  expect(await everything(await platform.newCustomer('ID'))).toEqual([404, 404, 404]);
});

test("a quote's run is listed for its customer, and leads to the quote", async () => {
  const { customerId, loanId } = await borrower();
  const { quoteId, links } = await quoted(loanId, 1);
  const { body } = await platform.get(`/v1/flows?flow=extension&customerId=${customerId}`);
  const [listed] = body.entries as { flowId: string; links: object }[];
  expect(listed).toMatchObject({ flowId: `extension:${quoteId}`, links: { subject: links.self } });
  expect((await platform.get(links.flow)).body.state).toBe('ARCHIVED');
});

test('its messages take the arrows of the catalog, and no other', async () => {
  const { loanId } = await borrower();
  const { quoteId } = await quoted(loanId, 1);
  const trace = await platform.trace();
  const { problems, notSeen } = checkTrace(trace);
  expect(problems).toEqual([]);
  const drawn = [
    arrow('calculate-repayment-plan', 'product-calculation-service'),
    arrow('product-calculation-service', 'repayment-plan-calculated'),
  ];
  expect(notSeen['extension']!.filter((one) => drawn.includes(one))).toEqual([]);
  const rows = trace.filter(({ flowId }) => flowId === `extension:${quoteId}`);
  expect(rows.map(({ message, service }) => `${message} → ${service}`)).toEqual([
    'calculate-repayment-posting → asset-center',
    'calculate-repayment-plan → product-calculation-service',
    'repayment-plan-calculated → asset-center',
    'repayment-posting-calculated → bff-system',
  ]);
});

test('the database refuses every change of a quote, to its owner too', async () => {
  for (const change of ['delete from', 'truncate']) {
    await expect(platform.owner.raw(`${change} asset_center.extension_quote`)).rejects.toMatchObject({
      code: '23001',
    });
  }
});

// The last: a market's business date moves for all of its loans.
test.each([
  ['CN', 'stays due', 30],
  ['ID', 'is paid with the fee', 15],
] as const)(
  'in %s, what is past due %s, until the loan is overdue for too long',
  async (market, _what, most) => {
    const { customerId, loanId } = await borrower(market);
    const before = await scheduleOf(loanId);
    const { dueDate } = before[0]!;
    const closeDaysUntil = async (to: string): Promise<void> => {
      const { businessDate } = (await businessDates(platform.db)).find((one) => one.market === market)!;
      await advanceBusinessDate(platform.db, { market, from: businessDate, to });
    };

    await closeDaysUntil(dueDate);
    const onItsDay = await quoted(loanId, 1);
    expect(onItsDay.newInstalments[0]!.dueDate).toBe(addMonths(onItsDay.newInstalments[0]!.periodStart, 2));

    const tenDaysOn = addDays(dueDate, 10);
    await closeDaysUntil(tenDaysOn);
    const made = await quoted(loanId, 1);
    const { body } = await platform.get(`/v1/customers/${customerId}/due-list`);
    const [loan] = body.loans as DueLoan[];
    expect(loan!.due.totalMinor).toBeGreaterThan(before[0]!.totalMinor);
    expect(made.amounts.arrears).toEqual(market === 'ID' ? loan!.due : nothingOwed);
    expect(made).toMatchObject({ quotedFor: tenDaysOn });
    expect(made.amounts.totalMinor).toBe(made.amounts.feeMinor + made.amounts.arrears.totalMinor);
    expect(made.newInstalments[0]).toEqual(before[0]);
    // A quote stays as it was made.
    expect((await platform.get(onItsDay.links.self)).body).toEqual(onItsDay);

    await closeDaysUntil(addDays(dueDate, most + 1));
    expect(await refusalOf(loanId, 1)).toEqual([422, 'TOO_LONG_OVERDUE']);

    await closeDaysUntil(addDays(before.at(-1)!.dueDate, 1));
    expect(await refusalOf(loanId, 1)).toEqual([422, 'NOTHING_TO_EXTEND']);
  },
);
