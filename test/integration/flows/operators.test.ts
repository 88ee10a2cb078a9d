import { WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import { inBetweenFeatures } from '../../../db/seeds';
import { stage } from '../../../schemas/search-attributes';
import { startPlatform, type Behaviour, type Platform } from '../../support/platform';
import { until } from '../../support/until';

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
}, 60_000);
afterAll(() => platform.stop());

const order = { by: 'operator-1', reason: 'tried by a test' };
const flowIdOf = (applicationId: string): string => `loan-application-disbursement:${applicationId}`;

const stateOf = async (applicationId: string): Promise<string | undefined> =>
  (
    await platform
      .db('loan_engine.loan_application')
      .where('application_id', applicationId)
      .first<{ state: string } | undefined>('state')
  )?.state;

const requestOf = (requestNo: string) =>
  platform
    .owner('outside.request')
    .where('request_no', requestNo)
    .first<{ state: string; asked_count: number; settled_by: string } | undefined>();

/** Starts an application whose first partner behaves as told, and waits until it is in a state. */
async function startedUntil(state: string, behaviour?: Behaviour['behaviour'], features?: object) {
  const applicationId = platform.newApplicationId();
  const customerId = await platform.newCustomer('CN', features ? { features } : {});
  if (behaviour)
    await platform.behave({ party: 'bank-huaxin', match: { reference: applicationId }, behaviour });
  const handle = await platform.startFlow({ market: 'CN', customerId }, applicationId);
  await until(async () => (await stateOf(applicationId)) === state);
  return { applicationId, flowId: flowIdOf(applicationId), handle };
}

const intervene = (flowId: string, body: object) =>
  platform.post(`/v1/ops/flows/${flowId}/interventions`, body, 'ops');

/** Why the flow refuses an Update that is sent as from the Web UI. */
const refusalOf = async (handle: WorkflowHandle, update: string, args: object): Promise<string> => {
  const error: unknown = await handle
    .executeUpdate(update, { args: [args] })
    .catch((thrown: unknown) => thrown);
  if (!(error instanceof WorkflowUpdateFailedError)) throw new Error('The flow took the Update.');
  return error.cause?.message ?? '';
};

async function detailsOf(handle: WorkflowHandle): Promise<string> {
  const { currentDetails } = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  return currentDetails ?? '';
}

/** Has two operators agree on an answer. Returns the id of the act. */
async function agree(flowId: string, body: object): Promise<string> {
  const { body: act } = await platform.post(
    '/v1/ops/acts',
    { flowId, reason: 'seen by a test', ...body },
    'ops',
  );
  const approved = await platform.post(
    `/v1/ops/acts/${String(act.actId)}/approvals`,
    { reason: 'seen too' },
    'otherOps',
  );
  expect(approved.status).toBe(201);
  return String(act.actId);
}

describe('a flow that is held', () => {
  test('takes no further step until it is released, and both stand in its audit', async () => {
    const { applicationId, flowId, handle } = await startedUntil('PAYING_OUT', {
      kind: 'CALLBACK',
      delayMs: 1_500,
    });
    expect(await intervene(flowId, { act: 'hold', reason: 'an outage' })).toMatchObject({ status: 200 });
    await until(async () => (await platform.effects(applicationId)).length === 1);
    await until(async () => (await detailsOf(handle)).includes('held by operator-1: an outage'));
    expect((await platform.get(`/v1/flows/${flowId}`)).body).toMatchObject({ needsAttention: true });
    expect(await stateOf(applicationId)).toBe('DISBURSED');

    await intervene(flowId, { act: 'release', reason: 'it is over' });
    expect(await handle.result()).toMatchObject({ outcome: 'DISBURSED' });
    expect((await platform.get(`/v1/ops/flows/${flowId}/audit`, 'ops')).body).toMatchObject({
      entries: [
        { act: 'hold', actor: 'operator-1', reason: 'an outage', via: 'API', accepted: true },
        { act: 'release', actor: 'operator-1', reason: 'it is over', via: 'API', accepted: true },
      ],
    });
  }, 30_000);

  test('can be held and released from the Web UI as well; the audit tells the two ways apart', async () => {
    const { flowId, handle } = await startedUntil('IN_REVIEW', undefined, inBetweenFeatures);
    await handle.executeUpdate('hold', { args: [order] });
    expect(await refusalOf(handle, 'hold', order)).toBe('The flow is held already, by operator-1.');
    await handle.executeUpdate('release', { args: [order] });
    expect(await refusalOf(handle, 'release', order)).toBe('The flow is not held.');

    const { body } = await platform.get(`/v1/ops/flows/${flowId}/audit`, 'ops');
    expect(body).toMatchObject({
      entries: [
        { act: 'hold', via: 'WEB_UI' },
        { act: 'release', via: 'WEB_UI' },
      ],
    });
    await platform.decide(flowId, 'review', 'REJECT');
    await handle.result();
  }, 30_000);
});

