import { booksOn, type Books } from '../../../db/books/posting';
import { endRun } from '../../../db/reconciliation/runs';
import { needsAttention } from '../../../schemas/search-attributes';
import { mallOf } from '../../support/mall';
import { mapLedger, newDebtor, newOrder, tellConfirmed, tellPaid } from '../../support/mall-calls';
import { randomId, startPlatform, type Platform } from '../../support/platform';
import { loseRecords, reconciliationOf, tamper, type Finding } from '../../support/reconciliation';
import { until } from '../../support/until';

// A day is green only when what Yeepay says, what was divided, what settled debts and the books are the same; what differs is found,
// as this very difference, and stays found until it is explained.

let platform: Platform;
let mall: ReturnType<typeof mallOf>;
let reconciliation: ReturnType<typeof reconciliationOf>;
beforeAll(async () => {
  platform = await startPlatform({ answerTimeoutMs: 1_000 });
  mall = mallOf(platform);
  reconciliation = reconciliationOf(platform);
  await platform
    .owner('reference.yeepay_code')
    .insert({ code: 'TOO_LATE', meaning: 'REFUSE', retry_after_seconds: null });
}, 120_000);
afterAll(() => platform.stop());
// Each case leaves a green day to the next.
afterEach(async () => {
  await reconciliation.compares();
  const left = await found();
  if (left.length > 0) throw new Error(`It leaves findings: ${JSON.stringify(left)}`);
}, 120_000);

const supplier = (amountMinor: number) => ({ ledgerId: 'S1', merType: 'SUPPLIER', amountMinor }) as const;

/** An order of 100.00 that is divided between the supplier and a debtor, and settled. */
async function settledOrder(debtMinor = 10_000) {
  const { ledgerId, contracts } = await mall.debtor(debtMinor);
  const orderId = await mall.paid({ lines: [supplier(5_000), { ledgerId, amountMinor: 3_000 }] });
  await mall.inState(orderId, 'DIVIDED');
  await mall.confirms(orderId);
  await mall.ended(orderId);
  return { orderId, ledgerId, contractId: contracts[0]! };
}

const found = async (): Promise<Partial<Finding>[]> =>
  (await reconciliation.findings()).map(({ comparison, subject, ours, theirs }) => ({
    ...{ comparison, subject, ours, theirs },
  }));

/** Two persons explain each open finding. */
async function explain(answer: 'BOOKED' | 'DECIDED', evidence?: object): Promise<void> {
  const flowId = `debt-reconciliation:CN.${reconciliation.today()}`;
  for (const { id } of await reconciliation.findings()) {
    await platform.decide(flowId, `finding:${id}`, answer, evidence);
  }
}

