import type { Call, Parameter } from './route';

/**
 * The longest that a request is held for an outcome. Most applications have one within a second or two; what takes
 * longer than this waits for an outside party or a person, and is followed at its address.
 */
export const MAX_WAIT_SECONDS = 20;

export const preferParameter: Parameter = {
  in: 'header',
  name: 'Prefer',
  description:
    `After RFC 7240: wait=n waits up to n seconds for the outcome, ${MAX_WAIT_SECONDS} at most. Everything else is ignored, ` +
    'as that standard asks.',
  schema: { type: 'string' },
  required: false,
  example: 'wait=10',
};

/**
 * The whole seconds, 0 to MAX_WAIT_SECONDS, that a call prefers to wait; the first "wait" counts. What is malformed is
 * ignored. Commas inside of quotes are not looked for: the worst that can come of that is a wait.
 *
 * @param usualSeconds how long is waited where the call does not say
 */
export function waitSecondsIn({ Prefer = '' }: Call['parameters'], usualSeconds = 0): number {
  const first = Prefer.split(',').find((preference) => /^\s*wait\s*(=|;|$)/i.test(preference)) ?? '';
  const [, digits = usualSeconds] = /^\s*wait\s*=\s*"?([0-9]{1,9})"?\s*(?:;|$)/i.exec(first) ?? [];
  return Math.min(Number(digits), MAX_WAIT_SECONDS);
}
