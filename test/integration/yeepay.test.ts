import type { OutsideOperation, OutsideRequestRow } from '../../db/outside';
import { openRequest, requestOf } from '../../db/outside';
import { yeepayGateways } from '../../activities/gateways/yeepay';
import { pursue, type Gateways } from '../../activities/outside';
import type { YeepayOrder } from '../../schemas/outside/yeepay/divide';
import { randomId, startPlatform, type Behaviour, type Platform } from '../support/platform';
import { until } from '../support/until';

// What is asked of Yeepay, on record in the real database, against the money that Yeepay holds.

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform({ answerTimeoutMs: 1_000 });
});
afterAll(() => platform.stop());

/** An order that a buyer has paid at the mall: 100.00 yuan, of which Yeepay keeps 0.60. */
async function pay(clearing: Behaviour['behaviour'] = { kind: 'ACCEPT' }): Promise<YeepayOrder> {
  const response = await fetch(`${platform.sandbox.url}/control/yeepay/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      ...{ orderId: randomId('MO'), merchantNo: 'MALL', amountMinor: 10_000, feeMinor: 60, clearing },
    }),
  });
  return (await response.json()) as YeepayOrder;
}

async function open(operation: OutsideOperation, requestNo: string, body: object) {
  return openRequest(platform.db, {
    ...{ requestNo, party: 'yeepay', operation, businessKey: requestNo, body },
    ...{ flowId: `debt-order:${requestNo}`, messageId: '00000000-0000-8000-8000-000000000000' },
  });
}

/** Takes a request as far as its final word, as its flow would, but without waiting in between. */
async function pursued(
  operation: OutsideOperation,
  requestNo: string,
  body: object,
): Promise<OutsideRequestRow> {
  const gateways = yeepayGateways({ ...platform.yeepay, answerTimeoutMs: 1_000 }) as unknown as Gateways;
  for (;;) {
    const row = await pursue(platform.db, gateways, await open(operation, requestNo, body), {});
    if (row.answer) return row;
  }
}

async function heldOf({ orderId }: YeepayOrder): Promise<unknown> {
  const response = await fetch(`${platform.sandbox.url}/control/yeepay/orders?orderId=${orderId}`);
  return ((await response.json()) as { orders: unknown[] }).orders[0];
}

test('the notice that an order is cleared settles the request before anybody asks', async () => {
  const order = await pay({ kind: 'CALLBACK', delayMs: 1 });
  const requestNo = randomId('YC-');
  await open('yeepay-clearing', requestNo, order);
  // The notice may have come before: then it comes again.
  await until(async () => (await requestOf(platform.db, requestNo)).answer !== null);
  expect(await requestOf(platform.db, requestNo)).toMatchObject({
    answer: { status: 'SUCCEEDED', cleared: { settledMinor: 9_940, undividedMinor: 9_940 } },
    askedCount: 0,
  });
});

test.each<[string, Behaviour['behaviour'][]]>([
  ['does what it says', []],
  ['breaks off after it', [{ kind: 'BREAK' }]],
  ['is silent after it', [{ kind: 'HANG' }]],
  ['is unavailable after it', [{ kind: 'ERROR' }]],
  [
    'fails before it, twice',
    [
      { kind: 'NOT_TAKEN', by: 'BREAK' },
      { kind: 'NOT_TAKEN', by: 'ERROR' },
    ],
  ],
  [
    'says that it failed, and it did not',
    [{ kind: 'CONTRADICT', by: 'ANSWER', truth: 'SUCCEEDED', code: 'NO' }],
  ],
])('an order is divided and taken back once by a Yeepay that %s', async (_what, behaviours) => {
  const order = await pay();
  const behave = async () => {
    for (const behaviour of [...behaviours].reverse())
      await platform.behave({ party: 'yeepay', match: { reference: order.orderId }, times: 1, behaviour });
  };
  const cleared = await pursued('yeepay-clearing', randomId('YC-'), order);
  expect(cleared.answer).toMatchObject({ cleared: { settledMinor: 9_940, undividedMinor: 9_940 } });

  await behave();
  const parts = [
    { ledgerNo: 'SUPPLIER', amountMinor: 6_000, description: 'goods' },
    { ledgerNo: 'DEBTOR', amountMinor: 2_005, description: 'debt' },
  ];
  const divideRequestId = randomId('DV-');
  const divide = await pursued('yeepay-divide', divideRequestId, { ...order, parts });
  const { divided } = divide.answer as unknown as { divided: { detailNo: string; ledgerNo: string }[] };
  const debtor = divided.find(({ ledgerNo }) => ledgerNo === 'DEBTOR')!;

  await behave();
  const back = {
    ...order,
    divideRequestId,
    parts: [{ detailNo: debtor.detailNo, amountMinor: 5, reason: 'refund' }],
  };
  expect((await pursued('yeepay-divide-back', randomId('DB-'), back)).answer).toMatchObject({
    status: 'SUCCEEDED',
  });

  await behave();
  const rest = { ...order, description: 'rest' };
  expect((await pursued('yeepay-divide-complete', randomId('DC-'), rest)).answer).toMatchObject({
    completed: { amountMinor: 1_935 },
  });
  expect(await heldOf(order)).toMatchObject({
    ...{
      settledMinor: 9_940,
      dividedMinor: 8_005,
      returnedMinor: 5,
      completedMinor: 1_935,
      undividedMinor: 0,
    },
  });
});
