import { positionOf } from '../../../db/books/posting';
import { checkTrace } from '../../../scripts/check-trace';
import { goBranch } from '../../support/branches';
import { mallOf } from '../../support/mall';
import { approve } from '../../support/people';
import { startPlatform, type Platform } from '../../support/platform';
import { expectSound } from '../../support/sound';
import { until } from '../../support/until';

// What a mall's buyers pay settles debts, to the minor unit; and whatever is refunded, at whatever moment, is undone once.

let platform: Platform;
let mall: ReturnType<typeof mallOf>;
beforeAll(async () => {
  platform = await startPlatform({ answerTimeoutMs: 1_000 });
  mall = mallOf(platform);
  const one = { market: 'CN', name: 'mall', clearing_within_seconds: 1, confirm_within_seconds: 86_400 };
  await platform.owner('reference.mall').insert([
    { ...one, id: 'settles-itself', confirm_within_seconds: 1, settles_by_itself: true },
    { ...one, id: 'asks', confirm_within_seconds: 1, settles_by_itself: false },
  ]);
  await platform.owner('reference.yeepay_code').insert([
    { code: 'A_MOMENT', meaning: 'RETRY', retry_after_seconds: 1 },
    { code: 'EMPTY', meaning: 'ASK', retry_after_seconds: null },
    { code: 'TOO_LATE', meaning: 'REFUSE', retry_after_seconds: null },
  ]);
}, 120_000);
afterAll(() => platform.stop());
afterEach(() => expectSound(platform), 30_000);

const supplier = (amountMinor: number, item?: string) =>
  ({ ledgerId: 'S1', merType: 'SUPPLIER', amountMinor, ...(item !== undefined && { item }) }) as const;

/** Waits until operators find an order by what docs/operations.md has them look for. */
const isFoundAt = (orderId: string, stage: string) =>
  until(async () => {
    const query = `Flow = "debt-order" AND NeedsAttention = true AND Stage = "${stage}" AND WorkflowId = "debt-order:${orderId}"`;
    return (await platform.client.workflow.count(query)).count === 1;
  });

