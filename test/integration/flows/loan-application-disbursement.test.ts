import type { Done } from '../../../activities/handling';
import { booksOn, positionOf } from '../../../db/books/posting';
import { trialBalance } from '../../../db/books/trial-balance';
import { disbursementOf, loanIdOf } from '../../../domain/identifiers';
import { typeOf } from '../../../schemas/message';
import { failedWorkflowTasks } from '../../support/failed-tasks';
import { openingDate, startPlatform, type Platform } from '../../support/platform';
import { until } from '../../support/until';

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
}, 60_000);
afterAll(() => platform.stop());

/** The tale of one run, as "message → service": what happened, in order. */
const taleOf = async (applicationId: string): Promise<string[]> =>
  (await platform.trace())
    .filter(
      ({ flowId }) => flowId.endsWith(applicationId) || flowId.endsWith(applicationId.replace(/^LA/, 'LN')),
    )
    .map(({ message, service }) => `${message} → ${service}`);

const applicationOf = (applicationId: string) =>
  platform.db('loan_engine.loan_application').where('application_id', applicationId).first();

/** A customer's credit line in one currency, by account. */
async function creditOf(customerId: string): Promise<Record<string, number>> {
  const accounts = await positionOf(platform.db, 'credit', customerId);
  return Object.fromEntries(accounts.map(({ code, balanceMinor }) => [code, balanceMinor]));
}

const balanced = async (): Promise<boolean> =>
  (await trialBalance(platform.db)).totals.every((book) => book.balanced);

describe('a loan application that is approved', () => {
  test('is paid out once by a partner that pays itself, booked, and told to the customer', async () => {
    const customerId = await platform.newCustomer('CN');
    const { applicationId, outcome } = await platform.apply({
      market: 'CN',
      customerId,
      principalMinor: 10_000,
    });

    const loanId = applicationId.replace(/^LA/, 'LN');
    expect(outcome).toEqual({ outcome: 'DISBURSED', applicationId, loanId, partnerId: 'bank-huaxin' });
    expect(await platform.effects(applicationId)).toMatchObject([
      { party: 'bank-huaxin', amount: { currency: 'CNY', amountMinor: 10_000 } },
    ]);
    expect(await creditOf(customerId)).toMatchObject({ reserved: 0, used: 10_000 });
    const told = await platform
      .db('outreach_system.dispatched_message')
      .where('customer_id', customerId)
      .select('template', 'reference');
    expect(told).toEqual([{ template: 'DISBURSEMENT_SUCCEEDED', reference: loanId }]);
    expect(await balanced()).toBe(true);
  });

  test('has the known plan: 100.00 over 6 months at 9.4822 % are six payments of 17.13', async () => {
    const customerId = await platform.newCustomer('CN');
    const { applicationId } = await platform.apply({ market: 'CN', customerId, principalMinor: 10_000 });

    const instalments = await platform
      .db('repayment_plan_service.instalment')
      .where('loan_id', applicationId.replace(/^LA/, 'LN'))
      .orderBy('number')
      .select<{ principal_minor: number; interest_minor: number }[]>('principal_minor', 'interest_minor');
    expect(instalments.map((one) => one.interest_minor)).toEqual([79, 66, 53, 40, 27, 13]);
    expect(instalments.map((one) => one.principal_minor + one.interest_minor)).toEqual([
      1713, 1713, 1713, 1713, 1713, 1713,
    ]);
  });

  test('is paid by our payment system out of the money of a partner in custody, after deducted fees', async () => {
    const customerId = await platform.newCustomer('ID');
    const { applicationId, outcome } = await platform.apply({
      market: 'ID',
      customerId,
      principalMinor: 5_000_000,
    });

    expect(outcome).toMatchObject({ outcome: 'DISBURSED', partnerId: 'dana-sejahtera' });
    expect(await platform.effects(applicationId)).toMatchObject([
      { party: 'id-payout', amount: { amountMinor: 4_850_000 } },
    ]);
    const tale = await taleOf(applicationId);
    expect(tale).toEqual(
      expect.arrayContaining(['initiate-payment → payment-system', 'payment-succeeded → partner-hub']),
    );
    expect(await creditOf(customerId)).toMatchObject({ reserved: 0, used: 5_000_000 });
  });

  test('is posted before its contract exists, and told only when all is booked', async () => {
    const { applicationId } = await platform.apply({ market: 'CN' });
    const tale = await taleOf(applicationId);
    const order = [
      'partner-disbursement-succeeded → loan-engine',
      'post-ledger-event → accounting-center',
      'create-loan-contract → asset-center',
      'loan-note-created → asset-center',
      'repayment-plan-calculated → repayment-plan-service',
      'repayment-schedule-generated → loan-engine',
      'disbursement-succeeded → fund-management-system',
      'disbursement-succeeded → outreach-system',
    ];
    expect(tale.filter((step) => order.includes(step))).toEqual(order);
  });

  test('leaves in its history, of the step that books it, the message that the flow goes on with', async () => {
    const customerId = await platform.newCustomer('CN');
    const { applicationId } = await platform.apply({ market: 'CN', customerId, principalMinor: 10_000 });

    const { events } = await platform.client.workflow
      .getHandle(`loan-application-disbursement:${applicationId}`)
      .fetchHistory();
    const [booked] = events!.flatMap(({ activityTaskCompletedEventAttributes: completed }) => {
      const data = completed?.result?.payloads?.[0]?.data;
      return data ? [JSON.parse(Buffer.from(data).toString()) as Done] : [];
    });
    expect(booked!.sent.map(typeOf)).toEqual(['disbursement-succeeded']);
    expect(booked!.types).toContain('repayment-schedule-generated');
  });
});

