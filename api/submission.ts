import { hash } from 'node:crypto';
import type { Knex } from 'knex';
import stringify from 'safe-stable-stringify';
import { reserveSubmission, submissionUnder, type Submission } from '../db/access/submissions';
import { Problem } from './problem';
import type { Call, Parameter } from './route';

/** What a request becomes: a flow's run, its business id, and the message that it begins with. */
export type NewSubmission = Omit<Submission, 'clientId' | 'idempotencyKey' | 'bodyHash'>;

export const idempotencyKeyParameter: Parameter = {
  in: 'header',
  name: 'Idempotency-Key',
  description:
    '1 to 200 printable ASCII characters without spaces, new for each thing wanted and the same whenever it is sent again.',
  schema: { type: 'string', pattern: '^[!-~]{1,200}$' },
  required: true,
  example: '5b2f0c1e-8a53-4f0e-9d57-0d2f3a6f9b11',
  missing: 'IDEMPOTENCY_KEY_MISSING',
  invalid: 'IDEMPOTENCY_KEY_INVALID',
};

/** What stands under a request's Idempotency-Key already; undefined when the key is free. */
export const submissionBefore = (db: Knex, call: Call): Promise<Submission | undefined> =>
  submissionUnder(db, call.client().clientId, call.parameters['Idempotency-Key']!);

/**
 * What stands under a request's Idempotency-Key: made now, or when the key was first used. What was accepted stays
 * accepted, even if it would be refused today, so the key counts before everything else.
 *
 * @param content all that makes two requests the same
 * @param before what stood under the key when the request was judged
 * @param make throws the problem that the request is refused with; then nothing is kept
 * @throws Problem IDEMPOTENCY_KEY_REUSED when the key was used for another request
 */
export async function submissionFor(
  db: Knex,
  call: Call,
  content: unknown,
  before: Submission | null | undefined,
  make: () => NewSubmission,
): Promise<Submission> {
  const { clientId } = call.client();
  const idempotencyKey = call.parameters['Idempotency-Key']!;
  const bodyHash = hash('sha256', stringify(content)!, 'buffer');
  const submission =
    before ?? (await reserveSubmission(db, { ...make(), clientId, idempotencyKey, bodyHash }));
  if (!submission.bodyHash.equals(bodyHash)) {
    throw new Problem('IDEMPOTENCY_KEY_REUSED', 'Send another key, or what the key was first used for.');
  }
  return submission;
}