test('an Update says who sends it and why, and an intervention with money an approval; all else is refused', async () => {
  const { flowId, handle } = await startedUntil('IN_REVIEW', undefined, inBetweenFeatures);
  const unknown = '5b2f0c1e-8a53-8f0e-9d57-0d2f3a6f9b11';

  expect(await refusalOf(handle, 'hold', {})).toContain('Say who you are');
  expect(await refusalOf(handle, 'hold', { by: 'operator-1' })).toContain('Say why');
  expect(await refusalOf(handle, 'hold', { ...order, approvalId: unknown })).toContain('takes no approval');
  expect(await refusalOf(handle, 'resolve', order)).toContain('name the approval');
  expect(await refusalOf(handle, 'resolve', { ...order, approvalId: unknown })).toContain(
    'No answer that stands',
  );
  expect(await refusalOf(handle, 'retry-now', order)).toBe('Nothing in the flow waits for its next try.');
  expect(await intervene(flowId, { act: 'retry-now', reason: 'impatience' })).toMatchObject({
    ...{ status: 409 },
    body: { code: 'INTERVENTION_REFUSED', detail: 'Nothing in the flow waits for its next try.' },
  });

  await platform.decide(flowId, 'review', 'REJECT');
  await handle.result();
  expect(await intervene(flowId, { act: 'hold', reason: 'too late' })).toMatchObject({
    status: 409,
    body: { code: 'FLOW_ENDED' },
  });
}, 30_000);

test('a flow that somebody cancels in the Web UI goes on, still takes Updates, and gives no money back', async () => {
  const { applicationId, flowId, handle } = await startedUntil('PAYING_OUT', {
    kind: 'CALLBACK',
    delayMs: 1_500,
  });
  await handle.cancel();
  await handle.executeUpdate('hold', { args: [order] });
  await until(async () => (await platform.effects(applicationId)).length === 1);
  await intervene(flowId, { act: 'release', reason: 'seen by a test' });
  expect(await handle.result()).toMatchObject({ outcome: 'DISBURSED', partnerId: 'bank-huaxin' });
  const trace = await platform.trace();
  expect(trace.filter((row) => row.flowId === flowId && row.message === 'release-fund-reservation')).toEqual(
    [],
  );
}, 30_000);

test('a review does not end by a signal that somebody sends by hand', async () => {
  const { applicationId, flowId, handle } = await startedUntil('IN_REVIEW', undefined, inBetweenFeatures);
  await handle.signal('question-answered', 'review');
  await platform.decide(flowId, 'review', 'APPROVE');
  expect(await handle.result()).toMatchObject({ outcome: 'DISBURSED' });
  expect(await stateOf(applicationId)).toBe('DISBURSED');
}, 30_000);

