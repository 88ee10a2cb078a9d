import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verify } from '../../../schemas/outside/signature';
import { PARTNER, payoutRequest, SECRET, startedReceiver, startedSandbox } from './support';
import type { PlatformView, ReceivedCallback } from './support';

const AN_HOUR_MS = 3_600_000;

/** What a test starts is closed when it ends, however it ends, the newest first. */
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  jest.restoreAllMocks();
});

async function receiverAnswering(...statuses: number[]) {
  const receiver = await startedReceiver(statuses);
  closers.push(receiver.close);
  return receiver;
}

async function sandboxWith(options: Parameters<typeof startedSandbox>[0]): Promise<PlatformView> {
  const view = await startedSandbox(options);
  closers.push(view.sandbox.close);
  return view;
}

function newStateFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-'));
  closers.push(() => rmSync(folder, { recursive: true }));
  return join(folder, 'state.ndjson');
}

const idsOf = (callbacks: ReceivedCallback[]) => callbacks.map(({ headers }) => headers['webhook-id']);

describe('a callback', () => {
  test('tells the outcome, signed by the party', async () => {
    const receiver = await receiverAnswering();
    const view = await sandboxWith({ callbackBaseUrl: receiver.url });
    await view.behave({ behaviour: { kind: 'CALLBACK', delayMs: 0 } });
    const request = payoutRequest();
    const answer = await view.requestPayout(request);
    const [callback] = await receiver.callbacks(1);

    expect(answer.body).toEqual({ requestNo: request.requestNo, status: 'PROCESSING' });
    expect(callback).toMatchObject({ path: `/callbacks/${PARTNER}` });
    const queried = await view.queryPayout(request.requestNo);
    expect(JSON.parse(callback?.rawBody ?? '')).toEqual({
      type: 'payout.settled',
      ...(queried.body as object),
    });
    const { headers = {}, rawBody = '' } = callback ?? {};
    expect(verify({ secrets: [SECRET], headers, rawBody })).toBe('OK');
  });

  test('comes when the payout has its effect', async () => {
    const receiver = await receiverAnswering();
    const view = await sandboxWith({ callbackBaseUrl: receiver.url });
    await view.behave({ behaviour: { kind: 'CALLBACK', delayMs: 0 } });
    await view.requestPayout(payoutRequest());
    await receiver.callbacks(1);
    expect(await view.effects()).toHaveLength(1);
  });

  test('is repeated with the same id and body until the platform takes it, and then no more', async () => {
    jest.spyOn(console, 'error').mockImplementation();
    const receiver = await receiverAnswering(500, 503);
    const view = await sandboxWith({ callbackBaseUrl: receiver.url, callbackRetryDelaysMs: [1, 1, 1] });
    await view.behave({ behaviour: { kind: 'CALLBACK', delayMs: 0 } });
    await view.requestPayout(payoutRequest());
    const attempts = (await receiver.callbacks(3)).slice();
    expect(new Set(idsOf(attempts)).size).toBe(1);
    expect(new Set(attempts.map(({ rawBody }) => rawBody)).size).toBe(1);

    const next = payoutRequest();
    await view.requestPayout(next);
    const [, , , following] = await receiver.callbacks(4);
    expect(JSON.parse(following?.rawBody ?? '')).toMatchObject({ requestNo: next.requestNo });
  });

  test('that never gets through is reported, and a query still tells', async () => {
    const reported = new Promise<string>((resolve) => {
      jest.spyOn(console, 'error').mockImplementation((message: string) => {
        if (message.includes('given up')) resolve(message);
      });
    });
    const receiver = await receiverAnswering(500, 500);
    const view = await sandboxWith({ callbackBaseUrl: receiver.url, callbackRetryDelaysMs: [1] });
    await view.behave({ behaviour: { kind: 'CALLBACK', delayMs: 0 } });
    const request = payoutRequest();
    await view.requestPayout(request);
    expect(await reported).toContain(request.requestNo);
    expect(await view.queryPayout(request.requestNo)).toMatchObject({ body: { status: 'SUCCEEDED' } });
  });
});

