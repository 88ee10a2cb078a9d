import { setTimeout as wait } from 'node:timers/promises';
import { protocols } from '../schemas/outside/protocol';
import { sign, type PartySecrets } from '../schemas/outside/signature';
import type { PartyAnswer } from './answers';
import type { Order } from './order-log';

const ATTEMPT_TIMEOUT_MS = 10_000;

export interface CallbackOptions {
  /** Address of the platform, without a trailing slash. */
  baseUrl: string;
  secrets: PartySecrets;
  /** How long to wait before the second attempt, the third, and so on; there is no attempt after the last. */
  retryDelaysMs: readonly number[];
  /** Ends all attempts, when the sandbox closes. */
  stop: AbortSignal;
}

/** Something that a party tells the platform. All attempts carry the same id, so that it can be stored once. */
export interface Telling {
  party: string;
  /** The `webhook-id`. */
  id: string;
  body: object;
  /** What it is about, for the sandbox's own output. */
  about: string;
}

/**
 * Tells the platform something, until it has taken it.
 * @returns true once the platform answered 2xx, and false if it never did or the sandbox closed meanwhile.
 */
export type Tell = (telling: Telling) => Promise<boolean>;

/** Makes the function by which parties tell the platform something. */
export function createTell(options: CallbackOptions): Tell {
  return async function tell({ party, id, body, about }) {
    const rawBody = JSON.stringify(body);
    for (const delayMs of [0, ...options.retryDelaysMs]) {
      try {
        if (delayMs > 0) await wait(delayMs, undefined, { signal: options.stop });
        await attempt(options, party, id, rawBody);
        return true;
      } catch (error) {
        if (options.stop.aborted) return false;
        // The platform being away is what the next attempt is for; the reason must be seen all the same.
        console.error(`Callback of ${party} for ${about} did not get through: ${reasonOf(error)}`);
      }
    }
    console.error(`Callback of ${party} for ${about} is given up; a query still tells.`);
    return false;
  };
}

/**
 * Tells the platform what became of an order. Notifications of one number are one and the same, also those of a later
 * start, because their id is derived.
 */
export type CallBack = (order: Order, told: PartyAnswer, notification: number) => Promise<boolean>;

/** Makes the function by which parties call back. */
export const createCallbacks =
  (tell: Tell): CallBack =>
  ({ party, requestNo, wanted }, told, notification) => {
    const type = protocols[wanted.operation].callbackType;
    const id = `${type}:${party}:${requestNo}:${notification}`;
    return tell({ party, id, body: { type, ...told }, about: requestNo });
  };

async function attempt(options: CallbackOptions, party: string, id: string, rawBody: string): Promise<void> {
  const [secret] = options.secrets.get(party) ?? [];
  if (secret === undefined) throw new Error(`there is no secret to sign with; add one to PARTY_SECRETS`);
  const response = await fetch(`${options.baseUrl}/callbacks/${encodeURIComponent(party)}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...sign({ secret, id, timestamp: new Date(), rawBody }) },
    body: rawBody,
    signal: AbortSignal.any([options.stop, AbortSignal.timeout(ATTEMPT_TIMEOUT_MS)]),
  });
  // An unread body would hold the connection.
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`the platform answered ${response.status}`);
}

/** Where fetch fails, its message says no more than that; the reason is the error's cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error & { cause?: Error };
  return cause?.message ?? message;
}