describe('an order', () => {
  test('that Yeepay does not clear asks for people, who end it', async () => {
    const { ledgerId } = await mall.debtor(5_000);
    const clearing = { kind: 'SILENT', delayMs: 600_000 };
    const orderId = await mall.paid({ mallId: 'asks', clearing, lines: [{ ledgerId, amountMinor: 3_000 }] });
    await isFoundAt(orderId, 'execute-divide');
    const { body } = await platform.post(
      '/v1/ops/acts',
      {
        ...{ flowId: `debt-order:${orderId}`, question: `request:YC-${orderId}-1`, answer: 'FAILED' },
        evidence: { code: 'NOT_PAID', message: 'The mall has taken it back.' },
        reason: 'The mall says so.',
      },
      'ops',
    );
    await approve(platform, String(body.actId));
    await mall.decide(orderId, `refused:YC-${orderId}-1`, 'NOT_DIVIDED');
    await mall.ended(orderId);
    expect(await mall.order(orderId)).toMatchObject({ state: 'FAILED' });
  }, 60_000);

  test('is divided, settles the debts in their order and completes them, and its rest goes to the merchant', async () => {
    const { ledgerId, contracts } = await mall.debtor(1_000, 2_000);
    const [first, second] = contracts as [string, string];
    const orderId = await mall.paid({ lines: [supplier(5_000), { ledgerId, amountMinor: 3_000 }] });
    await mall.inState(orderId, 'DIVIDED');
    await mall.confirms(orderId);
    expect(await mall.ended(orderId)).toMatchObject({ outcome: 'CLOSED' });

    expect(await mall.order(orderId)).toMatchObject({ state: 'SETTLED', isCompleted: true });
    expect(await mall.contract(first)).toMatchObject({ status: 'COMPLETED', remainingMinor: 0 });
    expect(await mall.contract(second)).toMatchObject({ status: 'COMPLETED', settledMinor: 2_000 });
    expect(await mall.atYeepay(orderId)).toMatchObject({ dividedMinor: 8_000, completedMinor: 1_940 });
    expect((await mall.sent(orderId)).filter((type) => type === 'contract-completed')).toHaveLength(2);
  });

  test('that is confirmed before it is divided is settled after it', async () => {
    const { ledgerId, contracts } = await mall.debtor(5_000);
    const clearing = { kind: 'SILENT', delayMs: 2_000 };
    const orderId = await mall.paid({ mallId: 'asks', clearing, lines: [{ ledgerId, amountMinor: 3_000 }] });
    await mall.confirms(orderId);
    await mall.ended(orderId);
    const contract = await mall.contract(contracts[0]!);
    expect(contract.plan.map(({ actualMinor }) => actualMinor)).toEqual([1_000, 1_000, 1_000, 0, 0]);
  });

  test('that Yeepay tells us is cleared is divided then, long before it would be asked', async () => {
    const { ledgerId } = await mall.debtor(5_000);
    const clearing = { kind: 'CALLBACK', delayMs: 1_000 };
    const orderId = await mall.paid({ clearing, lines: [{ ledgerId, amountMinor: 3_000 }] });
    await mall.inState(orderId, 'DIVIDED');
    await mall.confirms(orderId);
    await mall.ended(orderId);
    expect(await mall.order(orderId)).toMatchObject({ state: 'SETTLED' });
  });

  test('that nobody confirms is settled by itself where the mall says so', async () => {
    const { ledgerId, contracts } = await mall.debtor(5_000);
    const orderId = await mall.paid({ mallId: 'settles-itself', lines: [{ ledgerId, amountMinor: 3_000 }] });
    await mall.ended(orderId);
    expect((await mall.contract(contracts[0]!)).settledMinor).toBe(3_000);
  });

  test('that nobody confirms asks for people where it does not', async () => {
    const { ledgerId, contracts } = await mall.debtor(5_000);
    const orderId = await mall.paid({ mallId: 'asks', lines: [{ ledgerId, amountMinor: 3_000 }] });
    await isFoundAt(orderId, 'receipt-confirmation');
    expect((await mall.contract(contracts[0]!)).settledMinor).toBe(0);
    await mall.confirms(orderId);
    await mall.ended(orderId);
    expect((await mall.contract(contracts[0]!)).settledMinor).toBe(3_000);
  });

  test("whose ledger id is nobody's waits, and settles once it is mapped", async () => {
    const orderId = await mall.paid({ lines: [{ ledgerId: 'LATE-1', amountMinor: 3_000 }] });
    await mall.inState(orderId, 'DIVIDED');
    await mall.confirms(orderId);
    await isFoundAt(orderId, 'settle-debt');
    const [contractId] = await mall.contracts('M-LATE-1', [5_000]);
    await mall.maps('LATE-1', 'M-LATE-1');
    await mall.wakes(orderId);
    await mall.ended(orderId);
    expect((await mall.contract(contractId!)).settledMinor).toBe(3_000);
  });

  test('whose lines are more than can be divided is not cut: people are asked, each time that it is tried', async () => {
    const { ledgerId } = await mall.debtor(10_000);
    const orderId = await mall.paid({ lines: [{ ledgerId, amountMinor: 10_000 }] });
    const first = await mall.asked(orderId);
    expect(first).toEqual({ question: `refused:YD-${orderId}-1`, answers: ['RETRY', 'NOT_DIVIDED'] });
    await mall.decide(orderId, first.question, 'RETRY');
    const second = await mall.asked(orderId);
    expect(second.question).toBe(`refused:YD-${orderId}-2`);
    await mall.decide(orderId, second.question, 'NOT_DIVIDED');
    await mall.ended(orderId);
    expect(await mall.order(orderId)).toMatchObject({ state: 'FAILED', isCompleted: false });

    await mall.refunds(orderId, { amountMinor: 10_000 });
    await mall.ended(orderId);
    expect(await mall.order(orderId)).toMatchObject({ refundedMinor: 10_000, isCompleted: true });
    expect(await mall.atYeepay(orderId)).toMatchObject({ dividedMinor: 0, completedMinor: 9_940 });
  });

  test('whose divide is refused is divided by a further attempt, where trying again can help', async () => {
    const { ledgerId } = await mall.debtor(10_000);
    const refuse = { kind: 'REFUSE', code: 'A_MOMENT' };
    const match = { ledgerNo: ledgerId };
    await platform.behave({ party: 'yeepay', operation: 'divide', match, behaviour: refuse, times: 2 });
    const orderId = await mall.paid({ lines: [{ ledgerId, amountMinor: 3_000 }] });
    await mall.inState(orderId, 'DIVIDED');
    await mall.confirms(orderId);
    await mall.ended(orderId);
    expect((await mall.sent(orderId)).filter((type) => type === 'divide-failed')).toHaveLength(2);
  });

  test('that people have seen cleared is not divided on their word: Yeepay is asked anew how much can be', async () => {
    const { ledgerId } = await mall.debtor(10_000);
    const clearing = { kind: 'SILENT', delayMs: 3_600_000 };
    const orderId = await mall.paid({ mallId: 'asks', clearing, lines: [{ ledgerId, amountMinor: 3_000 }] });
    await mall.saysDone(orderId, `YC-${orderId}-1`);
    const first = await mall.asked(orderId);
    expect(first).toEqual({ question: `refused:YC-${orderId}-1`, answers: ['RETRY', 'NOT_DIVIDED'] });
    const failed = await platform
      .db('messages.message')
      .where({ flow_id: `debt-order:${orderId}`, message_type: 'divide-failed' })
      .pluck<{ data: object }[]>('body');
    expect(failed).toMatchObject([{ data: { failure: { code: 'AMOUNT_UNKNOWN' } } }]);
    await mall.decide(orderId, first.question, 'RETRY');

    await mall.saysDone(orderId, `YC-${orderId}-2`);
    const { question } = await mall.asked(orderId);
    await mall.decide(orderId, question, 'NOT_DIVIDED');
    await mall.ended(orderId);
    expect(await mall.order(orderId)).toMatchObject({ state: 'FAILED' });
  });

  test('settles no more than the debt: what exceeds it is owed to the debtor, and a refund takes of both', async () => {
    const { ledgerId, contracts } = await mall.debtor(1_000);
    const orderId = await mall.paid({ lines: [{ ledgerId, amountMinor: 4_000 }] });
    await mall.inState(orderId, 'DIVIDED');
    await mall.confirms(orderId);
    await mall.ended(orderId);
    expect((await mall.contract(contracts[0]!)).status).toBe('COMPLETED');
    await mall.refunds(orderId, { amountMinor: 5_000 });
    await mall.ended(orderId);
    expect(await mall.contract(contracts[0]!)).toMatchObject({ status: 'OPEN', settledMinor: 500 });
  });

  test('settles what another order of the debtor has left, however many are settled at once', async () => {
    const { ledgerId, contracts } = await mall.debtor(1_000, 2_000);
    const orders = await Promise.all(
      [1, 2, 3, 4].map(() => mall.paid({ lines: [{ ledgerId, amountMinor: 1_000 }] })),
    );
    await Promise.all(orders.map((orderId) => mall.inState(orderId, 'DIVIDED')));
    await Promise.all(orders.map((orderId) => mall.confirms(orderId)));
    await Promise.all(orders.map((orderId) => mall.ended(orderId)));
    for (const contractId of contracts) expect((await mall.contract(contractId)).status).toBe('COMPLETED');

    await Promise.all(orders.map((orderId) => mall.refunds(orderId, { amountMinor: 10_000 })));
    await Promise.all(orders.map((orderId) => mall.ended(orderId)));
    for (const contractId of contracts) expect((await mall.contract(contractId)).settledMinor).toBe(0);
  });

  test('without a debtor is divided to its suppliers, and settles nothing', async () => {
    const orderId = await mall.paid({ feeMinor: 0, lines: [supplier(10_000)] });
    await mall.inState(orderId, 'DIVIDED');
    await mall.confirms(orderId);
    await mall.ended(orderId);
    expect(await mall.order(orderId)).toMatchObject({ state: 'SETTLED', isCompleted: true });
    expect(await mall.atYeepay(orderId)).toMatchObject({ dividedMinor: 10_000, completedMinor: 0 });
  });

  test('that was divided before this platform was there is settled and refunded as any other', async () => {
    const { ledgerId, contracts } = await mall.debtor(5_000);
    const orderId = await mall.paid({
      lines: [{ ledgerId, amountMinor: 3_000 }],
      divided: {
        ...{ divideRequestId: 'FZ1', batchNo: 'FZ88', dividedOn: '2025-11-03', isCompleted: true },
        settled: { currency: 'CNY', amountMinor: 9_940 },
        details: [{ subMerNo: ledgerId, detailNo: 'FZD1' }],
      },
    });
    await mall.inState(orderId, 'DIVIDED');
    await mall.confirms(orderId);
    await mall.ended(orderId);
    expect((await mall.contract(contracts[0]!)).settledMinor).toBe(3_000);
    expect((await mall.atYeepay(orderId)).dividedMinor).toBe(0);

    // The sandbox's Yeepay knows nothing of that divide, as the real one would.
    await mall.refunds(orderId, { amountMinor: 5_000 });
    const { question } = await mall.asked(orderId);
    await mall.decide(orderId, question, 'RESOLVED', { transactionNo: 'FZB1' });
    await mall.ended(orderId);
    expect((await mall.contract(contracts[0]!)).settledMinor).toBe(1_500);
  });
});