describe('a sandbox that starts again on its state', () => {
  test('remembers what it paid', async () => {
    const stateFile = newStateFile();
    const first = await sandboxWith({ stateFile });
    const request = payoutRequest();
    const answer = await first.requestPayout(request);
    const effects = await first.effects();
    await closers.pop()?.();

    const second = await sandboxWith({ stateFile });
    expect(await second.requestPayout(request)).toEqual(answer);
    expect(await second.effects()).toEqual(effects);
  });

  test('still knows other content from the same', async () => {
    const stateFile = newStateFile();
    const request = payoutRequest();
    await (await sandboxWith({ stateFile })).requestPayout(request);
    await closers.pop()?.();

    const second = await sandboxWith({ stateFile });
    expect(await second.requestPayout({ ...request, reference: 'other' })).toMatchObject({ status: 409 });
  });

  test('pays and calls back what it had accepted', async () => {
    const stateFile = newStateFile();
    const first = await sandboxWith({ stateFile });
    await first.behave({ behaviour: { kind: 'CALLBACK', delayMs: AN_HOUR_MS } });
    const request = payoutRequest();
    await first.requestPayout(request);
    await closers.pop()?.();

    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + AN_HOUR_MS);
    const receiver = await receiverAnswering();
    const second = await sandboxWith({ stateFile, callbackBaseUrl: receiver.url });
    const [callback] = await receiver.callbacks(1);
    expect(JSON.parse(callback?.rawBody ?? '')).toMatchObject({ requestNo: request.requestNo });
    expect(await second.effects()).toHaveLength(1);
  });

  test('repeats a callback that had not got through, with the same id', async () => {
    jest.spyOn(console, 'error').mockImplementation();
    const stateFile = newStateFile();
    const receiver = await receiverAnswering(500);
    const options = { stateFile, callbackBaseUrl: receiver.url, callbackRetryDelaysMs: [AN_HOUR_MS] };
    const first = await sandboxWith(options);
    await first.behave({ behaviour: { kind: 'CALLBACK', delayMs: 0 } });
    await first.requestPayout(payoutRequest());
    await receiver.callbacks(1);
    await closers.pop()?.();

    await sandboxWith(options);
    expect(new Set(idsOf(await receiver.callbacks(2))).size).toBe(1);
  });

  test('does not repeat a callback that the platform has taken', async () => {
    const stateFile = newStateFile();
    const receiver = await receiverAnswering();
    const options = { stateFile, callbackBaseUrl: receiver.url };
    const callBackAtOnce = { behaviour: { kind: 'CALLBACK', delayMs: 0 } } as const;
    const first = await sandboxWith(options);
    await first.behave(callBackAtOnce);
    await first.requestPayout(payoutRequest());
    while (!readFileSync(stateFile, 'utf8').includes('CALLED_BACK')) await first.effects();
    await closers.pop()?.();

    const second = await sandboxWith(options);
    await second.behave(callBackAtOnce);
    const next = payoutRequest();
    await second.requestPayout(next);
    const [, following] = await receiver.callbacks(2);
    expect(JSON.parse(following?.rawBody ?? '')).toMatchObject({ requestNo: next.requestNo });
  });

  test('passes over a line that was cut off while it was written', async () => {
    const stateFile = newStateFile();
    await (await sandboxWith({ stateFile })).requestPayout(payoutRequest());
    await closers.pop()?.();
    const whole = readFileSync(stateFile, 'utf8');
    appendFileSync(stateFile, '{"fact":"RECEI');

    const second = await sandboxWith({ stateFile });
    expect(await second.effects()).toHaveLength(1);
    expect(readFileSync(stateFile, 'utf8')).toBe(whole);
  });

  test.each([
    ['is not JSON', 'not json'],
    ['it does not know', '{"fact":"DANCED"}'],
    ['an older version wrote', '{"fact":"RECEIVED","payout":{"party":"p","requestNo":"PO-1"}}'],
  ])('refuses a state that %s', async (_what, line) => {
    const stateFile = newStateFile();
    appendFileSync(stateFile, `${line}\n`);
    await expect(startedSandbox({ stateFile })).rejects.toThrow('Line 1 of');
  });

  test('keeps no account token in its state', async () => {
    const stateFile = newStateFile();
    const request = payoutRequest({ beneficiary: { customerId: 'C-1', accountToken: 'tok-secret' } });
    await (await sandboxWith({ stateFile })).requestPayout(request);
    expect(readFileSync(stateFile, 'utf8')).not.toContain('tok-secret');
  });
});
