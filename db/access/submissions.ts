import type { Knex } from 'knex';
import type { FlowName } from '../../schemas/generated/catalog';
import type { Message } from '../../schemas/message';

/** What a client asked for under its idempotency key, and the flow that it became. */
export interface Submission {
  clientId: string;
  idempotencyKey: string;
  /** SHA-256 of the body in canonical form. */
  bodyHash: Buffer;
  flow: FlowName;
  flowId: string;
  businessId: string;
  /** The message that starts the flow. */
  command: Message;
}

const columns = {
  clientId: 'client_id',
  idempotencyKey: 'idempotency_key',
  bodyHash: 'body_hash',
  flow: 'flow',
  flowId: 'flow_id',
  businessId: 'business_id',
  command: 'command',
};

/** What a client submitted under a key; undefined when the key is free. */
export const submissionUnder = (
  db: Knex,
  clientId: string,
  idempotencyKey: string,
): Promise<Submission | undefined> =>
  db('access.submission').where({ client_id: clientId, idempotency_key: idempotencyKey }).first(columns);

/** The submission that reserved a business id. */
export const submissionOf = (db: Knex, businessId: string): Promise<Submission | undefined> =>
  db('access.submission').where({ business_id: businessId }).first(columns);

/**
 * Reserves the key, and with it the business id. Of several calls with one key, the first is kept.
 *
 * @returns the submission that stands under the key: this one, or the one that was first.
 */
export async function reserveSubmission(db: Knex, submission: Submission): Promise<Submission> {
  const { clientId, idempotencyKey, bodyHash, flow, flowId, businessId, command } = submission;
  const inserted = await db('access.submission')
    .insert({
      client_id: clientId,
      idempotency_key: idempotencyKey,
      body_hash: bodyHash,
      flow,
      flow_id: flowId,
      business_id: businessId,
      command: JSON.stringify(command),
    })
    .onConflict(['client_id', 'idempotency_key'])
    .ignore()
    .returning<Submission[]>(columns as never);
  // A row in the way is committed by now: the insert has waited for it.
  return inserted[0] ?? (await submissionUnder(db, clientId, idempotencyKey))!;
}
