import type { Knex } from 'knex';
import type { FlowName } from '../../schemas/generated/catalog';
import { crashPoint } from '../../crash/point';
import type { Message } from '../../schemas/message';
import type { Customer, ProductVersion } from '../reference';

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

/** What a loan application is checked against. */
export interface SaleBasis {
  customer: Customer | null;
  product: ProductVersion | null;
  /** The day that the product's market is in now; it may end before the caller has looked at it. */
  today: string | null;
}

/**
 * What stands under a key, and what an application by a customer, for a version of a product or its newest one, is checked
 * against: read at once, because a client waits.
 */
export async function submissionBasisOf(
  db: Knex,
  wanted: {
    clientId: string;
    idempotencyKey: string;
    customerId: string;
    productId: string;
    productVersion?: number | undefined;
  },
): Promise<SaleBasis & { before: Submission | null }> {
  const { rows } = await db.raw<{ rows: (SaleBasis & { isThere: boolean } & Submission)[] }>(
    `select (select jsonb_build_object('id', c.id, 'market', c.market, 'language', c.language, 'features', c.features)
               from reference.customer c where c.id = :customerId) as customer,
            p.product, d.business_date as today, s.client_id is not null as "isThere",
            s.client_id as "clientId", s.idempotency_key as "idempotencyKey", s.body_hash as "bodyHash", s.flow,
            s.flow_id as "flowId", s.business_id as "businessId", s.command
       from (values (1)) one
       left join lateral (
              select v.market, jsonb_build_object('productId', v.product_id, 'version', v.version, 'market', v.market,
                                                  'name', v.name, 'terms', v.terms) as product
                from reference.product_version v
               where v.product_id = :productId
                 and (:productVersion::integer is null or v.version = :productVersion::integer)
               order by v.version desc limit 1) p on true
       left join reference.business_date d on d.market = p.market
       left join access.submission s on s.client_id = :clientId and s.idempotency_key = :idempotencyKey`,
    { ...wanted, productVersion: wanted.productVersion ?? null },
  );
  const { customer, product, today, isThere, ...before } = rows[0]!;
  return { customer, product, today, before: isThere ? before : null };
}

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
