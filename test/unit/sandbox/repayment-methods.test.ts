import {
  PARTNER,
  payoutRequest,
  repaymentMethodRequest,
  startedReceiver,
  startedSandbox,
  type PlatformView,
} from './support';

let receiver: Awaited<ReturnType<typeof startedReceiver>>;
let view: PlatformView;
beforeEach(async () => {
  receiver = await startedReceiver();
  view = await startedSandbox({ callbackBaseUrl: receiver.url });
});
afterEach(async () => {
  await view.sandbox.close();
  await receiver.close();
});

describe('a method to pay by', () => {
  test.each([
    ['IDR', 'VA', /^[0-9]{16}$/],
    ['CNY', 'QR', /^https:/],
    ['USD', 'DEEP_LINK', /^https:/],
  ])('for %s is a %s', async (currency, kind, value) => {
    const request = repaymentMethodRequest({ amount: { currency, amountMinor: 1 } });
    const answer = await view.requestMethod(request);
    expect(answer).toMatchObject({
      status: 200,
      body: {
        ...{ requestNo: request.requestNo, status: 'SUCCEEDED', transactionNo: expect.stringMatching(/^TX/) },
        method: { kind, value: expect.stringMatching(value) },
      },
    });
    const { createdAt, method } = answer.body as { createdAt: string; method: { expiresAt: string } };
    expect(Date.parse(method.expiresAt) - Date.parse(createdAt)).toBe(1_800_000);
    expect(await view.queryMethod(request.requestNo)).toEqual(answer);
  });

  test('that is asked for again is the same, with other content a conflict', async () => {
    const request = repaymentMethodRequest();
    const first = await view.requestMethod(request);
    expect(await view.requestMethod(request)).toEqual(first);
    expect(await view.requestMethod({ ...request, expiresInSeconds: 1 })).toMatchObject({ status: 409 });
  });

  test('is no money', async () => {
    await view.requestMethod(repaymentMethodRequest());
    expect(await view.effects()).toEqual([]);
  });

  test('is told by a callback of its own', async () => {
    await view.behave({ operation: 'repayment-method', behaviour: { kind: 'CALLBACK', delayMs: 0 } });
    const request = repaymentMethodRequest();
    await view.requestMethod(request);
    const [callback] = await receiver.callbacks(1);
    const { body } = await view.queryMethod(request.requestNo);
    expect(JSON.parse(callback!.rawBody)).toEqual({ type: 'repayment-method.settled', ...(body as object) });
  });

  test('is refused where a rule for its amount says so, and payouts of that amount are not', async () => {
    const amount = { currency: 'IDR', amountMinor: 77 };
    await view.behave({
      ...{ party: PARTNER, operation: 'repayment-method', match: { amountMinor: 77 } },
      behaviour: { kind: 'REFUSE', code: 'CLOSED' },
    });
    expect(await view.requestMethod(repaymentMethodRequest({ amount }))).toMatchObject({
      body: { status: 'FAILED', failure: { code: 'CLOSED' } },
    });
    expect(await view.requestPayout(payoutRequest({ amount }))).toMatchObject({
      body: { status: 'SUCCEEDED' },
    });
  });

  test.each([
    ['no time to live', { expiresInSeconds: 0 }, 'expiresInSeconds'],
    ['a customer, whom the party need not know', { customerId: 'C-1' }, 'additional properties'],
  ])('with %s is refused in words', async (_what, given, words) => {
    const answer = await view.requestMethod({ ...repaymentMethodRequest(), ...given });
    expect(answer).toMatchObject({ status: 400, body: { message: expect.stringContaining(words) } });
  });
});