describe('a loan application that is refused', () => {
  test('is rejected by the strategy rules, with their reasons, before anything is reserved', async () => {
    const customerId = await platform.newCustomer('ID', { features: { blocklisted: 1, age: 16 } });
    const { applicationId, outcome } = await platform.apply({ market: 'ID', customerId });

    expect(outcome).toMatchObject({
      outcome: 'REJECTED',
      reasonCodes: expect.arrayContaining(['CUSTOMER_BLOCKLISTED', 'UNDER_AGE']),
    });
    expect(await platform.effects(applicationId)).toEqual([]);
    expect(await taleOf(applicationId)).not.toContain('reserve-credit-line → credit-limit-center');
    const told = await platform
      .db('outreach_system.dispatched_message')
      .where('customer_id', customerId)
      .select('template');
    expect(told).toEqual([{ template: 'LOAN_APPLICATION_REJECTED' }]);
  });

  test('is rejected when it asks for more than the credit line has left', async () => {
    const customerId = await platform.newCustomer('CN', { limitMinor: 500_000 });
    const { applicationId, outcome } = await platform.apply({
      market: 'CN',
      customerId,
      principalMinor: 500_100,
    });

    expect(outcome).toEqual({ outcome: 'REJECTED', applicationId, reasonCodes: ['CREDIT_LIMIT_EXCEEDED'] });
    expect(await creditOf(customerId)).toEqual({ available: 500_000, granted: 500_000 });
    expect(await applicationOf(applicationId)).toMatchObject({ state: 'REJECTED' });
  });
});

describe('a funding partner that will not pay', () => {
  test('is left for the next one, and its reservation given back', async () => {
    const applicationId = platform.newApplicationId();
    await platform.behave({
      party: 'bank-huaxin',
      match: { reference: applicationId },
      behaviour: { kind: 'REFUSE', code: 'BENEFICIARY_REFUSED' },
    });
    const { outcome } = await platform.apply({ market: 'CN' }, applicationId);

    expect(outcome).toMatchObject({ outcome: 'DISBURSED', partnerId: 'trust-jinhe' });
    expect(await platform.effects(applicationId)).toMatchObject([{ party: 'cn-payout' }]);
    const reservations = await platform
      .db('fund_management_system.fund_reservation')
      .where('application_id', applicationId)
      .orderBy('reservation_id')
      .select('partner_id', 'state');
    expect(reservations).toEqual([
      { partner_id: 'bank-huaxin', state: 'RELEASED' },
      { partner_id: 'trust-jinhe', state: 'PAID_OUT' },
    ]);
  });

  test('in custody, whose payment fails, is left for the next one too', async () => {
    const applicationId = platform.newApplicationId();
    await platform.behave({
      party: 'id-payout',
      match: { reference: applicationId },
      behaviour: { kind: 'REFUSE', code: 'CHANNEL_LIMIT' },
    });
    const { outcome } = await platform.apply({ market: 'ID' }, applicationId);

    expect(outcome).toMatchObject({ outcome: 'DISBURSED', partnerId: 'bank-nusantara' });
    expect(await platform.effects(applicationId)).toMatchObject([{ party: 'bank-nusantara' }]);
    expect(await taleOf(applicationId)).toEqual(
      expect.arrayContaining(['payment-failed → fund-management-system', 'payment-failed → loan-engine']),
    );
  });

  test('and no other is left: everything is undone, the credit given back, the customer told', async () => {
    const applicationId = platform.newApplicationId();
    const customerId = await platform.newCustomer('CN');
    const refuses = { match: { reference: applicationId }, behaviour: { kind: 'REFUSE', code: 'NOT_TODAY' } };
    await platform.behave({ party: 'bank-huaxin', ...refuses }, { party: 'cn-payout', ...refuses });
    const { outcome } = await platform.apply({ market: 'CN', customerId }, applicationId);

    expect(outcome).toEqual({ outcome: 'FAILED', applicationId, reasonCodes: ['NO_FUNDING_PARTNER'] });
    expect(await platform.effects(applicationId)).toEqual([]);
    expect(await creditOf(customerId)).toMatchObject({ reserved: 0, available: 10_000_000 });
    const open = await platform
      .db('fund_management_system.fund_reservation')
      .where('application_id', applicationId)
      .whereNot('state', 'RELEASED');
    expect(open).toEqual([]);
    const told = await platform
      .db('outreach_system.dispatched_message')
      .where('customer_id', customerId)
      .select('template');
    expect(told).toEqual([{ template: 'DISBURSEMENT_FAILED' }]);
    expect(await applicationOf(applicationId)).toMatchObject({ state: 'FAILED' });
    expect(await balanced()).toBe(true);
  });
});

