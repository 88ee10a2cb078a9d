import type { Knex } from 'knex';
import { disbursementOf } from '../../../domain/identifiers';
import { money, type Currency } from '../../../domain/money';
import type { DisbursementReversedData, ReverseDisbursementData } from '../../../schemas/generated/messages';

/** The reversal of a disbursement, as it is kept. */
export interface Reversal {
  reversal_id: string;
  loan_id: string;
  application_id: string;
  customer_id: string;
  partner_id: string;
  currency: Currency;
  principal_minor: number;
  payout_minor: number;
  party: string;
  transaction_no: string;
  value_date: string;
  state: 'REQUESTED' | 'REVERSED' | 'REJECTED';
}

/** Why a reversal cannot be taken in beside those that there are. */
export class ReversalTaken extends Error {
  constructor(readonly code: 'ALREADY_REVERSED' | 'EVIDENCE_USED') {
    super(code);
  }
}

/** A reversal by its id; undefined when there is none (yet). */
export const reversalOf = (tx: Knex.Transaction, reversalId: string): Promise<Reversal | undefined> =>
  tx<Reversal>('refund_reversal_service.reversal').where('reversal_id', reversalId).first();

/** How a loan stands in the books: never disbursed, with all its principal, or with less because something was paid. */
export async function loanInBooks(
  tx: Knex.Transaction,
  { loanId, principal }: Pick<ReverseDisbursementData, 'loanId' | 'principal'>,
): Promise<'UNKNOWN' | 'WHOLE' | 'PAID_TOWARDS'> {
  const { rows } = await tx.raw<{ rows: { minor: number | null }[] }>(
    `select (select p.balance_minor from books.account_position p
              where p.book = 'general' and p.code = 'loan-principal' and p.owner = :loanId and p.currency = :currency) as minor
       from books.journal j where j.book = 'general' and j.business_key = :disbursement`,
    { loanId, currency: principal.currency, disbursement: disbursementOf(loanId) },
  );
  if (!rows[0]) return 'UNKNOWN';
  return rows[0].minor === principal.amountMinor ? 'WHOLE' : 'PAID_TOWARDS';
}

/**
 * Keeps a reversal that is asked for.
 *
 * @throws ReversalTaken when the loan, or the money, has another one; the transaction is still usable then
 */
export async function insertReversal(tx: Knex.Transaction, data: ReverseDisbursementData): Promise<Reversal> {
  const { principal, payout } = data;
  try {
    return await tx.transaction(async (savepoint) => {
      const [reversal] = await savepoint('refund_reversal_service.reversal')
        .insert({
          ...{ reversal_id: data.reversalId, loan_id: data.loanId, application_id: data.applicationId },
          ...{ customer_id: data.customerId, partner_id: data.partnerId, currency: principal.currency },
          ...{ principal_minor: principal.amountMinor, payout_minor: payout.amountMinor },
          ...{ party: data.party, transaction_no: data.transactionNo, value_date: data.valueDate },
          state: 'REQUESTED',
        })
        .returning<Reversal[]>('*');
      return reversal!;
    });
  } catch (error) {
    const { constraint } = error as { constraint?: string };
    if (constraint === 'reversal_of_loan') throw new ReversalTaken('ALREADY_REVERSED');
    if (constraint === 'reversal_by_money') throw new ReversalTaken('EVIDENCE_USED');
    throw error;
  }
}

/** Ends a reversal that waits. Another state is a bug, and the step stops there for operators to see. */
export async function endReversal(
  tx: Knex.Transaction,
  reversalId: string,
  state: 'REVERSED' | 'REJECTED',
  reasonCodes: string[] = [],
): Promise<void> {
  const ended = await tx('refund_reversal_service.reversal')
    .where({ reversal_id: reversalId, state: 'REQUESTED' })
    .update({ state, reason_codes: reasonCodes });
  if (ended !== 1) throw new Error(`Reversal ${reversalId} does not wait for an answer.`);
}

/** What is told of a reversal. */
export const told = (reversal: Reversal): DisbursementReversedData => ({
  ...{ reversalId: reversal.reversal_id, loanId: reversal.loan_id, applicationId: reversal.application_id },
  ...{ customerId: reversal.customer_id, partnerId: reversal.partner_id },
  principal: money(reversal.currency, reversal.principal_minor),
  payout: money(reversal.currency, reversal.payout_minor),
  ...{ party: reversal.party, transactionNo: reversal.transaction_no, valueDate: reversal.value_date },
});
