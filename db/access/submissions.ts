import type { Knex } from 'knex';
import type { FlowName } from '../../schemas/generated/catalog';
import { crashPoint } from '../../crash/point';
import type { Message } from '../../schemas/message';
import type { Reading } from './key-locks';

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

/** What a loan application is checked against, and what stands under its key. */
export interface SaleBasis {
  /** Null where there is no such customer. */
  customerMarket: string | null;
  /** Of the product; null where there is none. */
  version: number | null;
  /** The day that the product's market is in now; it may end before the caller has looked at it. */
  today: string | null;
  before: Submission | null;
}

/** What `saleBasis` gives. */
export type SaleBasisRow = Omit<SaleBasis, 'before'> & {
  before: (Omit<Submission, 'bodyHash'> & { bodyHash: string }) | null;
};

/**
 * Reads what stands under a key, and what an application by a customer, for a version of a product or its newest one, is checked
 * against.
 */
export const saleBasis = (wanted: {
  clientId: string;
  idempotencyKey: string;
  customerId: string;
  productId: string;
  productVersion?: number | undefined;
}): Reading => ({
  sql: `select (select c.market from reference.customer c where c.id = :customerId) as "customerMarket",
            p.version, d.business_date as today,
            (select jsonb_build_object('clientId', s.client_id, 'idempotencyKey', s.idempotency_key,
                                       'bodyHash', encode(s.body_hash, 'hex'), 'flow', s.flow, 'flowId', s.flow_id,
                                       'businessId', s.business_id, 'command', s.command)
               from access.submission s
              where s.client_id = :clientId and s.idempotency_key = :idempotencyKey) as before
       from (values (1)) one
       left join lateral (
              select v.version, v.market
                from reference.product_version v
               where v.product_id = :productId
                 and (:productVersion::integer is null or v.version = :productVersion::integer)
               order by v.version desc limit 1) p on true
       left join reference.business_date d on d.market = p.market`,
  values: { ...wanted, productVersion: wanted.productVersion ?? null },
});

/** What `saleBasis` gave. */
export const saleBasisIn = ({ before, ...basis }: SaleBasisRow): SaleBasis => ({
  ...basis,
  before: before && { ...before, bodyHash: Buffer.from(before.bodyHash, 'hex') },
});

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
  const { rowCount } = await db.raw<{ rowCount: number }>(
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
