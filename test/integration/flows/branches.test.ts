import { positionOf } from '../../../db/books/posting';
import { trialBalance } from '../../../db/books/trial-balance';
import { checkTrace } from '../../../scripts/check-trace';
import { inBetweenFeatures } from '../../../db/seeds';
import { needsAttention } from '../../../schemas/search-attributes';
import type { LoanApplicationOutcome } from '../../../workflows/loan-application-disbursement';
import { startPlatform, type Platform } from '../../support/platform';
import { until } from '../../support/until';

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
}, 60_000);
afterAll(() => platform.stop());

const flowIdOf = (applicationId: string): string => `loan-application-disbursement:${applicationId}`;

async function position(book: 'credit' | 'funds', owner: string): Promise<Record<string, number>> {
  const accounts = await positionOf(platform.db, book, owner);
  return Object.fromEntries(accounts.map(({ code, balanceMinor }) => [code, balanceMinor]));
}

const stateOf = async (applicationId: string): Promise<string | undefined> =>
  (
    await platform
      .db('loan_engine.loan_application')
      .where('application_id', applicationId)
      .first<{ state: string } | undefined>('state')
  )?.state;

const toldOf = (customerId: string) =>
  platform
    .db('outreach_system.dispatched_message')
    .where('customer_id', customerId)
    .select('template', 'channel');

describe('an application that a person is to review', () => {
  async function applyForReview(limits: { limitMinor?: number } = {}) {
    const customerId = await platform.newCustomer('CN', { features: inBetweenFeatures, ...limits });
    const applicationId = platform.newApplicationId();
    const handle = await platform.startFlow({ market: 'CN', customerId }, applicationId);
    await until(async () => (await stateOf(applicationId)) === 'IN_REVIEW');
    return { customerId, applicationId, outcome: handle.result() as Promise<LoanApplicationOutcome> };
  }

  test('waits, visibly, and goes on when an operator approves it and another one approves that', async () => {
    const { applicationId, outcome } = await applyForReview();
    const described = await until(async () => {
      const now = await platform.client.workflow.getHandle(flowIdOf(applicationId)).describe();
      return now.typedSearchAttributes.get(needsAttention) === true && now;
    });
    expect(described.status.name).toBe('RUNNING');

    await platform.decide(flowIdOf(applicationId), 'review', 'APPROVE');
    expect(await outcome).toMatchObject({ outcome: 'DISBURSED' });
  });

  test('is rejected when the operators say so', async () => {
    const { applicationId, outcome } = await applyForReview();
    await platform.decide(flowIdOf(applicationId), 'review', 'REJECT');
    expect(await outcome).toMatchObject({ outcome: 'REJECTED', reasonCodes: ['REVIEW_REJECTED'] });
    expect(await platform.effects(applicationId)).toEqual([]);
  });

  test('is rejected when nobody answers in time, and the deadline stands on record', async () => {
    await platform.owner('reference.market').where('id', 'CN').update({ review_within_seconds: 1 });
    const { applicationId, outcome } = await applyForReview();
    await platform.owner('reference.market').where('id', 'CN').update({ review_within_seconds: 3600 });

    expect(await outcome).toMatchObject({ outcome: 'REJECTED', reasonCodes: ['REVIEW_NOT_ANSWERED'] });
    const late = await platform.post(
      '/v1/ops/acts',
      { flowId: flowIdOf(applicationId), question: 'review', answer: 'APPROVE', reason: 'a day late' },
      'ops',
    );
    expect(late).toMatchObject({ status: 409, body: { code: 'ALREADY_ANSWERED' } });
  });

  test('cannot be approved by the operator who answered', async () => {
    const { applicationId, outcome } = await applyForReview();
    const act = { flowId: flowIdOf(applicationId), question: 'review', answer: 'APPROVE', reason: 'mine' };
    const { body } = await platform.post('/v1/ops/acts', act, 'ops');
    const own = await platform.post(
      `/v1/ops/acts/${String(body.actId)}/approvals`,
      { reason: 'mine too' },
      'ops',
    );
    expect(own).toMatchObject({ status: 409, body: { code: 'OWN_ACT' } });

    await platform.decide(flowIdOf(applicationId), 'review', 'REJECT');
    await outcome;
  });

  test('ends when its customer withdraws meanwhile', async () => {
    const { customerId, applicationId, outcome } = await applyForReview();
    const answer = await platform.post(`/v1/loan-applications/${applicationId}/withdrawals`, {
      reason: 'changed my mind',
    });
    expect(answer.status).toBe(202);
    expect(await outcome).toMatchObject({ outcome: 'REJECTED', reasonCodes: ['WITHDRAWN_BY_CUSTOMER'] });
    expect(await stateOf(applicationId)).toBe('WITHDRAWN');
    expect(await toldOf(customerId)).toEqual([{ template: 'LOAN_APPLICATION_WITHDRAWN', channel: 'SMS' }]);
  });
});

