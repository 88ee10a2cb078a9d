import { isIPv6 } from 'node:net';
import type { ErrorRequestHandler, Request, Response } from 'express';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { localsOf } from './middleware/locals';
import { Problem, problemOf } from './problem';

/** How many requests are taken within WINDOW_SECONDS by one process. */
export interface RateLimits {
  /** From one client, or one customer of it, that has proved who it is. */
  perClient: number;
  /** From one address that has not. */
  perAddress: number;
}

const WINDOW_SECONDS = 10;

/** Counts requests, and refuses those that are too many. Each process counts for itself, in memory. */
export interface RateLimiting {
  /** Counts a request of a client that has proved who it is. Rejects with Problem RATE_LIMITED. */
  client(clientId: string, response: Response): Promise<void>;
  /** Counts a request that proved nothing. Rejects with Problem RATE_LIMITED. */
  stranger(request: Request, response: Response): Promise<void>;
}

/**
 * Rate limits. Who has a good key is counted by name and never by address, so that neither many clients behind one proxy nor a
 * stranger at a client's address use up its share.
 */
export function rateLimits({ perClient, perAddress }: RateLimits): RateLimiting {
  const clients = new RateLimiterMemory({ points: perClient, duration: WINDOW_SECONDS });
  const addresses = new RateLimiterMemory({ points: perAddress, duration: WINDOW_SECONDS });
  return {
    client: (clientId, response) => count(clients, 'client', clientId, response),
    stranger: ({ ip = '' }, response) => count(addresses, 'address', networkOf(ip), response),
  };
}

/** Counts a request that was refused before it proved anything, by its address, lest somebody tries and tries. */
export const countRefused =
  (limits: RateLimiting): ErrorRequestHandler =>
  async (error: unknown, request, response, next) => {
    const isTheirFault = problemOf(error).kind.status < 500;
    if (isTheirFault && !localsOf(response).isCounted) await limits.stranger(request, response);
    next(error);
  };

async function count(
  limiter: RateLimiterMemory,
  policy: 'client' | 'address',
  who: string,
  response: Response,
): Promise<void> {
  localsOf(response).isCounted = true;
  const found = await limiter.consume(who).catch((rejected: unknown) => {
    if (rejected instanceof RateLimiterRes) return rejected;
    throw rejected;
  });
  const waitSeconds = Math.max(1, Math.ceil(found.msBeforeNext / 1_000));
  response.set({
    'RateLimit-Policy': `"${policy}";q=${limiter.points};w=${WINDOW_SECONDS}`,
    RateLimit: `"${policy}";r=${found.remainingPoints};t=${waitSeconds}`,
  });
  if (found.consumedPoints <= limiter.points) return;
  response.set('Retry-After', String(waitSeconds));
  throw new Problem('RATE_LIMITED', `Send the request again in ${waitSeconds} s, and fewer at a time.`);
}

/**
 * What an address is counted under: itself, or for IPv6 the first four groups, because whoever has one address of such a
 * network has them all.
 */
export function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address.replace(/^::ffff:/, '');
  const [head = '', tail] = address.split('::');
  const groups = (text: string | undefined): string[] => (text ? text.split(':') : []);
  const missing = tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length;
  return [...groups(head), ...Array<string>(missing).fill('0'), ...groups(tail)].slice(0, 4).join(':');
}
