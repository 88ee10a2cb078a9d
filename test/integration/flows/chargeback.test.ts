import { booksOn } from '../../../db/books/posting';
import { sumMinor } from '../../../domain/money';
import { sign } from '../../../schemas/outside/signature';
import {
  collectors,
  currencies,
  newLoan as borrowed,
  ordered,
  pays as paysAt,
  takesBack as takesBackAt,
  type Loan,
} from '../../support/borrowers';
import { randomId, startPlatform, type Platform } from '../../support/platform';
import { expectSound } from '../../support/sound';
import { until } from '../../support/until';

// A party takes money back. It is never refused and never lost: each way in which that can be heard of.

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform({ workerSets: 2 });
}, 120_000);
afterAll(() => platform.stop());
afterEach(() => expectSound(platform), 30_000);

const newLoan = (market: 'CN' | 'ID' = 'ID', customerId?: string) => borrowed(platform, market, customerId);

/** Money that came in, as its party knows it. */
interface Receipt {
  market: 'CN' | 'ID';
  party: string;
  transactionNo: string;
  amountMinor: number;
}

/** Has a customer pay the first instalment of each loan, and something beyond. */
async function paid(loans: Loan[], extraMinor = 0): Promise<Receipt> {
  const { market, startDate } = loans[0]!;
  const lines = loans.map((loan) => ({
    ...{ loan, amountMinor: loan.instalments[0]!.totalMinor, instalments: [1] },
  }));
  const { methodNo } = await ordered(platform, lines);
  const amountMinor = sumMinor(lines.map((line) => line.amountMinor)) + extraMinor;
  const { transactionNo, result } = await paysAt(platform, { market, amountMinor, methodNo, on: startDate });
  await result();
  return { market, party: collectors[market], transactionNo, amountMinor };
}

/** Has its party take money back: all of it, or a part. */
const takesBack = ({ market, party, transactionNo, amountMinor }: Receipt, partMinor = amountMinor) =>
  takesBackAt(platform, {
    ...{ party, transactionNo, amount: { currency: currencies[market], amountMinor: partMinor } },
  });
const charged = async (receipt: Receipt, partMinor?: number) => {
  const chargeback = await takesBack(receipt, partMinor);
  expect(await chargeback.result()).toMatchObject({ outcome: 'CHARGED' });
  return chargeback;
};

const balance = async (book: 'general' | 'credit' | 'funds', owner: string, code: string): Promise<number> =>
  (
    await platform
      .db('books.account_position')
      .where({ book, owner, code })
      .first<{ m: number } | undefined>('balance_minor as m')
  )?.m ?? 0;
/** What stands with a party that took money back which nobody bears. */
async function chargedBack(party: string, currency: 'IDR' | 'CNY' = 'IDR'): Promise<number> {
  const account = { book: 'general', owner: party, code: 'charged-back', currency };
  const { rows } = await platform.db.raw<{ rows: { m: number }[] }>(
    `select balance_minor as m from books.account_position
      where book = :book and owner = :owner and code = :code and currency = :currency`,
    account,
  );
  return rows[0]?.m ?? 0;
}
const payable = (customerId: string): Promise<number> => balance('general', customerId, 'customer-payable');
const receivable = (customerId: string): Promise<number> =>
  balance('general', customerId, 'chargeback-receivable');

async function owed(loan: Loan): Promise<number> {
  const { body } = await platform.get(`/v1/customers/${loan.customerId}/due-list`);
  const loans = body.loans as { loanId: string; outstanding: { totalMinor: number } }[];
  return loans.find(({ loanId }) => loanId === loan.loanId)?.outstanding.totalMinor ?? 0;
}
const loanState = async (loan: Loan): Promise<unknown> =>
  (await platform.get(`/v1/loans/${loan.loanId}`)).body.state;

/** Waits until the chargeback's flow asks people, as it does while it waits. */
const untilAsked = (flowId: string) =>
  until(async () => {
    const { body } = await platform.get('/v1/ops/questions', 'ops');
    const questions = body.questions as { flowId: string; question: string }[];
    return questions.some((one) => one.flowId === flowId && one.question === 'chargeback');
  });

