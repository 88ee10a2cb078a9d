import type { Knex } from 'knex';
import type { Books } from '../../../db/books/posting';
import { disbursementOf, receiptIdOf, refundHoldOf, undoingOf } from '../../../domain/identifiers';
import { money, sumMinor } from '../../../domain/money';
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
export async function paidBack(books: Books, refund: Extract<RepaymentRefundedData, { refundId: string }>) {
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

/**
 * Posts that a party has taken money back: at once, and again when it is known whose it was, which changes nothing. Then what
 * is undone waits in clearing, as for a refund, and what had been refunded before its payer owes.
 */
export async function chargedBack(
  books: Books,
  data: Extract<RepaymentRefundedData, { chargebackId: string }>,
) {
  const { chargebackId, party, chargebackNo, transactionNo, collectedBy, amount, valueDate, payer } = data;
  const fact = undoingOf(data);
  const common = { valueDate, currency: amount.currency };
  await books.post({
    ...common,
    scenario: collectedBy === 'CUSTODY' ? 'general.chargeback-by-channel' : 'general.chargeback-by-partner',
    businessKey: fact,
    owners: { party, paymentChannel: party, fundingPartner: party },
    amounts: { takenBack: amount.amountMinor },
    description: `Receipt ${receiptIdOf(party, transactionNo)} taken back: ${chargebackNo}`,
  });
  if (!payer) return [] as const;
  const { customerId, claimedMinor, receivableMinor, notRefundedMinor, goingBack } = payer;
  const { journalId, postingDate } = await books.post({
    ...common,
    scenario: 'general.chargeback-charged',
    businessKey: `${fact} charged`,
    owners: { party, customer: customerId },
    amounts: {
      ...{ claimed: claimedMinor, receivable: receivableMinor, charged: claimedMinor + receivableMinor },
    },
    description: `Receipt ${receiptIdOf(party, transactionNo)} taken back: ${chargebackNo}`,
  });
  if (claimedMinor === 0) return [] as const;
  return [
    message('accounting-entry-reversed', {
      ...{ scenario: 'repayment-charged-back', chargebackId, party, transactionNo, customerId },
      ...{ amount: money(amount.currency, claimedMinor), notRefundedMinor, goingBack },
      ...{ journalId, postingDate, valueDate },
    }),
  ] as const;
}

type TakenBack = Extract<AssetPostingAppliedData, { takenBackFrom: unknown }>;

/** Posts what a refund or chargeback has taken back from each loan, and clears what went back for it. */
export async function takenBack(books: Books, data: TakenBack): Promise<void> {
  const { customerId, amount, valueDate, takenBackFrom } = data;
  // What a refund gave back of what stood with no loan came out of its hold.
  const throughClearingMinor = 'refundId' in data ? data.forLoansMinor : amount.amountMinor;
  const fact = undoingOf(data);
  const common = { valueDate, currency: amount.currency };
  for (const { loanId, changes } of takenBackFrom) {
    await books.post({
      ...common,
      scenario: 'general.repayment-applied',
      businessKey: `${fact} taken back from loan ${loanId}`,
      owners: { loan: loanId, customer: customerId },
      amounts: repaymentAmounts(changes),
      description: `Taken back from loan ${loanId}: ${fact}`,
    });
  }
  if (throughClearingMinor === 0) return;
  await books.post({
    ...common,
    scenario: 'general.refund-cleared',
    businessKey: `${fact} cleared`,
    owners: { customer: customerId },
    amounts: { allocated: throughClearingMinor },
    description: `${fact} cleared`,
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
