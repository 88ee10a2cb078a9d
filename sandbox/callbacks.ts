import { setTimeout as wait } from 'node:timers/promises';
import { protocols, type Operation } from '../schemas/outside/protocol';
import { sign, type PartySecrets } from '../schemas/outside/signature';
import { answerOf } from './answers';
import type { Told } from './orders';

const ATTEMPT_TIMEOUT_MS = 10_000;

export interface CallbackOptions {
  /** Address of the platform, without a trailing slash. */
  baseUrl: string;
  /** How long to wait before the second attempt, the third, and so on; there is no attempt after the last. */
  retryDelaysMs: readonly number[];
  /** Ends the waiting between attempts, when the sandbox closes; an attempt that runs ends by itself. */
  stop: AbortSignal;
}

/** Something that a party tells the platform. */
export interface Telling {
  party: string;
  /** What it is about, for the sandbox's own output. */
  about: string;
  /** Makes an attempt's request anew, as signatures hold for a short time. */
  request(): { headers: Record<string, string>; body: string };
  /** Whether the platform has taken it; if left out, when it answers 2xx. */
  isTaken?(answer: { status: number; text: string }): boolean;
}

/**
 * Tells the platform something, until it has taken it.
 * @returns true once it has, and false if it never did or the sandbox closed meanwhile.
 */
export type Tell = (telling: Telling) => Promise<boolean>;

/** Makes the function by which parties tell the platform something. */
export function createTell(options: CallbackOptions): Tell {
  return async function tell(telling) {
    const { party, about } = telling;
    for (const delayMs of [0, ...options.retryDelaysMs]) {
      try {
        if (delayMs > 0) await wait(delayMs, undefined, { signal: options.stop });
        await attempt(options, telling);
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
export type CallBack = (told: Told, notification: number) => Promise<boolean>;

/** Makes the function by which the parties call back that speak our own protocol. */
export const createCallbacks =
  (tell: TellSigned): CallBack =>
  (told, notification) => {
    const { party, requestNo, wanted } = told.order;
    const type = protocols[wanted.operation as Operation].callbackType;
    const id = `${type}:${party}:${requestNo}:${notification}`;
    return tell({ party, id, body: { type, ...answerOf(told) }, about: requestNo });
  };

/** Tells the platform something under our own protocol. All attempts carry the same id, so that it can be stored once. */
export type TellSigned = (signed: {
  party: string;
  /** The `webhook-id`. */
  id: string;
  body: object;
  about: string;
}) => Promise<boolean>;

/** Makes that function. */
export const createTellSigned =
  (tell: Tell, secrets: PartySecrets): TellSigned =>
  ({ party, id, body, about }) => {
    const rawBody = JSON.stringify(body);
    return tell({
      ...{ party, about },
      request() {
        const [secret] = secrets.get(party) ?? [];
        if (secret === undefined)
          throw new Error(`there is no secret to sign with; add one to PARTY_SECRETS`);
        const signature = sign({ secret, id, timestamp: new Date(), rawBody });
        return { headers: { 'content-type': 'application/json', ...signature }, body: rawBody };
      },
    });
  };

async function attempt(options: CallbackOptions, telling: Telling): Promise<void> {
  const response = await fetch(`${options.baseUrl}/callbacks/${encodeURIComponent(telling.party)}`, {
    method: 'POST',
    ...telling.request(),
    // Not ended when the sandbox closes: who is being told would go on by itself, while others take it for closed.
    signal: AbortSignal.timeout(ATTEMPT_TIMEOUT_MS),
  });
  // An unread body would hold the connection.
  const text = await response.text();
  const { status, ok } = response;
  if (!(telling.isTaken?.({ status, text }) ?? ok)) throw new Error(`the platform answered ${status}`);
}

/** Where fetch fails, its message says no more than that; the reason is the error's cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error & { cause?: Error };
  return cause?.message ?? message;
}
