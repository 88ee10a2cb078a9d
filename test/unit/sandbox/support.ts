import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../../sandbox/app';
import type { Effect, SentMessage } from '../../../sandbox/effects';
import type { Outage } from '../../../sandbox/outages';
import type { Rule } from '../../../sandbox/rules';
import type { MessageRequest } from '../../../schemas/outside/message';
import type { PayoutRequest } from '../../../schemas/outside/payout';
import type { RepaymentMethodRequest } from '../../../schemas/outside/repayment-method';
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

/** A message request; what a test cares about is given, the rest is some valid value. */
export function messageRequest(given: Partial<MessageRequest> = {}): MessageRequest {
  return {
    requestNo: `MS-${randomUUID()}`,
    channel: 'SMS',
    recipient: 'C-1',
    template: 'DISBURSEMENT_SUCCEEDED',
    language: 'id',
    text: 'Pinjaman Anda telah dicairkan.',
    reference: 'LN0000000001',
    ...given,
  };
}

/** A request for a method to pay by; what a test cares about is given, the rest is some valid value. */
export function repaymentMethodRequest(given: Partial<RepaymentMethodRequest> = {}): RepaymentMethodRequest {
  return {
    requestNo: `RM-${randomUUID()}`,
    amount: { currency: 'IDR', amountMinor: 250_000 },
    reference: 'RO0000000001',
    expiresInSeconds: 1_800,
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
  requestMethod(request: unknown): Promise<Answer>;
  queryMethod(requestNo: string): Promise<Answer>;
  requestMessage(request: unknown): Promise<Answer>;
  queryMessage(requestNo: string): Promise<Answer>;
  send(method: string, path: string, options: SendOptions): Promise<Answer>;
  /** Sets a rule, of PARTNER if it names no party. */
  behave(rule: Rule): Promise<void>;
  bringDown(outage: Omit<Outage, 'party'>): Promise<void>;
  effects(query?: Record<string, string>): Promise<Effect[]>;
  messages(query?: Record<string, string>): Promise<SentMessage[]>;
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

  const get = (path: string): Promise<Answer> => send('GET', path, { headers: signedHeaders('') });

  async function control(path: string, wanted: object): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    const answer = await send('POST', `/control/${path}`, { headers, body: JSON.stringify(wanted) });
    if (answer.status !== 204) throw new Error(JSON.stringify(answer.body));
  }

  return {
    sandbox,
    send,
    requestPayout(request, { party = PARTNER, signal } = {}) {
      const body = JSON.stringify(request);
      const headers = signedHeaders(body, party === OTHER_PARTNER ? OTHER_SECRET : SECRET);
      return send('POST', `/funding-partners/${party}/payouts`, { headers, body, signal });
    },
    queryPayout: (requestNo) => get(`/funding-partners/${PARTNER}/payouts/${requestNo}`),
    requestMethod(request) {
      const body = JSON.stringify(request);
      return send('POST', `/payment-channels/${PARTNER}/repayment-methods`, {
        ...{ headers: signedHeaders(body), body },
      });
    },
    queryMethod: (requestNo) => get(`/payment-channels/${PARTNER}/repayment-methods/${requestNo}`),
    requestMessage(request) {
      const body = JSON.stringify(request);
      return send('POST', `/messaging/${PARTNER}/messages`, { headers: signedHeaders(body), body });
    },
    queryMessage: (requestNo) => get(`/messaging/${PARTNER}/messages/${requestNo}`),
    behave: (rule) => control('behaviours', { party: PARTNER, ...rule }),
    bringDown: (outage) => control('outages', { party: PARTNER, ...outage }),
    async effects(query = {}) {
      const answer = await send('GET', `/control/effects?${new URLSearchParams(query).toString()}`, {});
      return (answer.body as { effects: Effect[] }).effects;
    },
    async messages(query = {}) {
      const answer = await send('GET', `/control/messages?${new URLSearchParams(query).toString()}`, {});
      return (answer.body as { messages: SentMessage[] }).messages;
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
 * @param answers what it answers to the first, the second, …; 204 after the last.
 */
export async function startedReceiver(answers: (number | { status: number; text: string })[] = []) {
  const received: ReceivedCallback[] = [];
  const waiting: { count: number; resolve: (all: ReceivedCallback[]) => void }[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      received.push({ path: req.url ?? '', headers: req.headers, rawBody: Buffer.concat(chunks).toString() });
      const answer = answers[received.length - 1] ?? 204;
      if (typeof answer === 'number') res.writeHead(answer).end();
      else res.writeHead(answer.status).end(answer.text);
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
