// Yeepay as the sandbox plays it: what it takes, what it holds, what it tells of itself.
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { paths } from '../../../schemas/outside/yeepay/divide';
import { openNotification } from '../../../schemas/outside/yeepay/notification';
import { signRequest, verifyResponse } from '../../../schemas/outside/yeepay/signature';
import type { DividedPart, YeepayOrder } from '../../../schemas/outside/yeepay/divide';
import { startedReceiver } from './support';
import { divideRow, OUR_KEYS, rowOf, startedYeepay, type YeepayView } from './yeepay-support';

const views: YeepayView[] = [];
async function yeepayWith(given: Parameters<typeof startedYeepay>[0] = {}): Promise<YeepayView> {
  const view = await startedYeepay(given);
  views.push(view);
  return view;
}
afterEach(async () => {
  await Promise.all(views.splice(0).map(({ sandbox }) => sandbox.close()));
});

const failedFor = (message: string) => ({ status: 'FAILED', failure: { code: 'FAIL', message } });

describe('the money of an order', () => {
  let view: YeepayView;
  let order: YeepayOrder;
  beforeEach(async () => {
    view = await yeepayWith();
    await view.behaveAs({ behaviour: { kind: 'ACCEPT' } });
    order = await view.pay();
  });

  const divide = (parts: Record<string, number>, no: string) =>
    view.gateways()['yeepay-divide'].send(divideRow(order, parts, no));

  async function takeBack(no: string, amountMinor: number, detailNo: string) {
    const parts = [{ detailNo, amountMinor, reason: '退款' }];
    const row = rowOf('yeepay-divide-back', no, { ...order, divideRequestId: 'DV-1', parts });
    return view.gateways()['yeepay-divide-back'].send(row);
  }

  test('is divided up to what was settled, and no further', async () => {
    expect(await divide({ SUPPLIER: 9_941 }, 'DV-1')).toEqual(failedFor('DIVIDE_EXCEEDS_ORDER'));
    expect(await divide({ SUPPLIER: 9_940 }, 'DV-2')).toMatchObject({ status: 'SUCCEEDED' });
    expect(await divide({ DEBTOR: 1 }, 'DV-3')).toEqual(failedFor('DIVIDE_EXCEEDS_ORDER'));
    expect(await view.balances()).toEqual({ MALL: 0, SUPPLIER: 9_940 });
  });

  test('goes to all receivers or to none', async () => {
    await view.behaveAs({
      match: { ledgerNo: 'DEBTOR' },
      behaviour: { kind: 'REFUSE', code: 'RECEIVER_CLOSED' },
    });
    expect(await divide({ SUPPLIER: 6_000, DEBTOR: 2_000 }, 'DV-1')).toEqual(failedFor('RECEIVER_CLOSED'));
    expect(await view.balances()).toEqual({ MALL: 0 });
    expect(await view.holding()).toMatchObject({ undividedMinor: 9_940, dividedMinor: 0 });
  });

  test('is taken back up to what a receiver got, and no further', async () => {
    const { divided } = (await divide({ DEBTOR: 2_000 }, 'DV-1')) as { divided: DividedPart[] };
    const { detailNo } = divided[0]!;
    expect(await takeBack('DB-1', 1_500, detailNo)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await takeBack('DB-2', 501, detailNo)).toEqual(failedFor('BACK_EXCEEDS_DIVIDE'));
    expect(await takeBack('DB-3', 500, detailNo)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await view.holding()).toMatchObject({
      dividedMinor: 2_000,
      returnedMinor: 2_000,
      undividedMinor: 7_940,
    });
    expect(await view.balances()).toEqual({ MALL: 2_000, DEBTOR: 0 });
  });

  test('is not divided any more once it is completed', async () => {
    await divide({ SUPPLIER: 6_000 }, 'DV-1');
    const complete = rowOf('yeepay-divide-complete', 'DC-1', { ...order, description: '余额' });
    await view.gateways()['yeepay-divide-complete'].send(complete);
    expect(await divide({ DEBTOR: 1 }, 'DV-2')).toEqual(failedFor('ORDER_COMPLETED'));
    expect(await view.holding()).toMatchObject({
      isCompleted: true,
      completedMinor: 3_940,
      undividedMinor: 0,
    });
  });

  test('stays as it is when a number comes again with other content', async () => {
    await divide({ SUPPLIER: 6_000 }, 'DV-1');
    const other = divideRow(order, { SUPPLIER: 1 }, 'DV-1');
    // The query says what became of the number: details that are not what was asked for now.
    expect(await view.gateways()['yeepay-divide'].send(other)).toMatchObject({
      failure: { code: 'REQUEST_CONFLICT' },
    });
    expect(await view.gateways()['yeepay-divide'].query(other)).toEqual({
      ...{ status: 'UNKNOWN', why: 'an answer that is not what was asked for', isContradiction: true },
    });
    expect(await view.balances()).toEqual({ MALL: 0, SUPPLIER: 6_000 });
  });
});

