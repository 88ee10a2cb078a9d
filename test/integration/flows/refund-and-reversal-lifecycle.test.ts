import { sumMinor } from '../../../domain/money';
import { checkTrace } from '../../../scripts/check-trace';
import {
  collectors,
  newLoan as borrowed,
  ordered,
  pays,
  type Loan,
  type Market,
} from '../../support/borrowers';
import { randomId, startPlatform, type Behaviour, type Platform } from '../../support/platform';
import { expectSound } from '../../support/sound';
import { until } from '../../support/until';

// Money goes back once, to the minor unit, and only when two persons wanted it: each way that a refund can go.

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform({ answerTimeoutMs: 1_000 });
}, 120_000);
afterAll(() => platform.stop());
afterEach(() => expectSound(platform), 30_000);

const newLoan = (market: Market, customerId?: string, principalMinor?: number) =>
  borrowed(platform, market, customerId, principalMinor);

/** Has a customer pay for certain instalments of loans. Returns the money, as its party knows it. */
async function paid(
  lines: { loan: Loan; instalments: number[]; amountMinor?: number }[],
  { extraMinor = 0, methodNo, inDays }: { extraMinor?: number; methodNo?: string; inDays?: number } = {},
) {
  const { market } = lines[0]!.loan;
  const parts = lines.map(({ loan, instalments, amountMinor }) => ({
    loan,
    instalments,
    amountMinor:
      amountMinor ??
      sumMinor(
        loan.instalments.filter(({ number }) => instalments.includes(number)).map((one) => one.totalMinor),
      ),
  }));
  const totalMinor = sumMinor(parts.map((one) => one.amountMinor));
  const party = collectors[market];
  const ofOrder = methodNo ?? (await ordered(platform, parts)).methodNo;
  const amountMinor = totalMinor + extraMinor;
  const { transactionNo, result } = await pays(platform, {
    ...{ market, party, amountMinor, methodNo: ofOrder },
    ...(inDays !== undefined && { paidAt: new Date(Date.now() + inDays * 86_400_000).toISOString() }),
  });
  await result();
  return { party, transactionNo, amountMinor, methodNo: ofOrder };
}

interface Receipt {
  party: string;
  transactionNo: string;
}

/** One operator asks for a refund. */
async function requested(
  { party, transactionNo }: Receipt,
  wanted: { cause: string } & Record<string, unknown>,
) {
  const answer = await platform.post(
    '/v1/refunds',
    { party, transactionNo, reason: 'tried by a test', ...wanted },
    'ops',
  );
  if (answer.status !== 202) throw new Error(`The refund was not taken: ${answer.text}`);
  const { refundId, flowId, actId } = answer.body as { refundId: string; flowId: string; actId?: string };
  const handle = platform.client.workflow.getHandle(flowId);
  return { refundId, flowId, actId, result: () => handle.result() as Promise<{ outcome: string }> };
}

/** Another one approves what the first has done. */
const approve = (actId: string | undefined, as: 'ops' | 'otherOps' = 'otherOps') =>
  platform.post(`/v1/ops/acts/${actId}/approvals`, { reason: 'seen too' }, as);

/** Asked for by one operator, approved by another, and gone to its end. */
async function refunded(receipt: Receipt, wanted: { cause: string } & Record<string, unknown>) {
  const refund = await requested(receipt, wanted);
  if (refund.actId !== undefined) expect((await approve(refund.actId)).status).toBe(201);
  expect(await refund.result()).toMatchObject({ outcome: 'REFUNDED' });
  return refund;
}

/** Two operators answer a question of a refund's flow, with what the answer rests on. */
async function agree(flowId: string, answer: { question: string; answer: string; evidence?: object }) {
  const act = await platform.post('/v1/ops/acts', { flowId, reason: 'found', ...answer }, 'ops');
  expect(act.status).toBe(201);
  expect((await approve(String(act.body.actId))).status).toBe(201);
}

const balance = async (book: 'general' | 'credit' | 'funds', owner: string, code: string): Promise<number> =>
  (
    await platform
      .db('books.account_position')
      .where({ book, owner, code })
      .first<{ m: number } | undefined>('balance_minor as m')
  )?.m ?? 0;
