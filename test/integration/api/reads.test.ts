import { createApiKey } from '../../../db/access/api-keys';
import type { TraceRow } from '../../../db/reads/trace';
import { startPlatform, type Platform } from '../../support/platform';
import { callerOf, type Caller } from './api-under-test';

interface Links {
  links: Record<string, string>;
}

let platform: Platform;
let call: Caller;
let application: Links & Record<string, unknown>;
let flowAddress: string;

/** One application that runs to its end is all that these tests read about. */
beforeAll(async () => {
  platform = await startPlatform();
  const { owner, client, api } = platform;
  const tokens = {
    app: (await createApiKey(owner, { clientId: 'mobile-app', role: 'app' })).token,
    ops: (await createApiKey(owner, { clientId: 'operations', role: 'ops' })).token,
  };
  call = callerOf(api.url, tokens);
  const { body, headers } = await call<Links & { flowId: string }>('POST', '/v1/loan-applications', {
    as: 'app',
    headers: { 'idempotency-key': 'the-one' },
    body: {
      ...{ customerId: 'CN-C001', productId: 'cn-cash-instalment', instalmentCount: 6 },
      ...{ principal: { currency: 'CNY', amountMinor: 10_000 }, payoutAccountToken: 'tok_7f3k9m2q5x' },
    },
  });
  await client.workflow.getHandle(body.flowId).result();
  flowAddress = headers.get('location')!;
  application = await read<typeof application>(body.links['self']!);
}, 60_000);
afterAll(() => platform.stop());

async function read<Body>(address: string, as: 'app' | 'ops' = 'app'): Promise<Body> {
  const { status, body } = await call<Body>('GET', address, { as });
  expect([address, status]).toEqual([address, 200]);
  return body;
}

test('a disbursed application says what was paid out, by whom and when', () => {
  expect(application).toMatchObject({
    ...{ state: 'DISBURSED', productVersion: 1, partnerId: 'bank-huaxin', reasonCodes: [] },
    principal: { currency: 'CNY', amountMinor: 10_000 },
    payout: { currency: 'CNY', amountMinor: 10_000 },
    deductedFees: { currency: 'CNY', amountMinor: 0 },
  });
});

test('an application leads to its loan, with a schedule that pays back the principal', async () => {
  const loan = await read<Links & { state: string; schedule: { instalments: { principalMinor: number }[] } }>(
    application.links['loan']!,
  );
  expect(loan.state).toBe('ACTIVE');
  expect(loan.schedule.instalments).toHaveLength(6);
  const repaid = loan.schedule.instalments.reduce((sum, { principalMinor }) => sum + principalMinor, 0);
  expect(repaid).toBe(10_000);
  expect(loan.links['application']).toBe(application.links['self']);
});

test('a flow says how far it is, and leads to its subject', async () => {
  const flow = await read<Links & Record<string, unknown>>(flowAddress);
  expect(flow).toMatchObject({
    state: 'COMPLETED',
    refusedCount: 0,
    lastStep: { seq: flow['handledCount'] },
  });
  expect(flow.links['subject']).toBe(application.links['self']);
});

test('the trace of a flow holds its parts, each numbered from 1 without gaps', async () => {
  const trace = await read<TraceRow[]>(`${flowAddress}/trace`);
  expect(trace[0]).toMatchObject({ seq: 1, source: 'app', message: 'submit-loan-application' });
  const parts = new Map<string, number[]>();
  for (const { flowId, seq } of trace) parts.set(flowId, [...(parts.get(flowId) ?? []), seq]);
  expect([...parts.keys()].map((flowId) => flowId.split(':')[0])).toEqual([
    'loan-application-disbursement',
    'repayment-plan-generation',
  ]);
  for (const seqs of parts.values()) expect(seqs).toEqual(seqs.map((_seq, index) => index + 1));
});

