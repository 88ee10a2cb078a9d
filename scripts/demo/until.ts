import { setTimeout as delay } from 'node:timers/promises';

const LOOK_EVERY_MS = 200;

/** Looks again and again until something is so. `signal` ends the waiting, with an error. */
export async function until(
  isSo: () => Promise<boolean>,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  while (!(await isSo())) await delay(LOOK_EVERY_MS, undefined, { signal });
}
