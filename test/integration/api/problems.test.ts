import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Knex } from 'knex';
import { apiRoutes, type ApiNeeds } from '../../../api/app';
import { isForm, problemsOf, type Route } from '../../../api/route';
import { ROLES, type Role } from '../../../db/access/api-keys';
import { answerWith, openQuestion, recordAct } from '../../../db/acts';
import { connect } from '../../../db/pool';
import { sign } from '../../../schemas/outside/signature';
import { sealNotification } from '../../../schemas/outside/yeepay/notification';
import { PARTY, SECRET, startApi, type ApiUnderTest, type Wanted } from './api-under-test';

/** Problems that need a flow's story to come up: the test files that provoke them. */
const elsewhere: Record<string, string[]> = {
  'api/customers.test.ts': ['listFlows CUSTOMER_NOT_FOUND'],
  'flows/refund-and-reversal-lifecycle.test.ts': [
    ...['WRONG_CURRENCY', 'NOT_REFUNDABLE', 'ACCOUNT_NEEDED', 'IDEMPOTENCY_KEY_REUSED'].map(
      (code) => `requestRefund ${code}`,
    ),
    'requestDisbursementReversal ALREADY_REVERSED',
    'requestDisbursementReversal IDEMPOTENCY_KEY_REUSED',
  ],
  'flows/operators.test.ts': [
    'act WRONG_STATE',
    'intervene INTERVENTION_REFUSED',
    'approveAct TRANSACTION_TAKEN',
  ],
  'api/callbacks.test.ts': [
    ...[
      'SIGNATURE_MISSING',
      'SIGNATURE_INVALID',
      'SIGNATURE_EXPIRED',
      'NOTIFICATION_REPLAYED',
      'TRANSACTION_TAKEN',
    ],
  ].map((code) => `receiveCallback ${code}`),
  'api/yeepay-notifications.test.ts': [
    ...['NOTIFICATION_REFUSED', 'TRANSACTION_TAKEN', 'UNSUPPORTED_MEDIA_TYPE'],
  ].map((code) => `receiveYeepayNotification ${code}`),
  'api/products.test.ts': ['submitLoanApplication PRODUCT_NOT_SELLABLE'],
  'api/extension-quotes.test.ts': [
    ...['IDEMPOTENCY_KEY_REUSED', 'LOAN_NOT_ACTIVE', 'LOAN_SETTLED', 'NOT_OFFERED', 'NOTHING_TO_EXTEND'],
    ...[
      'PERIODS_OUT_OF_RANGE',
      'TOO_LONG_OVERDUE',
      'EXTENDED_TOO_OFTEN',
      'TERM_TOO_LONG',
      'FUNDING_TERM_TOO_LONG',
    ],
  ].map((code) => `quoteExtension ${code}`),
  'flows/extension.test.ts': [
    ...['IDEMPOTENCY_KEY_REUSED', 'UNKNOWN_EXTENSION_QUOTE', 'QUOTE_EXPIRED', 'QUOTE_TAKEN'].map(
      (code) => `orderExtension ${code}`,
    ),
    'cancelExtension ORDER_PAID',
  ],
  'api/debt-orders.test.ts': [
    ...['payDebtOrder', 'confirmDebtOrderReceipt', 'refundDebtOrder', 'rollBackDebtOrder'].map(
      (operationId) => `${operationId} SIGNATURE_EXPIRED`,
    ),
    ...['payDebtOrder ORDER_TAKEN', 'payDebtOrder MORE_THAN_ORDER', 'rollBackDebtOrder NO_REFUND'],
    ...['REFUND_TAKEN', 'ITEM_UNKNOWN', 'ITEM_REFUNDED', 'REFUND_EXCEEDS_ORDER', 'REFUND_EXCEEDS_ITEM'].map(
      (code) => `refundDebtOrder ${code}`,
    ),
    ...['WRONG_CURRENCY', 'MORE_THAN_ORDER', 'INCOMPLETE_IMPORT', 'ORDER_TAKEN'].map(
      (code) => `importDebtOrder ${code}`,
    ),
    ...['WRONG_CURRENCY', 'PLAN_IS_NOT_DEBT', 'SETTLED_MORE_THAN_DEBT', 'CONTRACT_TAKEN'].map(
      (code) => `putDebtContract ${code}`,
    ),
    ...['confirmDebtOrderReceipt', 'refundDebtOrder', 'rollBackDebtOrder', 'getDebtOrder'].map(
      (operationId) => `${operationId} UNKNOWN_DEBT_ORDER`,
    ),
    'mapDebtLedger LEDGER_TAKEN',
  ],
  'api/reconciliation.test.ts': [
    ...['MARKET_WITHOUT_MALL', 'DAY_TO_COME'].map((code) => `compareDay ${code}`),
    'acknowledgeFinding FINDING_CLOSED',
  ],
  'api/repayments.test.ts': [
    ...['IDEMPOTENCY_KEY_REUSED', 'LOAN_NOT_ACTIVE', 'WRONG_CURRENCY', 'LOAN_SETTLED', 'NOTHING_DUE'],
    ...['UNKNOWN_INSTALMENT', 'NOT_OFFERED', 'WINDOW_CLOSED'],
  ].map((code) => `quoteRepayment ${code}`),
  'flows/repayment-orders.test.ts': [
    ...[
      ...[
        'IDEMPOTENCY_KEY_REUSED',
        'LOAN_NOT_OF_CUSTOMER',
        'LOAN_REPEATED',
        'LOAN_NOT_ACTIVE',
        'UNKNOWN_QUOTE',
      ],
      ...['QUOTE_EXPIRED', 'WRONG_CURRENCY', 'NOTHING_TO_PAY', 'ORDER_TOO_LARGE'],
    ].map((code) => `orderRepayment ${code}`),
    'cancelRepaymentOrder ORDER_PAID',
  ],
  'flows/repayment-money-in.test.ts': ['receiveCallback RECEIPT_CONTRADICTED'],
  'api/reads.test.ts': ['getLoanSchedule UNKNOWN_SCHEDULE'],
  'flows/branches.test.ts': [
    'withdrawLoanApplication WRONG_STATE',
    'approveAct OWN_ACT',
    'approveAct ALREADY_ANSWERED',
  ],
};

