import type { Knex } from 'knex';
import type { Books } from '../../../db/books/posting';
import { disbursementOf, receiptIdOf, refundHoldOf } from '../../../domain/identifiers';
import { sumMinor } from '../../../domain/money';
import type {
  AssetPostingAppliedData,
  DisbursementReversedData,
  RepaymentRefundedData,
} from '../../../schemas/generated/messages';
import { message } from '../../../schemas/message';
import { repaymentAmounts } from './ledger-events';

/**
 * Posts that money was paid back. What stood with no loan comes out of its hold; what stood with loans waits in clearing
 * until it is known what of each it was, which is in the same step.
 */
export async function paidBack(books: Books, refund: RepaymentRefundedData) {
  const { refundId, party, transactionNo, customerId, collectingPartnerId, paymentChannelId } = refund;
  const { amount, parts, customerAtFault, valueDate } = refund;
  const refunded = amount.amountMinor;
  const allocated = sumMinor(parts.map((part) => part.amount.amountMinor));
  const unapplied = refunded - allocated;
  const description = `Refund ${refundId} of receipt ${receiptIdOf(party, transactionNo)}`;
  const { journalId, postingDate } = await books.post({
    scenario: collectingPartnerId
      ? 'general.repayment-refunded-from-custody'
      : 'general.repayment-refunded-by-channel',
    ...{ businessKey: `refund ${refundId}`, valueDate, currency: amount.currency, description },
    owners: { customer: customerId, paymentChannel: paymentChannelId },
    amounts: { unapplied, allocated, refunded },
    ...(unapplied > 0 && { commitsHold: refundHoldOf(refundId) }),
  });
  if (collectingPartnerId) {
    await books.post({
      scenario: 'general.refund-owed-by-partner',
      ...{ businessKey: `refund ${refundId} owed by ${collectingPartnerId}`, valueDate },
      ...{ currency: amount.currency, description },
      owners: { fundingPartner: collectingPartnerId },
      amounts: { refunded },
    });
  }
  return [
    message('accounting-entry-reversed', {
      ...{ scenario: 'repayment-refunded', refundId, party, transactionNo, customerId, amount, parts },
      ...{ customerAtFault, journalId, postingDate, valueDate },
    }),
  ] as const;
}

type TakenBack = Extract<AssetPostingAppliedData, { refundId: string }>;

/** Posts what a refund has taken back from each loan, and clears what was paid for it. */
export async function takenBack(books: Books, data: TakenBack): Promise<void> {
  const { refundId, customerId, amount, valueDate, takenBackFrom, forLoansMinor } = data;
  const common = { valueDate, currency: amount.currency };
  for (const { loanId, changes } of takenBackFrom) {
    await books.post({
      ...common,
      scenario: 'general.repayment-applied',
      businessKey: `refund ${refundId} taken back from loan ${loanId}`,
      owners: { loan: loanId, customer: customerId },
      amounts: repaymentAmounts(changes),
      description: `Refund ${refundId} taken back from loan ${loanId}`,
    });
  }
  if (forLoansMinor === 0) return;
  await books.post({
    ...common,
    scenario: 'general.refund-cleared',
    businessKey: `refund ${refundId} cleared`,
    owners: { customer: customerId },
    amounts: { allocated: forLoansMinor },
    description: `Refund ${refundId} cleared`,
  });
}

/** Reverses the journal of a disbursement, whole: principal, payout and the fees that were deducted. */
export async function disbursementReversed(
  tx: Knex.Transaction,
  books: Books,
  { reversalId, loanId, customerId, partnerId, principal, payout, valueDate }: DisbursementReversedData,
) {
  const original = await tx('books.journal')
    .where({ book: 'general', business_key: disbursementOf(loanId) })
    .first<{ id: number } | undefined>('id');
  if (!original) throw new Error(`No disbursement of loan ${loanId} is in the books.`);
  const { journalId, postingDate } = await books.reverse({
    journalId: original.id,
    businessKey: `reversal of ${disbursementOf(loanId)}`,
    valueDate,
    description: `The payout of loan ${loanId} came back: reversal ${reversalId}`,
  });
  return [
    message('accounting-entry-reversed', {
      ...{ scenario: 'disbursement-reversed', reversalId, loanId, customerId, partnerId, principal, payout },
      ...{ journalId, reversesJournalId: original.id, postingDate, valueDate },
    }),
  ] as const;
}