const payable = (customerId: string): Promise<number> => balance('general', customerId, 'customer-payable');

const stateOf = async (refundId: string): Promise<unknown> =>
  (await platform.get(`/v1/refunds/${refundId}`, 'ops')).body.state;
const untilState = (refundId: string, state: string) =>
  until(async () => (await stateOf(refundId)) === state);

/** The money that channels have really paid back for a refund. */
async function paidBack(refundId: string): Promise<{ party: string; amount: { amountMinor: number } }[]> {
  const response = await fetch(`${platform.sandbox.url}/control/refunds?reference=${refundId}`);
  return ((await response.json()) as { refunds: { party: string; amount: { amountMinor: number } }[] })
    .refunds;
}

/** How the channel behaves about refunds of a customer. */
const atRefunds = (customerId: string, behaviour: Behaviour['behaviour'], times?: number) =>
  platform.behave({ operation: 'refund', match: { customerId }, behaviour, times });

async function owed(loan: Loan): Promise<number> {
  const { body } = await platform.get(`/v1/customers/${loan.customerId}/due-list`);
  const loans = body.loans as { loanId: string; outstanding: { totalMinor: number } }[];
  return loans.find(({ loanId }) => loanId === loan.loanId)?.outstanding.totalMinor ?? 0;
}

describe('what was paid too much or twice', () => {
  test('goes back by itself up to the limit of the market, opens nothing, and the customer is told', async () => {
    const loan = await newLoan('ID');
    const receipt = await paid([{ loan, instalments: [1] }], { extraMinor: 100_000 });
    const before = await owed(loan);
    const refund = await refunded(receipt, { cause: 'OVERPAID' });

    expect(refund.actId).toBeUndefined();
    expect(await paidBack(refund.refundId)).toMatchObject([
      { party: 'id-payout', amount: { currency: 'IDR', amountMinor: 100_000 } },
    ]);
    expect(await payable(loan.customerId)).toBe(0);
    expect(await owed(loan)).toBe(before);
    expect(await stateOf(refund.refundId)).toBe('REFUNDED');
    expect(
      await platform
        .db('outreach_system.dispatched_message')
        .where({ customer_id: loan.customerId, template: 'REPAYMENT_REFUNDED' })
        .select('reference'),
    ).toEqual([{ reference: refund.refundId }]);
  }, 60_000);

  test('twice is one instalment that no loan took; above the limit a second person approves', async () => {
    const loan = await newLoan('ID');
    const first = await paid([{ loan, instalments: [1] }]);
    const second = await paid([{ loan, instalments: [1] }], { methodNo: first.methodNo });
    const again = { party: first.party, transactionNo: first.transactionNo, cause: 'PAID_TWICE' };
    expect(await platform.post('/v1/refunds', { ...again, reason: 'the wrong one' }, 'ops')).toMatchObject({
      status: 422,
      body: { code: 'NOT_REFUNDABLE' },
    });

    const refund = await requested(second, { cause: 'PAID_TWICE' });
    await untilState(refund.refundId, 'REQUESTED');
    expect(await approve(refund.actId, 'ops')).toMatchObject({ status: 409, body: { code: 'OWN_ACT' } });
    expect(await paidBack(refund.refundId)).toEqual([]);
    await approve(refund.actId);
    expect(await refund.result()).toMatchObject({ outcome: 'REFUNDED' });
    expect(await payable(loan.customerId)).toBe(0);
  }, 60_000);

  test('that a funding partner collected is paid out of custody, and the partner owes it', async () => {
    const loan = await newLoan('CN');
    const receipt = await paid([{ loan, instalments: [1] }], { extraMinor: 5_000 });
    const owedBefore = await balance('general', 'bank-huaxin', 'refund-receivable');
    const wanted = { party: receipt.party, transactionNo: receipt.transactionNo, cause: 'OVERPAID' };
    expect(await platform.post('/v1/refunds', { ...wanted, reason: 'to where?' }, 'ops')).toMatchObject({
      status: 422,
      body: { code: 'ACCOUNT_NEEDED' },
    });

    const refund = await refunded(receipt, { cause: 'OVERPAID', accountToken: 'tok_back_home' });
    expect(await paidBack(refund.refundId)).toMatchObject([{ party: 'cn-payout' }]);
    expect(await balance('general', 'bank-huaxin', 'refund-receivable')).toBe(owedBefore + 5_000);
  }, 60_000);
});