test('a step that waits for its next try is tried at once when an operator says so', async () => {
  await platform.owner.raw('revoke insert on asset_center.loan_contract from credit_application');
  const { applicationId, flowId, handle } = await startedUntil('PAYING_OUT');
  await until(async () => (await requestOf(`PO-${applicationId}-1`))?.state === 'SUCCEEDED');
  await platform.owner.raw('grant insert on asset_center.loan_contract to credit_application');
  expect(await intervene(flowId, { act: 'retry-now', reason: 'the right is back' })).toMatchObject({
    status: 200,
  });
  expect(await handle.result()).toMatchObject({ outcome: 'DISBURSED' });
}, 60_000);

describe('a payout of which the partner says nothing', () => {
  const silent = { kind: 'SILENT', delayMs: 600_000 };

  test('goes on as paid when two operators have found the transaction', async () => {
    const { applicationId, flowId, handle } = await startedUntil('PAYING_OUT', silent);
    const requestNo = `PO-${applicationId}-1`;
    await until(async () => (await requestOf(requestNo))?.asked_count);
    const evidence = { transactionNo: `TX-${applicationId}`, paidAt: '2026-01-15T10:00:00+08:00' };
    const actId = await agree(flowId, { question: `request:${requestNo}`, answer: 'SUCCEEDED', evidence });

    expect(await handle.result()).toMatchObject({ outcome: 'DISBURSED', partnerId: 'bank-huaxin' });
    expect(await requestOf(requestNo)).toMatchObject({ state: 'SUCCEEDED', settled_by: 'OPERATOR' });
    expect((await platform.get(`/v1/ops/flows/${flowId}/audit`, 'ops')).body).toMatchObject({
      entries: [
        { id: actId, act: 'answer', actor: 'operator-1', accepted: true },
        { act: 'approve', actor: 'operator-2', approvalId: actId, accepted: true },
      ],
    });
  }, 60_000);

  test('tells operators why nothing is known, where the flow waits and where the request is read', async () => {
    const fails = { kind: 'NOT_TAKEN', by: 'ERROR' };
    const { applicationId, flowId, handle } = await startedUntil('PAYING_OUT', fails);
    const requestNo = `PO-${applicationId}-1`;
    const details = await until(async () => {
      const now = await detailsOf(handle);
      return now.includes('asks again at') && now;
    });
    expect(details).toContain(`for bank-huaxin's word about request ${requestNo} (unknown: HTTP 500)`);
    const { body } = await platform.get(`/v1/outside-requests/${requestNo}`, 'ops');
    expect(body).toMatchObject({ state: 'UNKNOWN', unknownWhy: 'HTTP 500', askedAt: expect.any(String) });

    const evidence = { transactionNo: `TX-${applicationId}`, paidAt: '2026-01-15T10:00:00+08:00' };
    await agree(flowId, { question: `request:${requestNo}`, answer: 'SUCCEEDED', evidence });
    await handle.result();
    const settled = (await platform.get(`/v1/outside-requests/${requestNo}`, 'ops')).body;
    expect(settled).not.toHaveProperty('unknownWhy');
  }, 60_000);

  test('is not paid by a transaction that has paid another one', async () => {
    const transactionNo = `TX-${platform.newApplicationId()}`;
    const found = async () => {
      const { applicationId, flowId, handle } = await startedUntil('PAYING_OUT', silent);
      const requestNo = `PO-${applicationId}-1`;
      await until(async () => (await requestOf(requestNo))?.asked_count);
      const answer = { question: `request:${requestNo}`, answer: 'SUCCEEDED', flowId, reason: 'a test' };
      return { answer, flowId, handle };
    };
    const evidence = { transactionNo, paidAt: '2026-01-15T10:00:00+08:00' };
    const [first, second] = [await found(), await found()];
    await agree(first.flowId, { ...first.answer, evidence });

    const { body: act } = await platform.post('/v1/ops/acts', { ...second.answer, evidence }, 'ops');
    const approvals = `/v1/ops/acts/${String(act.actId)}/approvals`;
    expect(await platform.post(approvals, { reason: 'seen too' }, 'otherOps')).toMatchObject({
      status: 409,
      body: { code: 'TRANSACTION_TAKEN' },
    });
    await agree(second.flowId, {
      ...second.answer,
      evidence: { ...evidence, transactionNo: `${transactionNo}-2` },
    });
    await Promise.all([first.handle.result(), second.handle.result()]);
  }, 60_000);

  test('is tried with another partner when two operators have found that it failed', async () => {
    const { applicationId, flowId, handle } = await startedUntil('PAYING_OUT', silent);
    const requestNo = `PO-${applicationId}-1`;
    await until(async () => (await requestOf(requestNo))?.asked_count);
    const evidence = { code: 'NOT_PAID', message: 'The bank has no such order.' };
    await agree(flowId, { question: `request:${requestNo}`, answer: 'FAILED', evidence });

    expect(await handle.result()).toMatchObject({ outcome: 'DISBURSED', partnerId: 'trust-jinhe' });
  }, 60_000);
});

