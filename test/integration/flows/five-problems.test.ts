import { advanceBusinessDate, businessDates } from '../../../db/business-date';
import { positionOf } from '../../../db/books/posting';
import { addDays } from '../../../domain/calendar';
import { needsAttention } from '../../../schemas/search-attributes';
import type { Child, Stage } from '../../support/crash/stage';
import { openTestStage } from '../../support/crash/test-stage';
import { mallOf } from '../../support/mall';
import { loseRecords, reconciliationOf } from '../../support/reconciliation';
import { expectSound } from '../../support/sound';
import { until } from '../../support/until';

// The five problems for which debts are resolved by this platform (系统现状问题): each as it comes about, and what becomes of it here.

const timeLimitMs = 300_000;

let stage: Stage;
let mall: ReturnType<typeof mallOf>;
let worker: Child;
beforeAll(async () => {
  stage = await openTestStage();
  mall = mallOf(stage);
  await stage.owner('reference.mall').insert({
    ...{ id: 'asks', market: 'CN', name: 'mall', settles_by_itself: false },
    ...{ clearing_within_seconds: 1, confirm_within_seconds: 1 },
  });
  [worker] = await Promise.all([stage.startWorker(), stage.startApi(), stage.startSandbox()]);
}, timeLimitMs);
afterAll(() => stage.close());
afterEach(() => expectSound(stage), 30_000);

const supplier = (amountMinor: number, item: string) =>
  ({ ledgerId: 'S1', merType: 'SUPPLIER', amountMinor, item }) as const;

/** An order of 100.00 of which 30.00 is a debtor's who owes 100.00, and that is divided. */
async function dividedOrder(mallId = 'cn-mall') {
  const { ledgerId, contracts } = await mall.debtor(10_000);
  const orderId = await mall.paid({ mallId, lines: [{ ledgerId, amountMinor: 3_000 }] });
  await mall.inState(orderId, 'DIVIDED');
  return { orderId, contractId: contracts[0]! };
}

const settledMinor = async (contractId: string) => (await mall.contract(contractId)).settledMinor;

/** What the books have of money that is divided to an order's debtors and settles no debt yet. */
async function shareMinor(orderId: string): Promise<number> {
  const accounts = await positionOf(stage.db, 'general', orderId);
  return accounts.find(({ code }) => code === 'debtor-share')?.balanceMinor ?? 0;
}

test(
  '时序耦合 (the steps lie days apart): what is divided on one day and confirmed seven days later is owed to the debt until then, and settles it',
  async () => {
    const { orderId, contractId } = await dividedOrder();
    const neverConfirmed = await dividedOrder('asks');
    const { businessDate } = (await businessDates(stage.db)).find(({ market }) => market === 'CN')!;
    const to = addDays(businessDate, 7);
    await advanceBusinessDate(stage.db, { market: 'CN', from: businessDate, to });

    // The money is there, and the debt stands: that is no secret of two systems any more.
    expect([await settledMinor(contractId), await shareMinor(orderId)]).toEqual([0, 3_000]);
    expect(await mall.order(orderId)).toMatchObject({ state: 'DIVIDED', waitsFor: { what: 'RECEIPT' } });
    await mall.needsAttention(neverConfirmed.orderId);

    for (const one of [orderId, neverConfirmed.orderId]) {
      await mall.confirms(one);
      await mall.ended(one);
    }
    expect([await settledMinor(contractId), await shareMinor(orderId)]).toEqual([3_000, 0]);
    expect((await mall.contract(contractId)).records).toMatchObject([{ type: 'INCOME', valueDate: to }]);
  },
  timeLimitMs,
);

test(
  '分布式一致性 (two systems that can disagree): a worker that dies between divide and settlement leaves nothing half done',
  async () => {
    const { orderId, contractId } = await dividedOrder();
    await worker.stop();
    // Dies when all of the settlement is written, and nothing of it is committed.
    const dying = await stage.startWorker(['before-commit handling debt-settlement-service.settle-debt']);
    await mall.confirms(orderId);
    expect(await dying.ended).toBe('signal SIGKILL');

    expect(await mall.atYeepay(orderId)).toMatchObject({ dividedMinor: 3_000, completedMinor: 0 });
    expect([await settledMinor(contractId), await shareMinor(orderId)]).toEqual([0, 3_000]);

    worker = await stage.startWorker();
    await mall.ended(orderId);
    expect([await settledMinor(contractId), await shareMinor(orderId)]).toEqual([3_000, 0]);
    expect((await mall.contract(contractId)).records).toHaveLength(1);
  },
  timeLimitMs,
);