describe('what was wrongly charged', () => {
  test('is taken back from the loan: the instalment is open again, the credit used, the partner has received less', async () => {
    const loan = await newLoan('ID');
    const owedAtFirst = await owed(loan);
    const usedAtFirst = await balance('credit', loan.customerId, 'used');
    const receipt = await paid([{ loan, instalments: [1] }]);
    const received = await balance('funds', loan.partnerId, 'received');
    const refund = await refunded(receipt, { cause: 'WRONGLY_CHARGED' });

    expect(await owed(loan)).toBe(owedAtFirst);
    expect(await balance('credit', loan.customerId, 'used')).toBe(usedAtFirst);
    expect(await balance('funds', loan.partnerId, 'received')).toBe(received - receipt.amountMinor);
    expect((await paidBack(refund.refundId)).map(({ amount }) => amount.amountMinor)).toEqual([
      receipt.amountMinor,
    ]);
    const tale = (await platform.trace())
      .filter(({ flowId }) => flowId === refund.flowId)
      .map(({ message, service }) => `${message} → ${service}`);
    expect(tale.slice(tale.indexOf('refund-succeeded → refund-reversal-service'))).toEqual([
      'refund-succeeded → refund-reversal-service',
      'refund-succeeded → fund-management-system',
      'repayment-refunded → accounting-center',
      'accounting-entry-reversed → asset-center',
      'asset-posting-applied → accounting-center',
      'asset-posting-applied → credit-limit-center',
      'asset-posting-applied → fund-management-system',
      'repayment-refunded → app',
      'repayment-refunded → outreach-system',
    ]);
  }, 60_000);

  test('goes back in parts, what stands with no loan first, and never more than came in', async () => {
    const loan = await newLoan('ID');
    const receipt = await paid([{ loan, instalments: [1] }], { extraMinor: 50_000 });
    const amount = (amountMinor: number) => ({ amount: { currency: 'IDR', amountMinor } });
    const atFirst = await owed(loan);
    await refunded(receipt, { cause: 'WRONGLY_CHARGED', ...amount(60_000) });
    expect(await owed(loan)).toBe(atFirst + 10_000);
    await refunded(receipt, { cause: 'WRONGLY_CHARGED', ...amount(receipt.amountMinor - 60_000) });

    const nothing = { party: receipt.party, transactionNo: receipt.transactionNo, cause: 'WRONGLY_CHARGED' };
    expect(await platform.post('/v1/refunds', { ...nothing, reason: 'once more' }, 'ops')).toMatchObject({
      status: 422,
      body: { code: 'NOT_REFUNDABLE' },
    });
  }, 60_000);

  test('and moved along by a payment that was heard of later goes back out of what stands with its payer', async () => {
    const loan = await newLoan('ID');
    const receipt = await paid([{ loan, instalments: [1] }], { inDays: 3 });
    const refund = await requested(receipt, { cause: 'WRONGLY_CHARGED' });
    await untilState(refund.refundId, 'REQUESTED');
    // It counts before, so that the loan takes this one, and the other stands with its payer.
    await paid([{ loan, instalments: [1] }], { inDays: 1 });
    const [owedBefore, received] = [await owed(loan), await balance('funds', loan.partnerId, 'received')];
    await approve(refund.actId);
    expect(await refund.result()).toMatchObject({ outcome: 'REFUNDED' });
    expect(await owed(loan)).toBe(owedBefore);
    expect(await payable(loan.customerId)).toBe(0);
    expect(await balance('funds', loan.partnerId, 'received')).toBe(received);
  }, 60_000);

  test('of several loans is taken back from each, the last first', async () => {
    const first = await newLoan('ID');
    const second = await newLoan('ID', first.customerId);
    const receipt = await paid([
      { loan: first, instalments: [1] },
      { loan: second, instalments: [1] },
    ]);
    const before = await Promise.all([owed(first), owed(second)]);
    const refund = await refunded(receipt, { cause: 'DISBURSEMENT_WENT_WRONG', customerAtFault: true });
    const { body } = await platform.get(`/v1/refunds/${refund.refundId}`, 'ops');
    expect((body.parts as { loanId: string }[]).map(({ loanId }) => loanId)).toEqual(
      [first.loanId, second.loanId].sort().reverse(),
    );
    const after = await Promise.all([owed(first), owed(second)]);
    expect(sumMinor(after) - sumMinor(before)).toBe(receipt.amountMinor);
  }, 60_000);

  test('uses the credit line again past its limit, which only new loans are refused for', async () => {
    const customerId = await platform.newCustomer('ID', { limitMinor: 5_000_000 });
    const loan = await newLoan('ID', customerId, 4_500_000);
    const all = [1, 2, 3, 4, 5, 6];
    const receipt = await paid([{ loan, instalments: all }]);
    await newLoan('ID', customerId, 5_000_000);
    await refunded(receipt, { cause: 'WRONGLY_CHARGED' });
    expect(await balance('credit', customerId, 'used')).toBe(9_500_000);
    expect(await balance('credit', customerId, 'over-limit')).toBe(4_500_000);
    const { outcome } = await platform.apply({ market: 'ID', customerId, principalMinor: 500_000 });
    expect(outcome).toMatchObject({ outcome: 'REJECTED', reasonCodes: ['CREDIT_LIMIT_EXCEEDED'] });

    await paid([{ loan, instalments: all }]);
    expect(await balance('credit', customerId, 'over-limit')).toBe(0);
    expect(await balance('credit', customerId, 'used')).toBe(5_000_000);
  }, 60_000);

  test('uses the credit line past its limit also while an application has reserved it, which is made good when that is released', async () => {
    const customerId = await platform.newCustomer('ID', { limitMinor: 5_000_000 });
    const loan = await newLoan('ID', customerId, 4_500_000);
    const receipt = await paid([{ loan, instalments: [1, 2, 3, 4, 5, 6] }]);
    const atPayout = (behaviour: Behaviour['behaviour']) =>
      platform.behave({ operation: 'payout', match: { customerId }, behaviour });
    await atPayout({ kind: 'NOT_TAKEN', by: 'BREAK' });
    const handle = await platform.startFlow({ market: 'ID', customerId, principalMinor: 5_000_000 });
    await until(async () => (await balance('credit', customerId, 'reserved')) > 0);
    await refunded(receipt, { cause: 'WRONGLY_CHARGED' });
    expect(await balance('credit', customerId, 'over-limit')).toBe(4_500_000);
    await atPayout({ kind: 'REFUSE', code: 'ACCOUNT_CLOSED' });
    expect(await handle.result()).toMatchObject({ outcome: 'FAILED' });
    expect(await balance('credit', customerId, 'over-limit')).toBe(0);
    expect(await balance('credit', customerId, 'available')).toBe(500_000);
  }, 120_000);
});

