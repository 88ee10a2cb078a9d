import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../../sandbox/app';
import type { Rule } from '../../../sandbox/behaviours';
import type { Effect } from '../../../sandbox/payouts';
import type { PayoutRequest } from '../../../schemas/outside/payout';
import { sign } from '../../../schemas/outside/signature';

export const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

export const PARTNER = 'partner-one';
export const SECRET = newSecret();
export const OTHER_PARTNER = 'partner-two';
export const OTHER_SECRET = newSecret();

export const SECRETS: SandboxOptions['secrets'] = new Map([
  [PARTNER, [SECRET]],
  [OTHER_PARTNER, [OTHER_SECRET]],
]);

/** A payout request; what a test cares about is given, the rest is some valid value. */
export function payoutRequest(given: Partial<PayoutRequest> = {}): PayoutRequest {
  return {
    requestNo: `PO-${randomUUID()}`,
    amount: { currency: 'IDR', amountMinor: 5_000_000 },
    beneficiary: { customerId: 'C-1', accountToken: 'tok-1' },
    reference: 'LA0000000001',
    ...given,
  };
}

export interface Answer {
  status: number;
  body: unknown;
}

export interface PlatformView {
  sandbox: Sandbox;
  requestPayout(request: unknown, options?: { party?: string; signal?: AbortSignal }): Promise<Answer>;
  queryPayout(requestNo: string): Promise<Answer>;
  send(method: string, path: string, options: SendOptions): Promise<Answer>;
  behave(rule: Omit<Rule, 'party'>): Promise<void>;
  effects(query?: Record<string, string>): Promise<Effect[]>;
}

export interface SendOptions {
  headers?: Record<string, string>;
  body?: string;
  signal?: AbortSignal;
}

/** Starts a sandbox on a free port and gives what the platform does with it; the caller closes it. */
export async function startedSandbox(given: Partial<SandboxOptions> = {}): Promise<PlatformView> {
  // Nothing listens on port 1, so that a test that expects no callback does not need a receiver.
  const defaults = { port: 0, secrets: SECRETS, callbackBaseUrl: 'http://127.0.0.1:1' };
  const sandbox = await startSandbox({ ...defaults, callbackRetryDelaysMs: [], ...given });

  async function send(method: string, path: string, options: SendOptions): Promise<Answer> {
    const response = await fetch(`${sandbox.url}${path}`, { method, ...options });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  }

  return {
    sandbox,
    send,
    requestPayout(request, { party = PARTNER, signal } = {}) {
      const body = JSON.stringify(request);
      const headers = signedHeaders(body, party === OTHER_PARTNER ? OTHER_SECRET : SECRET);
      return send('POST', `/funding-partners/${party}/payouts`, { headers, body, signal });
    },
    queryPayout: (requestNo) =>
      send('GET', `/funding-partners/${PARTNER}/payouts/${requestNo}`, { headers: signedHeaders('') }),
    async behave(rule) {
      const body = JSON.stringify({ party: PARTNER, ...rule });
      const headers = { 'content-type': 'application/json' };
      const answer = await send('POST', '/control/behaviours', { headers, body });
      if (answer.status !== 204) throw new Error(JSON.stringify(answer.body));
    },
    async effects(query = {}) {
      const answer = await send('GET', `/control/effects?${new URLSearchParams(query).toString()}`, {});
      return (answer.body as { effects: Effect[] }).effects;
    },
  };
}

/** Headers of a request that is signed well, now. */
export function signedHeaders(
  rawBody: string,
  secret = SECRET,
  timestamp = new Date(),
): Record<string, string> {
  return { ...sign({ secret, id: randomUUID(), timestamp, rawBody }) };
}

export interface ReceivedCallback {
  path: string;
  headers: IncomingHttpHeaders;
  rawBody: string;
}

/**
 * Starts a stand-in for the platform that takes callbacks on a free port.
 * @param statuses what it answers to the first, the second, …; 204 after the last.
 */
export async function startedReceiver(statuses: number[] = []) {
  const received: ReceivedCallback[] = [];
  const waiting: { count: number; resolve: (all: ReceivedCallback[]) => void }[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      received.push({ path: req.url ?? '', headers: req.headers, rawBody: Buffer.concat(chunks).toString() });
      res.writeHead(statuses[received.length - 1] ?? 204).end();
      for (const { count, resolve } of waiting) if (received.length >= count) resolve(received);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Resolves as soon as this many callbacks have come. */
    callbacks: (count: number) =>
      new Promise<ReceivedCallback[]>((resolve) => {
        if (received.length >= count) resolve(received);
        else waiting.push({ count, resolve });
      }),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
