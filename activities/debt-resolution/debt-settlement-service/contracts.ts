import type { Knex } from 'knex';
import { money, type Currency } from '../../../domain/money';
import type { DebtShare } from '../../../schemas/generated/messages';

/**
 * Keeps debtors' contracts as they are until the transaction ends, so that of two orders of one debtor the second sees what the
 * first has done. Debtors are taken in one order, so that orders with several cannot wait for each other.
 */
export async function holdContracts(tx: Knex.Transaction, debtorIds: readonly string[]): Promise<void> {
  const names = [...new Set(debtorIds)].sort().map((debtorId) => `debtor:${debtorId}`);
  await tx.raw('select pg_advisory_xact_lock(hashtextextended(name, 0)) from unnest(?::text[]) as name', [
    names,
  ]);
}

/** A debtor's contract of which something remains. */
export interface OpenContract {
  contractId: string;
  debtorId: string;
  currency: Currency;
  remainingMinor: number;
}

/** What remains of debtors' contracts, of each debtor in the order in which they are settled. */
export const openContracts = (tx: Knex.Transaction, debtorIds: readonly string[]): Promise<OpenContract[]> =>
  tx('debt_settlement_service.debt_contract')
    .whereRaw('member_user_id = any(?)', [[...debtorIds]])
    .where('remaining_minor', '>', 0)
    .orderBy('position')
    .select(
      'contract_id as contractId',
      'member_user_id as debtorId',
      'currency',
      'remaining_minor as remainingMinor',
    );

/** The contracts of which shares have settled the last; in the order of their ids. */
export async function completedBy(tx: Knex.Transaction, shares: readonly DebtShare[]) {
  const moved = shares.flatMap(({ contracts }) => contracts.map(({ contractId }) => contractId));
  const rows = await tx('debt_settlement_service.debt_contract')
    .whereRaw('contract_id = any(?)', [moved])
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