test('the same key with the same body is the same refund, and with another body none', async () => {
  const loan = await newLoan('ID');
  const receipt = await paid([{ loan, instalments: [1] }], { extraMinor: 40_000 });
  const wanted = { party: receipt.party, transactionNo: receipt.transactionNo, cause: 'OVERPAID' };
  const body = { ...wanted, amount: { currency: 'IDR', amountMinor: 15_000 }, reason: 'asked twice' };
  const key = { 'idempotency-key': randomId('KEY-') };
  const first = await platform.post('/v1/refunds', body, 'ops', key);
  await platform.client.workflow.getHandle(String(first.body.flowId)).result();
  expect((await platform.post('/v1/refunds', body, 'ops', key)).body).toEqual(first.body);
  expect(await payable(loan.customerId)).toBe(25_000);
  const other = { ...body, reason: 'something else' };
  expect(await platform.post('/v1/refunds', other, 'ops', key)).toMatchObject({
    ...{ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } },
  });
  const foreign = { ...body, amount: { currency: 'CNY', amountMinor: 1 } };
  expect(await platform.post('/v1/refunds', foreign, 'ops')).toMatchObject({
    ...{ status: 422, body: { code: 'WRONG_CURRENCY' } },
  });
}, 60_000);

describe('a refund that is not made', () => {
  test('because a second person says no leaves everything as it was', async () => {
    const loan = await newLoan('ID');
    const receipt = await paid([{ loan, instalments: [1] }], { extraMinor: 700_000 });
    const refund = await requested(receipt, { cause: 'OVERPAID' });
    await agree(refund.flowId, { question: 'refund', answer: 'REJECT' });
    expect(await refund.result()).toMatchObject({ outcome: 'REJECTED' });
    expect(await stateOf(refund.refundId)).toBe('REJECTED');
    expect(await paidBack(refund.refundId)).toEqual([]);
    // What was held is free again.
    await refunded(receipt, { cause: 'OVERPAID' });
  }, 60_000);

  test('because the account is closed goes to another that a person has found, once', async () => {
    const loan = await newLoan('ID');
    const receipt = await paid([{ loan, instalments: [1] }]);
    await atRefunds(loan.customerId, { kind: 'REFUSE', code: 'ACCOUNT_CLOSED' }, 1);
    const refund = await requested(receipt, { cause: 'WRONGLY_CHARGED' });
    await approve(refund.actId);
    await untilState(refund.refundId, 'ACCOUNT_NEEDED');
    const { body } = await platform.get('/v1/ops/questions', 'ops');
    expect(body.questions).toContainEqual(
      expect.objectContaining({ flowId: refund.flowId, question: 'refund-account:1' }),
    );
    await agree(refund.flowId, {
      ...{ question: 'refund-account:1', answer: 'PAY_TO', evidence: { accountToken: 'tok_new_account' } },
    });
    expect(await refund.result()).toMatchObject({ outcome: 'REFUNDED' });
    expect(await paidBack(refund.refundId)).toMatchObject([{ requestNo: `RP-${refund.refundId}-2` }]);
  }, 60_000);

  test('because it is given up gives back what was frozen and held', async () => {
    const loan = await newLoan('ID');
    const receipt = await paid([{ loan, instalments: [1] }], { extraMinor: 10_000 });
    const received = await balance('funds', loan.partnerId, 'received');
    const before = await owed(loan);
    await atRefunds(loan.customerId, { kind: 'REFUSE', code: 'ACCOUNT_CLOSED' }, 1);
    const refund = await requested(receipt, { cause: 'WRONGLY_CHARGED' });
    await approve(refund.actId);
    await untilState(refund.refundId, 'ACCOUNT_NEEDED');
    expect(await balance('funds', loan.partnerId, 'received')).toBe(received - receipt.amountMinor + 10_000);
    await agree(refund.flowId, { question: 'refund-account:1', answer: 'GIVE_UP' });
    expect(await refund.result()).toMatchObject({ outcome: 'FAILED' });
    expect(await balance('funds', loan.partnerId, 'received')).toBe(received);
    expect(await owed(loan)).toBe(before);
    await refunded(receipt, { cause: 'WRONGLY_CHARGED' });
  }, 60_000);
});