describe('a notice', () => {
  const notices = async (receiver: Awaited<ReturnType<typeof startedReceiver>>, count: number) =>
    (await receiver.callbacks(count)).map(({ path: at, rawBody }) => ({
      at,
      notice: JSON.parse(openNotification(new URLSearchParams(rawBody).get('response')!, OUR_KEYS)) as object,
    }));

  test('tells that an order is cleared, again until the answer is SUCCESS', async () => {
    const receiver = await startedReceiver([
      500,
      { status: 200, text: 'OK' },
      { status: 200, text: 'SUCCESS' },
    ]);
    try {
      const view = await yeepayWith({ callbackBaseUrl: receiver.url, callbackRetryDelaysMs: [1, 1, 1, 1] });
      const order = await view.pay({ clearing: undefined });
      const all = await notices(receiver, 3);
      expect(new Set(all.map(({ at }) => at))).toEqual(new Set(['/callbacks/yeepay']));
      for (const { notice } of all) {
        expect(notice).toMatchObject({ ...order, clearingStatus: 'SUCCESS', ypSettleAmount: '99.40' });
        expect(notice).not.toHaveProperty('unSplitAmount');
      }
      await views.pop()!.sandbox.close();
      expect(await receiver.callbacks(3)).toHaveLength(3);
    } finally {
      await receiver.close();
    }
  });

  test('comes twice, or before the mall’s payment is answered, where that is wanted', async () => {
    const receiver = await startedReceiver(
      Array.from({ length: 3 }, () => ({ status: 200, text: 'SUCCESS' })),
    );
    try {
      const view = await yeepayWith({ callbackBaseUrl: receiver.url });
      await view.pay({ clearing: { kind: 'DOUBLE_CALLBACK', delayMs: 1, ids: 'SAME' } });
      await receiver.callbacks(2);
      await view.pay({ orderId: 'ORDER2', clearing: { kind: 'EARLY_CALLBACK' } });
      expect(await receiver.callbacks(3)).toHaveLength(3);
    } finally {
      await receiver.close();
    }
  });
});

test('what Yeepay did outlives it', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'yeepay-'));
  try {
    const stateFile = path.join(folder, 'state');
    const before = await yeepayWith({ stateFile });
    const order = await before.pay();
    await before.gateways()['yeepay-divide'].send(divideRow(order, { DEBTOR: 2_000 }));
    const held = await before.holding();
    await views.pop()!.sandbox.close();
    const after = await yeepayWith({ stateFile });
    expect(await after.holding()).toEqual(held);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** What Yeepay answers to a request that the gateway would never send. */
async function asked(view: YeepayView, at: string, parameters: Record<string, string>, change: object = {}) {
  const sender = { ...view.access, ...change };
  const request = { method: 'GET', path: at, content: { parameters } } as const;
  const signed = signRequest(request, sender, { requestId: 'R1', at: new Date(), ...change });
  const response = await fetch(view.access.url + signed.pathAndQuery, { headers: signed.headers });
  const text = await response.text();
  const isSigned = verifyResponse(text, response.headers.get('x-yop-sign')!, view.access.platformKey);
  return { status: response.status, text, isSigned };
}

test('each refusal is signed too; a request is refused that another key has signed, or too long ago', async () => {
  const view = await yeepayWith();
  const parameters = { parentMerchantNo: view.access.parentMerchantNo };
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  for (const change of [{ privateKey }, { at: new Date('2026-01-15') }]) {
    expect(await asked(view, paths.order, parameters, change)).toMatchObject({ status: 401, isSigned: true });
  }
  expect(await asked(view, paths.order, parameters)).toMatchObject({
    ...{ status: 200, isSigned: true, text: expect.stringContaining('ORDER_NOT_EXIST') },
  });
  expect(await asked(view, paths.order, { parentMerchantNo: 'ANOTHER' })).toMatchObject({
    text: expect.stringContaining('INVALID_PARAMETER'),
  });
});

test('a day’s statement has a line for each receiver', async () => {
  const view = await yeepayWith();
  await view.behaveAs({ behaviour: { kind: 'ACCEPT' } });
  const order = await view.pay();
  const word = await view.gateways()['yeepay-divide'].send(divideRow(order, { SUPPLIER: 6_000, DEBTOR: 5 }));
  const { paidAt, transactionNo } = word as { paidAt: string; transactionNo: string };
  const statement = { parentMerchantNo: view.access.parentMerchantNo, dayString: paidAt.slice(0, 10) };
  const time = paidAt.slice(0, 19).replace('T', ' ');
  expect(await asked(view, paths.statement, statement)).toEqual({
    ...{ status: 200, isSigned: true },
    text: [
      'type,orderId,requestId,uniqueNo,detailNo,ledgerNo,amount,successDate',
      `DIVIDE,ORDER1,DV-1,${transactionNo},${transactionNo}-1,SUPPLIER,60.00,${time}`,
      `DIVIDE,ORDER1,DV-1,${transactionNo},${transactionNo}-2,DEBTOR,0.05,${time}`,
      '',
    ].join('\n'),
  });
});

test.each<[string, object]>([
  ['a fee as high as the amount', { feeMinor: 10_000 }],
  ['no amount', { amountMinor: 0 }],
  ['a field that is not known', { amount: '1.00' }],
])('an order with %s is refused', async (_what, change) => {
  const view = await yeepayWith();
  await expect(view.pay(change)).rejects.toThrow('INVALID_REQUEST');
  expect(await view.orders()).toEqual([]);
});