/** Problems that one place makes for all routes: the test files that provoke them there. */
const forAllRoutes: Record<string, string[]> = {
  'api/limits.test.ts': ['RATE_LIMITED'],
  'api/idempotency.test.ts': ['REQUEST_IN_PROGRESS'],
};

/** These two answer from memory: nothing can make them fail that would let them say so. */
const unprovoked = ['getHealth INTERNAL_ERROR', 'getOpenApi INTERNAL_ERROR'];

const routes = apiRoutes({} as ApiNeeds);
const named = (operationId: string): Route => routes.find((route) => route.operationId === operationId)!;

let api: ApiUnderTest;
const provoked = new Set<string>();
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

/** A request as the route's examples show it, by a client that may send it; nothing of what it names exists. */
function exampleOf(route: Route): { path: string; wanted: Wanted } {
  const { parameters = [], body, access } = route;
  if (body && isForm(body)) return { path: route.path, wanted: sealed(JSON.stringify(cleared)) };
  const address = parameters
    .filter((one) => one.in === 'path')
    .reduce(
      (now, { name, example }) => now.replace(`{${name}}`, example.replace(/^42$/, '999999')),
      route.path,
    );
  const required = parameters.filter((one) => one.in === 'query' && one.required);
  const query = new URLSearchParams(
    required.map(({ name, example }): [string, string] => [name, example]),
  ).toString();
  const headers = Object.fromEntries(
    parameters
      .filter((one) => one.in === 'header' && one.required)
      .map(({ name, example }) => [name, example]),
  );
  const wanted: Wanted = {
    headers,
    ...(body && { body: Object.values(body.examples)[0] }),
    ...(access !== 'OPEN' && 'roles' in access && { as: access.roles[0]! }),
  };
  const isSigned = access !== 'OPEN' && 'signature' in access;
  const signedAddress = address.replace(/^\/callbacks\/.*/, `/callbacks/${PARTY}`);
  return isSigned
    ? { path: signedAddress, wanted: signed(wanted) }
    : { path: query ? `${address}?${query}` : address, wanted };
}

