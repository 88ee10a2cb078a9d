import type { Knex } from 'knex';

/** Notes who looks into a finding, once for each; the same again changes nothing. */
export async function acknowledge(
  db: Knex,
  { findingId, actor, reason }: { findingId: number; actor: string; reason: string },
): Promise<void> {
  await db('reconciliation.acknowledgement')
    .insert({ finding_id: findingId, actor, reason })
    .onConflict()
    .ignore();
}