describe('a refund', () => {
  test('before the settlement returns its share, and one after it rolls the debt back: the known result', async () => {
    const { ledgerId, contracts } = await mall.debtor(10_000);
    const orderId = await mall.paid({ lines: [{ ledgerId, amountMinor: 3_000 }] });
    await mall.inState(orderId, 'DIVIDED');
    await mall.refunds(orderId, { amountMinor: 5_000 });
    await mall.confirms(orderId);
    await mall.ended(orderId);
    expect(await mall.contract(contracts[0]!)).toMatchObject({ settledMinor: 1_500 });

    await mall.refunds(orderId, { amountMinor: 1_000 });
    await mall.ended(orderId);
    expect(await mall.contract(contracts[0]!)).toMatchObject({ settledMinor: 1_200 });
    expect(await mall.order(orderId)).toMatchObject({ state: 'PARTIALLY_ROLLED_BACK' });
    expect(await mall.atYeepay(orderId)).toMatchObject({ dividedMinor: 3_000, returnedMinor: 1_800 });
  });

  test('before the divide is left out of it', async () => {
    const { ledgerId, contracts } = await mall.debtor(10_000);
    const lines = [supplier(5_000), { ledgerId, amountMinor: 3_000 }];
    const orderId = await mall.paid({ lines }, { amountMinor: 5_000 });
    await mall.inState(orderId, 'DIVIDED');
    await mall.confirms(orderId);
    await mall.ended(orderId);
    expect(await mall.atYeepay(orderId)).toMatchObject({ dividedMinor: 4_000, returnedMinor: 0 });
    expect(await mall.contract(contracts[0]!)).toMatchObject({ settledMinor: 1_500 });
  });

  test('of the whole order before its divide leaves nothing to divide', async () => {
    const { ledgerId } = await mall.debtor(10_000);
    const orderId = await mall.paid({ lines: [{ ledgerId, amountMinor: 3_000 }] }, { amountMinor: 10_000 });
    await mall.ended(orderId);
    expect(await mall.atYeepay(orderId)).toMatchObject({ dividedMinor: 0, completedMinor: 9_940 });
  });

  test('while Yeepay works on the divide waits for what becomes of it, and is returned then', async () => {
    const { ledgerId } = await mall.debtor(10_000);
    const match = { ledgerNo: ledgerId };
    const behaviour = { kind: 'SILENT', delayMs: 2_000 };
    await platform.behave({ party: 'yeepay', operation: 'divide', match, behaviour });
    const orderId = await mall.paid({ lines: [{ ledgerId, amountMinor: 3_000 }] });
    await mall.isAsked(`YD-${orderId}-1`);
    await mall.refunds(orderId, { amountMinor: 10_000 });
    await mall.ended(orderId);
    expect(await mall.atYeepay(orderId)).toMatchObject({ dividedMinor: 3_000, returnedMinor: 3_000 });
    expect(await mall.order(orderId)).toMatchObject({ state: 'DIVIDED', isCompleted: true });
  });

  test('long after the order was closed opens its contract again, in parts until nothing is left', async () => {
    const { ledgerId, contracts } = await mall.debtor(3_000);
    const orderId = await mall.paid({ lines: [supplier(2_000), { ledgerId, amountMinor: 3_000 }] });
    await mall.inState(orderId, 'DIVIDED');
    await mall.confirms(orderId);
    await mall.ended(orderId);
    expect((await mall.contract(contracts[0]!)).status).toBe('COMPLETED');

    await mall.refunds(orderId, { amountMinor: 2_500 });
    await mall.ended(orderId);
    expect(await mall.contract(contracts[0]!)).toMatchObject({ status: 'OPEN', settledMinor: 2_250 });
    await mall.refunds(orderId, { amountMinor: 7_500 });
    await mall.ended(orderId);
    expect(await mall.contract(contracts[0]!)).toMatchObject({ settledMinor: 0 });
    expect(await mall.order(orderId)).toMatchObject({ state: 'ROLLED_BACK' });
    expect((await mall.sent(orderId)).slice(-10)).toContain('debt-rolled-back');
  });

  test('of an item takes the lines of that item, by what it cost', async () => {
    const { ledgerId, contracts } = await mall.debtor(10_000);
    const lines = [supplier(2_000, '1'), { ledgerId, amountMinor: 1_000, item: '1' }];
    const orderId = await mall.paid({
      lines: [...lines, { ledgerId, amountMinor: 2_000, item: '2' }],
      priceMinor: { 1: 4_000 },
    });
    await mall.inState(orderId, 'DIVIDED');
    await mall.confirms(orderId);
    await mall.ended(orderId);
    await mall.refunds(orderId, { amountMinor: 1_000, item: '1' });
    await mall.ended(orderId);
    expect(await mall.contract(contracts[0]!)).toMatchObject({ settledMinor: 2_750 });
    await mall.refunds(orderId, { amountMinor: 6_000, item: '2' });
    await mall.ended(orderId);
    expect(await mall.contract(contracts[0]!)).toMatchObject({ settledMinor: 750 });
  });

  test('of more than the order is kept as refused, and nothing follows it', async () => {
    const { ledgerId } = await mall.debtor(10_000);
    const orderId = await mall.paid({ lines: [{ ledgerId, amountMinor: 3_000 }] }, { amountMinor: 10_001 });
    await mall.inState(orderId, 'DIVIDED');
    await mall.confirms(orderId);
    await mall.ended(orderId);
    const { refunds } = (await mall.order(orderId))!;
    expect(refunds).toMatchObject([{ state: 'REFUSED', reasonCode: 'MORE_THAN_ORDER' }]);
  });

  test('that a receiver cannot return now is tried again, and the debt is touched only when it is back', async () => {
    const { ledgerId, contracts } = await mall.debtor(10_000);
    const orderId = await settledOrder(ledgerId);
    await refuseReturns(orderId, 'A_MOMENT', 1);
    await mall.refunds(orderId, { amountMinor: 5_000 });
    await mall.ended(orderId);
    expect(await mall.contract(contracts[0]!)).toMatchObject({ settledMinor: 1_500 });
    expect((await mall.sent(orderId)).filter((type) => type === 'divide-failed')).toHaveLength(1);
  });

  test('of an order that people have seen divided is returned: Yeepay says what it calls what receivers got', async () => {
    const { ledgerId, contracts } = await mall.debtor(10_000);
    const lines = [supplier(2_000), { ledgerId, amountMinor: 1_000 }, { ledgerId, amountMinor: 2_000 }];
    const orderId = await mall.paid({ lines });
    await mall.inState(orderId, 'DIVIDED');
    // As their word leaves it.
    await platform.owner('divide_service.divide_item').where('order_id', orderId).update({ detail_no: null });
    await mall.confirms(orderId);
    await mall.ended(orderId);
    await mall.refunds(orderId, { amountMinor: 5_000 });
    await mall.ended(orderId);
    expect(await mall.contract(contracts[0]!)).toMatchObject({ settledMinor: 1_500 });
    expect(await mall.atYeepay(orderId)).toMatchObject({
      details: [
        { ledgerNo: 'S1', returnedMinor: 1_000 },
        { ledgerNo: ledgerId, returnedMinor: 1_500 },
      ],
    });
  });

  test('that a receiver has no money for asks people: tried again when they say so', async () => {
    const { ledgerId, contracts } = await mall.debtor(10_000);
    const orderId = await settledOrder(ledgerId);
    await refuseReturns(orderId, 'EMPTY', 1);
    await mall.refunds(orderId, { amountMinor: 5_000 });
    const { question, answers } = await mall.asked(orderId);
    expect(answers).toEqual(['RETRY', 'RESOLVED']);
    expect(await mall.contract(contracts[0]!)).toMatchObject({ settledMinor: 3_000 });
    await mall.decide(orderId, question, 'RETRY');
    await mall.ended(orderId);
    expect(await mall.contract(contracts[0]!)).toMatchObject({ settledMinor: 1_500 });
  });

  test('that Yeepay will not return any more rolls the debt back once two persons have seen the money', async () => {
    const { ledgerId, contracts } = await mall.debtor(10_000);
    const orderId = await settledOrder(ledgerId);
    await refuseReturns(orderId, 'TOO_LATE');
    await mall.refunds(orderId, { amountMinor: 5_000 });
    const { question, answers } = await mall.asked(orderId);
    expect(answers).toEqual(['RESOLVED']);
    await mall.decide(orderId, question, 'RESOLVED', { transactionNo: 'BANK-1' });
    await mall.ended(orderId);
    expect(await mall.contract(contracts[0]!)).toMatchObject({ settledMinor: 1_500 });
    expect(await mall.atYeepay(orderId)).toMatchObject({ returnedMinor: 0 });
  });
});

