import type { Knex } from 'knex';
import stringify from 'safe-stable-stringify';
import type { Currency } from '../../domain/money';

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
    readonly code: 'PLAN_IS_NOT_DEBT' | 'SETTLED_MORE_THAN_DEBT' | 'CONTRACT_TAKEN' | 'LEDGER_TAKEN',
    message: string,
  ) {
    super(message);
  }
}

/**
 * Takes a contract in, once. The same again changes nothing.
 *
 * @throws DebtContractRefused when the plan's months are not the debt, or more was settled before, or the number, or the
 *   debtor's position, is taken by another
 */
export async function addDebtContract(db: Knex, contract: NewDebtContract): Promise<void> {
  const { contractId: contract_id, totalDebtMinor, settledBefore, plan } = contract;
  checkPlan(contract);
  if (settledBefore && settledBefore.amountMinor > totalDebtMinor)
    throw new DebtContractRefused('SETTLED_MORE_THAN_DEBT', 'No more can have been settled than the debt.');
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
      if (stringify(await contractAsTold(tx, contract_id)) === stringify(inOrder(contract))) return;
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

function checkPlan({ totalDebtMinor, plan }: NewDebtContract): void {
  const isOnceEach = new Set(plan.map(({ period }) => period)).size === plan.length;
  // The sum of safe integers may be unsafe.
  const sum = plan.reduce((total, { planMinor }) => total + BigInt(planMinor), 0n);
  if (isOnceEach && sum === BigInt(totalDebtMinor)) return;
  throw new DebtContractRefused(
    'PLAN_IS_NOT_DEBT',
    'The months of the plan, each once, must be the whole debt together.',
  );
}

const inOrder = (contract: NewDebtContract): NewDebtContract => ({
  ...contract,
  plan: [...contract.plan].sort((one, other) => one.period.localeCompare(other.period)),
});

/** A contract as it was taken in; undefined when there is none. */
async function contractAsTold(tx: Knex, contractId: string): Promise<NewDebtContract | undefined> {
  const { rows } = await tx.raw<{
    rows: (NewDebtContract & { before: NewDebtContract['settledBefore'] | null })[];
  }>(
    `select c.contract_id as "contractId", c.case_entrust_id as "caseEntrustId", c.member_user_id as "memberUserId",
            c.currency, c.position, c.total_debt_minor as "totalDebtMinor",
            (select json_agg(json_build_object('period', p.period, 'planMinor', p.plan_minor) order by p.period)
               from debt_settlement_service.repayment_plan p where p.contract_id = c.contract_id) as plan,
            (select json_build_object('amountMinor', r.amount_minor, 'valueDate', r.value_date)
               from debt_settlement_service.repayment_record r
              where r.contract_id = c.contract_id and r.order_id is null) as before
       from debt_settlement_service.debt_contract c where c.contract_id = ?`,
    [contractId],
  );
  const [row] = rows;
  if (!row) return undefined;
  const { before, ...told } = row;
  return { ...told, ...(before && { settledBefore: before }) };
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

/** The orders that could not settle a debtor's contracts, because their ledger ids were nobody's when it was tried. */
export async function ordersWithoutDebtor(db: Knex, memberUserId: string): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { orderId: string }[] }>(
    `select distinct l.order_id as "orderId"
       from debt_settlement_service.debtor_line l join debt_settlement_service.ledger g using (ledger_id)
      where g.member_user_id = ?
        and not exists (select from debt_settlement_service.settlement s where s.order_id = l.order_id)
        and exists (select from messages.handling h
                     where h.flow_id = 'debt-order:' || l.order_id and h.refusal ->> 'code' = 'LEDGER_NOT_MAPPED')`,
    [memberUserId],
  );
  return rows.map(({ orderId }) => orderId);
}
