import { createOutages, readOutage } from '../../../sandbox/outages';
import { OTHER_PARTNER, PARTNER, payoutRequest, startedSandbox } from './support';
import type { PlatformView } from './support';

let view: PlatformView;
beforeEach(async () => {
  view = await startedSandbox();
});
afterEach(async () => {
  await view.sandbox.close();
  jest.restoreAllMocks();
});

const end = (path: string) => view.send('DELETE', path, {});

describe('a party that is down', () => {
  test('by ERROR answers 500, also to queries, and learns nothing', async () => {
    const request = payoutRequest();
    await view.bringDown({ by: 'ERROR' });
    expect((await view.requestPayout(request)).status).toBe(500);
    expect((await view.queryPayout(request.requestNo)).status).toBe(500);
    await end('/control/outages');
    expect((await view.queryPayout(request.requestNo)).status).toBe(404);
  });

  test('by BREAK breaks each connection', async () => {
    await view.bringDown({ by: 'BREAK' });
    await expect(view.requestPayout(payoutRequest())).rejects.toThrow('fetch failed');
    await expect(view.queryPayout('PO-1')).rejects.toThrow('fetch failed');
  });

  test('by HANG never answers', async () => {
    await view.bringDown({ by: 'HANG' });
    const ended = view.queryPayout('PO-1').catch(() => 'broken off');
    let seen: unknown[] = [];
    while (seen.length === 0) {
      const { body } = await view.send('GET', '/control/requests', {});
      seen = (body as { requests: unknown[] }).requests;
    }
    expect(seen).toMatchObject([{ status: null }]);
    await view.sandbox.close();
    expect(await ended).toBe('broken off');
    view = await startedSandbox();
  });

  test('leaves the others up', async () => {
    await view.bringDown({ by: 'ERROR' });
    expect((await view.requestPayout(payoutRequest(), { party: OTHER_PARTNER })).status).toBe(200);
  });

  test('remembers what it did before', async () => {
    const request = payoutRequest();
    const answer = await view.requestPayout(request);
    await view.bringDown({ by: 'ERROR' });
    await end(`/control/outages?party=${PARTNER}`);
    expect(await view.queryPayout(request.requestNo)).toEqual(answer);
  });

  test('stays down when another is up again', async () => {
    await view.bringDown({ by: 'ERROR' });
    await end(`/control/outages?party=${OTHER_PARTNER}`);
    expect((await view.queryPayout('PO-1')).status).toBe(500);
  });
});

test('an outage ends by itself after its duration', () => {
  const outages = createOutages();
  const start = Date.now();
  const now = jest.spyOn(Date, 'now').mockReturnValue(start);
  outages.start({ party: PARTNER, by: 'BREAK', durationMs: 1_000 });
  now.mockReturnValue(start + 999);
  expect(outages.of(PARTNER)).toBe('BREAK');
  now.mockReturnValue(start + 1_000);
  expect(outages.of(PARTNER)).toBeUndefined();
});

describe('the control address refuses', () => {
  test('an outage that it does not know, in words', () => {
    expect(readOutage({ party: 'p', by: 'FIRE' })).toEqual({ problem: expect.stringContaining('by') });
  });

  test.each(['behaviours', 'outages'])('a party that does not exist (%s)', async (path) => {
    const body = JSON.stringify(
      path === 'outages'
        ? { party: 'nobody', by: 'BREAK' }
        : { party: 'nobody', behaviour: { kind: 'HANG' } },
    );
    const headers = { 'content-type': 'application/json' };
    const answer = await view.send('POST', `/control/${path}`, { headers, body });
    const message = `There is no party "nobody"; there are ${PARTNER}, ${OTHER_PARTNER}.`;
    expect(answer).toEqual({ status: 400, body: { code: 'UNKNOWN_PARTY', message } });
  });
});
