import {
  OTHER_PARTNER,
  PARTNER,
  payoutRequest,
  signedHeaders,
  startedReceiver,
  startedSandbox,
} from './support';
import type { PlatformView } from './support';
import type { ReceivedRequest } from '../../../sandbox/party-routes';

const A_LONG_TIME_MS = 3_600_000;
const PATH = `/funding-partners/${PARTNER}/payouts`;

let view: PlatformView;
beforeEach(async () => {
  view = await startedSandbox();
});
afterEach(() => view.sandbox.close());

async function requests(): Promise<ReceivedRequest[]> {
  const answer = await view.send('GET', '/control/requests', {});
  return (answer.body as { requests: ReceivedRequest[] }).requests;
}

test('what a party does is dated by the clock that a tester sets, until it shows the real time again', async () => {
  const clock = (method: string, body?: string) =>
    view.send(method, '/control/clock', {
      headers: { 'content-type': 'application/json' },
      ...(body && { body }),
    });
  const paidOn = async () =>
    ((await view.requestPayout(payoutRequest())).body as { paidAt: string }).paidAt.slice(0, 10);
  expect(await clock('POST', '{"now":"2020-02-29T23:30:00-01:00"}')).toMatchObject({ status: 204 });
  expect(await paidOn()).toBe('2020-03-01');
  expect(await clock('POST', '{"now":"tomorrow"}')).toMatchObject({ status: 400 });
  expect(await paidOn()).toBe('2020-03-01');
  await clock('DELETE');
  expect(await paidOn()).not.toBe('2020-03-01');
});

describe('a payout request', () => {
  test('is paid at once and tells the transaction', async () => {
    const request = payoutRequest();
    const answer = await view.requestPayout(request);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      requestNo: request.requestNo,
      status: 'SUCCEEDED',
      transactionNo: expect.stringMatching(/^TX[0-9A-F]{24}$/),
      paidAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    });
  });

  test('that is repeated gets the same answer and pays once', async () => {
    const request = payoutRequest();
    const first = await view.requestPayout(request);
    expect(await view.requestPayout(request)).toEqual(first);
    expect(await view.effects()).toHaveLength(1);
  });

  test('that is sent twice at once pays once', async () => {
    const request = payoutRequest();
    const [one, other] = await Promise.all([view.requestPayout(request), view.requestPayout(request)]);
    expect(one).toEqual(other);
    expect(await view.effects()).toHaveLength(1);
  });

  test('with a used number and other content is a conflict and pays nothing', async () => {
    const request = payoutRequest();
    await view.requestPayout(request);
    const changed = { ...request, amount: { currency: 'IDR', amountMinor: 1 } };
    expect(await view.requestPayout(changed)).toMatchObject({
      status: 409,
      body: { code: 'REQUEST_CONFLICT' },
    });
    expect(await view.effects()).toMatchObject([{ amount: request.amount }]);
  });

  test('may have a number that another party has used', async () => {
    const request = payoutRequest();
    await view.requestPayout(request);
    await view.requestPayout(request, { party: OTHER_PARTNER });
    const effects = await view.effects();
    expect(effects.map(({ party }) => party)).toEqual([PARTNER, OTHER_PARTNER]);
    expect(new Set(effects.map(({ transactionNo }) => transactionNo)).size).toBe(2);
  });

  test.each([
    ['a fraction of a minor unit', { amount: { currency: 'IDR', amountMinor: 1.5 } }, 'amountMinor'],
    ['an amount of nothing', { amount: { currency: 'IDR', amountMinor: 0 } }, 'amountMinor'],
    ['a missing reference', { reference: undefined }, 'reference'],
    ['an unknown field', { note: 'hello' }, 'additional properties'],
  ])('with %s is refused in words', async (_what, given, words) => {
    const answer = await view.requestPayout({ ...payoutRequest(), ...given });
    expect(answer).toMatchObject({ status: 400, body: { message: expect.stringContaining(words) } });
  });

  test('that is not JSON is refused', async () => {
    const answer = await view.send('POST', PATH, { headers: signedHeaders('{'), body: '{' });
    expect(answer).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
  });

  test('that is too large is refused', async () => {
    const body = 'x'.repeat(200_000);
    const answer = await view.send('POST', PATH, { headers: signedHeaders(body), body });
    expect(answer.status).toBe(413);
  });

  test('reaches payment channels in the same way', async () => {
    const body = JSON.stringify(payoutRequest());
    const path = `/payment-channels/${PARTNER}/payouts`;
    const answer = await view.send('POST', path, { headers: signedHeaders(body), body });
    expect(answer).toMatchObject({ status: 200, body: { status: 'SUCCEEDED' } });
  });
});

describe('a request whose signature is', () => {
  const body = JSON.stringify(payoutRequest());
  const longAgo = new Date(Date.now() - A_LONG_TIME_MS);
  test.each([
    ['missing', 'SIGNATURE_MISSING', {}],
    ['of another body', 'SIGNATURE_INVALID', signedHeaders('{}')],
    ['too old', 'SIGNATURE_EXPIRED', signedHeaders(body, undefined, longAgo)],
  ])('%s is refused and pays nothing', async (_what, code, headers) => {
    expect(await view.send('POST', PATH, { headers, body })).toMatchObject({ status: 401, body: { code } });
    expect(await view.effects()).toEqual([]);
  });

  test('missing learns nothing from a query', async () => {
    const request = payoutRequest();
    await view.requestPayout(request);
    const answer = await view.send('GET', `${PATH}/${request.requestNo}`, {});
    expect(answer).toMatchObject({ status: 401, body: { code: 'SIGNATURE_MISSING' } });
  });

  test('good, but of a party that does not exist, is not found', async () => {
    const answer = await view.requestPayout(payoutRequest(), { party: 'nobody' });
    expect(answer).toMatchObject({ status: 404, body: { code: 'UNKNOWN_PARTY' } });
  });
});