describe('a customer who withdraws', () => {
  test('while a partner works on the payout is heeded when that payout fails: no other partner is tried', async () => {
    const applicationId = platform.newApplicationId();
    const customerId = await platform.newCustomer('CN');
    await platform.behave({
      party: 'bank-huaxin',
      match: { reference: applicationId },
      behaviour: { kind: 'CALLBACK', delayMs: 1_000, code: 'NOT_TODAY' },
    });
    const handle = await platform.startFlow({ market: 'CN', customerId }, applicationId);
    await until(async () => (await stateOf(applicationId)) === 'PAYING_OUT');
    await platform.post(`/v1/loan-applications/${applicationId}/withdrawals`, { reason: 'changed my mind' });

    expect(await handle.result()).toMatchObject({
      outcome: 'FAILED',
      reasonCodes: ['WITHDRAWN_BY_CUSTOMER'],
    });
    expect(await platform.effects(applicationId)).toEqual([]);
    expect(await position('credit', customerId)).toMatchObject({ reserved: 0, available: 10_000_000 });
    expect(await toldOf(customerId)).toEqual([{ template: 'LOAN_APPLICATION_WITHDRAWN', channel: 'SMS' }]);
  }, 20_000);

  test('too late has the loan: the money was on its way', async () => {
    const applicationId = platform.newApplicationId();
    await platform.behave({
      party: 'bank-huaxin',
      match: { reference: applicationId },
      behaviour: { kind: 'CALLBACK', delayMs: 1_000 },
    });
    const handle = await platform.startFlow({ market: 'CN' }, applicationId);
    await until(async () => (await stateOf(applicationId)) === 'PAYING_OUT');
    await platform.post(`/v1/loan-applications/${applicationId}/withdrawals`, { reason: 'changed my mind' });
    expect(await handle.result()).toMatchObject({ outcome: 'DISBURSED' });

    const again = await platform.post(`/v1/loan-applications/${applicationId}/withdrawals`, {
      reason: 'again',
    });
    expect(again).toMatchObject({ status: 409, body: { code: 'WRONG_STATE' } });
  }, 20_000);
});

describe('an outside party whose answer', () => {
  test.each([
    ['comes slowly', { kind: 'SLOW', delayMs: 500 }],
    ['comes by callback before its response', { kind: 'EARLY_CALLBACK' }],
    ['comes twice, with one id', { kind: 'DOUBLE_CALLBACK', delayMs: 100, ids: 'SAME' }],
    ['comes twice, with two ids', { kind: 'DOUBLE_CALLBACK', delayMs: 100, ids: 'DIFFERENT' }],
    ['comes late, after it was asked for', { kind: 'LATE_CALLBACK', delayMs: 2_500 }],
    ['is an error, after it has paid', { kind: 'ERROR' }],
    ['breaks off, after it has paid', { kind: 'BREAK' }],
    ['breaks off, before it has taken the request', { kind: 'NOT_TAKEN', by: 'BREAK' }],
    [
      'says that it failed, and it did not',
      { kind: 'CONTRADICT', by: 'ANSWER', truth: 'SUCCEEDED', code: 'OOPS' },
    ],
    [
      'is a callback that says that it failed, and it did not',
      { kind: 'CONTRADICT', by: 'CALLBACK', truth: 'SUCCEEDED', code: 'OOPS' },
    ],
  ])(
    '%s: the money is paid once, by it, and booked',
    async (_how, behaviour) => {
      const applicationId = platform.newApplicationId();
      await platform.behave({
        party: 'bank-huaxin',
        match: { reference: applicationId },
        behaviour,
        times: 1,
      });
      const { outcome } = await platform.apply({ market: 'CN' }, applicationId);

      expect(outcome).toMatchObject({ outcome: 'DISBURSED', partnerId: 'bank-huaxin' });
      expect(await platform.effects(applicationId)).toHaveLength(1);
    },
    30_000,
  );

  test('never comes is waited for, and a person is asked for', async () => {
    const applicationId = platform.newApplicationId();
    await platform.behave({
      party: 'bank-huaxin',
      match: { reference: applicationId },
      behaviour: { kind: 'SILENT', delayMs: 20_000 },
    });
    const handle = await platform.startFlow({ market: 'CN' }, applicationId);
    await until(async () => (await handle.describe()).typedSearchAttributes.get(needsAttention) === true);
    expect(await stateOf(applicationId)).toBe('PAYING_OUT');

    expect(await handle.result()).toMatchObject({ outcome: 'DISBURSED' });
    expect((await handle.describe()).typedSearchAttributes.get(needsAttention)).toBe(false);
  }, 60_000);
});