describe('无补偿机制 (no compensation)', () => {
  test(
    'a settlement that cannot be written after its divide is tried until it can, and people see it meanwhile',
    async () => {
      const { orderId, contractId } = await dividedOrder();
      await stage.owner.raw('revoke insert on debt_settlement_service.settled_line from credit_application');
      await mall.confirms(orderId);
      await mall.needsAttention(orderId);
      expect(await mall.atYeepay(orderId)).toMatchObject({ dividedMinor: 3_000, completedMinor: 0 });
      expect([await settledMinor(contractId), await shareMinor(orderId)]).toEqual([0, 3_000]);

      await stage.owner.raw('grant insert on debt_settlement_service.settled_line to credit_application');
      await retriedNow(orderId);
      await mall.ended(orderId);
      expect([await settledMinor(contractId), await shareMinor(orderId)]).toEqual([3_000, 0]);
    },
    timeLimitMs,
  );

  test(
    'a roll-back that fails fifty times after its return is done in the end, and once',
    async () => {
      const { orderId, contractId } = await dividedOrder();
      await mall.confirms(orderId);
      await mall.ended(orderId);
      await stage.owner.raw(
        `create sequence public.tries;
       create function public.fail() returns trigger language plpgsql security definer as $$
         begin if nextval('public.tries') <= 50 then raise 'not yet'; end if; return null; end $$;
       create trigger fail before insert on debt_settlement_service.undone_line
         for each statement execute function public.fail()`,
      );
      await mall.refunds(orderId, { amountMinor: 5_000 });
      await until(async () => (await mall.atYeepay(orderId)).returnedMinor === 1_500);
      expect(await settledMinor(contractId)).toBe(3_000);

      await until(async () => {
        await retriedNow(orderId);
        return (await settledMinor(contractId)) < 3_000;
      });
      await mall.ended(orderId);
      const { rows } = await stage.owner.raw<{ rows: { tries: number }[] }>(
        'select last_value::integer as tries from public.tries',
      );
      expect(rows).toEqual([{ tries: 51 }]);
      expect((await mall.contract(contractId)).records).toMatchObject([
        { type: 'INCOME', amountMinor: 3_000 },
        { type: 'EXPENSE', amountMinor: 1_500 },
      ]);
      await stage.owner.raw('drop function public.fail cascade; drop sequence public.tries');
    },
    timeLimitMs,
  );

  /** An operator has a step that waits for its next try tried at once; where none waits, nothing is done. */
  const retriedNow = (orderId: string) =>
    stage.post(
      `/v1/ops/flows/debt-order:${orderId}/interventions`,
      { act: 'retry-now', reason: 'tried by a test' },
      'ops',
    );
});

test(
  '部分退款困难 (partial refunds): items and the whole order are refunded in parts, in any order, and each line gives its own',
  async () => {
    const { ledgerId, contracts } = await mall.debtor(10_000);
    const contractId = contracts[0]!;
    const orderId = await mall.paid(
      {
        lines: [supplier(3_000, '1'), { ledgerId, amountMinor: 3_000, item: '2' }],
        priceMinor: { 1: 6_000, 2: 4_000 },
      },
      // A fifth of all, before it is divided.
      { amountMinor: 2_000 },
    );
    await mall.inState(orderId, 'DIVIDED');
    expect(await mall.atYeepay(orderId)).toMatchObject({ dividedMinor: 4_800, returnedMinor: 0 });
    await mall.confirms(orderId);
    await mall.ended(orderId);
    expect(await settledMinor(contractId)).toBe(2_400);

    // By proportion to the order, the debt would have stood again by 3.00 for goods that settle none, and by 6.00 instead of 15.00.
    await mall.refunds(orderId, { amountMinor: 1_000, item: '1' });
    await mall.ended(orderId);
    expect(await settledMinor(contractId)).toBe(2_400);
    const half = { amountMinor: 2_000, item: '2', refundId: 'HALF' };
    const tooMuch = { amountMinor: 1_201, item: '2', refundId: 'TOO-MUCH' };
    await Promise.all([mall.refunds(orderId, half), mall.refunds(orderId, half)]);
    await mall.ended(orderId);
    for (const refund of [tooMuch, half]) {
      await mall.refunds(orderId, refund);
      await mall.ended(orderId);
    }
    expect(await settledMinor(contractId)).toBe(900);
    expect((await mall.order(orderId))!.refunds).toMatchObject([
      { state: 'LEFT_OUT' },
      { state: 'RETURNED', amountMinor: 1_000 },
      { state: 'RETURNED', amountMinor: 2_000 },
      { state: 'REFUSED', reasonCode: 'MORE_THAN_ITEM' },
    ]);

    await mall.refunds(orderId, { amountMinor: 5_000 });
    await mall.ended(orderId);
    expect(await settledMinor(contractId)).toBe(0);
    expect(await mall.atYeepay(orderId)).toMatchObject({
      returnedMinor: 4_800,
      details: [
        { ledgerNo: 'S1', amountMinor: 2_400, returnedMinor: 2_400 },
        { ledgerNo: ledgerId, amountMinor: 2_400, returnedMinor: 2_400 },
      ],
    });
  },
  timeLimitMs,
);

test(
  '无对账系统 (nobody compares): a settlement that is missing from the records is found on its day, and shown until it is explained',
  async () => {
    const reconciliation = reconciliationOf(stage);
    const { orderId, contractId } = await dividedOrder();
    await mall.confirms(orderId);
    await mall.ended(orderId);
    const bringBack = await loseRecords(stage, contractId);
    // Nobody who looks at the contract or at the order sees that something is missing.
    expect(await settledMinor(contractId)).toBe(3_000);
    expect(await mall.order(orderId)).toMatchObject({ state: 'SETTLED' });

    await reconciliation.compares();
    const day = () => stage.get(`/v1/reconciliation/days/CN/${reconciliation.today()}`, 'ops');
    const missing = { comparison: 'contract-records', subject: contractId, ours: '3000', theirs: '0' };
    expect((await day()).body).toMatchObject({
      state: 'FINDINGS',
      findings: expect.arrayContaining([expect.objectContaining(missing)]) as unknown,
    });
    await until(async () => {
      const { typedSearchAttributes } = await reconciliation.handle().describe();
      return typedSearchAttributes.get(needsAttention);
    });

    await bringBack();
    await reconciliation.compares();
    expect(await reconciliation.green()).toMatchObject({ outcome: 'GREEN' });
    expect((await day()).body).toMatchObject({ state: 'GREEN' });
    expect(await reconciliation.findings('GONE')).toContainEqual(expect.objectContaining(missing));
  },
  timeLimitMs,
);