describe('a query', () => {
  test('tells what the request was answered', async () => {
    const request = payoutRequest();
    const answer = await view.requestPayout(request);
    expect(await view.queryPayout(request.requestNo)).toEqual(answer);
  });

  test('for a number that never came says so', async () => {
    expect(await view.queryPayout('PO-0')).toMatchObject({ status: 404, body: { code: 'UNKNOWN_REQUEST' } });
  });
});

describe('a party that', () => {
  test('refuses answers FAILED with its code and pays nothing', async () => {
    await view.behave({ behaviour: { kind: 'REFUSE', code: 'INSUFFICIENT_FUNDS' } });
    const request = payoutRequest();
    const answer = await view.requestPayout(request);
    const failure = { code: 'INSUFFICIENT_FUNDS', message: expect.any(String) };
    expect(answer).toEqual({
      status: 200,
      body: { requestNo: request.requestNo, status: 'FAILED', failure },
    });
    expect(await view.effects()).toEqual([]);
  });

  test.each(['CALLBACK', 'SILENT'] as const)(
    'is slow (%s) answers PROCESSING and has not paid',
    async (kind) => {
      await view.behave({ behaviour: { kind, delayMs: A_LONG_TIME_MS } });
      const request = payoutRequest();
      const processing = { status: 200, body: { requestNo: request.requestNo, status: 'PROCESSING' } };
      expect(await view.requestPayout(request)).toEqual(processing);
      expect(await view.queryPayout(request.requestNo)).toEqual(processing);
      expect(await view.effects()).toEqual([]);
    },
  );

  test('hangs has paid, never answers, and tells when it is asked', async () => {
    await view.behave({ behaviour: { kind: 'HANG' } });
    const request = payoutRequest();
    const giveUp = new AbortController();
    const hanging = view.requestPayout(request, { signal: giveUp.signal });
    let effects = await view.effects();
    while (effects.length === 0) effects = await view.effects();

    expect(await view.queryPayout(request.requestNo)).toMatchObject({ body: { status: 'SUCCEEDED' } });
    const [hung] = await requests();
    expect(hung).toMatchObject({ method: 'POST', requestNo: request.requestNo, status: null });
    giveUp.abort();
    await expect(hanging).rejects.toThrow('aborted');
  });

  test('hangs on one request does not keep the sandbox from closing', async () => {
    await view.behave({ behaviour: { kind: 'HANG' } });
    const end = view.requestPayout(payoutRequest()).then(
      () => 'answered',
      () => 'broken off',
    );
    while ((await view.effects()).length === 0);
    await view.sandbox.close();
    expect(await end).toBe('broken off');
    view = await startedSandbox();
  });
});

describe('a silent party', () => {
  test('pays after a while and never calls back', async () => {
    const receiver = await startedReceiver();
    const silent = await startedSandbox({ callbackBaseUrl: receiver.url });
    await silent.behave({ behaviour: { kind: 'CALLBACK', delayMs: 0 } });
    await silent.behave({ match: { reference: 'quiet' }, behaviour: { kind: 'SILENT', delayMs: 0 } });

    const quiet = payoutRequest({ reference: 'quiet' });
    await silent.requestPayout(quiet);
    while ((await silent.effects({ reference: 'quiet' })).length === 0);
    const loud = payoutRequest();
    await silent.requestPayout(loud);

    // Had the quiet one called back, its call would have come before the one that was asked for later.
    const [first] = await receiver.callbacks(1);
    expect(JSON.parse(first?.rawBody ?? '')).toMatchObject({ requestNo: loud.requestNo });
    await silent.sandbox.close();
    await receiver.close();
  });
});

describe('the control address', () => {
  test('says that it is there', async () => {
    expect(await view.send('GET', '/control/health', {})).toEqual({ status: 200, body: { status: 'ok' } });
  });

  test('counts the effects of one business action', async () => {
    await view.requestPayout(payoutRequest({ reference: 'LA1' }));
    await view.requestPayout(payoutRequest({ reference: 'LA2' }));
    await view.requestPayout(payoutRequest({ reference: 'LA1' }), { party: OTHER_PARTNER });
    const counted = await view.send('GET', `/control/effects?party=${PARTNER}&reference=LA1`, {});
    expect(counted.body).toMatchObject({ count: 1, effects: [{ party: PARTNER, reference: 'LA1' }] });
    expect(await view.effects({ reference: 'LA1' })).toHaveLength(2);
  });

  test('shows every request, the refused ones too', async () => {
    const request = payoutRequest();
    await view.requestPayout(request);
    await view.send('POST', PATH, { body: '{}' });
    expect(await requests()).toEqual([
      expect.objectContaining({ path: PATH, status: 200, requestNo: request.requestNo }),
      expect.objectContaining({ path: PATH, status: 401, requestNo: null, webhookId: null }),
    ]);
  });

  test('forgets behaviours', async () => {
    await view.behave({ behaviour: { kind: 'REFUSE', code: 'NO' } });
    await view.send('DELETE', '/control/behaviours', {});
    expect(await view.requestPayout(payoutRequest())).toMatchObject({ body: { status: 'SUCCEEDED' } });
  });

  test('refuses a behaviour that it does not know', async () => {
    const rule = { party: PARTNER, behaviour: { kind: 'DANCE' } } as never;
    await expect(view.behave(rule)).rejects.toThrow('INVALID_REQUEST');
  });
});
