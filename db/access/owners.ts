import type { Knex } from 'knex';

/**
 * The customer that a run of a flow is about: the one that its first message names, or, for a part of a flow, that of the
 * whole; undefined when there is no such run or it is about no customer.
 */
export async function customerOfFlow(db: Knex, flowId: string): Promise<string | undefined> {
  const { rows } = await db.raw<{ rows: { customerId: string | null }[] }>(
    `select coalesce(run.customer_id, whole.customer_id) as "customerId"
       from messages.run left join messages.run whole on whole.flow_id = run.parent_flow_id
      where run.flow_id = ?`,
    [flowId],
  );
  return rows[0]?.customerId ?? undefined;
}

/** The customer who owes a loan; undefined when no such loan is booked. */
export async function customerOfLoan(db: Knex, loanId: string): Promise<string | undefined> {
  const row = await db('asset_center.loan')
    .where({ loan_id: loanId })
    .first<{ customerId: string } | undefined>('customer_id as customerId');
  return row?.customerId;
}

/** The customer whose repayment was quoted; undefined when there is no such quote. */
export async function customerOfQuote(db: Knex, quoteId: string): Promise<string | undefined> {
  const row = await db('asset_center.repayment_quote')
    .where({ quote_id: quoteId })
    .first<{ customerId: string } | undefined>('customer_id as customerId');
  return row?.customerId;
}

/** The customer for whom an extension was quoted; undefined when there is no such quote. */
export async function customerOfExtensionQuote(db: Knex, quoteId: string): Promise<string | undefined> {
  const row = await db('asset_center.extension_quote')
    .where({ quote_id: quoteId })
    .first<{ customerId: string } | undefined>('customer_id as customerId');
  return row?.customerId;
}