test('a part of a flow is a flow that leads to the whole and has its state', async () => {
  const trace = await read<TraceRow[]>(`${flowAddress}/trace`);
  const { flowId, parentFlowId } = trace.find((row) => row.parentFlowId !== undefined)!;
  const part = await read<Links & Record<string, unknown>>(`/v1/flows/${flowId}`);
  expect(part).toMatchObject({ state: 'COMPLETED', parentFlowId });
  expect(part.links).toMatchObject({ parent: flowAddress, subject: application.links['loan'] });
});

test('a loan is among the loans of its customer, with a link to what funded it', async () => {
  const loan = await read<Links & { fundingJournalId: number }>(application.links['loan']!);
  const { entries } = await read<{ entries: Links[] }>(loan.links['customerLoans']!);
  expect(entries).toMatchObject([
    {
      ...{ state: 'ACTIVE', principal: { currency: 'CNY', amountMinor: 10_000 } },
      links: { self: application.links['loan'], journal: loan.links['journal'] },
    },
  ]);
});

test('the schedule is the newest version, and every version can be read', async () => {
  interface Schedule {
    version: number;
    totals: { principalMinor: number };
    versions: { version: number; links: { self: string } }[];
  }
  const { links } = await read<Links>(application.links['loan']!);
  const newest = await read<Schedule>(links['schedule']!);
  expect(newest).toMatchObject({ version: 1, totals: { principalMinor: 10_000, totalMinor: 6 * 1_713 } });
  expect(newest.versions).toHaveLength(1);
  expect(await read<Schedule>(newest.versions[0]!.links.self)).toEqual(newest);
});

test('a version that the schedule does not have is refused with those that it has', async () => {
  const { body } = await call('GET', `${application.links['loan']}/schedule?version=7`, { as: 'ops' });
  expect(body).toMatchObject({ code: 'UNKNOWN_SCHEDULE', detail: expect.stringContaining('it has 1') });
});

test('the flow and its part are listed with the state of the application', async () => {
  const { entries } = await read<{ entries: (Links & Record<string, unknown>)[] }>('/v1/flows');
  expect(entries).toMatchObject([
    { flow: 'repayment-plan-generation', state: 'DISBURSED', links: { parent: flowAddress } },
    { flow: 'loan-application-disbursement', state: 'DISBURSED', links: { self: flowAddress } },
  ]);
});

test('a message shows no personal data', async () => {
  const [submitted] = await read<(TraceRow & Links)[]>(`${flowAddress}/trace`);
  const message = await read<{ data: object; links: Record<string, string> }>(
    submitted!.links['message']!,
    'ops',
  );
  expect(message.data).toMatchObject({ customerId: 'CN-C001', instalmentCount: 6 });
  expect(JSON.stringify(message)).not.toContain('tok_7f3k9m2q5x');
  expect(message.links).toEqual({ self: submitted!.links['message'], flow: flowAddress });
});

test('a request says how it was settled, and leads back to the message and the flow', async () => {
  const { outsideRequests } = await read<{ outsideRequests: Links[] }>(flowAddress);
  const request = await read<Links & Record<string, unknown>>(outsideRequests[0]!.links['self']!, 'ops');
  expect(request).toMatchObject({
    ...{ party: 'bank-huaxin', operation: 'funding-partner-payout', state: 'SUCCEEDED', try: 1 },
    settled: { transactionNo: expect.any(String) },
    links: { flow: flowAddress },
  });
  const message = await read<Links & Record<string, unknown>>(request.links['message']!, 'ops');
  expect(message).toMatchObject({
    type: 'disbursement-requested',
    handlings: expect.arrayContaining([expect.objectContaining({ service: 'partner-hub' })]),
    outsideRequests: [{ links: { self: request.links['self'] } }],
  });
});