describe('an application that two operators give up', () => {
  const abandon = { question: 'withdrawal', answer: 'ABANDON' };

  test('while a person is to review it ends without anything reserved', async () => {
    const { applicationId, flowId, handle } = await startedUntil('IN_REVIEW', undefined, inBetweenFeatures);
    await agree(flowId, abandon);
    const { body } = await platform.get('/v1/ops/questions', 'ops');
    expect((body.questions as { flowId: string }[]).map((asked) => asked.flowId)).not.toContain(flowId);
    expect(await handle.result()).toMatchObject({
      outcome: 'REJECTED',
      reasonCodes: ['ABANDONED_BY_OPERATORS'],
    });
    expect(await stateOf(applicationId)).toBe('REJECTED');
  }, 30_000);

  test('while a partner works on it ends when that payout fails, and no other partner is tried', async () => {
    const { applicationId, flowId, handle } = await startedUntil('PAYING_OUT', {
      ...{ kind: 'CALLBACK', delayMs: 1_500, code: 'NOT_TODAY' },
    });
    const approvalId = await agree(flowId, abandon);
    await handle.executeUpdate('abandon', { args: [{ ...order, approvalId }] });
    expect(await handle.result()).toMatchObject({
      outcome: 'FAILED',
      reasonCodes: ['ABANDONED_BY_OPERATORS'],
    });
    expect(await stateOf(applicationId)).toBe('FAILED');
    expect(await platform.effects(applicationId)).toEqual([]);
  }, 30_000);

  test('is not given up once it is paid', async () => {
    const { applicationId } = await platform.apply({ market: 'CN' });
    const answer = await platform.post(
      '/v1/ops/acts',
      { flowId: flowIdOf(applicationId), reason: 'too late', ...abandon },
      'ops',
    );
    expect(answer).toMatchObject({ status: 409, body: { code: 'WRONG_STATE' } });
  });
});

test('operators find a flow by what it is about, and read which step it is at and until when it waits', async () => {
  const { applicationId, handle } = await startedUntil('PAYING_OUT', { kind: 'SILENT', delayMs: 3_000 });
  const query = [
    ...['Flow = "loan-application-disbursement"', 'Stage = "disbursement-requested"', 'Market = "CN"'],
    ...[
      'Partner = "bank-huaxin"',
      'BusinessDate = "2026-01-15"',
      `WorkflowId = "${flowIdOf(applicationId)}"`,
    ],
  ].join(' AND ');
  await until(async () => (await platform.client.workflow.count(query)).count === 1);
  const details = await until(async () => {
    const now = await detailsOf(handle);
    return now.includes('asks again at') && now;
  });
  expect(details).toContain(`for bank-huaxin's word about request PO-${applicationId}-1`);
  expect(details).toContain('- ✓ reserve-funds → fund-management-system · 资金可用校验与预占');
  expect(details).toContain('- ▶ **disbursement-requested → partner-hub · 调用资方放款服务**');
  expect(details).toContain('- ○ post-ledger-event → accounting-center · 账务系统记账');

  await handle.result();
  expect((await handle.describe()).typedSearchAttributes.get(stage)).toBe('disbursement-succeeded');
}, 60_000);