describe('a payout that is made after its failure was confirmed', () => {
  test('is money in exception, until operators have found it', async () => {
    const applicationId = platform.newApplicationId();
    await platform.behave({
      party: 'bank-nusantara',
      match: { reference: applicationId },
      behaviour: { kind: 'LATE_SUCCESS', delayMs: 1_500, code: 'NOT_TODAY' },
    });
    await platform.behave({
      party: 'id-payout',
      match: { reference: applicationId },
      behaviour: { kind: 'REFUSE', code: 'NO' },
    });
    const before = await position('funds', 'bank-nusantara');
    const { outcome } = await platform.apply({ market: 'ID' }, applicationId);
    expect(outcome).toMatchObject({ outcome: 'FAILED' });

    const flowId = `exception:PO-${applicationId}-2`;
    await until(async () => ((await position('funds', 'bank-nusantara')).exception ?? 0) > 0);
    expect(await position('funds', 'bank-nusantara')).toMatchObject({
      exception: 4_850_000,
      available: before.available! - 4_850_000,
    });

    await until(async () =>
      platform
        .db('operations.question')
        .where({ flow_id: flowId, question: 'exception' })
        .first<object | undefined>('flow_id'),
    );
    await platform.decide(flowId, 'exception', 'RETURNED');
    expect(await platform.client.workflow.getHandle(flowId).result()).toMatchObject({ outcome: 'RETURNED' });
    expect(await position('funds', 'bank-nusantara')).toMatchObject({
      exception: 0,
      available: before.available,
    });
    const { totals } = await trialBalance(platform.db);
    expect(totals.filter((book) => !book.balanced)).toEqual([]);
  }, 60_000);
});

test('a step that fails after the pivot is tried until it is done, and after a minute a person is asked for', async () => {
  await platform.owner.raw('revoke insert on asset_center.loan from credit_application');
  const handle = await platform.startFlow({ market: 'CN' });
  await until(async () => (await handle.describe()).typedSearchAttributes.get(needsAttention) === true);
  await platform.owner.raw('grant insert on asset_center.loan to credit_application');

  expect(await handle.result()).toMatchObject({ outcome: 'DISBURSED' });
}, 180_000);

test('an application that its product no longer allows ends, and says why', async () => {
  const { applicationId, outcome } = await platform.apply({ market: 'CN', instalmentCount: 5 });
  expect(outcome).toEqual({ outcome: 'REJECTED', applicationId, reasonCodes: ['TERM_NOT_OFFERED'] });
});

describe('a customer who cannot be reached', () => {
  test('finds the message in the app', async () => {
    const customerId = await platform.newCustomer('ID', { features: { blocklisted: 1 } });
    await platform.behave({
      party: 'id-messaging',
      match: { customerId },
      behaviour: { kind: 'REFUSE', code: 'NO_SUCH_NUMBER' },
    } as never);
    await platform.apply({ market: 'ID', customerId });
    expect(await toldOf(customerId)).toEqual([{ template: 'LOAN_APPLICATION_REJECTED', channel: 'IN_APP' }]);
  });
});

test('every handling of these branches follows an arrow of the catalog', async () => {
  await platform.apply({ market: 'CN' });
  expect(checkTrace(await platform.trace()).problems).toEqual([]);
});