/** One operator asks for a refund, which another one has to approve. */
async function requested(receipt: Receipt, wanted: Record<string, unknown> = {}) {
  const { party, transactionNo } = receipt;
  const body = { party, transactionNo, cause: 'WRONGLY_CHARGED', reason: 'tried by a test', ...wanted };
  const answer = await platform.post('/v1/refunds', body, 'ops');
  expect(answer.status).toBe(202);
  const { refundId, flowId, actId } = answer.body as Record<'refundId' | 'flowId' | 'actId', string>;
  const handle = platform.client.workflow.getHandle(flowId);
  const read = async () => (await platform.get(`/v1/refunds/${refundId}`, 'ops')).body;
  return {
    ...{ refundId, flowId, read, result: () => handle.result() as Promise<{ outcome: string }> },
    approve: () => platform.post(`/v1/ops/acts/${actId}/approvals`, { reason: 'seen too' }, 'otherOps'),
    untilState: (state: string) => until(async () => (await read()).state === state),
  };
}

/** The money that channels have really paid back for a customer's refund. */
async function paidBack(reference: string): Promise<unknown[]> {
  const response = await fetch(`${platform.sandbox.url}/control/refunds?reference=${reference}`);
  return ((await response.json()) as { refunds: unknown[] }).refunds;
}

describe('money that was put towards a loan', () => {
  test.each([
    ['ID', 'id-payout', 'channel-clearing'],
    ['CN', 'bank-huaxin', 'funding-partner-payable'],
  ] as const)(
    'in %s counts as never paid: the journal, the loan, the line, the partner; then the customer is told',
    async (market, party, account) => {
      const loan = await newLoan(market);
      const before = {
        owed: await owed(loan),
        used: await balance('credit', loan.customerId, 'used'),
        received: await balance('funds', loan.partnerId, 'received'),
        account: await balance('general', party, account),
      };
      const receipt = await paid([loan]);
      const chargeback = await charged(receipt);

      expect({
        owed: await owed(loan),
        used: await balance('credit', loan.customerId, 'used'),
        received: await balance('funds', loan.partnerId, 'received'),
        account: await balance('general', party, account),
      }).toEqual(before);
      expect(await payable(loan.customerId)).toBe(0);
      const told = await platform
        .db('outreach_system.dispatched_message')
        .where({ customer_id: loan.customerId, template: 'REPAYMENT_CHARGED_BACK' });
      expect(told).toHaveLength(1);
      const { id } = await chargeback.kept();
      expect(await platform.get(`/v1/chargebacks/${id}`, 'ops')).toMatchObject({
        status: 200,
        body: {
          ...{ state: 'CHARGED', transactionNo: receipt.transactionNo, customerId: loan.customerId },
          ...{ undone: { amountMinor: receipt.amountMinor }, receivable: { amountMinor: 0 } },
        },
      });
      const rows = (await platform.trace()).filter(({ flowId }) => flowId === chargeback.flowId);
      expect(rows.map(({ message, service }) => `${message} → ${service}`)).toEqual([
        'create-repayment-refund → refund-reversal-service',
        'repayment-refunded → accounting-center',
        'accounting-entry-reversed → asset-center',
        'asset-posting-applied → accounting-center',
        'asset-posting-applied → credit-limit-center',
        'asset-posting-applied → fund-management-system',
        'repayment-refunded → app',
        'repayment-refunded → outreach-system',
      ]);
    },
    60_000,
  );

  test('is taken back in two parts: what stands with no loan first, then the newest loan; then the party owes', async () => {
    const first = await newLoan();
    const second = await newLoan('ID', first.customerId);
    const receipt = await paid([first, second], 50_000);
    const byId = [first, second].sort((one, other) => (one.loanId < other.loanId ? -1 : 1));
    const [olderOwed, newerOwed] = [await owed(byId[0]!), await owed(byId[1]!)];
    await charged(receipt, 60_000);
    expect(await payable(first.customerId)).toBe(0);
    expect([await owed(byId[0]!), await owed(byId[1]!)]).toEqual([olderOwed, newerOwed + 10_000]);
    await charged(receipt, receipt.amountMinor - 60_000);
    expect(await owed(byId[0]!)).toBe(olderOwed + first.instalments[0]!.totalMinor);

    const standing = await chargedBack(receipt.party);
    const beyond = await takesBack(receipt, 7_000);
    await untilAsked(beyond.flowId);
    await platform.decide(beyond.flowId, 'chargeback', 'CLAIM_FROM_PARTY');
    expect(await beyond.result()).toMatchObject({ outcome: 'CLAIMED_FROM_PARTY' });
    expect(await chargedBack(receipt.party)).toBe(standing + 7_000);
  }, 60_000);

  test('opens a loan again that it had settled', async () => {
    const loan = await newLoan();
    const wanted = { scenario: 'EARLY_SETTLEMENT' };
    const { body } = await platform.post(`/v1/loans/${loan.loanId}/repayment-quotes`, wanted);
    const { quoteId, quotedFor, amounts } = body as {
      quoteId: string;
      quotedFor: string;
      amounts: { totalMinor: number };
    };
    const before = await owed(loan);
    const { totalMinor: amountMinor } = amounts;
    const line = { loan, scenario: 'EARLY_SETTLEMENT', amountMinor, quote: { quoteId, quotedFor } } as const;
    const { methodNo } = await ordered(platform, [line]);
    const { transactionNo, result } = await paysAt(platform, {
      ...{ market: 'ID', amountMinor, methodNo, on: loan.startDate },
    });
    await result();
    expect(await loanState(loan)).toBe('SETTLED');
    await charged({ market: 'ID', party: collectors.ID, transactionNo, amountMinor });
    expect([await loanState(loan), await owed(loan)]).toEqual(['ACTIVE', before]);
  }, 60_000);

  test('beyond what its partner has received is owed by the partner', async () => {
    const loan = await newLoan();
    const receipt = await paid([loan]);
    const received = await balance('funds', loan.partnerId, 'received');
    /** Moves a part of what the partner has received, and back. */
    const settled = (scenario: 'funds.received' | 'funds.received-taken-back') =>
      platform.db.transaction((tx) =>
        booksOn(tx, { market: 'ID' }).post({
          ...{ scenario, businessKey: `${scenario} ${loan.loanId}`, valueDate: loan.startDate },
          ...{ owners: { fundingPartner: loan.partnerId }, amounts: { received: received - 1_000 } },
          ...{ currency: 'IDR', description: 'settled with the partner' },
        }),
      );
    await settled('funds.received-taken-back');
    await charged(receipt);
    const position = (code: string) => balance('funds', loan.partnerId, code);
    expect([await position('received'), await position('received-short')]).toEqual([
      ...[0, receipt.amountMinor - 1_000],
    ]);
    await settled('funds.received');
  }, 60_000);
});

