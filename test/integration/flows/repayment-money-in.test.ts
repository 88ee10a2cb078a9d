import { randomUUID } from 'node:crypto';
import { advanceBusinessDate } from '../../../db/business-date';
import { addDays, addMonths } from '../../../domain/calendar';
import { sumMinor } from '../../../domain/money';
import type { RepaymentAmounts } from '../../../schemas/generated/messages';
import { needsAttention } from '../../../schemas/search-attributes';
import { sign } from '../../../schemas/outside/signature';
import { checkTrace } from '../../../scripts/check-trace';
import type { MoneyInOutcome } from '../../../workflows/repayment/money-in';
import { booksDisagree } from '../../support/books-agree';
import {
  collectors,
  newLoan as borrowed,
  ordered as orderedOf,
  pays as paysAt,
  type Line,
  type Loan,
  type Paying,
} from '../../support/borrowers';
import { holdToDocument } from '../../support/documented';
import { randomId, startPlatform, type Platform } from '../../support/platform';
import { expectSound } from '../../support/sound';
import { until } from '../../support/until';

// Money is never refused and never lost: each way in which it can come, from the party's notification to the books.

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform({ workerSets: 2 });
}, 120_000);
afterAll(() => platform.stop());

afterEach(() => expectSound(platform), 30_000);

const newLoan = (market?: 'CN' | 'ID', customerId?: string) => borrowed(platform, market, customerId);
const pays = (paying: Paying) => paysAt(platform, paying);

const ordered = (lines: Line[], options?: { expiresInHours: number }) => orderedOf(platform, lines, options);

const paid = async (paying: Paying): Promise<MoneyInOutcome> => (await pays(paying)).result();

const stateOf = async (loanId: string): Promise<unknown> =>
  (await platform.get(`/v1/loans/${loanId}`)).body.state;
const balance = async (book: 'general' | 'credit' | 'funds', owner: string, code: string): Promise<number> =>
  (
    await platform
      .db('books.account_position')
      .where({ book, owner, code })
      .first<{ m: number } | undefined>('balance_minor as m')
  )?.m ?? 0;
const payable = (customerId: string): Promise<number> => balance('general', customerId, 'customer-payable');

/** What stands of the sub-ledger, by component and kind. */
async function posted(loanId: string): Promise<Record<string, number>> {
  const rows = await platform
    .db('asset_center.posting')
    .where('loan_id', loanId)
    .groupBy('component', 'kind')
    .select<{ component: string; kind: string; minor: number }[]>(
      'component',
      'kind',
      platform.db.raw('sum(amount_minor)::bigint as minor'),
    );
  return Object.fromEntries(
    rows
      .filter(({ minor }) => minor !== 0)
      .map(({ component, kind, minor }) => [`${component} ${kind}`, minor]),
  );
}

async function outcomesOf(loanId: string): Promise<string[]> {
  const rows = await platform
    .db('repayment_engine.repayment_on_loan as part')
    .join('asset_center.payment as one', function () {
      this.on('one.loan_id', 'part.loan_id').andOn(
        'one.payment_id',
        platform.db.raw(`part.party || '.' || part.transaction_no`),
      );
    })
    .where('part.loan_id', loanId)
    .orderBy('one.number')
    .select<{ outcome: string }[]>('outcome');
  return rows.map(({ outcome }) => outcome);
}

async function toldOf(loanId: string): Promise<{ template: string; body: string }[]> {
  return platform
    .db('outreach_system.dispatched_message')
    .where('reference', loanId)
    .orderBy('dispatched_at')
    .select('template', 'body');
}

interface Quote {
  quoteId: string;
  quotedFor: string;
  amounts: RepaymentAmounts;
}
async function quoted(loan: Loan, request: object): Promise<Quote> {
  const { status, body } = await platform.post(`/v1/loans/${loan.loanId}/repayment-quotes`, request);
  expect([status, body]).toEqual([201, body]);
  return body as unknown as Quote;
}

