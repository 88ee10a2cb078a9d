import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Behaviour } from '../../../sandbox/behaviours';
import { payoutRequest, startedReceiver, startedSandbox } from './support';
import type { PlatformView, ReceivedCallback } from './support';

const AN_HOUR_MS = 3_600_000;

/** What a test starts is closed when it ends, however it ends, the newest first. */
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  jest.restoreAllMocks();
});

/** A sandbox whose parties behave so, and the platform that they call back. */
async function partyThat(...behaviours: Behaviour[]) {
  const receiver = await startedReceiver();
  closers.push(receiver.close);
  const view = await startedSandbox({ callbackBaseUrl: receiver.url });
  closers.push(view.sandbox.close);
  for (const behaviour of behaviours.reverse()) await view.behave({ behaviour, times: 1 });
  return { view, receiver };
}

const statusOf = ({ body }: { body: unknown }): unknown => (body as { status: string }).status;
const toldBy = ({ rawBody }: ReceivedCallback): unknown => (JSON.parse(rawBody) as { status: string }).status;
const idOf = ({ headers }: ReceivedCallback): unknown => headers['webhook-id'];

/** What became of a request whose connection gave no answer, or its status. */
async function endOf(view: PlatformView, request: unknown): Promise<unknown> {
  return view.requestPayout(request).then(
    (answer) => (answer.status === 200 ? statusOf(answer) : answer.status),
    () => 'broken off',
  );
}

describe('a party that does what it was asked, but', () => {
  test('answers slowly has done it before it answers', async () => {
    const { view } = await partyThat({ kind: 'SLOW', delayMs: AN_HOUR_MS });
    const request = payoutRequest();
    const end = endOf(view, request);
    while ((await view.effects()).length === 0);
    expect(statusOf(await view.queryPayout(request.requestNo))).toBe('SUCCEEDED');
    await closers.pop()?.();
    expect(await end).toBe('broken off');
  });

  test('answers slowly does answer', async () => {
    const { view } = await partyThat({ kind: 'SLOW', delayMs: 1 });
    expect(statusOf(await view.requestPayout(payoutRequest()))).toBe('SUCCEEDED');
  });

  test.each([
    ['BREAK', 'broken off'],
    ['ERROR', 500],
  ] as const)('fails by %s afterwards is found out by a query', async (kind, end) => {
    const { view } = await partyThat({ kind });
    const request = payoutRequest();
    expect(await endOf(view, request)).toBe(end);
    expect(statusOf(await view.queryPayout(request.requestNo))).toBe('SUCCEEDED');
    expect(await view.effects()).toHaveLength(1);
  });

  test('calls back late is found out by a query before', async () => {
    const { view } = await partyThat({ kind: 'LATE_CALLBACK', delayMs: AN_HOUR_MS });
    const request = payoutRequest();
    expect(statusOf(await view.requestPayout(request))).toBe('PROCESSING');
    expect(statusOf(await view.queryPayout(request.requestNo))).toBe('SUCCEEDED');
  });

  test('calls back late does call back', async () => {
    const { view, receiver } = await partyThat({ kind: 'LATE_CALLBACK', delayMs: 1 });
    await view.requestPayout(payoutRequest());
    expect((await receiver.callbacks(1)).map(toldBy)).toEqual(['SUCCEEDED']);
  });

  test('calls back early answers PROCESSING when the platform has already been told', async () => {
    const { view, receiver } = await partyThat({ kind: 'EARLY_CALLBACK' });
    const answer = await view.requestPayout(payoutRequest());
    expect(statusOf(answer)).toBe('PROCESSING');
    expect((await receiver.callbacks(0)).map(toldBy)).toEqual(['SUCCEEDED']);
  });

  test('calls back early answers also a platform that takes no callback', async () => {
    jest.spyOn(console, 'error').mockImplementation();
    const view = await startedSandbox();
    closers.push(view.sandbox.close);
    await view.behave({ behaviour: { kind: 'EARLY_CALLBACK' } });
    expect(statusOf(await view.requestPayout(payoutRequest()))).toBe('PROCESSING');
  });

  test.each([
    ['SAME', 1],
    ['DIFFERENT', 2],
  ] as const)('calls back twice tells one transaction, by %s ids', async (ids, idCount) => {
    const { view, receiver } = await partyThat({ kind: 'DOUBLE_CALLBACK', delayMs: 0, ids });
    await view.requestPayout(payoutRequest());
    const callbacks = await receiver.callbacks(2);
    expect(new Set(callbacks.map(idOf)).size).toBe(idCount);
    expect(new Set(callbacks.map(({ rawBody }) => rawBody)).size).toBe(1);
    expect(await view.effects()).toHaveLength(1);
  });
});

