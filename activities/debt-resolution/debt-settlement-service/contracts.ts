import type { Knex } from 'knex';
import type { Currency } from '../../../domain/money';

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
  totalMinor: number;
  remainingMinor: number;
}

/** What remains of debtors' contracts, of each debtor in the order in which they are settled. */
export const openContracts = (tx: Knex.Transaction, debtorIds: readonly string[]): Promise<OpenContract[]> =>
  tx('debt_settlement_service.debt_contract')
    .whereRaw('member_user_id = any(?)', [[...debtorIds]])
    .where('remaining_minor', '>', 0)
    .orderBy(['position', 'contract_id'])
    .select(
      'contract_id as contractId',
      'member_user_id as debtorId',
      ...(['currency', 'total_debt_minor as totalMinor', 'remaining_minor as remainingMinor'] as const),
    );