/** An order to end a loan as quoted. */
async function orderedEnding(loan: Loan, scenario: 'EARLY_SETTLEMENT' | 'CANCELLATION') {
  const quote = await quoted(loan, { scenario });
  const { totalMinor } = quote.amounts;
  const { methodNo, orderId } = await ordered([{ loan, scenario, amountMinor: totalMinor, quote }]);
  return { quote, totalMinor, methodNo, orderId };
}

describe('money for an order', () => {
  test.each([['CN'], ['ID']] as const)(
    'settles an instalment in %s: journal, loan, credit line by principal only, funds, and the customer is told',
    async (market) => {
      const loan = await newLoan(market);
      const [first] = loan.instalments;
      const { totalMinor: amountMinor } = first!;
      const [usedBefore, availableBefore] = [
        await balance('credit', loan.customerId, 'used'),
        await balance('credit', loan.customerId, 'available'),
      ];
      const receivedBefore = await balance('funds', loan.partnerId, 'received');
      const { methodNo } = await ordered([{ loan, amountMinor, instalments: [1] }]);
      const { flowId, result, transactionNo } = await pays({
        market,
        amountMinor,
        methodNo,
        on: loan.startDate,
      });

      const receiptId = `${collectors[market]}.${transactionNo}`;
      expect(await result()).toEqual({ outcome: 'APPLIED', receiptId, loanIds: [loan.loanId] });
      expect(await outcomesOf(loan.loanId)).toEqual(['INSTALMENT_SETTLED']);
      expect(await stateOf(loan.loanId)).toBe('ACTIVE');
      expect(await payable(loan.customerId)).toBe(0);
      expect(await balance('credit', loan.customerId, 'used')).toBe(usedBefore - first!.principalMinor);
      expect(await balance('credit', loan.customerId, 'available')).toBe(
        availableBefore + first!.principalMinor,
      );
      expect((await balance('funds', loan.partnerId, 'received')) - receivedBefore).toBe(amountMinor);
      expect(await toldOf(loan.loanId)).toEqual([
        expect.objectContaining({ template: 'DISBURSEMENT_SUCCEEDED' }),
        { template: 'REPAYMENT_SUCCEEDED', body: expect.stringContaining(loan.loanId) as string },
      ]);
      const rows = (await platform.trace()).filter((row) => row.flowId === flowId);
      expect(rows.map(({ message, service }) => `${message} → ${service}`)).toEqual([
        'external-repayment-notified → partner-hub',
        'partner-repayment-received → repayment-engine',
        'post-ledger-event → accounting-center',
        'accounting-entry-posted → asset-center',
        'asset-posting-applied → repayment-engine',
        'repayment-succeeded → repayment-engine',
        'asset-posting-applied → accounting-center',
        'repayment-succeeded → accounting-center',
        'asset-posting-applied → credit-limit-center',
        'repayment-succeeded → credit-limit-center',
        'asset-posting-applied → fund-management-system',
        'repayment-succeeded → fund-management-system',
        'repayment-succeeded → outreach-system',
      ]);
    },
  );

  test('that is less than ordered pays a part', async () => {
    const loan = await newLoan();
    const { methodNo } = await ordered([{ loan, amountMinor: loan.instalments[0]!.totalMinor }]);
    await paid({ amountMinor: 5_000, methodNo, on: loan.startDate });
    expect(await outcomesOf(loan.loanId)).toEqual(['PARTIAL']);
    expect(sumMinor(Object.values(await posted(loan.loanId)))).toBe(5_000);
  });

  test('that is more than ordered: the rest is a payable to the payer', async () => {
    const loan = await newLoan();
    const { methodNo } = await ordered([{ loan, amountMinor: 50_000 }]);
    await paid({ amountMinor: 70_000, methodNo, on: loan.startDate });
    expect(await payable(loan.customerId)).toBe(20_000);
  });

  test('comes in two parts, in another order than sent, and does what it was to do', async () => {
    const loan = await newLoan();
    const { totalMinor } = loan.instalments[0]!;
    const { methodNo } = await ordered([{ loan, amountMinor: totalMinor, instalments: [1] }]);
    await paid({ amountMinor: totalMinor - 7_000, methodNo, on: addDays(loan.startDate, 2) });
    await paid({ amountMinor: 7_000, methodNo, on: loan.startDate });
    expect(await outcomesOf(loan.loanId)).toEqual(['PARTIAL', 'INSTALMENT_SETTLED']);
    expect(await payable(loan.customerId)).toBe(0);
  });

  test('is paid twice: the second is a payable to the payer', async () => {
    const loan = await newLoan();
    const { totalMinor: amountMinor } = loan.instalments[0]!;
    const { methodNo } = await ordered([{ loan, amountMinor, instalments: [1] }]);
    await paid({ amountMinor, methodNo, on: loan.startDate });
    const { outcome } = await paid({ amountMinor, methodNo, on: loan.startDate });
    expect(outcome).toBe('UNAPPLIED');
    expect(await payable(loan.customerId)).toBe(amountMinor);
  });

  test('by the reference beside it, where the party does not know our number, and at another party than was asked', async () => {
    const loan = await newLoan();
    const { orderId } = await ordered([{ loan, amountMinor: 5_000 }]);
    const { loanIds } = await paid({
      ...{ party: 'cn-payout', amountMinor: 5_000, payerReference: orderId, on: loan.startDate },
    });
    expect(loanIds).toEqual([loan.loanId]);
  });

  test.each(['has expired', 'was cancelled'])('that %s does what it was to do all the same', async (what) => {
    const loan = await newLoan();
    const { totalMinor: amountMinor } = loan.instalments[0]!;
    const { methodNo, orderId } = await ordered([{ loan, amountMinor, instalments: [1] }], {
      expiresInHours: -1,
    });
    if (what === 'was cancelled') {
      await platform
        .db('repayment_engine.order_cancellation')
        .insert({ order_id: orderId, actor: 'customer', reason: 'no longer wanted' });
    }
    await paid({ amountMinor, methodNo, on: loan.startDate });
    expect(await outcomesOf(loan.loanId)).toEqual(['INSTALMENT_SETTLED']);
  });

  test('of two loans goes to both; where it is too little, to the first first', async () => {
    const one = await newLoan('ID');
    const other = await newLoan('ID', one.customerId);
    const amounts = [one, other].map(({ instalments }) => instalments[0]!.totalMinor);
    const { methodNo } = await ordered(
      [one, other].map((loan, index) => ({ loan, amountMinor: amounts[index]!, instalments: [1] })),
    );
    const { loanIds } = await paid({
      ...{ market: 'ID', amountMinor: sumMinor(amounts) - 1_000, methodNo, on: one.startDate },
    });
    expect(loanIds.sort()).toEqual([one.loanId, other.loanId].sort());
    expect(await outcomesOf(one.loanId)).toEqual(['INSTALMENT_SETTLED']);
    expect(await outcomesOf(other.loanId)).toEqual(['PARTIAL']);
    await paid({ market: 'ID', amountMinor: 1_000, methodNo, on: one.startDate });
    expect(await outcomesOf(other.loanId)).toEqual(['PARTIAL', 'INSTALMENT_SETTLED']);
  });
});