test('an extension that it had paid for stands, and what that cost is owed again', async () => {
  const loan = await newLoan();
  const quote = await platform.post(`/v1/loans/${loan.loanId}/extension-quotes`, { periods: 1 });
  const { quoteId, quotedFor } = quote.body as { quoteId: string; quotedFor: string };
  const order = await platform.post('/v1/extensions', { loanId: loan.loanId, quoteId }, 'app', {
    prefer: 'wait=20',
  });
  const { orderId, amount } = order.body as { orderId: string; amount: { amountMinor: number } };
  const { amountMinor } = amount;
  const money = await paysAt(platform, {
    ...{ market: 'ID', amountMinor, methodNo: `RM-${orderId}-1`, on: quotedFor },
  });
  await money.result();
  const before = await owed(loan);
  await charged({ market: 'ID', party: collectors.ID, transactionNo: money.transactionNo, amountMinor });
  expect(await owed(loan)).toBe(before + amountMinor);
  const schedules = await platform.db('asset_center.schedule').where({ loan_id: loan.loanId });
  expect(schedules).toHaveLength(2);
}, 60_000);

describe('heard of', () => {
  test('twice it is one chargeback, and with other content the first stands', async () => {
    const loan = await newLoan();
    const receipt = await paid([loan]);
    const before = await owed(loan);
    const wanted = {
      ...{ party: receipt.party, transactionNo: receipt.transactionNo, chargebackNo: randomId('RB') },
      amount: { currency: 'IDR' as const, amountMinor: 10_000 },
      takenBackAt: `${loan.startDate}T12:00:00+08:00`,
    };
    const chargeback = await takesBackAt(platform, { ...wanted, notifications: [1, 2] });
    await chargeback.result();
    await takesBackAt(platform, { ...wanted, notifications: [3] });
    expect(await owed(loan)).toBe(before + 10_000);

    const told = { type: 'repayment.taken-back', ...wanted, party: undefined, reasonCode: 'UNAUTHORISED' };
    const rawBody = JSON.stringify({ ...told, amount: { currency: 'IDR', amountMinor: 20_000 } });
    const secrets = platform.partySecrets.get(receipt.party)!;
    const answer = await fetch(`${platform.api.url}/callbacks/${receipt.party}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...sign({ secret: secrets[0], id: randomId('N'), timestamp: new Date(), rawBody }),
      },
      body: rawBody,
    });
    expect([answer.status, await answer.json()]).toMatchObject([409, { code: 'RECEIPT_CONTRADICTED' }]);
    expect(await owed(loan)).toBe(before + 10_000);
  }, 60_000);

  test('before the money itself it stands with its party, and is undone when the money comes', async () => {
    const loan = await newLoan();
    const before = await owed(loan);
    const { totalMinor: amountMinor } = loan.instalments[0]!;
    const [transactionNo, standing] = [randomId('TX'), await chargedBack(collectors.ID)];
    const chargeback = await takesBack({ market: 'ID', party: collectors.ID, transactionNo, amountMinor });
    await untilAsked(chargeback.flowId);
    expect(await chargedBack(collectors.ID)).toBe(standing + amountMinor);
    const { id } = await chargeback.kept();
    expect((await platform.get(`/v1/chargebacks/${id}`, 'ops')).body).toMatchObject({
      ...{ state: 'WAITS', undone: { amountMinor: 0 } },
    });

    const { methodNo } = await ordered(platform, [{ loan, amountMinor, instalments: [1] }]);
    const on = loan.startDate;
    const money = await paysAt(platform, { market: 'ID', amountMinor, methodNo, on, transactionNo });
    await money.result();
    expect(await chargeback.result()).toMatchObject({ outcome: 'CHARGED' });
    expect(await chargedBack(collectors.ID)).toBe(standing);
    expect(await owed(loan)).toBe(before);
  }, 60_000);

  test.each([
    ['a transaction that nobody knows', { currency: 'IDR', amountMinor: 9_000 }, () => randomId('TX')],
    ['another currency', { currency: 'CNY', amountMinor: 9_000 }, (known: string) => known],
  ] as const)(
    'of %s it stands with its party until two persons claim it from there',
    async (_what, amount, of) => {
      const loan = await newLoan();
      const { party, transactionNo } = await paid([loan]);
      const [before, standing] = [await owed(loan), await chargedBack(party, amount.currency)];
      const chargeback = await takesBackAt(platform, { party, transactionNo: of(transactionNo), amount });
      await untilAsked(chargeback.flowId);
      await platform.decide(chargeback.flowId, 'chargeback', 'CLAIM_FROM_PARTY');
      expect(await chargeback.result()).toMatchObject({ outcome: 'CLAIMED_FROM_PARTY' });
      expect(await owed(loan)).toBe(before);
      expect(await chargedBack(party, amount.currency)).toBe(standing + 9_000);
    },
    60_000,
  );

  test('of more than came in, what came in is undone, and the rest is claimed from the party', async () => {
    const loan = await newLoan();
    const receipt = await paid([loan]);
    const standing = await chargedBack(receipt.party);
    const chargeback = await takesBack(receipt, receipt.amountMinor + 3_000);
    await untilAsked(chargeback.flowId);
    expect(await chargedBack(receipt.party)).toBe(standing + 3_000);
    await platform.decide(chargeback.flowId, 'chargeback', 'CLAIM_FROM_PARTY');
    expect(await chargeback.result()).toMatchObject({ outcome: 'CHARGED' });
    expect(await receivable(loan.customerId)).toBe(0);
  }, 60_000);

  test('of money that nobody has identified it waits until two persons have', async () => {
    const loan = await newLoan();
    const money = await paysAt(platform, { market: 'ID', amountMinor: 40_000, payerReference: 'thank you' });
    const receipt = { market: 'ID', party: collectors.ID, transactionNo: money.transactionNo } as const;
    const chargeback = await takesBack({ ...receipt, amountMinor: 40_000 });
    await untilAsked(chargeback.flowId);
    const identified = await platform.post(
      '/v1/ops/acts',
      {
        ...{ flowId: money.flowId, question: 'receipt', answer: 'IDENTIFIED', reason: 'the slip' },
        evidence: { customerId: loan.customerId, loanId: loan.loanId },
      },
      'ops',
    );
    const before = await owed(loan);
    const approval = `/v1/ops/acts/${String(identified.body.actId)}/approvals`;
    await platform.post(approval, { reason: 'seen too' }, 'otherOps');
    await money.result();
    expect(await chargeback.result()).toMatchObject({ outcome: 'CHARGED' });
    expect(await owed(loan)).toBe(before);
    expect(await payable(loan.customerId)).toBe(0);
    // It looks again 1, 3, 7, 15, 31 and 63 s after its first look: on a slow machine the last of these finds the payer.
  }, 130_000);
});

describe('while a refund of the same money', () => {
  test('waits for its approval, the refund is not made any more, and all is undone once', async () => {
    const loan = await newLoan();
    const before = await owed(loan);
    const receipt = await paid([loan], 5_000);
    const refund = await requested(receipt);
    await refund.untilState('REQUESTED');
    const chargeback = await takesBack(receipt);
    await untilAsked(chargeback.flowId);
    await refund.approve();
    expect(await refund.result()).toMatchObject({ outcome: 'REJECTED' });
    expect(await refund.read()).toMatchObject({ state: 'REJECTED', reasonCodes: ['CHARGED_BACK'] });
    expect(await chargeback.result()).toMatchObject({ outcome: 'CHARGED' });
    expect([await owed(loan), await payable(loan.customerId)]).toEqual([before, 0]);
    expect(await receivable(loan.customerId)).toBe(0);
    expect(await paidBack(refund.refundId)).toEqual([]);
  }, 60_000);

  test('waits for another account, its money is not paid again', async () => {
    const loan = await newLoan();
    const receipt = await paid([loan]);
    await platform.behave({
      ...{ operation: 'refund', match: { customerId: loan.customerId }, times: 1 },
      behaviour: { kind: 'REFUSE', code: 'ACCOUNT_CLOSED' },
    });
    const refund = await requested(receipt);
    await refund.approve();
    await refund.untilState('ACCOUNT_NEEDED');
    const chargeback = await takesBack(receipt);
    await untilAsked(chargeback.flowId);
    const found = await platform.post(
      '/v1/ops/acts',
      {
        ...{ flowId: refund.flowId, question: 'refund-account:1', answer: 'PAY_TO', reason: 'found' },
        evidence: { accountToken: 'tok_new_account' },
      },
      'ops',
    );
    await platform.post(`/v1/ops/acts/${String(found.body.actId)}/approvals`, { reason: 'too' }, 'otherOps');
    expect(await refund.result()).toMatchObject({ outcome: 'FAILED' });
    expect(await refund.read()).toMatchObject({ state: 'FAILED', reasonCodes: ['CHARGED_BACK'] });
    expect(await chargeback.result()).toMatchObject({ outcome: 'CHARGED' });
    expect(await receivable(loan.customerId)).toBe(0);
    expect(await paidBack(refund.refundId)).toEqual([]);
  }, 60_000);

  test.each([
    ['is being paid', true],
    ['was paid', false],
  ])(
    '%s, the payer has it twice, and owes it',
    async (_when, isUnderWay) => {
      const loan = await newLoan();
      const receipt = await paid([loan]);
      const before = await owed(loan);
      if (isUnderWay) {
        await platform.behave({
          ...{ operation: 'refund', match: { customerId: loan.customerId } },
          behaviour: { kind: 'SILENT', delayMs: 1_500 },
        });
      }
      const refund = await requested(receipt, { amount: { currency: 'IDR', amountMinor: 30_000 } });
      await refund.approve();
      if (!isUnderWay) await refund.result();
      await refund.untilState(isUnderWay ? 'PAYING_OUT' : 'REFUNDED');
      const chargeback = await takesBack(receipt);
      expect(await refund.result()).toMatchObject({ outcome: 'REFUNDED' });
      expect(await chargeback.result()).toMatchObject({ outcome: 'CHARGED' });
      expect(await chargeback.kept()).toMatchObject({
        ...{ claimedMinor: receipt.amountMinor - 30_000, receivableMinor: 30_000 },
      });
      expect(await receivable(loan.customerId)).toBe(30_000);
      expect(await owed(loan)).toBe(before + receipt.amountMinor);
    },
    60_000,
  );

  test('is under way, a part that it leaves is undone at once', async () => {
    const loan = await newLoan();
    const receipt = await paid([loan]);
    const amount = { currency: 'IDR', amountMinor: 30_000 };
    const refund = await requested(receipt, { amount });
    await refund.untilState('REQUESTED');
    const before = await owed(loan);
    await charged(receipt, 20_000);
    expect(await owed(loan)).toBe(before + 20_000);
    await refund.approve();
    expect(await refund.result()).toMatchObject({ outcome: 'REFUNDED' });
    expect(await owed(loan)).toBe(before + 50_000);
  }, 60_000);

  test('is asked for at the same instant, what goes back twice is owed, and no more than came in is claimed', async () => {
    const loan = await newLoan();
    const receipt = await paid([loan], 400_000);
    const { party, transactionNo } = receipt;
    const body = { party, transactionNo, cause: 'OVERPAID', reason: 'at once' };
    const [chargeback, asked] = await Promise.all([
      takesBack(receipt),
      platform.post('/v1/refunds', body, 'ops'),
    ]);
    const { refundId, flowId } = asked.body as { refundId?: string; flowId?: string };
    if (flowId) await platform.client.workflow.getHandle(flowId).result();
    expect(await chargeback.result()).toMatchObject({ outcome: 'CHARGED' });
    // Whichever was first: what was refunded all the same its payer owes.
    const twice = refundId ? await paidBack(refundId) : [];
    expect(await receivable(loan.customerId)).toBe(twice.length * 400_000);

    await expect(
      platform.db('refund_reversal_service.refund').insert({
        ...{ refund_id: randomId('RF'), cause: 'OVERPAID', party, transaction_no: transactionNo },
        ...{ customer_id: loan.customerId, currency: 'IDR', amount_minor: 1, customer_at_fault: false },
        ...{ payment_channel_id: party, state: 'REQUESTED' },
      }),
    ).rejects.toMatchObject({ constraint: 'never_more_than_was_paid' });
  }, 60_000);
});

test('its next look comes at once when an operator says so', async () => {
  const unknown = {
    market: 'ID',
    party: collectors.ID,
    transactionNo: randomId('TX'),
    amountMinor: 9_000,
  } as const;
  const { flowId, handle, result } = await takesBack(unknown);
  await untilAsked(flowId);
  // A timer that has not fired when its wait ends is cancelled.
  await until(async () => {
    const act = { act: 'retry-now', reason: 'the money was found' };
    await platform.post(`/v1/ops/flows/${flowId}/interventions`, act, 'ops');
    const { events } = await handle.fetchHistory();
    return events!.some(({ timerCanceledEventAttributes }) => timerCanceledEventAttributes);
  });
  await platform.decide(flowId, 'chargeback', 'CLAIM_FROM_PARTY');
  expect(await result()).toMatchObject({ outcome: 'CLAIMED_FROM_PARTY' });
}, 60_000);

test('a chargeback that nobody has told of is not found', async () => {
  const answer = await platform.get('/v1/chargebacks/CB00000000000000000000000000000000', 'ops');
  expect([answer.status, answer.body.code]).toEqual([404, 'UNKNOWN_CHARGEBACK']);
});

test('a run that is started a second time after it ended changes nothing', async () => {
  const loan = await newLoan();
  const receipt = await paid([loan], 1_000);
  const chargeback = await charged(receipt);
  const written = async () =>
    Promise.all(
      [
        'books.journal',
        'asset_center.posting',
        'messages.handling',
        'outreach_system.dispatched_message',
      ].map(async (table) => (await platform.db(table).count<{ count: number }[]>())[0]!.count),
    );
  const before = await written();
  const { events } = await chargeback.handle.fetchHistory();
  const [started] = events!;
  const { data } = started!.workflowExecutionStartedEventAttributes!.input!.payloads![0]!;
  const again = await platform.client.workflow.start('refund-and-reversal-lifecycle', {
    ...{ workflowId: chargeback.flowId, taskQueue: 'flows', workflowIdReusePolicy: 'ALLOW_DUPLICATE' },
    args: [JSON.parse(Buffer.from(data!).toString())],
  });
  expect(await again.result()).toEqual(await chargeback.result());
  expect(await written()).toEqual(before);
}, 60_000);
