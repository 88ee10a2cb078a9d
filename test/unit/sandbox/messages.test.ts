import { verify } from '../../../schemas/outside/signature';
import { messageRequest, PARTNER, payoutRequest, SECRET, startedReceiver, startedSandbox } from './support';
import type { PlatformView } from './support';

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

describe('a message', () => {
  test('is sent at once and tells when', async () => {
    const request = messageRequest();
    const answer = await view.requestMessage(request);
    expect(answer).toEqual({
      status: 200,
      body: {
        requestNo: request.requestNo,
        status: 'SUCCEEDED',
        transactionNo: expect.stringMatching(/^TX[0-9A-F]{24}$/),
        sentAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      },
    });
    expect(await view.queryMessage(request.requestNo)).toEqual(answer);
  });

  test('that is repeated is sent once', async () => {
    const request = messageRequest();
    const first = await view.requestMessage(request);
    expect(await view.requestMessage(request)).toEqual(first);
    expect(await view.messages()).toHaveLength(1);
  });

  test('with a used number and another text is a conflict', async () => {
    const request = messageRequest();
    await view.requestMessage(request);
    const answer = await view.requestMessage({ ...request, text: 'Something else.' });
    expect(answer).toMatchObject({ status: 409, body: { code: 'REQUEST_CONFLICT' } });
  });

  test('tells its outcome by a signed callback', async () => {
    await view.behave({ operation: 'message', behaviour: { kind: 'CALLBACK', delayMs: 0 } });
    const request = messageRequest();
    await view.requestMessage(request);
    const [callback] = await receiver.callbacks(1);
    const { body } = await view.queryMessage(request.requestNo);
    const { headers = {}, rawBody = '', path } = callback ?? {};
    expect(path).toBe(`/callbacks/${PARTNER}`);
    expect(JSON.parse(rawBody)).toEqual({ type: 'message.settled', ...(body as object) });
    expect(verify({ secrets: [SECRET], headers, rawBody })).toBe('OK');
  });

  test('is refused where a rule for messages says so, and payouts are not', async () => {
    await view.behave({ operation: 'message', behaviour: { kind: 'REFUSE', code: 'UNREACHABLE' } });
    expect(await view.requestMessage(messageRequest())).toMatchObject({
      body: { status: 'FAILED', failure: { code: 'UNREACHABLE' } },
    });
    expect(await view.requestPayout(payoutRequest())).toMatchObject({ body: { status: 'SUCCEEDED' } });
    expect(await view.messages()).toEqual([]);
  });

  test('is shown by what it is about, without its text and its recipient, and is no money', async () => {
    const request = messageRequest({ reference: 'LN7' });
    const { requestNo, channel, template, language, reference } = request;
    await view.requestMessage(request);
    await view.requestMessage(messageRequest());
    const sent = { transactionNo: expect.any(String), sentAt: expect.any(String) };
    expect(await view.messages({ party: PARTNER, reference: 'LN7' })).toEqual([
      { party: PARTNER, requestNo, channel, template, language, reference, ...sent },
    ]);
    expect(await view.effects()).toEqual([]);
  });

  test.each([
    ['an unknown channel', { channel: 'PIGEON' }, 'channel'],
    ['no text', { text: '' }, 'text'],
    ['a language that is no code', { language: 'Indonesian' }, 'language'],
  ])('with %s is refused in words', async (_what, given, words) => {
    const answer = await view.requestMessage({ ...messageRequest(), ...given });
    expect(answer).toMatchObject({ status: 400, body: { message: expect.stringContaining(words) } });
  });
});