describe('a notification', () => {
  test.each([
    ['the same, twice at once', [1, 1]],
    ['two of one transaction, at once', [1, 2]],
  ])('that comes again is the same money: %s', async (_what, notifications) => {
    const loan = await newLoan();
    const { methodNo } = await ordered([{ loan, amountMinor: 5_000 }]);
    const paying = { amountMinor: 5_000, methodNo, on: loan.startDate };
    const { result, transactionNo } = await pays({ ...paying, notifications });
    await result();
    // And a new one of the old transaction, long after.
    await (await pays({ ...paying, transactionNo, notifications: [3] })).result();
    const told = () => platform.db('outside.notification').where('transaction_no', transactionNo);
    await until(async () => (await told()).length === new Set(notifications).size + 1);
    expect(await platform.db('asset_center.payment').where('loan_id', loan.loanId)).toHaveLength(1);
    expect(await payable(loan.customerId)).toBe(0);
  });

  /** Sends a notification as the party signs it. */
  async function notify(body: object, id: string = randomUUID(), party = 'bank-huaxin') {
    const rawBody = JSON.stringify({ type: 'repayment.received', ...body });
    const secret = platform.partySecrets.get(party)![0];
    const response = await fetch(`${platform.api.url}/callbacks/${party}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...sign({ secret, id, timestamp: new Date(), rawBody }),
      },
      body: rawBody,
    });
    const answered = { status: response.status, headers: response.headers, text: await response.text() };
    holdToDocument('POST', `/callbacks/${party}`, answered);
    return { status: answered.status, body: JSON.parse(answered.text) as { status?: string; code?: string } };
  }
  const told = (changes: object = {}) => ({
    ...{ transactionNo: randomId('TX'), amount: { currency: 'CNY', amountMinor: 5_000 } },
    ...{ paidAt: '2026-11-22T10:00:00+08:00', ...changes },
  });

  test('that says something else of a known transaction is refused: what was told first stands', async () => {
    const loan = await newLoan();
    const { methodNo } = await ordered([{ loan, amountMinor: 5_000 }]);
    const first = told({ methodNo, paidAt: `${loan.startDate}T12:00:00+08:00` });
    const id = randomUUID();
    expect((await notify(first, id)).body).toEqual({ status: 'accepted' });
    expect((await notify(first, id)).body).toEqual({ status: 'already-received' });
    expect((await notify(first)).body).toEqual({ status: 'already-received' });
    const other = await notify({ ...first, amount: { currency: 'CNY', amountMinor: 6_000 } });
    expect([other.status, other.body.code]).toEqual([409, 'RECEIPT_CONTRADICTED']);
    const replayed = await notify(told({ methodNo }), id);
    expect([replayed.status, replayed.body.code]).toEqual([409, 'NOTIFICATION_REPLAYED']);
    await platform.client.workflow.getHandle(`repayment:bank-huaxin.${first.transactionNo}`).result();
    expect(sumMinor(Object.values(await posted(loan.loanId)))).toBe(5_000);
  });

  test.each([
    ['UNKNOWN_PARTY', told(), 'cn-messaging'],
    ['INVALID_BODY', told({ paidAt: '2026-12-31T23:59:60Z' }), 'bank-huaxin'],
    ['INVALID_BODY', told({ transactionNo: 'TX/1' }), 'bank-huaxin'],
    ['INVALID_BODY', told({ amount: { currency: 'CNY', amountMinor: 0 } }), 'bank-huaxin'],
  ])('that cannot be one is refused, and nothing is recorded: %s', async (code, body, party) => {
    expect((await notify(body, randomUUID(), party)).body.code).toBe(code);
    expect(await platform.db('outside.receipt').where('transaction_no', body.transactionNo)).toEqual([]);
  });
});

describe('an ending', () => {
  /** What a quote says, in the words of the sub-ledger; what is 0 is in neither. */
  async function expectPostedAs({ loanId }: Loan, { amounts }: Quote): Promise<void> {
    const now = await posted(loanId);
    const of = (component: string) =>
      sumMinor(
        Object.entries(now)
          .filter(([name]) => new RegExp(`^${component} (PAYMENT|COUPON|WAIVER|RETURNED_FEE)$`).test(name))
          .map(([, minor]) => minor),
      );
    expect({
      principalMinor: of('PRINCIPAL'),
      interestMinor: of('INTEREST'),
      feeMinor: of('FEE'),
      penaltyMinor: of('PENALTY'),
      totalMinor: sumMinor(
        Object.entries(now)
          .filter(([name]) => name.endsWith(' PAYMENT'))
          .map(([, minor]) => minor),
      ),
    }).toEqual({
      principalMinor: amounts.principalMinor,
      interestMinor: amounts.interestMinor,
      feeMinor: amounts.feeMinor,
      penaltyMinor: amounts.penaltyMinor,
      totalMinor: amounts.totalMinor,
    });
  }

  test('that is paid as quoted settles the loan to the minor unit as quoted, also when it is heard of late', async () => {
    const loan = await newLoan('ID');
    const { quote, totalMinor, methodNo } = await orderedEnding(loan, 'EARLY_SETTLEMENT');
    await advanceBusinessDate(platform.owner, { market: 'ID', from: '2026-01-15' });
    await paid({ market: 'ID', amountMinor: totalMinor, methodNo, on: quote.quotedFor });

    expect(await outcomesOf(loan.loanId)).toEqual(['LOAN_SETTLED']);
    expect(await stateOf(loan.loanId)).toBe('SETTLED');
    await expectPostedAs(loan, quote);
    expect(await balance('credit', loan.customerId, 'used')).toBe(0);
    expect((await platform.get(`/v1/customers/${loan.customerId}/due-list`)).body.loans).toEqual([]);
    expect((await toldOf(loan.loanId)).at(-1)).toMatchObject({ template: 'LOAN_SETTLED' });
    const again = await platform.post(`/v1/loans/${loan.loanId}/repayment-quotes`, { scenario: 'NORMAL' });
    expect([again.status, again.body.code]).toEqual([422, 'LOAN_SETTLED']);
  });

  test.each([
    ["the last second of its day in the loan's market", '16:59:59Z', 'SETTLED'],
    ['the first second of the next day there', '17:00:00Z', 'ACTIVE'],
  ])('that is paid in %s', async (_when, time, state) => {
    const loan = await newLoan('ID');
    const { quote, totalMinor, methodNo } = await orderedEnding(loan, 'EARLY_SETTLEMENT');
    await paid({ market: 'ID', amountMinor: totalMinor, methodNo, paidAt: `${quote.quotedFor}T${time}` });
    expect(await stateOf(loan.loanId)).toBe(state);
  });

  test('that is paid in two parts settles the loan for what was quoted', async () => {
    const loan = await newLoan('ID');
    const { quote, totalMinor, methodNo } = await orderedEnding(loan, 'EARLY_SETTLEMENT');
    await paid({ market: 'ID', amountMinor: 1_000_000, methodNo, on: quote.quotedFor });
    expect(await stateOf(loan.loanId)).toBe('ACTIVE');
    await paid({ market: 'ID', amountMinor: totalMinor - 1_000_000, methodNo, on: quote.quotedFor });
    expect(await stateOf(loan.loanId)).toBe('SETTLED');
    expect(await payable(loan.customerId)).toBe(0);
  });

  test('by cancellation gives the deducted fee back', async () => {
    const loan = await newLoan('ID');
    const { quote, totalMinor, methodNo } = await orderedEnding(loan, 'CANCELLATION');
    const upfrontBefore = await balance('general', 'ID', 'upfront-fee-income');
    await paid({ market: 'ID', amountMinor: totalMinor, methodNo, on: quote.quotedFor });

    expect(await stateOf(loan.loanId)).toBe('CANCELLED');
    await expectPostedAs(loan, quote);
    expect(await balance('general', 'ID', 'upfront-fee-income')).toBe(
      upfrontBefore - quote.amounts.returnedFeeMinor,
    );
    expect((await toldOf(loan.loanId)).at(-1)).toMatchObject({ template: 'LOAN_CANCELLED' });
  });

  test.each([
    ['is underpaid', 'EARLY_SETTLEMENT', -1, 0],
    ['is underpaid', 'CANCELLATION', -1, 0],
    ['is paid after its day', 'EARLY_SETTLEMENT', 0, 1],
    ['is paid after its day', 'CANCELLATION', 0, 1],
  ] as const)('that %s is a normal repayment: %s', async (_what, scenario, more, days) => {
    const loan = await newLoan('ID');
    const { quote, totalMinor, methodNo } = await orderedEnding(loan, scenario);
    await paid({
      market: 'ID',
      amountMinor: totalMinor + more,
      methodNo,
      on: addDays(quote.quotedFor, days),
    });

    expect(await stateOf(loan.loanId)).toBe('ACTIVE');
    const kinds = Object.keys(await posted(loan.loanId)).map((name) => name.split(' ')[1]);
    expect(new Set(kinds)).toEqual(new Set(['PAYMENT']));
  });
});

test("money for a loan that is not there, or is another customer's, is a payable to its payer", async () => {
  const [loan, other] = [await newLoan(), await newLoan()];
  const nowhere = { ...loan, loanId: 'LN0000000000' };
  const { methodNo } = await ordered(
    [nowhere, { ...other, customerId: loan.customerId }].map((one) => ({ loan: one, amountMinor: 3_000 })),
  );
  const { outcome } = await paid({ amountMinor: 6_000, methodNo, on: loan.startDate });
  expect(outcome).toBe('UNAPPLIED');
  expect(await payable(loan.customerId)).toBe(6_000);
  expect(await posted(other.loanId)).toEqual({});
});

test('money for a loan that is closed is a payable to its payer', async () => {
  const loan = await newLoan();
  const other = await ordered([{ loan, amountMinor: 5_000 }]);
  const { quote, totalMinor, methodNo } = await orderedEnding(loan, 'EARLY_SETTLEMENT');
  await paid({ amountMinor: totalMinor, methodNo, on: quote.quotedFor });
  const { outcome } = await paid({ amountMinor: 5_000, methodNo: other.methodNo, on: quote.quotedFor });
  expect(outcome).toBe('UNAPPLIED');
  expect(await payable(loan.customerId)).toBe(5_000);
  expect(await stateOf(loan.loanId)).toBe('SETTLED');
});

test('a payment that is heard late takes back the penalty that a later one has paid', async () => {
  const loan = await newLoan('ID');
  const [first] = loan.instalments;
  const late = addMonths(first!.dueDate, 1);
  const [one, other] = [
    await ordered([{ loan, amountMinor: 1_000_000 }]),
    await ordered([{ loan, amountMinor: first!.totalMinor }]),
  ];
  await paid({ market: 'ID', amountMinor: 1_000_000, methodNo: one.methodNo, on: late });
  const before = await balance('general', 'ID', 'penalty-income');
  const penaltyMinor = (await posted(loan.loanId))['PENALTY PAYMENT']!;
  expect(penaltyMinor).toBeGreaterThan(0);
  await paid({ market: 'ID', amountMinor: first!.totalMinor, methodNo: other.methodNo, on: first!.dueDate });
  expect((await posted(loan.loanId))['PENALTY PAYMENT']).toBeUndefined();
  expect(await balance('general', 'ID', 'penalty-income')).toBe(before - penaltyMinor);
});

test('what a later payment has paid in vain, by one that is heard late, goes back to its payer', async () => {
  const loan = await newLoan();
  const [first] = loan.instalments;
  const { totalMinor } = first!;
  const [one, other] = [
    await ordered([{ loan, amountMinor: totalMinor, instalments: [1] }]),
    await ordered([{ loan, amountMinor: totalMinor, instalments: [1] }]),
  ];
  await paid({ amountMinor: totalMinor, methodNo: one.methodNo, on: first!.dueDate });
  await paid({ amountMinor: totalMinor, methodNo: other.methodNo, on: addDays(first!.dueDate, -3) });
  expect(await payable(loan.customerId)).toBe(totalMinor);
});

describe('money that names no order of ours', () => {
  test.each([
    ['for a loan', true],
    ['of a customer, and for no loan', false],
  ])(
    'waits in the books, visibly, until two persons have found out whose it is: %s',
    async (_what, isForLoan) => {
      const loan = await newLoan();
      const unidentifiedBefore = await balance('general', 'cn-payout', 'unidentified-receipts');
      const { flowId, handle, result } = await pays({
        ...{ party: 'cn-payout', amountMinor: 5_000, methodNo: 'RM-RO0000000000-1', on: loan.startDate },
      });
      const question = async () =>
        (
          (await platform.get('/v1/ops/questions', 'ops')).body.questions as {
            flowId: string;
            question: string;
          }[]
        ).find((one) => one.flowId === flowId);
      expect(await until(question)).toMatchObject({ question: 'receipt', answers: ['IDENTIFIED'] });
      await until(async () => (await handle.describe()).typedSearchAttributes.get(needsAttention));
      expect(await balance('general', 'cn-payout', 'unidentified-receipts')).toBe(unidentifiedBefore + 5_000);
      expect(await booksDisagree(platform.db)).toEqual([]);

      const answer = {
        flowId,
        question: 'receipt',
        answer: 'IDENTIFIED',
        reason: 'The payer has shown the slip.',
      };
      const act = (evidence: object) => platform.post('/v1/ops/acts', { ...answer, evidence }, 'ops');
      const stranger = await platform.newCustomer('CN');
      for (const wrong of [{ customerId: 'nobody' }, { customerId: stranger, loanId: loan.loanId }]) {
        const { status, body } = await act(wrong);
        expect([status, body.code]).toEqual([422, 'ANSWER_NOT_TAKEN']);
      }
      const { loanId, customerId } = loan;
      const { body: asked } = await act({ customerId, ...(isForLoan && { loanId }) });
      await platform.post(
        `/v1/ops/acts/${String(asked.actId)}/approvals`,
        { reason: 'Seen too.' },
        'otherOps',
      );

      expect(await result()).toMatchObject(
        isForLoan ? { outcome: 'APPLIED', loanIds: [loanId] } : { outcome: 'UNAPPLIED', loanIds: [] },
      );
      expect(await payable(customerId)).toBe(isForLoan ? 0 : 5_000);
      expect(await balance('general', 'cn-payout', 'unidentified-receipts')).toBe(unidentifiedBefore);
    },
  );

  test('in another currency than its order waits for people too', async () => {
    const loan = await newLoan('ID');
    const { methodNo } = await ordered([{ loan, amountMinor: 5_000 }]);
    const { flowId } = await pays({ market: 'CN', amountMinor: 5_000, methodNo, on: loan.startDate });
    const asked = await until(() =>
      platform
        .db('operations.question')
        .where({ flow_id: flowId, question: 'receipt' })
        .first<{ answers: string[] }>('answers'),
    );
    expect(asked).toEqual({ answers: ['IDENTIFIED'] });
  });
});

describe('at the same instant', () => {
  test('two payers of one loan, and two notifications of each: both are put towards it, one after the other', async () => {
    const loan = await newLoan();
    const { totalMinor } = loan.instalments[0]!;
    const orders = await Promise.all([1, 2].map(() => ordered([{ loan, amountMinor: totalMinor }])));
    await Promise.all(
      orders.map(({ methodNo }) =>
        paid({ amountMinor: totalMinor, methodNo, on: loan.startDate, notifications: [1, 2] }),
      ),
    );
    expect(sumMinor(Object.values(await posted(loan.loanId)))).toBe(2 * totalMinor);
    expect(await payable(loan.customerId)).toBe(0);
  });

  test('one order paid twice: it is paid once', async () => {
    const loan = await newLoan();
    const { totalMinor } = loan.instalments[0]!;
    const { methodNo } = await ordered([{ loan, amountMinor: totalMinor, instalments: [1] }]);
    await Promise.all([1, 2].map(() => paid({ amountMinor: totalMinor, methodNo, on: loan.startDate })));
    expect(sumMinor(Object.values(await posted(loan.loanId)))).toBe(totalMinor);
    expect(await payable(loan.customerId)).toBe(totalMinor);
  });

  test('many orders over two loans, each the other way round: none waits for ever, and nothing is lost', async () => {
    const one = await newLoan('ID');
    const other = await newLoan('ID', one.customerId);
    const amountMinor = 20_000;
    const orders = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        ordered((index % 2 ? [one, other] : [other, one]).map((loan) => ({ loan, amountMinor }))),
      ),
    );
    await Promise.all(
      orders.map(({ methodNo }) =>
        paid({ market: 'ID', amountMinor: 2 * amountMinor, methodNo, on: one.startDate }),
      ),
    );
    for (const { loanId } of [one, other]) {
      expect(sumMinor(Object.values(await posted(loanId)))).toBe(8 * amountMinor);
    }
  });
});

test('every arrow that the catalog draws of money in is taken', async () => {
  const loan = await newLoan();
  const { methodNo } = await ordered([{ loan, amountMinor: 5_000 }]);
  await paid({ amountMinor: 5_000, methodNo, on: loan.startDate });
  const messages = [
    ...['external-repayment-notified', 'partner-repayment-received', 'post-ledger-event'],
    ...['accounting-entry-posted', 'asset-posting-applied', 'repayment-succeeded', 'message-dispatched'],
  ];
  const notSeen = checkTrace(await platform.trace()).notSeen['repayment']!;
  expect(notSeen.filter((drawn) => drawn.split('>').some((end) => messages.includes(end)))).toEqual([]);
});
