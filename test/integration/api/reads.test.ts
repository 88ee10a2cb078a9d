import { apiRoutes } from '../../../api/app';
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
  const { db, client, partySecrets, api } = platform;
  const tokens = {
    app: (await createApiKey(db, { clientId: 'mobile-app', role: 'app' })).token,
    ops: (await createApiKey(db, { clientId: 'operations', role: 'ops' })).token,
  };
  call = callerOf(
    api.url,
    tokens,
    apiRoutes({ db, temporal: client, config: { taskQueue: 'flows', partySecrets } }),
  );
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
