import { positionOf } from '../../../db/books/posting';
import { trialBalance } from '../../../db/books/trial-balance';
import { checkTrace } from '../../../scripts/check-trace';
import { needsAttention } from '../../../schemas/search-attributes';
import { goBranch, type LoanWalk } from '../../support/branches';
import { waysToAnswer } from '../../support/faults';
import { startPlatform, type Platform } from '../../support/platform';
import { until } from '../../support/until';

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
}, 60_000);
afterAll(() => platform.stop());

async function position(book: 'credit' | 'funds', owner: string): Promise<Record<string, number>> {
  const accounts = await positionOf(platform.db, book, owner);
  return Object.fromEntries(accounts.map(({ code, balanceMinor }) => [code, balanceMinor]));
}

const stateOf = async ({ applicationId }: LoanWalk): Promise<string | undefined> =>
  (
    await platform
      .db('loan_engine.loan_application')
      .where('application_id', applicationId)
      .first<{ state: string } | undefined>('state')
  )?.state;

const toldOf = ({ customerId }: LoanWalk) =>
  platform
    .db('outreach_system.dispatched_message')
    .where('customer_id', customerId)
    .select('template', 'channel');

const asksForAPerson = async ({ flowId }: LoanWalk): Promise<boolean | undefined> =>
  (await platform.client.workflow.getHandle(flowId).describe()).typedSearchAttributes.get(needsAttention);

describe('an application that a person is to review', () => {
  test('waits, visibly, and goes on when an operator approves it and another one approves that', async () => {
    const { outcome } = await goBranch(
      platform,
      'loan-application-disbursement/approved-in-review',
      async (walk) => {
        expect(await stateOf(walk)).toBe('IN_REVIEW');
        await until(async () => (await asksForAPerson(walk)) === true);
      },
    );
    expect(outcome).toMatchObject({ outcome: 'DISBURSED' });
  });

  test('is rejected when the operators say so', async () => {
    const { outcome, applicationId } = await goBranch(
      platform,
      'loan-application-disbursement/rejected-in-review',
    );
    expect(outcome).toMatchObject({ outcome: 'REJECTED', reasonCodes: ['REVIEW_REJECTED'] });
    expect(await platform.effects(applicationId)).toEqual([]);
  });

  test('is rejected when nobody answers in time, and the deadline stands on record', async () => {
    const { outcome, flowId } = await goBranch(
      platform,
      'loan-application-disbursement/not-reviewed-in-time',
    );
    expect(outcome).toMatchObject({ outcome: 'REJECTED', reasonCodes: ['REVIEW_NOT_ANSWERED'] });
    const late = await platform.post(
      '/v1/ops/acts',
      { flowId, question: 'review', answer: 'APPROVE', reason: 'a day late' },
      'ops',
    );
    expect(late).toMatchObject({ status: 409, body: { code: 'ALREADY_ANSWERED' } });
  });

  test('cannot be approved by the operator who answered', async () => {
    await goBranch(platform, 'loan-application-disbursement/rejected-in-review', async ({ flowId }) => {
      const act = { flowId, question: 'review', answer: 'APPROVE', reason: 'mine' };
      const { body } = await platform.post('/v1/ops/acts', act, 'ops');
      const own = await platform.post(
        `/v1/ops/acts/${String(body.actId)}/approvals`,
        { reason: 'mine too' },
        'ops',
      );
      expect(own).toMatchObject({ status: 409, body: { code: 'OWN_ACT' } });
    });
  });

  test('ends when its customer withdraws meanwhile', async () => {
    const { outcome, ...walk } = await goBranch(
      platform,
      'loan-application-disbursement/withdrawn-in-review',
    );
    expect(outcome).toMatchObject({ outcome: 'REJECTED', reasonCodes: ['WITHDRAWN_BY_CUSTOMER'] });
    expect(await stateOf(walk)).toBe('WITHDRAWN');
    expect(await toldOf(walk)).toEqual([{ template: 'LOAN_APPLICATION_WITHDRAWN', channel: 'SMS' }]);
  });
});