describe('a party that refuses, but', () => {
  test('said PROCESSING before tells it by callback and query', async () => {
    const { view, receiver } = await partyThat({ kind: 'CALLBACK', delayMs: 0, code: 'ACCOUNT_CLOSED' });
    const request = payoutRequest();
    expect(statusOf(await view.requestPayout(request))).toBe('PROCESSING');
    expect((await receiver.callbacks(1)).map(toldBy)).toEqual(['FAILED']);
    expect(await view.queryPayout(request.requestNo)).toMatchObject({
      body: { status: 'FAILED', failure: { code: 'ACCOUNT_CLOSED' } },
    });
    expect(await view.effects()).toEqual([]);
  });

  test.each(['BREAK', 'ERROR'] as const)('fails by %s afterwards has paid nothing', async (kind) => {
    const { view } = await partyThat({ kind, code: 'ACCOUNT_CLOSED' });
    const request = payoutRequest();
    await endOf(view, request);
    expect(statusOf(await view.queryPayout(request.requestNo))).toBe('FAILED');
    expect(await view.effects()).toEqual([]);
  });

  test('pays all the same later on says FAILED until then, and calls back', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sandbox-'));
    closers.push(() => rmSync(folder, { recursive: true }));
    const stateFile = join(folder, 'state.ndjson');
    const before = await startedSandbox({ stateFile });
    closers.push(before.sandbox.close);
    await before.behave({ behaviour: { kind: 'LATE_SUCCESS', delayMs: AN_HOUR_MS, code: 'TIMED_OUT' } });
    const request = payoutRequest();
    expect(statusOf(await before.requestPayout(request))).toBe('FAILED');
    expect(statusOf(await before.queryPayout(request.requestNo))).toBe('FAILED');
    expect(await before.effects()).toEqual([]);
    await closers.pop()?.();

    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + AN_HOUR_MS);
    const receiver = await startedReceiver();
    closers.push(receiver.close);
    const after = await startedSandbox({ stateFile, callbackBaseUrl: receiver.url });
    closers.push(after.sandbox.close);
    expect((await receiver.callbacks(1)).map(toldBy)).toEqual(['SUCCEEDED']);
    expect(statusOf(await after.queryPayout(request.requestNo))).toBe('SUCCEEDED');
    expect(await after.effects()).toHaveLength(1);
  });
});

describe('a party that contradicts itself', () => {
  const code = 'NO';
  const cases = [
    ['SUCCEEDED', 'FAILED'],
    ['FAILED', 'SUCCEEDED'],
  ] as const;

  test.each(cases)('by its answer tells by a query that it %s', async (truth, lie) => {
    const { view } = await partyThat({ kind: 'CONTRADICT', by: 'ANSWER', truth, code });
    const request = payoutRequest();
    expect(statusOf(await view.requestPayout(request))).toBe(lie);
    expect(statusOf(await view.queryPayout(request.requestNo))).toBe(truth);
    expect(await view.effects()).toHaveLength(truth === 'SUCCEEDED' ? 1 : 0);
  });

  test.each(cases)('by its callback tells by a query that it %s', async (truth, lie) => {
    const { view, receiver } = await partyThat({ kind: 'CONTRADICT', by: 'CALLBACK', truth, code });
    const request = payoutRequest();
    expect(statusOf(await view.requestPayout(request))).toBe('PROCESSING');
    expect((await receiver.callbacks(1)).map(toldBy)).toEqual([lie]);
    expect(statusOf(await view.queryPayout(request.requestNo))).toBe(truth);
    expect(await view.effects()).toHaveLength(truth === 'SUCCEEDED' ? 1 : 0);
  });
});