test('a refund that the channel pays after its confirmed failure is an exception until a person has found the money', async () => {
  const loan = await newLoan('ID');
  const receipt = await paid([{ loan, instalments: [1] }], { extraMinor: 30_000 });
  await atRefunds(loan.customerId, { kind: 'LATE_SUCCESS', delayMs: 1_500, code: 'ACCOUNT_CLOSED' }, 1);
  const refund = await requested(receipt, { cause: 'OVERPAID' });
  await untilState(refund.refundId, 'ACCOUNT_NEEDED');
  await agree(refund.flowId, {
    ...{ question: 'refund-account:1', answer: 'PAY_TO', evidence: { accountToken: 'tok_new_account' } },
  });
  expect(await refund.result()).toMatchObject({ outcome: 'REFUNDED' });

  const flowId = `exception:RP-${refund.refundId}-1`;
  const inException = () => balance('general', 'id-payout', 'refund-in-exception');
  await until(async () => (await inException()) === 30_000);
  await agree(flowId, { question: 'exception', answer: 'RETURNED' });
  expect(await platform.client.workflow.getHandle(flowId).result()).toMatchObject({ outcome: 'RETURNED' });
  expect(await inException()).toBe(0);
}, 60_000);

describe('the channel', () => {
  test.each([
    ['answers later, by callback', { kind: 'CALLBACK', delayMs: 300 }],
    ['never answers, and is asked', { kind: 'SILENT', delayMs: 100 }],
    ['breaks the connection', { kind: 'BREAK' }],
    ['hangs', { kind: 'HANG' }],
    [
      'tells of a failure that was none',
      { kind: 'CONTRADICT', by: 'ANSWER', truth: 'SUCCEEDED', code: 'NO' },
    ],
  ])(
    '%s: it is paid back once',
    async (_how, behaviour) => {
      const loan = await newLoan('ID');
      const receipt = await paid([{ loan, instalments: [1] }], { extraMinor: 20_000 });
      await atRefunds(loan.customerId, behaviour);
      const refund = await refunded(receipt, { cause: 'OVERPAID' });
      expect(await paidBack(refund.refundId)).toHaveLength(1);
    },
    60_000,
  );
});

