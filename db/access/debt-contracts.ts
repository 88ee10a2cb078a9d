import type { Knex } from 'knex';
import type { Currency } from '../../domain/money';
import { sumMinor } from '../../domain/money';

// Debt contracts and whose the mall's ledger ids are: both come from outside, and this is their one writer.

/** A debt that is to be settled, as the agreement with the debtor has it. */
export interface NewDebtContract {
  contractId: string;
  caseEntrustId: string;
  /** The debtor. */
  memberUserId: string;
  currency: Currency;
  /** Of a debtor's contracts the lowest position is settled first. */
  position: number;
  /** In minor units, above 0. */
  totalDebtMinor: number;
  /** What was settled before this platform was there, on the day on which it is taken over; nothing if left out. */
  settledBefore?: { amountMinor: number; valueDate: string };
  /** How the debt is to be paid: months such as `2026-01`, each once; together the whole debt. */
  plan: { period: string; planMinor: number }[];
}

/** A contract, or the owner of a ledger id, cannot be taken in as told; nothing has changed. */
export class DebtContractRefused extends Error {
  constructor(
    readonly code: 'PLAN_IS_NOT_DEBT' | 'CONTRACT_TAKEN' | 'LEDGER_TAKEN',
    message: string,
  ) {
    super(message);
  }
}

/**
 * Takes a contract in, once: the same number again is refused.
 *
 * @throws DebtContractRefused when the plan's months are not the debt, or the number, or the debtor's position, is taken
 */
export async function addDebtContract(db: Knex, contract: NewDebtContract): Promise<void> {
  const { contractId: contract_id, totalDebtMinor, settledBefore, plan } = contract;
  if (sumMinor(plan.map(({ planMinor }) => planMinor)) !== totalDebtMinor) {
    throw new DebtContractRefused(
      'PLAN_IS_NOT_DEBT',
      'The months of the plan must be the whole debt together.',
    );
  }
  await db.transaction(async (tx) => {
    const { rowCount } = await tx.raw<{ rowCount: number }>(
      `insert into debt_settlement_service.debt_contract
         (contract_id, case_entrust_id, member_user_id, currency, position, total_debt_minor)
       values (?, ?, ?, ?, ?, ?) on conflict do nothing`,
      [
        ...[contract_id, contract.caseEntrustId, contract.memberUserId, contract.currency, contract.position],
        totalDebtMinor,
      ],
    );
    if (rowCount === 0) {
      const taken = `Contract ${contract_id}, or position ${contract.position} of its debtor, is taken.`;
      throw new DebtContractRefused('CONTRACT_TAKEN', taken);
    }
    await tx('debt_settlement_service.repayment_plan').insert(
      plan.map(({ period, planMinor: plan_minor }) => ({ contract_id, period, plan_minor })),
    );
    if (!settledBefore) return;
    await tx('debt_settlement_service.repayment_record').insert({
      ...{ contract_id, type: 'INCOME', amount_minor: settledBefore.amountMinor },
      value_date: settledBefore.valueDate,
    });
  });
}

/**
 * Maps a mall's ledger id to the debtor whose contracts its shares settle. The same again changes nothing.
 *
 * @throws DebtContractRefused when it is another debtor's
 */
export async function mapLedger(db: Knex, ledgerId: string, memberUserId: string): Promise<void> {
  await db('debt_settlement_service.ledger')
    .insert({ ledger_id: ledgerId, member_user_id: memberUserId })
    .onConflict()
    .ignore();
  const owner = await db('debt_settlement_service.ledger')
    .where('ledger_id', ledgerId)
    .first<{ member_user_id: string }>('member_user_id');
  if (owner.member_user_id !== memberUserId)
    throw new DebtContractRefused('LEDGER_TAKEN', `Ledger id ${ledgerId} is another debtor's.`);
}
