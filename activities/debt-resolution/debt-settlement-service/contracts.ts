import type { Knex } from 'knex';
import { money, type Currency } from '../../../domain/money';
import type { DebtShare } from '../../../schemas/generated/messages';

/**
 * Keeps debtors' contracts as they are until the transaction ends, so that of two orders of one debtor the second sees what the
 * first has done. Debtors are taken in one order, so that orders with several cannot wait for each other.
 */
export async function holdContracts(tx: Knex.Transaction, debtorIds: readonly string[]): Promise<void> {
  for (const debtorId of [...new Set(debtorIds)].sort()) {
    await tx.raw('select pg_advisory_xact_lock(hashtextextended(?, 0))', [`debtor:${debtorId}`]);
  }
}

/** What remains of a debtor's contracts, in the order in which they are settled. */
export const openContracts = (
  tx: Knex.Transaction,
  { debtorId, currency }: { debtorId: string; currency: Currency },
): Promise<{ contractId: string; remainingMinor: number }[]> =>
  tx('debt_settlement_service.debt_contract')
    .where({ member_user_id: debtorId, currency })
    .where('remaining_minor', '>', 0)
    .orderBy('position')
    .select('contract_id as contractId', 'remaining_minor as remainingMinor');

/** The contracts of which shares have settled the last; in the order of their ids. */
export async function completedBy(tx: Knex.Transaction, shares: readonly DebtShare[]) {
  const moved = shares.flatMap(({ contracts }) => contracts.map(({ contractId }) => contractId));
  const rows = await tx('debt_settlement_service.debt_contract')
    .whereIn('contract_id', moved)
    .where('remaining_minor', 0)
    .orderBy('contract_id')
    .select<{ contractId: string; debtorId: string; currency: Currency; totalMinor: number }[]>(
      ...(['contract_id as contractId', 'member_user_id as debtorId', 'currency'] as const),
      'total_debt_minor as totalMinor',
    );
  return rows.map(({ currency, totalMinor, ...contract }) => ({
    ...contract,
    total: money(currency, totalMinor),
  }));
}