// A failure counts only when a query has confirmed it; and what was confirmed may still not be the end of it.
describe('what Yeepay carries out after its confirmed failure', () => {
  const atDivide = (ledgerNo: string, delayMs: number, code: string) =>
    platform.behave({
      ...{ party: 'yeepay', operation: 'divide', match: { ledgerNo }, times: 1 },
      behaviour: { kind: 'LATE_SUCCESS', delayMs, code },
    });
  const atReturn = (reference: string, delayMs: number, code: string) =>
    platform.behave({
      ...{ party: 'yeepay', operation: 'divide-back', match: { reference }, times: 1 },
      behaviour: { kind: 'LATE_SUCCESS', delayMs, code },
    });
  const exceptionOf = (requestNo: string) => platform.client.workflow.getHandle(`exception:${requestNo}`);
  const endOf = (requestNo: string) =>
    until(async () => {
      const { rows } = await platform.db.raw<{ rows: object[] }>(
        'select 1 from outside.notification where request_no = ?',
        [requestNo],
      );
      return rows.length > 0 && (exceptionOf(requestNo).result() as Promise<unknown>);
    });
  const inException = async (orderId: string) => {
    const position = await positionOf(platform.db, 'general', orderId);
    return Object.fromEntries(
      position.flatMap(({ code, balanceMinor }) =>
        code.endsWith('in-exception') ? [[code, balanceMinor]] : [],
      ),
    );
  };
  const isFound = (orderId: string) => until(async () => Object.keys(await inException(orderId)).length > 0);

  test('is not asked for again: before a further divide leaves, the earlier one is asked about', async () => {
    const { ledgerId, contracts } = await mall.debtor(10_000);
    await atDivide(ledgerId, 500, 'A_MOMENT');
    const orderId = await mall.paid({ lines: [{ ledgerId, amountMinor: 3_000 }] });
    await mall.inState(orderId, 'DIVIDED');
    expect(await endOf(`YD-${orderId}-1`)).toMatchObject({ outcome: 'AS_WANTED' });
    // Yeepay knows it by the earlier number, and takes back what was divided under that one.
    await mall.refunds(orderId, { amountMinor: 5_000 });
    await mall.confirms(orderId);
    await mall.ended(orderId);
    expect(await mall.atYeepay(orderId)).toMatchObject({ dividedMinor: 3_000, returnedMinor: 1_500 });
    expect(await mall.contract(contracts[0]!)).toMatchObject({ settledMinor: 1_500 });
    expect(await inException(orderId)).toEqual({});
  });

  test('and divided twice by it is claimed back from the receivers, and its merchant has it in the end', async () => {
    const { ledgerId } = await mall.debtor(10_000);
    await atDivide(ledgerId, 4_000, 'A_MOMENT');
    const orderId = await mall.paid({ lines: [{ ledgerId, amountMinor: 3_000 }] });
    await isFound(orderId);
    expect(await inException(orderId)).toEqual({ 'divide-in-exception': 3_000 });
    expect(await mall.atYeepay(orderId)).toMatchObject({ dividedMinor: 6_000 });
    await platform.decide(`exception:YD-${orderId}-1`, 'exception', 'RETURNED');
    expect(await endOf(`YD-${orderId}-1`)).toMatchObject({ outcome: 'RETURNED' });
    expect(await inException(orderId)).toEqual({ 'divide-in-exception': 0 });
    await mall.confirms(orderId);
    await mall.ended(orderId);
    expect(await mall.atYeepay(orderId)).toMatchObject({ completedMinor: 3_940 });
  });

  test('and returned twice by it is owed to the receivers, until they have it back', async () => {
    const { ledgerId, contracts } = await mall.debtor(10_000);
    const orderId = await settledOrder(ledgerId);
    await atReturn(orderId, 4_000, 'A_MOMENT');
    await mall.refunds(orderId, { amountMinor: 5_000 });
    await mall.ended(orderId);
    await isFound(orderId);
    expect(await inException(orderId)).toEqual({ 'return-in-exception': 1_500 });
    expect(await mall.atYeepay(orderId)).toMatchObject({ returnedMinor: 3_000 });
    expect(await mall.contract(contracts[0]!)).toMatchObject({ settledMinor: 1_500 });
    await platform.decide(`exception:YB-${orderId}-1-1`, 'exception', 'RETURNED');
    expect(await endOf(`YB-${orderId}-1-1`)).toMatchObject({ outcome: 'RETURNED' });
    expect(await inException(orderId)).toEqual({ 'return-in-exception': 0 });
  });

  test('though two persons have given it up goes to people as well', async () => {
    const { ledgerId } = await mall.debtor(10_000);
    await atDivide(ledgerId, 1_000, 'TOO_LATE');
    const orderId = await mall.paid({ lines: [{ ledgerId, amountMinor: 3_000 }] });
    const { question } = await mall.asked(orderId);
    await mall.decide(orderId, question, 'NOT_DIVIDED');
    await mall.ended(orderId);
    await isFound(orderId);
    await platform.decide(`exception:YD-${orderId}-1`, 'exception', 'RETURNED');
    expect(await endOf(`YD-${orderId}-1`)).toMatchObject({ outcome: 'RETURNED' });
    await mall.refunds(orderId, { amountMinor: 10_000 });
    await mall.ended(orderId);
    expect(await mall.atYeepay(orderId)).toMatchObject({ completedMinor: 6_940 });
  });

  test('and found by the two persons who are asked is what was wanted', async () => {
    const { ledgerId, contracts } = await mall.debtor(10_000);
    const orderId = await settledOrder(ledgerId);
    await atReturn(orderId, 500, 'TOO_LATE');
    await mall.refunds(orderId, { amountMinor: 5_000 });
    const { question } = await mall.asked(orderId);
    const requestNo = `YB-${orderId}-1-1`;
    const notice = await until(() =>
      platform
        .db('outside.notification')
        .where({ request_no: requestNo })
        .first<{ transactionNo: string } | undefined>(
          platform.db.raw(`body ->> 'uniqueDivideBackNo' as "transactionNo"`),
        ),
    );
    await mall.decide(orderId, question, 'RESOLVED', { transactionNo: notice.transactionNo });
    await mall.ended(orderId);
    expect(await endOf(requestNo)).toMatchObject({ outcome: 'AS_WANTED' });
    expect(await mall.contract(contracts[0]!)).toMatchObject({ settledMinor: 1_500 });
    expect(await inException(orderId)).toEqual({});
  });
});