test('two refunds of one payment at once: one of them goes back, and the database refuses more', async () => {
  const loan = await newLoan('ID');
  const receipt = await paid([{ loan, instalments: [1] }], { extraMinor: 400_000 });
  const body = {
    ...{ party: receipt.party, transactionNo: receipt.transactionNo, cause: 'OVERPAID' },
    ...{ amount: { currency: 'IDR', amountMinor: 300_000 }, reason: 'twice at once' },
  };
  const answers = await Promise.all([1, 2, 3].map(() => platform.post('/v1/refunds', body, 'ops')));
  const taken = answers.filter(({ status }) => status === 202).map((one) => one.body as { flowId: string });
  const outcomes = await Promise.all(
    taken.map(({ flowId }) => platform.client.workflow.getHandle(flowId).result()),
  );
  expect(outcomes.filter(({ outcome }: { outcome: string }) => outcome === 'REFUNDED')).toHaveLength(1);

  const [kept] = await platform
    .db('refund_reversal_service.refund')
    .where({ transaction_no: receipt.transactionNo, state: 'PAID_OUT' })
    .select<Record<string, unknown>[]>('*');
  const more = {
    ...{ ...kept, refund_id: randomId('RF'), state: 'REQUESTED' },
    ...{ refunded_on: null, refund_transaction_no: null, amount_minor: receipt.amountMinor },
  };
  await expect(platform.db('refund_reversal_service.refund').insert(more)).rejects.toMatchObject({
    constraint: 'never_more_than_was_paid',
  });
}, 60_000);