async function misprint(body: object | undefined): Promise<void> {
  const response = await fetch(`${platform.sandbox.url}/control/yeepay/misprints`, {
    ...{ method: body ? 'POST' : 'DELETE', headers: { 'content-type': 'application/json' } },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`The sandbox answered ${response.status}.`);
}

describe('a day', () => {
  test('on which orders were divided, refunded, settled, rolled back and imported is green, however often it is compared', async () => {
    const { ledgerId } = await mall.debtor(10_000, 10_000);
    const lines = [supplier(5_000), { ledgerId, amountMinor: 3_000 }];
    const refundedBefore = await mall.paid({ lines }, { amountMinor: 5_000 });
    await mall.inState(refundedBefore, 'DIVIDED');
    await mall.refunds(refundedBefore, { amountMinor: 1_000 });
    const rolledBack = await settledOrder();
    await mall.refunds(rolledBack.orderId, { amountMinor: 5_000 });
    await mall.ended(rolledBack.orderId);
    const exceeding = await settledOrder(1_000);
    await mall.refunds(exceeding.orderId, { amountMinor: 10_000 });
    await mall.ended(exceeding.orderId);
    await mall.confirms(refundedBefore);
    await mall.ended(refundedBefore);
    const imported = await mall.paid({
      lines,
      divided: {
        ...{ divideRequestId: 'OLD-1', batchNo: 'OLD-BATCH-1', dividedOn: '2026-01-10', isCompleted: false },
        settled: { currency: 'CNY', amountMinor: 9_940 },
        details: [
          { subMerNo: 'S1', detailNo: 'OLD-1-1' },
          { subMerNo: ledgerId, detailNo: 'OLD-1-2' },
        ],
      },
    });
    await mall.inState(imported, 'DIVIDED');

    await reconciliation.isTold();
    const outcome = await reconciliation.green();
    expect(outcome).toMatchObject({ outcome: 'GREEN', openFindings: 0, inFlight: 0 });
    expect((outcome as { compared: number }).compared).toBeGreaterThan(30);
    await reconciliation.isTold();
    expect(await reconciliation.green()).toEqual(outcome);
  }, 120_000);

  test('is compared again where it was before, and nothing is found twice', async () => {
    const { orderId } = await settledOrder();
    await misprint({ requestNo: `YD-${orderId}-1` });
    await reconciliation.compares();
    const before = await reconciliation.findings();
    expect(before).toHaveLength(2);
    await reconciliation.compares();
    expect(await reconciliation.findings()).toEqual(before);
    await misprint(undefined);
  }, 120_000);
});

describe("Yeepay's statement", () => {
  test('that lacks what we have, or has another amount, is a finding for each receiver; it is gone once Yeepay has put it right', async () => {
    const { orderId, ledgerId } = await settledOrder();
    await misprint({ requestNo: `YD-${orderId}-1` });
    const other = await settledOrder();
    await misprint({ requestNo: `YE-${other.orderId}-1`, amountMinor: 1_939 });
    await reconciliation.compares();
    const comparison = 'yeepay-statement';
    const expected = [
      { comparison, subject: `COMPLETE ${other.orderId}`, ours: '1940', theirs: '1939' },
      { comparison, subject: `DIVIDE YD-${orderId}-1 ${ledgerId}`, ours: '3000', theirs: null },
      { comparison, subject: `DIVIDE YD-${orderId}-1 S1`, ours: '5000', theirs: null },
    ];
    expect(new Set(await found())).toEqual(new Set(expected));
    await until(async () => {
      const { typedSearchAttributes } = await reconciliation.handle().describe();
      return typedSearchAttributes.get(needsAttention);
    });

    await misprint(undefined);
    await reconciliation.compares();
    expect(await found()).toEqual([]);
    expect(await reconciliation.findings('GONE')).toEqual(
      expect.arrayContaining(expected.map((one): unknown => expect.objectContaining(one))),
    );
  }, 120_000);

  test('has a return that Yeepay carried out after its failure was confirmed; two persons decide that it may stay', async () => {
    const { orderId, ledgerId } = await settledOrder();
    await platform.behave({
      ...{ party: 'yeepay', operation: 'divide-back', match: { reference: orderId }, times: 1 },
      behaviour: { kind: 'LATE_SUCCESS', delayMs: 5_000, code: 'TOO_LATE' },
    });
    await mall.refunds(orderId, { amountMinor: 5_000 });
    const { question } = await mall.asked(orderId);
    expect(question).toBe(`refused:YB-${orderId}-1-1`);
    await until(async () => (await mall.atYeepay(orderId)).returnedMinor === 4_000);
    await reconciliation.compares();
    expect(new Set(await found())).toEqual(
      new Set([
        { comparison: 'yeepay-statement', subject: `BACK YB-${orderId}-1-1 S1`, ours: null, theirs: '2500' },
        {
          comparison: 'yeepay-statement',
          subject: `BACK YB-${orderId}-1-1 ${ledgerId}`,
          ours: null,
          theirs: '1500',
        },
      ]),
    );
    await mall.decide(orderId, question, 'RESOLVED', { transactionNo: `SEEN-${orderId}` });
    await mall.ended(orderId);
    await explain('DECIDED');
    expect(await reconciliation.green()).toMatchObject({ outcome: 'GREEN' });
    // It stays as it is, and is not found again.
    await reconciliation.compares();
    expect(await found()).toEqual([]);
  }, 120_000);
});

describe('our own records', () => {
  test('without a settlement that there was differ from the contract, from the line, and from the books', async () => {
    const { orderId, contractId } = await settledOrder();
    const bringBack = await loseRecords(platform, contractId);
    await reconciliation.compares();
    expect(await found()).toEqual([
      { comparison: 'books-debt-collected', subject: contractId, ours: '0', theirs: '3000' },
      { comparison: 'contract-records', subject: contractId, ours: '3000', theirs: '0' },
      { comparison: 'settled-line-records', subject: `${orderId} 2`, ours: '3000', theirs: '0' },
    ]);
    await bringBack();
  }, 120_000);

  test('of a divide that debts have not heard of, and of a debt that was settled without one, are findings', async () => {
    const { ledgerId } = await mall.debtor(10_000);
    const orderId = await mall.paid({ lines: [{ ledgerId, amountMinor: 3_000 }] });
    await mall.inState(orderId, 'DIVIDED');
    const line = { order_id: orderId, number: 1 };
    await until(
      async () => (await platform.db('debt_settlement_service.debtor_line').where(line)).length > 0,
    );
    await tamper(platform, (tx) =>
      tx('debt_settlement_service.debtor_line').where(line).update({ number: 7 }),
    );
    await reconciliation.compares();
    expect(await found()).toEqual([
      { comparison: 'debtor-line-settlement', subject: `${orderId} 1`, ours: '3000', theirs: null },
      { comparison: 'debtor-line-settlement', subject: `${orderId} 7`, ours: null, theirs: '3000' },
    ]);
    await tamper(platform, (tx) =>
      tx('debt_settlement_service.debtor_line')
        .where({ ...line, number: 7 })
        .update({ number: 1 }),
    );
  }, 120_000);

  test('of a contract whose plan is not its debt are a finding', async () => {
    const { contracts } = await mall.debtor(1_000);
    const months = () =>
      platform.owner('debt_settlement_service.repayment_plan').where('contract_id', contracts[0]!);
    await tamper(platform, (tx) => months().transacting(tx).update({ plan_minor: 900 }));
    await reconciliation.compares();
    expect(await found()).toEqual([
      { comparison: 'contract-plan', subject: contracts[0], ours: '1000', theirs: '900' },
    ]);
    await tamper(platform, (tx) => months().transacting(tx).update({ plan_minor: 1_000 }));
  }, 120_000);
});

describe('the books', () => {
  test('that have lost a settlement differ; the finding is acknowledged, and resolved by a journal that the next comparison proves', async () => {
    const { orderId, contractId } = await settledOrder();
    const { id: settlement } = await platform
      .db('books.journal')
      .where('business_key', 'like', `%settlement of order ${orderId}%`)
      .first<{ id: number }>('id');
    const reversed = await reverse(settlement, `slip of the pen about ${orderId}`);
    await reconciliation.compares();
    const expected = [
      { comparison: 'books-debt-collected', subject: contractId, ours: '3000', theirs: '0' },
      { comparison: 'books-debtor-share', subject: orderId, ours: '0', theirs: '3000' },
    ];
    expect(await found()).toEqual(expected);
    const [finding] = await reconciliation.findings();
    await platform.post(
      `/v1/reconciliation/findings/${finding!.id}/acknowledgements`,
      { reason: 'Looking into it.' },
      'ops',
    );
    expect((await reconciliation.findings('ACKNOWLEDGED')).map(({ id }) => id)).toEqual([finding!.id]);

    // A journal that mends nothing resolves nothing: the same is found anew.
    await explain('BOOKED', { journalId: settlement });
    await until(async () => (await reconciliation.findings()).length === 2);
    expect(await found()).toEqual(expected);

    const mended = await reverse(reversed, `mending of order ${orderId}`);
    await explain('BOOKED', { journalId: mended });
    expect(await reconciliation.green()).toMatchObject({ outcome: 'GREEN' });
    expect(await reconciliation.findings('BOOKED')).toHaveLength(4);
  }, 120_000);
});

/** What somebody posts by hand; the journal's number. */
const byHand = (work: (books: Books) => Promise<{ journalId: number }>): Promise<number> =>
  platform.db.transaction(async (tx) => (await work(booksOn(tx, { market: 'CN' }))).journalId);
const posted = { valueDate: '2026-01-15', description: 'By hand.' };
const reverse = (journalId: number, businessKey: string): Promise<number> =>
  byHand((books) => books.reverse({ journalId, businessKey, ...posted }));

/** The tables' owner changes a row. Returns what brings back what stood there. */
async function change(table: string, row: object, changed: object): Promise<() => Promise<unknown>> {
  const before = await platform.db(table).where(row).first<object>(Object.keys(changed));
  await tamper(platform, (tx) => tx(table).where(row).update(changed));
  return () => tamper(platform, (tx) => tx(table).where(row).update(before));
}

describe('what differs is found as that, and is gone once it is set right:', () => {
  /** That it is gone then, and nothing else is left, is seen after each case. */
  async function expectFoundUntil(isMended: () => Promise<unknown>, ...expected: object[]): Promise<void> {
    await reconciliation.compares();
    expect(await found()).toEqual(expected);
    await isMended();
  }

  test('a receipt that is confirmed, and for a day settles no debt', async () => {
    const debtor = await newDebtor(platform, { isMapped: false });
    const order = await newOrder(platform, debtor);
    const { orderId } = order;
    await tellPaid(platform, order);
    await mall.inState(orderId, 'DIVIDED');
    await tellConfirmed(platform, orderId);
    await until(async () => (await mall.order(orderId))?.waitsFor?.what === 'DEBTOR');
    await reconciliation.compares();
    expect(await reconciliation.inFlight()).toEqual([`receipt-settlement ${orderId}`]);

    await tamper(platform, async (tx) => {
      const at = tx.raw(`now() - interval '2 days'`);
      await tx('access.mall_call').where('order_id', orderId).update({ received_at: at });
      await tx('messages.message').where('flow_id', `debt-order:${orderId}`).update({ recorded_at: at });
    });
    await expectFoundUntil(
      async () => {
        await mapLedger(platform, debtor);
        await mall.ended(orderId);
      },
      { comparison: 'receipt-settlement', subject: orderId, ours: 'CONFIRMED', theirs: null },
    );
  }, 120_000);

  test('the day on which debts were settled', async () => {
    const { orderId } = await settledOrder();
    const { day } = await platform
      .db('debt_settlement_service.settlement')
      .where('order_id', orderId)
      .first<{ day: string }>(platform.db.raw('value_date::text as day'));
    const row = { order_id: orderId };
    const bringBack = await change('divide_service.divide_record', row, { debts_settled_on: '2026-01-02' });
    await expectFoundUntil(bringBack, {
      ...{ comparison: 'order-settlement', subject: orderId, ours: '2026-01-02', theirs: day },
    });
  }, 120_000);

  test('what is left of an order at Yeepay', async () => {
    const { ledgerId } = await mall.debtor(10_000);
    const orderId = await mall.paid({ lines: [supplier(5_000), { ledgerId, amountMinor: 3_000 }] });
    await mall.inState(orderId, 'DIVIDED');
    const journalId = await byHand((books) =>
      books.post({
        ...{
          scenario: 'general.order-completed',
          businessKey: `completion of ${orderId} by hand`,
          ...posted,
        },
        ...{ currency: 'CNY', owners: { order: orderId, merchant: '10090000001' } },
        amounts: { rest: 100, platformShare: 0, platformShareLost: 0 },
      }),
    );
    await expectFoundUntil(() => reverse(journalId, `mending of ${orderId}`), {
      ...{ comparison: 'books-yeepay-undivided', subject: orderId, ours: '1940', theirs: '1840' },
    });
  }, 120_000);

  test("what of an order is nobody else's", async () => {
    const { orderId } = await settledOrder();
    const journalId = await byHand((books) =>
      books.post({
        ...{ scenario: 'general.order-refunded', businessKey: `refund of ${orderId} by hand`, ...posted },
        ...{ currency: 'CNY', owners: { order: orderId, merchant: '10090000001' } },
        amounts: { refunded: 100 },
      }),
    );
    await expectFoundUntil(() => reverse(journalId, `mending of ${orderId}`), {
      ...{ comparison: 'books-order-undivided', subject: orderId, ours: '0', theirs: '-100' },
    });
  }, 120_000);

  test('a debt that stands again, whose journal is reversed: what was collected, and what came back for it', async () => {
    const { orderId, contractId } = await settledOrder();
    await mall.refunds(orderId, { amountMinor: 5_000 });
    await mall.ended(orderId);
    const { id: rollBack } = await platform
      .db('books.journal')
      .where('scenario', 'general.debt-rolled-back')
      .where('business_key', 'like', `%${orderId}%`)
      .first<{ id: number }>('id');
    const reversed = await reverse(rollBack, `slip of the pen about ${orderId}`);
    await expectFoundUntil(
      () => reverse(reversed, `mending of ${orderId}`),
      { comparison: 'books-debt-collected', subject: contractId, ours: '1500', theirs: '3000' },
      { comparison: 'books-debt-return-clearing', subject: orderId, ours: '0', theirs: '1500' },
    );
  }, 120_000);

  test('whose ledger has a share', async () => {
    const { orderId } = await settledOrder();
    const row = { order_id: orderId, number: 2 };
    const other = randomId('D');
    const bringBack = await change('divide_service.divide_item', row, { ledger_id: other });
    await expectFoundUntil(bringBack, {
      ...{ comparison: 'books-yeepay-debtor-ledger', subject: other, ours: '3000', theirs: '0' },
    });
  }, 120_000);

  test('who is owed what exceeds all debts', async () => {
    const { orderId, ledgerId } = await settledOrder(1_000);
    const row = { order_id: orderId, number: 2 };
    const changed = { member_user_id: randomId('M') };
    const bringBack = await change('debt_settlement_service.settled_line', row, changed);
    await expectFoundUntil(bringBack, {
      ...{ comparison: 'books-debtor-payable', subject: `M-${ledgerId}`, ours: '0', theirs: '2000' },
    });
  }, 120_000);
});

test('a run that is ended once more, as after a death, finds nothing anew that was explained since', async () => {
  const { orderId, contractId } = await settledOrder();
  const bringBack = await loseRecords(platform, contractId);
  await reconciliation.compares();
  const { id: runId } = await platform
    .db('reconciliation.run')
    .orderBy('id', 'desc')
    .first<{ id: number }>('id');
  await bringBack();
  const { id: journalId } = await platform
    .db('books.journal')
    .where('business_key', 'like', `%settlement of order ${orderId}%`)
    .first<{ id: number }>('id');
  await explain('BOOKED', { journalId });
  expect(await reconciliation.green()).toMatchObject({ outcome: 'GREEN' });
  const run = { runId, market: 'CN', day: reconciliation.today() };
  expect(await platform.db.transaction((tx) => endRun(tx, run))).toMatchObject({ openFindings: 3 });
  expect(await found()).toEqual([]);
}, 120_000);

test('what is on its way is no finding, unless it has been for longer than a day', async () => {
  const { ledgerId } = await mall.debtor(10_000);
  await platform.behave({
    ...{ party: 'yeepay', operation: 'divide', match: { ledgerNo: ledgerId }, times: 1 },
    behaviour: { kind: 'SILENT', delayMs: 15_000 },
  });
  const orderId = await mall.paid({ lines: [{ ledgerId, amountMinor: 3_000 }] });
  const requestNo = `YD-${orderId}-1`;
  await mall.isAsked(requestNo);
  await reconciliation.compares();
  expect(await found()).toEqual([]);
  expect(await reconciliation.inFlight()).toEqual([`yeepay-query ${requestNo}`]);

  const openedAt = (days: number) =>
    tamper(platform, async (tx) => {
      const at = tx.raw('now() - make_interval(days => ?)', [days]);
      await tx('outside.request').where('request_no', requestNo).update({ opened_at: at });
      await tx('messages.message').where('flow_id', `debt-order:${orderId}`).update({ recorded_at: at });
    });
  await openedAt(2);
  await reconciliation.compares();
  expect(await found()).toMatchObject([
    { comparison: 'yeepay-query', subject: requestNo, ours: 'WITHOUT FINAL WORD' },
  ]);
  await mall.inState(orderId, 'DIVIDED');
  await openedAt(0);
}, 120_000);

test('while Yeepay is down a day waits, and operators see why; then it goes on', async () => {
  await settledOrder();
  const outages = `${platform.sandbox.url}/control/outages`;
  const down = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ party: 'yeepay', by: 'ERROR' }),
  };
  expect((await fetch(outages, down)).status).toBe(204);
  await reconciliation.isTold();
  await until(async () => {
    const { raw } = await reconciliation.handle().describe();
    return raw.pendingActivities?.some(
      ({ activityType, attempt, lastFailure }) =>
        activityType?.name === 'reconciliation.query' &&
        attempt! > 1 &&
        lastFailure?.message?.includes('Yeepay does not say'),
    );
  });
  expect((await fetch(`${outages}?party=yeepay`, { method: 'DELETE' })).status).toBe(204);
  expect(await reconciliation.green()).toMatchObject({ outcome: 'GREEN' });
}, 120_000);
