import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import type { Message } from '../../schemas/message';

/** What a step's failure carries when the service refused (made by activities/activities.ts). */
export interface RefusalDetails {
  refusal: { code: string; reason: string };
  message: Message;
}

/**
 * A service refused a message, for a business reason, once and for all. It is a plain error on purpose: a flow that does
 * not expect it stops where it stands, where operators see it, and does not close.
 */
export class Refused extends Error {
  constructor(
    readonly code: string,
    readonly reason: string,
    readonly refusedMessage: Message,
  ) {
    super(`${code}: ${reason}`);
  }
}

/**
 * The refusal that a failed step carries, or null when the failure is technical. A local activity's failure reaches the
 * flow as the ApplicationFailure itself, a regular activity's inside an ActivityFailure.
 */
export function refusalIn(error: unknown): Refused | null {
  if (error instanceof Refused) return error;
  const failure = error instanceof ActivityFailure ? error.cause : error;
  if (!(failure instanceof ApplicationFailure) || !failure.nonRetryable) return null;
  const details = failure.details?.[0] as RefusalDetails | undefined;
  return details?.refusal ? new Refused(details.refusal.code, details.refusal.reason, details.message) : null;
}

/** Turns a refusal into a value and lets every other failure through: `step.catch(orRefused)`. */
export function orRefused(error: unknown): Refused {
  const refused = refusalIn(error);
  if (!refused) throw error;
  return refused;
}