test('an order of 1,000 items is divided, settled, and refunded by item and in whole', async () => {
  const debtors = await Promise.all(Array.from({ length: 20 }, () => mall.debtor(12_000)));
  const lines = Array.from({ length: 1_000 }, (_, item) => {
    const { ledgerId } = debtors[item % debtors.length]!;
    // As long as a receiver's number can be.
    return { ledgerId, subMerNo: `S${String(item).padStart(63, '0')}`, amountMinor: 900, item: String(item) };
  });
  const priceMinor = Object.fromEntries(lines.map(({ item }) => [item, 1_000]));
  const orderId = await mall.paid({ amountMinor: 1_000_000, lines, priceMinor });
  await mall.inState(orderId, 'DIVIDED');
  await mall.confirms(orderId);
  await mall.ended(orderId);
  expect((await mall.sent(orderId)).filter((type) => type === 'contract-completed')).toHaveLength(20);

  for (const item of ['0', '999']) {
    await mall.refunds(orderId, { amountMinor: 1_000, item });
    await mall.ended(orderId);
  }
  expect(await mall.order(orderId)).toMatchObject({ state: 'PARTIALLY_ROLLED_BACK', refundedMinor: 2_000 });
  await mall.refunds(orderId, { amountMinor: 998_000 });
  await mall.ended(orderId);
  const { state, lines: left } = (await mall.order(orderId))!;
  expect(state).toBe('ROLLED_BACK');
  expect(left.filter((line) => line.rolledBackMinor === 900)).toHaveLength(1_000);
  expect(await mall.atYeepay(orderId)).toMatchObject({ dividedMinor: 900_000, returnedMinor: 900_000 });
}, 120_000);

test('an order that is told of often goes on in a new run, and loses nothing', async () => {
  const { debtor } = await goBranch(platform, 'debt-order/goes-on-as-a-new-run');
  expect(await mall.contract(debtor.contractIds[0]!)).toMatchObject({ settledMinor: 3_000 });
});

async function settledOrder(ledgerId: string): Promise<string> {
  const orderId = await mall.paid({ lines: [{ ledgerId, amountMinor: 3_000 }] });
  await mall.inState(orderId, 'DIVIDED');
  await mall.confirms(orderId);
  await mall.ended(orderId);
  return orderId;
}

const refuseReturns = (orderId: string, code: string, times?: number) =>
  platform.behave({
    ...{ party: 'yeepay', operation: 'divide-back', match: { reference: orderId }, times },
    behaviour: { kind: 'REFUSE', code },
  });

test("the flow takes every arrow of the event storm's picture", async () => {
  expect(checkTrace(await platform.trace()).notSeen['debt-order']).toEqual([]);
});
