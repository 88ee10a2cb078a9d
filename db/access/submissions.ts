import type { Knex } from 'knex';
import type { FlowName } from '../../schemas/generated/catalog';
import { crashPoint } from '../../crash/point';
import type { Message } from '../../schemas/message';
import { prepared } from '../prepared';

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
  crashPoint('before-commit', 'submission');
  // The run is written with it, so that the client finds its flow in the list of flows at once.
  const { rowCount } = await prepared<{ rowCount: number }>(
    db,
    'reserve a submission',
    `with submitted as (
       insert into access.submission (client_id, idempotency_key, body_hash, flow, flow_id, business_id, command)
       values (:clientId, :idempotencyKey, :bodyHash, :flow, :flowId, :businessId, :command)
       on conflict (client_id, idempotency_key) do nothing
       returning flow_id, flow, command
     )
     insert into messages.run (flow_id, flow, market, customer_id)
     select flow_id, flow, command ->> 'market', command #>> '{data,customerId}' from submitted`,
    { clientId, idempotencyKey, bodyHash, flow, flowId, businessId, command: JSON.stringify(command) },
  );
  crashPoint('after-commit', 'submission');
  if (rowCount === 1) return submission;
  // The row in the way is committed by now: the insert has waited for it.
  return (await submissionUnder(db, clientId, idempotencyKey))!;
}
