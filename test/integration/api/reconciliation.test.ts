import { answerWith, recordAct } from '../../../db/acts';
import { beginRun, endRun, type Run } from '../../../db/reconciliation/runs';
import { startApi, type ApiUnderTest, type Wanted } from './api-under-test';

// What operators and finance see of a day that was compared, and of what was found.

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApi();
}, 60_000);
afterAll(() => api.stop());

interface Entry {
  findingId: number;
  subject: string;
  state: string;
  links: Record<string, string>;
}

/** A run of a day, which has seen that these contracts differ. */
async function run(day: string, ...subjects: string[]): Promise<Run> {
  return api.db.transaction(async (tx) => {
    const runId = await beginRun(tx, 'CN', day);
    for (const subject of subjects) {
      await tx('reconciliation.difference').insert({
        ...{ run_id: runId, comparison: 'contract-records', subject, ours: '3000', is_in_flight: false },
      });
    }
    await tx('reconciliation.compared').insert({
      run_id: runId,
      comparison: 'contract-records',
      compared: 5,
    });
    await endRun(tx, { runId, market: 'CN', day });
    return { runId, market: 'CN', day };
  });
}

const get = async <Body>(at: string, as: Wanted['as'] = 'finance') => {
  const { status, body } = await api.call<Body>('GET', at, { as });
  expect([at, status]).toEqual([at, 200]);
  return body;
};
const open = async () => (await get<{ entries: Entry[] }>('/v1/reconciliation/findings?state=open')).entries;
const codeOf = async (method: string, at: string, wanted: Wanted) =>
  (await api.call(method, at, wanted)).body?.code;

test('a day tells what was compared and found, to finance and operators and nobody else', async () => {
  await run('2026-01-20', 'HZ-1', 'HZ-2');
  const at = '/v1/reconciliation/days/CN/2026-01-20';
  const counts = { compared: 5, inFlight: 0, differing: 2 };
  const day = { market: 'CN', date: '2026-01-20', state: 'FINDINGS', ...counts, openFindings: 2 };
  const body = await get<object>(at, 'ops');
  expect(body).toMatchObject({
    ...day,
    comparisons: expect.arrayContaining([{ comparison: 'contract-records', ...counts }]) as object,
    findings: [
      { subject: 'HZ-1', ours: '3000', state: 'OPEN' },
      { subject: 'HZ-2', state: 'OPEN' },
    ],
    onTheWay: [],
  });
  expect(await get('/v1/reconciliation/days')).toMatchObject({ entries: [day] });
  expect(await codeOf('GET', at, { as: 'mall' })).toBe('FORBIDDEN');
});

test('a finding that is acknowledged is open, one that is gone is closed; both say who did what', async () => {
  await run('2026-01-20', 'HZ-1', 'HZ-2');
  const [second, first] = await open();
  const at = first!.links['self']!;
  const acknowledge = () =>
    api.call<Entry>('POST', `${at}/acknowledgements`, { as: 'finance', body: { reason: 'Looking.' } });
  expect((await acknowledge()).body).toMatchObject({
    state: 'ACKNOWLEDGED',
    acts: [{ actor: 'test-finance' }],
  });
  expect((await acknowledge()).body).toMatchObject({ acts: [{ act: 'ACKNOWLEDGED', reason: 'Looking.' }] });
  expect((await open()).map(({ state }) => state)).toEqual(['OPEN', 'ACKNOWLEDGED']);

  await run('2026-01-20', 'HZ-2');
  expect(await get(at)).toMatchObject({
    state: 'GONE',
    acts: [{}, { act: 'GONE', actor: 'reconciliation' }],
  });
  expect((await acknowledge()).body).toMatchObject({ code: 'FINDING_CLOSED' });
  expect((await open()).map(({ findingId }) => findingId)).toEqual([second!.findingId]);
  expect((await get<{ entries: Entry[] }>('/v1/reconciliation/findings?state=closed')).entries).toHaveLength(
    1,
  );

  // It comes back: another finding.
  await run('2026-01-21', 'HZ-1', 'HZ-2');
  expect((await open()).map(({ subject }) => subject)).toEqual(['HZ-1', 'HZ-2']);
  expect((await open())[0]!.findingId).toBeGreaterThan(second!.findingId);
});

test('what two persons have decided is not found again, and what was booked is, if it is still there', async () => {
  await run('2026-01-22', 'HZ-3', 'HZ-4');
  const [booked, decided] = await open();
  const explain = async ({ findingId }: Entry, answer: string) => {
    const asked = { flowId: 'debt-reconciliation:CN.2026-01-22', question: `finding:${findingId}` } as const;
    const actId = await recordAct(api.db, { ...asked, answer, actor: 'one', reason: 'The test wants it.' });
    await answerWith(api.db, { ...asked, answer, actId });
  };
  await explain(booked!, 'BOOKED');
  await explain(decided!, 'DECIDED');
  await run('2026-01-22', 'HZ-3', 'HZ-4');
  expect((await open()).map(({ subject }) => subject)).toEqual(['HZ-4']);
  await run('2026-01-22', 'HZ-3');
  expect(await get('/v1/reconciliation/days/CN/2026-01-22')).toMatchObject({ state: 'GREEN', differing: 1 });
});

test('only a day that has begun, in a market with a mall, is compared', async () => {
  const compare = (market: string, date: string) =>
    api.call<Record<string, unknown>>('POST', `/v1/reconciliation/days/${market}/${date}/runs`, {
      as: 'finance',
    });
  expect((await compare('ID', '2026-01-22')).body).toMatchObject({ code: 'MARKET_WITHOUT_MALL' });
  expect((await compare('CN', '2999-01-01')).body).toMatchObject({ code: 'DAY_TO_COME' });
  const { status, body } = await compare('CN', '2026-01-22');
  expect([status, body['flowId']]).toEqual([202, 'debt-reconciliation:CN.2026-01-22']);
  expect((await compare('CN', '2026-01-22')).status).toBe(202);
  const handle = api.temporal.workflow.getHandle(String(body['flowId']));
  expect((await handle.describe()).status.name).toBe('RUNNING');
  await handle.terminate();
});

test('a journal that is named must be there', async () => {
  await run('2026-01-23', 'HZ-9');
  const [finding] = await open();
  const act = {
    ...{ flowId: 'debt-reconciliation:CN.2026-01-23', question: `finding:${finding!.findingId}` },
    ...{ answer: 'BOOKED', evidence: { journalId: 4711 }, reason: 'The test wants it.' },
  };
  const wanted = { as: 'ops', body: act, headers: { 'idempotency-key': 'one' } } as const;
  expect(await codeOf('POST', '/v1/ops/acts', wanted)).toBe('ANSWER_NOT_TAKEN');
});
