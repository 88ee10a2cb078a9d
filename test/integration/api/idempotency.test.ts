import { randomUUID } from 'node:crypto';
import { until } from '../../support/until';
import { startApi, type ApiUnderTest } from './api-under-test';

// What holds for every route that takes an Idempotency-Key; loan-applications.test.ts has what is special to submissions.

let api: ApiUnderTest;
let otherProcess: ApiUnderTest;
beforeAll(async () => {
  api = await startApi();
  otherProcess = await api.beside({});
});
afterAll(async () => {
  await otherProcess.stop();
  await api.stop();
});

const application = {
  ...{ customerId: 'ID-C001', productId: 'id-cash-instalment', instalmentCount: 6 },
  ...{ principal: { currency: 'IDR', amountMinor: 5_000_000 }, payoutAccountToken: 'tok_7f3k9m2q5x' },
};
const submit = (key: string, at = api) =>
  at.call('POST', '/v1/loan-applications', {
    ...{ as: 'app', body: application },
    // The same client at both: each API under test makes keys of its own.
    headers: { 'idempotency-key': key },
  });

/** Sends a request and keeps it from ending while `meanwhile` runs; resolves to its answer. */
async function whileHandled(key: string, meanwhile: () => Promise<void>) {
  const held = await api.owner.transaction();
  try {
    await held.raw('lock table access.submission in share row exclusive mode');
    const first = submit(key);
    while (!(await isKeyLocked())) await new Promise((resolve) => setImmediate(resolve));
    await meanwhile();
    await held.rollback();
    return await first;
  } finally {
    await held.rollback();
  }
}

async function isKeyLocked(): Promise<boolean> {
  const { rows } = await api.owner.raw<{ rows: unknown[] }>(
    `select from pg_locks join pg_stat_activity using (pid)
      where locktype = 'advisory' and granted and application_name = 'api-test-key-locks' and datname = current_database()`,
  );
  return rows.length > 0;
}

test('while a request is being handled, another with its key is told to come again, in every process', async () => {
  const key = randomUUID();
  const first = await whileHandled(key, async () => {
    for (const process of [api, otherProcess]) {
      const { status, headers, body } = await submit(key, process);
      expect([status, body.code]).toEqual([409, 'REQUEST_IN_PROGRESS']);
      expect(headers.get('retry-after')).toMatch(/^\d+$/);
    }
  });
  expect(first.status).toBe(202);
  expect((await submit(key)).body).toEqual(first.body);
  expect((await submit(key, otherProcess)).body).toEqual(first.body);
});

test('a request that nobody handles any more blocks its key no longer', async () => {
  const key = randomUUID();
  let second: ReturnType<typeof submit> | undefined;
  const first = await whileHandled(key, async () => {
    expect((await submit(key, otherProcess)).status).toBe(409);
    // What happens when the process dies: its session ends.
    await api.owner.raw(
      `select pg_terminate_backend(pid) from pg_locks join pg_stat_activity using (pid)
        where locktype = 'advisory' and application_name = 'api-test-key-locks' and datname = current_database()`,
    );
    while (await isKeyLocked()) await new Promise((resolve) => setImmediate(resolve));
    second = submit(key, otherProcess);
    while (!(await isKeyLocked())) await new Promise((resolve) => setImmediate(resolve));
  });
  expect((await second!).body).toEqual(first.body);
});

test('a key that was used at one route is refused at every other, and what it was used for stands', async () => {
  const key = randomUUID();
  const first = await submit(key);
  const { applicationId } = first.body as unknown as { applicationId: string };
  const elsewhere = () =>
    otherProcess.call('POST', `/v1/loan-applications/${applicationId}/withdrawals`, {
      ...{ as: 'app', headers: { 'idempotency-key': key }, body: { reason: 'No longer needed.' } },
    });
  const isFree = ({ body }: { body: { code?: string } }) => body.code !== 'REQUEST_IN_PROGRESS';
  const refused = await until(async () => {
    const answer = await elsewhere();
    return isFree(answer) && answer;
  });
  expect([refused.status, refused.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
  const flow_id = `loan-application-disbursement:${applicationId}`;
  expect(await api.db('operations.act').where({ flow_id })).toEqual([]);
  expect((await submit(key)).body).toEqual(first.body);
});

test('a key whose request was refused is free for another route', async () => {
  const key = randomUUID();
  const headers = { 'idempotency-key': key };
  const refused = await api.call('POST', '/v1/loans/LN0000000000/repayment-quotes', {
    ...{ as: 'app', headers, body: { scenario: 'NORMAL' } },
  });
  expect(refused.body.code).toBe('UNKNOWN_LOAN');
  const second = await until(async () => {
    const answer = await submit(key);
    return answer.status !== 409 && answer;
  });
  expect(second.status).toBe(202);
});

test('another key of the same client is not held up', async () => {
  const key = randomUUID();
  await whileHandled(key, async () => {
    const { body } = await api.call('POST', '/v1/ops/acts', {
      ...{ as: 'ops', headers: { 'idempotency-key': key } },
      body: { flowId: 'x:1', question: 'review', answer: 'APPROVE', reason: 'another client' },
    });
    expect(body.code).toBe('UNKNOWN_QUESTION');
  });
});

test.each([
  ['/v1/loan-applications', 'app', application],
  ['/v1/loans/LN0000000000/repayment-quotes', 'app', { scenario: 'NORMAL' }],
  ['/v1/loans/LN0000000000/extension-quotes', 'app', { periods: 1 }],
  ['/v1/extensions', 'app', { loanId: 'LN0000000000', quoteId: 'EQ0000000000' }],
  ['/v1/loan-applications/LA0000000000/withdrawals', 'app', { reason: 'No longer needed.' }],
  ['/v1/ops/acts', 'ops', { flowId: 'x:1', question: 'review', answer: 'APPROVE', reason: 'none' }],
  [`/v1/ops/acts/${randomUUID()}/approvals`, 'ops', { reason: 'none' }],
] as const)('%s asks for a key', async (path, as, body) => {
  const reply = await api.call('POST', path, { as, body });
  expect([reply.status, reply.body.code]).toEqual([400, 'IDEMPOTENCY_KEY_MISSING']);
});

describe('a withdrawal', () => {
  const withdraw = async (address: string, key: string, reason: string) =>
    api.call(
      ...([
        'POST',
        `${address}/withdrawals`,
        { as: 'app', headers: { 'idempotency-key': key }, body: { reason } },
      ] as const),
    );
  let address: string;
  beforeAll(async () => {
    const { body } = await submit(randomUUID());
    address = `/v1/loan-applications/${String((body as unknown as { applicationId: string }).applicationId)}`;
  });

  test('is recorded once under its key, with one answer', async () => {
    const [key, reason] = [randomUUID(), 'No longer needed.'];
    const first = await withdraw(address, key, reason);
    expect(first.status).toBe(202);
    expect((await withdraw(address, key, reason)).body).toEqual(first.body);
    const flow_id = `loan-application-disbursement:${address.split('/').at(-1)}`;
    expect(await api.db('operations.act').where({ flow_id, reason })).toHaveLength(1);
  });

  test('is refused under a key that was used for another one', async () => {
    const key = randomUUID();
    await withdraw(address, key, 'One reason.');
    const { status, body } = await withdraw(address, key, 'Another reason.');
    expect([status, body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
  });
});