describe('a request that is not taken', () => {
  test.each([
    ['BREAK', 'broken off'],
    ['ERROR', 500],
  ] as const)('because of %s is not known, and is done when it is sent again', async (by, end) => {
    const { view } = await partyThat({ kind: 'NOT_TAKEN', by });
    const request = payoutRequest();
    expect(await endOf(view, request)).toBe(end);
    expect(await view.queryPayout(request.requestNo)).toMatchObject({ body: { code: 'UNKNOWN_REQUEST' } });
    expect(await endOf(view, request)).toBe('SUCCEEDED');
    expect(await view.effects()).toHaveLength(1);
  });

  test('because the party hangs is not known', async () => {
    const { view } = await partyThat({ kind: 'NOT_TAKEN', by: 'HANG' });
    const request = payoutRequest();
    const giveUp = new AbortController();
    const end = view.requestPayout(request, { signal: giveUp.signal }).catch(() => 'broken off');
    let seen: unknown[] = [];
    while (seen.length === 0) {
      const { body } = await view.send('GET', '/control/requests', {});
      seen = (body as { requests: unknown[] }).requests;
    }
    expect(await view.queryPayout(request.requestNo)).toMatchObject({ status: 404 });
    giveUp.abort();
    expect(await end).toBe('broken off');
  });
});

const code = fc.option(fc.constant('NO'), { nil: undefined });
const delayMs = fc.integer({ min: 0, max: 3 });
const anyBehaviour: fc.Arbitrary<Behaviour> = fc.oneof(
  fc.constant<Behaviour>({ kind: 'ACCEPT' }),
  fc.constant<Behaviour>({ kind: 'REFUSE', code: 'NO' }),
  fc.record({ kind: fc.constantFrom('SLOW', 'CALLBACK', 'SILENT', 'LATE_CALLBACK'), delayMs, code }),
  fc.record({ kind: fc.constantFrom('EARLY_CALLBACK', 'BREAK', 'ERROR'), code }),
  fc.record({
    kind: fc.constant('DOUBLE_CALLBACK' as const),
    ids: fc.constantFrom('SAME', 'DIFFERENT'),
    delayMs,
    code,
  }),
  fc.record({ kind: fc.constant('NOT_TAKEN' as const), by: fc.constantFrom('BREAK', 'ERROR') }),
  fc.record({ kind: fc.constant('LATE_SUCCESS' as const), delayMs, code: fc.constant('NO') }),
  fc.record({
    kind: fc.constant('CONTRADICT' as const),
    by: fc.constantFrom('ANSWER', 'CALLBACK'),
    truth: fc.constantFrom('SUCCEEDED', 'FAILED'),
    code: fc.constant('NO'),
  }),
);

test('whatever a party does and however often it is asked, it acts once at most, and a query tells whether', async () => {
  const { view } = await partyThat();
  await fc.assert(
    fc.asyncProperty(anyBehaviour, fc.integer({ min: 1, max: 4 }), async (behaviour, sendings) => {
      const request = payoutRequest();
      const { requestNo } = request;
      await view.behave({ match: { requestNo }, behaviour, times: 1 });
      await Promise.all(Array.from({ length: sendings }, () => endOf(view, request)));
      const notYet = behaviour.kind === 'LATE_SUCCESS' ? 'FAILED' : 'PROCESSING';
      let truth: unknown;
      do truth = statusOf(await view.queryPayout(requestNo));
      while (truth === notYet);
      const effects = (await view.effects()).filter((effect) => effect.requestNo === requestNo);
      expect(effects).toHaveLength(truth === 'SUCCEEDED' ? 1 : 0);
    }),
    { numRuns: 60 },
  );
});