describe('a customer who withdraws', () => {
  test.each([
    ['before a payout is asked for', 'withdrawn-before-a-payout'],
    [
      'while a partner works on the payout is heeded when that payout fails',
      'withdrawn-while-a-payout-fails',
    ],
  ] as const)(
    '%s: no other partner is tried',
    async (_when, branch) => {
      const { outcome, ...walk } = await goBranch(platform, `loan-application-disbursement/${branch}`);

      expect(outcome).toMatchObject({ outcome: 'FAILED', reasonCodes: ['WITHDRAWN_BY_CUSTOMER'] });
      expect(await platform.effects(walk.applicationId)).toEqual([]);
      expect(await position('credit', walk.customerId)).toMatchObject({ reserved: 0, available: 10_000_000 });
      expect(await toldOf(walk)).toEqual([{ template: 'LOAN_APPLICATION_WITHDRAWN', channel: 'SMS' }]);
    },
    20_000,
  );

  test('too late has the loan: the money was on its way', async () => {
    const { outcome, applicationId } = await goBranch(
      platform,
      'loan-application-disbursement/withdrawn-too-late',
    );
    expect(outcome).toMatchObject({ outcome: 'DISBURSED' });

    const again = await platform.post(`/v1/loan-applications/${applicationId}/withdrawals`, {
      reason: 'again',
    });
    expect(again).toMatchObject({ status: 409, body: { code: 'WRONG_STATE' } });
  }, 20_000);
});

describe('an outside party whose answer', () => {
  test.each([
    ...waysToAnswer,
    ['breaks off, before it has taken the request', { kind: 'NOT_TAKEN', by: 'BREAK' }] as const,
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
    const { outcome, ...walk } = await goBranch(
      platform,
      'loan-application-disbursement/paid-out-after-attention',
      async (waiting) => expect(await stateOf(waiting)).toBe('PAYING_OUT'),
    );
    expect(outcome).toMatchObject({ outcome: 'DISBURSED' });
    expect(await asksForAPerson(walk)).toBe(false);
  }, 60_000);
});

describe('a payout that is made after its failure was confirmed', () => {
  test('is money in exception, until operators have found it', async () => {
    const before = await position('funds', 'bank-nusantara');
    const { outcome } = await goBranch(platform, 'exception/returned', async (walk) => {
      expect(await stateOf(walk)).toBe('FAILED');
      expect(await position('funds', 'bank-nusantara')).toMatchObject({
        exception: 4_850_000,
        available: before.available! - 4_850_000,
      });
    });

    expect(outcome).toMatchObject({ outcome: 'RETURNED' });
    expect(await position('funds', 'bank-nusantara')).toMatchObject({
      exception: 0,
      available: before.available,
    });
    const { totals } = await trialBalance(platform.db);
    expect(totals.filter((book) => !book.balanced)).toEqual([]);
  }, 60_000);
});

describe('a step that fails after the pivot', () => {
  test('is tried again where operators see it', async () => {
    const { outcome } = await goBranch(platform, 'loan-application-disbursement/booked-at-a-later-try');
    expect(outcome).toMatchObject({ outcome: 'DISBURSED' });
  });

  test('is tried until it is done, and after a minute a person is asked for', async () => {
    const { outcome } = await goBranch(platform, 'loan-application-disbursement/booked-after-attention');
    expect(outcome).toMatchObject({ outcome: 'DISBURSED' });
  }, 180_000);
});

test('an application that its product no longer allows ends, and says why', async () => {
  const { outcome, applicationId } = await goBranch(
    platform,
    'loan-application-disbursement/not-offered-by-the-product',
  );
  expect(outcome).toEqual({ outcome: 'REJECTED', applicationId, reasonCodes: ['TERM_NOT_OFFERED'] });
});

test('a customer who cannot be reached finds the message in the app', async () => {
  const walk = await goBranch(platform, 'loan-application-disbursement/rejected-and-not-reached');
  expect(await toldOf(walk)).toEqual([{ template: 'LOAN_APPLICATION_REJECTED', channel: 'IN_APP' }]);
});

test('every handling of these branches follows an arrow of the catalog', async () => {
  await platform.apply({ market: 'CN' });
  expect(checkTrace(await platform.trace()).problems).toEqual([]);
});