test('a whole story is followed by links: loan, journal, message, flow, outside request, and back', async () => {
  type Entity = Links & Record<string, unknown>;
  const loan = await read<Entity>(application.links['loan']!, 'ops');
  const journal = await read<Entity & { entries: Links[] }>(loan.links['journal']!, 'ops');
  expect(journal).toMatchObject({ book: 'general', causedBy: { type: 'post-ledger-event' } });

  const message = await read<Entity & { journals: Links[] }>(journal.links['message']!, 'ops');
  expect(message).toMatchObject({
    ...{ type: 'post-ledger-event', source: 'loan-engine', target: 'accounting-center' },
    handlings: [{ service: 'accounting-center' }],
    sent: expect.arrayContaining([expect.objectContaining({ type: 'accounting-entry-posted' })]),
  });
  expect(message.journals.map(({ links }) => links['self'])).toEqual([journal.links['self']]);

  const flow = await read<Entity & { outsideRequests: Links[] }>(message.links['flow']!, 'ops');
  expect(flow.links['self']).toBe(flowAddress);
  const request = await read<Entity>(flow.outsideRequests[0]!.links['self']!, 'ops');
  expect(request.links['flow']).toBe(flowAddress);
  const asked = await read<Entity>(request.links['message']!, 'ops');
  expect((await read<Entity>(asked.links['cause']!, 'ops'))['type']).toBe('fund-reserved');
  expect((await read<Entity>(flow.links['subject']!, 'ops')).links['loan']).toBe(loan.links['self']);

  const statement = await read<{ entries: Links[] }>(journal.entries[0]!.links['statement']!, 'ops');
  expect(statement.entries.map(({ links }) => links['journal'])).toContain(journal.links['self']);
});

test.each([
  ['CUSTOMER_NOT_FOUND', '/v1/customers/CN-C999/loans'],
  ['UNKNOWN_LOAN', '/v1/loans/LN0000000000/schedule'],
  ['UNKNOWN_MESSAGE', '/v1/messages/5b2f0c1e-8a53-8f0e-9d57-0d2f3a6f9b11'],
  ['INVALID_PARAMETER', '/v1/messages/not-an-id'],
  ['UNKNOWN_REQUEST', '/v1/outside-requests/PO-LA0000000000-1'],
])('%s answers %s', async (code, address) => {
  expect((await call('GET', address, { as: 'ops' })).body.code).toBe(code);
});

test.each(['/v1/messages/5b2f0c1e-8a53-8f0e-9d57-0d2f3a6f9b11', '/v1/outside-requests/PO-LA0000000000-1'])(
  'an app does not read %s',
  async (address) => {
    expect((await call('GET', address, { as: 'app' })).status).toBe(403);
  },
);

test('a customer without loans has an empty list', async () => {
  expect(await read('/v1/customers/CN-C002/loans')).toEqual({
    entries: [],
    links: { self: '/v1/customers/CN-C002/loans' },
  });
});

test('the trial balance balances, and can be narrowed to a book and a market', async () => {
  interface Balance {
    rows: { book: string; currency: string }[];
    totals: { balanced: boolean }[];
  }
  const all = await read<Balance>('/v1/ledger/trial-balance', 'ops');
  expect(all.totals.length).toBeGreaterThan(0);
  expect(all.totals.every(({ balanced }) => balanced)).toBe(true);
  const { rows } = await read<Balance>('/v1/ledger/trial-balance?book=funds&market=CN', 'ops');
  expect(new Set(rows.map(({ book, currency }) => `${book} ${currency}`))).toEqual(new Set(['funds CNY']));
});

test("a partner's positions sum to what it has contributed", async () => {
  const { positions } = await read<{ positions: Record<string, number | string>[] }>(
    '/v1/funds/bank-huaxin/position',
    'ops',
  );
  expect(positions).toHaveLength(1);
  const { currency, contributedMinor, ...held } = positions[0]!;
  expect([currency, held['paidOutMinor']]).toEqual(['CNY', 10_000]);
  expect(Object.values(held).reduce<number>((sum, minor) => sum + Number(minor), 0)).toBe(contributedMinor);
});