describe('a payout that comes back', () => {
  const evidence = (transactionNo = randomId('BACK-')) => ({
    ...{ party: 'dana-sejahtera', transactionNo, arrivedAt: new Date().toISOString() },
  });

  async function reversalOf(loan: Loan, shown = evidence()) {
    const body = { loanId: loan.loanId, evidence: shown, reason: 'the bank has returned it' };
    const key = randomId('KEY-');
    const answer = await platform.post('/v1/disbursement-reversals', body, 'ops', { 'idempotency-key': key });
    expect(answer.status).toBe(202);
    const { reversalId, flowId, actId } = answer.body as Record<'reversalId' | 'flowId' | 'actId', string>;
    const read = async () => (await platform.get(`/v1/disbursement-reversals/${reversalId}`, 'ops')).body;
    const handle = platform.client.workflow.getHandle(flowId);
    return { flowId, actId, key, read, result: () => handle.result() as Promise<{ outcome: string }> };
  }

  test('is reversed when a second person has seen it: journal, loan, credit line and the funds of its partner', async () => {
    const customerId = await platform.newCustomer('ID');
    const paidOut = await balance('funds', 'dana-sejahtera', 'paid-out');
    const loan = await newLoan('ID', customerId);
    const reversal = await reversalOf(loan);
    await until(async () => (await reversal.read()).state === 'REQUESTED');
    expect(await approve(reversal.actId, 'ops')).toMatchObject({ status: 409, body: { code: 'OWN_ACT' } });
    await approve(reversal.actId);
    expect(await reversal.result()).toMatchObject({ outcome: 'REVERSED' });

    expect(await reversal.read()).toMatchObject({ state: 'REVERSED' });
    expect(await balance('general', loan.loanId, 'loan-principal')).toBe(0);
    expect(await balance('credit', customerId, 'used')).toBe(0);
    expect(await balance('funds', 'dana-sejahtera', 'paid-out')).toBe(paidOut);
    expect((await platform.get(`/v1/loans/${loan.loanId}`)).body.state).toBe('REVERSED');
    expect(await owed(loan)).toBe(0);
    const applicationId = loan.loanId.replace('LN', 'LA');
    const application = await platform.get(`/v1/loan-applications/${applicationId}`);
    expect(application.body).toMatchObject({ state: 'REVERSED', reasonCodes: ['PAYOUT_RETURNED'] });
    expect(
      await platform
        .db('outreach_system.dispatched_message')
        .where({ customer_id: customerId, template: 'DISBURSEMENT_REVERSED' })
        .select('reference'),
    ).toEqual([{ reference: applicationId }]);
    const tale = (await platform.trace())
      .filter(({ flowId }) => flowId === reversal.flowId)
      .map(({ message, service }) => `${message} → ${service}`);
    expect(tale.slice(-3)).toEqual([
      'disbursement-reversed → fund-management-system',
      'disbursement-reversed → loan-engine',
      'send-notification → outreach-system',
    ]);
    const again = { loanId: loan.loanId, evidence: evidence(), reason: 'once more' };
    const key = { 'idempotency-key': reversal.key };
    expect(await platform.post('/v1/disbursement-reversals', again, 'ops', key)).toMatchObject({
      ...{ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } },
    });
    expect(await platform.post('/v1/disbursement-reversals', again, 'ops')).toMatchObject({
      ...{ status: 422, body: { code: 'ALREADY_REVERSED' } },
    });
  }, 60_000);

  test('is reversed only once nothing that was paid towards the loan stands', async () => {
    const loan = await newLoan('ID');
    const receipt = await paid([{ loan, instalments: [1] }]);
    const early = await reversalOf(loan);
    expect(await early.result()).toMatchObject({ outcome: 'REJECTED' });
    expect(await early.read()).toMatchObject({ state: 'REJECTED', reasonCodes: ['REPAYMENTS_STAND'] });

    await refunded(receipt, { cause: 'DISBURSEMENT_WENT_WRONG' });
    const reversal = await reversalOf(loan);
    await approve(reversal.actId);
    expect(await reversal.result()).toMatchObject({ outcome: 'REVERSED' });
  }, 60_000);

  test('reverses one disbursement, and none that a second person says no to', async () => {
    const [first, second] = [await newLoan('ID'), await newLoan('ID')];
    const shown = evidence();
    const reversal = await reversalOf(first, shown);
    await until(async () => (await reversal.read()).state === 'REQUESTED');
    const other = await reversalOf(second, shown);
    expect(await other.result()).toMatchObject({ outcome: 'REJECTED' });
    expect(await other.read()).toMatchObject({ reasonCodes: ['EVIDENCE_USED'] });
    await agree(reversal.flowId, { question: 'reversal', answer: 'REJECT' });
    expect(await reversal.result()).toMatchObject({ outcome: 'REJECTED' });
    expect((await platform.get(`/v1/loans/${first.loanId}`)).body.state).toBe('ACTIVE');
  }, 60_000);
});

test('refunds and reversals have taken every arrow that the catalog draws for them', async () => {
  const { notSeen } = checkTrace(await platform.trace());
  expect(notSeen['refund-and-reversal-lifecycle']).toEqual([]);
});