function signed(wanted: Wanted): Wanted {
  const rawBody = typeof wanted.body === 'string' ? wanted.body : JSON.stringify(wanted.body);
  const headers = sign({ secret: SECRET, id: 'one', timestamp: new Date(), rawBody });
  return { ...wanted, body: rawBody, headers: { ...wanted.headers, ...headers } };
}

const cleared = {
  ...{ orderId: 'MO01JDC7V3P5KE', uniqueOrderNo: 'Y1', merchantNo: 'MALL', clearingStatus: 'SUCCESS' },
  ...{ ypSettleAmount: '99.40', clearingSuccessDate: '2026-01-15 18:00:00' },
};

/** A notification as Yeepay sends it. */
function sealed(json: string): Wanted {
  const { merchantKey: publicKey, platformPrivateKey } = api.yeepay;
  const response = sealNotification(json, { publicKey, platformPrivateKey });
  return {
    body: new URLSearchParams({ response, customerIdentification: 'app' }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  };
}

/** Sends a request and notes the problem that answers it. */
async function provoke(route: Route, at: string, wanted: Wanted, by = api): Promise<string | undefined> {
  const { body } = await by.call<{ code?: string } | null>(route.method.toUpperCase(), at, wanted);
  if (body?.code !== undefined) provoked.add(`${route.operationId} ${body.code}`);
  return body?.code;
}

const withBody = (
  { access, body: declared }: Route,
  wanted: Wanted,
  body: string,
  headers: Record<string, string> = {},
): Wanted => {
  if (declared && isForm(declared)) {
    const form = sealed(body);
    return { ...form, headers: { ...form.headers, ...headers } };
  }
  const changed = { ...wanted, body, headers: { ...wanted.headers, ...headers } };
  return access !== 'OPEN' && 'signature' in access ? signed(changed) : changed;
};

test.each(routes.map((route): [string, Route] => [route.operationId, route]))(
  '%s answers what is wrong in itself as it documents it',
  async (_operationId, route) => {
    const { path: at, wanted } = exampleOf(route);
    const { as, ...anonymous } = wanted;
    await provoke(route, at, wanted);
    await provoke(route, `${at}${at.includes('?') ? '&' : '?'}unknown=1`, wanted);
    if (route.path.includes('{')) {
      await provoke(route, route.path.replace(/\{\w+\}/, '%E0%A4%A').replace(/\{\w+\}/g, 'x'), wanted);
      await provoke(route, route.path.replace(/\{\w+\}/, 'no-such-party').replace(/\{\w+\}/g, '1'), wanted);
    }
    if (as !== undefined) {
      const { roles } = route.access as { roles: readonly Role[] };
      await provoke(route, at, anonymous);
      await provoke(route, at, { ...anonymous, headers: { ...wanted.headers, authorization: 'Bearer x' } });
      await provoke(route, at, { ...wanted, as: ROLES.find((role) => !roles.includes(role))! });
    }
    if (route.body) {
      await provoke(route, at, withBody(route, wanted, '{'));
      await provoke(route, at, withBody(route, wanted, '{}'));
      await provoke(
        route,
        at,
        withBody(route, wanted, JSON.stringify('x'.repeat((route.body?.limitBytes ?? 65_536) + 1))),
      );
      await provoke(route, at, withBody(route, wanted, '{}', { 'content-type': 'text/plain' }));
    }
    for (const { name, in: place, required } of route.parameters ?? []) {
      if (place !== 'header' || !required) continue;
      const others = Object.entries(wanted.headers ?? {}).filter(([header]) => header !== name);
      await provoke(route, at, { ...wanted, headers: Object.fromEntries(others) });
      await provoke(route, at, {
        ...wanted,
        headers: { ...Object.fromEntries(others), [name]: 'two words' },
      });
    }
    expect([...provoked].some((one) => one.startsWith(`${route.operationId} `))).toBe(true);
  },
);

test('without the database all that needs it is answered with 503', async () => {
  const nowhere = connect('postgres://nobody@127.0.0.1:1/none', { max: 1, applicationName: 'nowhere' });
  const lonely = await api.beside({ db: nowhere });
  for (const route of routes.filter((one) => problemsOf(one).includes('TEMPORARILY_UNAVAILABLE'))) {
    const { path: at, wanted } = exampleOf(route);
    expect([route.operationId, await provoke(route, at, wanted, lonely)]).toEqual([
      route.operationId,
      'TEMPORARILY_UNAVAILABLE',
    ]);
  }
  await lonely.stop();
});

test('what goes wrong inside is answered with 500, of which the client learns nothing', async () => {
  const broken = Object.assign(
    () => {
      throw new Error('broken');
    },
    { destroy: () => Promise.resolve() },
  ) as unknown as Knex;
  const ill = await api.beside({ db: broken });
  for (const route of routes.filter(({ access }) => access !== 'OPEN')) {
    const { path: at, wanted } = exampleOf(route);
    expect([route.operationId, await provoke(route, at, wanted, ill)]).toEqual([
      route.operationId,
      'INTERNAL_ERROR',
    ]);
  }
  expect(await provoke(named('getReadiness'), '/readyz', {}, ill)).toBe('INTERNAL_ERROR');
  await ill.stop();
});

const goodApplication = {
  ...{ customerId: 'ID-C001', productId: 'id-cash-instalment', instalmentCount: 6 },
  ...{ principal: { currency: 'IDR', amountMinor: 5_000_000 }, payoutAccountToken: 'tok_7f3k9m2q5x' },
};

test('a loan application is refused for each thing that the product and the customer rule out', async () => {
  const route = named('submitLoanApplication');
  const submit = (body: object, key = createHash('sha256').update(JSON.stringify(body)).digest('hex')) =>
    provoke(route, route.path, { as: 'app', body, headers: { 'idempotency-key': key } });
  expect(await submit(goodApplication, 'one')).toBeUndefined();
  expect(
    await Promise.all([
      submit({ ...goodApplication, instalmentCount: 3 }, 'one'),
      submit({ ...goodApplication, customerId: 'ID-C999' }),
      submit({ ...goodApplication, customerId: 'CN-C001' }),
      submit({ ...goodApplication, principal: { currency: 'CNY', amountMinor: 5_000_000 } }),
      submit({ ...goodApplication, principal: { currency: 'IDR', amountMinor: 1 } }),
      submit({ ...goodApplication, instalmentCount: 7 }),
    ]),
  ).toEqual([
    ...['IDEMPOTENCY_KEY_REUSED', 'UNKNOWN_CUSTOMER', 'CUSTOMER_NOT_IN_MARKET', 'WRONG_CURRENCY'],
    ...['AMOUNT_OUT_OF_RANGE', 'TERM_NOT_OFFERED'],
  ]);
});

test('a question takes only its own answers and only the first, and a key only one act', async () => {
  const flowId = 'loan-application-disbursement:LA0000000001';
  const asked = { flowId, question: 'review', answer: 'APPROVE' } as const;
  await openQuestion(api.db, { ...asked, answers: ['APPROVE', 'REJECT'] });
  const ofOther = await recordAct(api.db, {
    ...asked,
    actor: 'another-operator',
    reason: 'The test wants it.',
  });
  const post = (operationId: string, at: string, key: string, body: object) =>
    provoke(named(operationId), at, { as: 'ops', headers: { 'idempotency-key': key }, body });
  const answer = (key: string, change: object) =>
    post('act', '/v1/ops/acts', key, { ...asked, reason: 'The test wants it.', ...change });

  expect(await answer('one', { answer: 'LATER' })).toBe('ANSWER_NOT_TAKEN');
  expect(await answer('one', {})).toBeUndefined();
  expect(await answer('one', { answer: 'REJECT' })).toBe('IDEMPOTENCY_KEY_REUSED');
  const approvals = `/v1/ops/acts/${ofOther}/approvals`;
  expect(await post('approveAct', approvals, 'one', { reason: 'Another one.' })).toBe(
    'IDEMPOTENCY_KEY_REUSED',
  );

  await answerWith(api.db, { ...asked, actId: ofOther });
  expect(await answer('two', {})).toBe('ALREADY_ANSWERED');
});

test('a withdrawal stands under its key with its reason', async () => {
  const { body } = await api.call<{ applicationId: string }>('POST', '/v1/loan-applications', {
    ...{ as: 'app', body: goodApplication, headers: { 'idempotency-key': 'to-be-withdrawn' } },
  });
  const at = `/v1/loan-applications/${body.applicationId}/withdrawals`;
  const withdraw = (reason: string) =>
    provoke(named('withdrawLoanApplication'), at, {
      ...{ as: 'app', body: { reason }, headers: { 'idempotency-key': 'withdrawal' } },
    });
  expect(await withdraw('No longer needed.')).toBeUndefined();
  expect(await withdraw('Too dear.')).toBe('IDEMPOTENCY_KEY_REUSED');
});

test('an intervention is for a flow that runs and an act that there is, and its key for one of them', async () => {
  const { path: at, wanted } = exampleOf(named('intervene'));
  const order = (key: string, body: object) =>
    provoke(named('intervene'), at, { ...wanted, headers: { 'idempotency-key': key }, body });
  const reason = 'The test wants it.';
  expect(await order('early', { act: 'hold', reason })).toBe('UNKNOWN_FLOW');
  const [, flowId] = /flows\/(.+)\/interventions/.exec(at)!;
  await api.owner('messages.run').insert({ flow_id: flowId, flow: flowId!.split(':')[0], market: 'ID' });
  expect(await order('first', { act: 'hold', reason })).toBe('FLOW_ENDED');
  expect(await order('first', { act: 'release', reason })).toBe('IDEMPOTENCY_KEY_REUSED');
  const approvalId = '5b2f0c1e-8a53-8f0e-9d57-0d2f3a6f9b11';
  expect(await order('second', { act: 'resolve', reason, approvalId })).toBe('UNKNOWN_ACT');
});

test('every documented problem is provoked, here or where it is said', () => {
  const documented = routes.flatMap((route) =>
    problemsOf(route).map((code) => `${route.operationId} ${code}`),
  );
  const excepted = [...Object.values(elsewhere).flat(), ...unprovoked];
  const alike = Object.values(forAllRoutes).flat();
  const isExcepted = (one: string) => excepted.includes(one) || alike.includes(one.split(' ')[1]!);
  expect(documented.filter((one) => !provoked.has(one) && !isExcepted(one))).toEqual([]);
  // What is said must hold, and be needed.
  expect(excepted.filter((one) => !documented.includes(one))).toEqual([]);
  for (const [file, problems] of Object.entries({ ...elsewhere, ...forAllRoutes })) {
    const source = readFileSync(path.join(__dirname, '..', file), 'utf8');
    for (const one of problems) expect([one, source.includes(one.split(' ').at(-1)!)]).toEqual([one, true]);
  }
});
