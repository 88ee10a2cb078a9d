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

/**
 * Tells the platform what became of an order. Notifications of one number are one and the same: all attempts carry
 * the same `webhook-id`, also those of a later start, because the id is derived, so that the platform can store each
 * notification once.
 * @returns true once the platform answered 2xx, and false if it never did or the sandbox closed meanwhile.
 */
export type CallBack = (order: Order, told: PartyAnswer, notification: number) => Promise<boolean>;

/** Makes the function by which parties call back. */
export function createCallbacks(options: CallbackOptions): CallBack {
  return async function callBack(order, told, notification) {
    const { party, requestNo } = order;
    const type = protocols[order.wanted.operation].callbackType;
    const id = `${type}:${party}:${requestNo}:${notification}`;
    const rawBody = JSON.stringify({ type, ...told });
    for (const delayMs of [0, ...options.retryDelaysMs]) {
      try {
        if (delayMs > 0) await wait(delayMs, undefined, { signal: options.stop });
        await attempt(options, party, id, rawBody);
        return true;
      } catch (error) {
        if (options.stop.aborted) return false;
        // The platform being away is what the next attempt is for; the reason must be seen all the same.
        console.error(`Callback of ${party} for ${requestNo} did not get through: ${reasonOf(error)}`);
      }
    }
    console.error(`Callback of ${party} for ${requestNo} is given up; a query still tells.`);
    return false;
  };
}

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