test('a payout whose booking is refused is not taken for one that failed: the flow stands still, and nobody else pays', async () => {
  const own = await startPlatform();
  const applicationId = own.newApplicationId();
  const loanId = loanIdOf(applicationId);
  // Something else is in the books under the loan's key.
  await own.db.transaction((tx) =>
    booksOn(tx, { market: 'CN' }).post({
      scenario: 'general.loan-disbursed-by-partner',
      businessKey: disbursementOf(loanId),
      valueDate: openingDate,
      owners: { loan: loanId, fundingPartner: 'bank-huaxin' },
      amounts: { principal: 1, payout: 1, deductedFees: 0 },
      currency: 'CNY',
      description: 'Another payout under the key of this one',
    }),
  );
  const { workflowId } = await own.startFlow({ market: 'CN' }, applicationId);
  await until(async () => (await failedWorkflowTasks(own.client, own.db)).length > 0);

  expect(await own.effects(applicationId)).toMatchObject([{ party: 'bank-huaxin' }]);
  const [reservation] = await own
    .db('fund_management_system.fund_reservation')
    .where('application_id', applicationId);
  expect(reservation).toMatchObject({ state: 'IN_TRANSIT' });
  await expect(own.stop()).rejects.toThrow(
    new RegExp(`${workflowId}: \\w+_WORKER_UNHANDLED_FAILURE LEDGER_EVENT_CONFLICT`),
  );
}, 60_000);

describe('the answer of an outside party', () => {
  test.each([
    ['comes later, by callback', { kind: 'CALLBACK', delayMs: 300 }, 'CALLBACK'],
    ['never comes, and is asked for', { kind: 'SILENT', delayMs: 100 }, 'QUERY'],
    ['comes at once', { kind: 'ACCEPT' }, 'ANSWER'],
  ])('%s: one payout, and the loan is booked', async (_how, behaviour, settledBy) => {
    const applicationId = platform.newApplicationId();
    await platform.behave({ party: 'bank-huaxin', match: { reference: applicationId }, behaviour });
    const { outcome } = await platform.apply({ market: 'CN' }, applicationId);

    expect(outcome).toMatchObject({ outcome: 'DISBURSED' });
    expect(await platform.effects(applicationId)).toHaveLength(1);
    const request = await platform.db('outside.request').where('request_no', `PO-${applicationId}-1`).first();
    expect(request).toMatchObject({ state: 'SUCCEEDED', settled_by: settledBy });
  });

  test('is lost in a connection that hangs: the payout is found by its number, and not made again', async () => {
    const applicationId = platform.newApplicationId();
    await platform.behave({
      party: 'bank-huaxin',
      match: { reference: applicationId },
      behaviour: { kind: 'HANG' },
    });
    const { outcome } = await platform.apply({ market: 'CN' }, applicationId);

    expect(outcome).toMatchObject({ outcome: 'DISBURSED' });
    expect(await platform.effects(applicationId)).toHaveLength(1);
  }, 30_000);
});
