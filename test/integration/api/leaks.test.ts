import { randomUUID } from 'node:crypto';
import { startApi, type ApiUnderTest, type Reply } from './api-under-test';

// What goes wrong tells neither the client nor the log anything about people, statements or the inside of the code.

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const ACCOUNT = 'tok_7f3k9m2q5x';
const PURPOSE = 'For Siti Rahayu, passport X1234567';
const submit = () =>
  api.call('POST', '/v1/loan-applications', {
    ...{ as: 'app', headers: { 'idempotency-key': randomUUID() } },
    body: {
      ...{ customerId: 'ID-C001', productId: 'id-cash-instalment', instalmentCount: 6, purpose: PURPOSE },
      ...{ principal: { currency: 'IDR', amountMinor: 5_000_000 }, payoutAccountToken: ACCOUNT },
    },
  });

/** The answer and the lines that were logged for it, as texts. */
async function toldOf(send: () => Promise<Reply<unknown>>) {
  const { status, headers, body } = await send();
  const lines = api.log.filter(({ requestId }) => requestId === headers.get('x-request-id'));
  return { status, answer: JSON.stringify(body), log: JSON.stringify(lines) };
}

const PERSONAL = new RegExp(`${ACCOUNT}|Siti|X1234567`);
const SQL = /\b(insert into|select |values ?\(|returning)/i;
const STACK = /\n? {2,}at |node_modules|\/(root|home|tmp|usr)\//;

describe('an error of the database that quotes what was written', () => {
  const raising = (raise: string) => `
    create function access.fail() returns trigger language plpgsql as $$ begin ${raise} return new; end $$;
    create trigger fail before insert on access.submission for each row execute function access.fail();`;
  afterEach(() => api.owner.raw('drop function access.fail cascade'));

  test.each([
    ['in its message', `raise exception 'refused: %', new.command;`],
    ['in its detail', `raise exception 'refused' using detail = new.command::text, errcode = '23514';`],
    ['in a value that it cannot read', `perform (new.command #>> '{data,purpose}')::integer;`],
  ])('%s stays inside', async (_where, raise) => {
    await api.owner.raw(raising(raise));
    const { status, answer, log } = await toldOf(submit);
    expect(status).toBe(500);
    expect(answer).toContain('INTERNAL_ERROR');
    expect(log).toContain('DatabaseError');
    for (const told of [answer, log]) {
      expect(told).not.toMatch(PERSONAL);
      expect(told).not.toMatch(SQL);
      expect(told).not.toMatch(STACK);
    }
  });

  test('is told to operators by its code, its constraint and the route', async () => {
    await api.owner.raw(raising(`raise exception 'no' using errcode = '23514', constraint = 'some_check';`));
    const { log } = await toldOf(submit);
    for (const told of ['23514', 'some_check', '"route":"/v1/loan-applications"'])
      expect(log).toContain(told);
  });
});

test.each<[string, () => ReturnType<ApiUnderTest['call']>]>([
  [
    'a body that is no JSON',
    () =>
      api.call('POST', '/v1/loan-applications', {
        ...{ as: 'app', headers: { 'idempotency-key': 'k' }, body: `{"purpose": "${PURPOSE}` },
      }),
  ],
  [
    'a value that breaks the schema',
    () =>
      api.call('POST', '/v1/loan-applications', {
        ...{ as: 'app', headers: { 'idempotency-key': 'k' }, body: { [PURPOSE]: 1, customerId: PURPOSE } },
      }),
  ],
  ['a path', () => api.call('GET', `/v1/loans/${encodeURIComponent(PURPOSE)}`, { as: 'app' })],
  ['a path of nothing', () => api.call('GET', `/v1/${encodeURIComponent(PURPOSE)}`, { as: 'app' })],
  ['a query', () => api.call('GET', `/v1/flows?name=${encodeURIComponent(PURPOSE)}`, { as: 'app' })],
])('%s that holds personal data is not logged', async (_what, send) => {
  const { status, log } = await toldOf(send);
  expect(status).toBeGreaterThanOrEqual(400);
  expect(decodeURIComponent(log)).not.toMatch(PERSONAL);
});

test('what is logged of a request says which route it took', async () => {
  const { log } = await toldOf(() => api.call('GET', '/v1/loans/LN0000000000', { as: 'app' }));
  expect(log).toContain('"route":"/v1/loans/:loanId"');
});
