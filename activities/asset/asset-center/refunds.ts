import type { Knex } from 'knex';
import { receiptIdOf } from '../../../domain/identifiers';
import { money, sumMinor } from '../../../domain/money';
import { planChargeback } from '../../../domain/refund';
import { journalChanges } from '../../../domain/servicing/journal';
import { livePostings } from '../../../domain/servicing/loan';
import { undo } from '../../../domain/servicing/payment';
import type { AccountingEntryReversedData, RefundPart } from '../../../schemas/generated/messages';
import { message } from '../../../schemas/message';
import { lockedAllocations, lockedLoan } from './loans';
import { keepPosted } from './repayments';

type Refund = Extract<AccountingEntryReversedData, { refundId: string }>;
type Chargeback = Extract<AccountingEntryReversedData, { chargebackId: string }>;
type Reversal = Extract<AccountingEntryReversedData, { reversalId: string }>;

/**
 * Takes a refund that the books have back from the loans that the money had been put towards, what was allocated last first.
 * Where a payment that was heard of meanwhile has moved the money along, less of it stands with a loan than was to be taken
 * back: the rest stands with its payer, as a payable.
 */
export async function takeBack(tx: Knex.Transaction, refund: Refund) {
  const { refundId, party, transactionNo, customerId, amount, parts, valueDate } = refund;
  const takenBackFrom = [];
  // In one order, so that of two who change the same loans at once neither waits for the other's.
  for (const part of parts.toSorted((one, other) => (one.loanId < other.loanId ? -1 : 1))) {
    const taken = await takeBackFrom(tx, refund, part);
    if (taken) takenBackFrom.push(taken);
  }
  return message('asset-posting-applied', {
    ...{
      refundId,
      receiptId: receiptIdOf(party, transactionNo),
      customerId,
      amount,
      valueDate,
      takenBackFrom,
    },
    forLoansMinor: sumMinor(parts.map((part) => part.amount.amountMinor)),
  });
}

/**
 * Takes back from the loans what a party has taken back: what stands with no loan goes first, then what was put towards
 * loans, the newest first. What refunds under way are about to take back is left to them.
 */
export async function takeBackCharged(tx: Knex.Transaction, chargeback: Chargeback) {
  const { chargebackId, party, transactionNo, customerId, amount, valueDate } = chargeback;
  const { notRefundedMinor, goingBack } = chargeback;
  const receiptId = receiptIdOf(party, transactionNo);
  const allocated = (await lockedAllocations(tx, customerId, receiptId))
    .map(({ loanId, partnerId, amountMinor }) => {
      const leaving = goingBack.filter((part) => part.loanId === loanId);
      const leavingMinor = sumMinor(leaving.map((part) => part.amount.amountMinor));
      return { loanId, partnerId, amountMinor: amountMinor - leavingMinor };
    })
    .filter(({ amountMinor }) => amountMinor > 0);
  const plan = planChargeback({ notRefundedMinor, allocated }, amount.amountMinor);
  const takenBackFrom = [];
  for (const part of plan.toSorted((one, other) => (one.loanId < other.loanId ? -1 : 1))) {
    const of = { ...part, amount: money(amount.currency, part.amountMinor) };
    // As if the money had never come: the customer is the cause.
    const taken = await takeBackFrom(tx, { ...chargeback, customerAtFault: true }, of);
    if (taken) takenBackFrom.push(taken);
  }
  return message('asset-posting-applied', {
    ...{ chargebackId, receiptId, customerId, amount, valueDate, takenBackFrom },
  });
}

async function takeBackFrom(
  tx: Knex.Transaction,
  {
    party,
    transactionNo,
    valueDate,
    customerAtFault,
  }: Pick<Refund, 'party' | 'transactionNo' | 'valueDate' | 'customerAtFault'>,
  { loanId, partnerId, amount }: RefundPart,
) {
  const kept = await lockedLoan(tx, loanId, 'UPDATE');
  if (!kept) throw new Error(`There is no loan ${loanId}.`);
  const paymentId = receiptIdOf(party, transactionNo);
  const live = livePostings(kept.loan, paymentId);
  const standsMinor = sumMinor(live.filter(({ by }) => by === 'PAYMENT').map((one) => one.amountMinor));
  const takenBackMinor = Math.min(standsMinor, amount.amountMinor);
  if (takenBackMinor === 0) return undefined;
  const paidOn = live[0]!.valueDate;
  const day = valueDate < paidOn ? paidOn : valueDate;
  const posted = undo(kept.loan, { paymentId, amountMinor: takenBackMinor, day, customerAtFault });
  await keepPosted(tx, kept, posted);
  return { loanId, partnerId, takenBackMinor, changes: journalChanges(posted.postings) };
}

/** The payout came back: the loan never was, and bears no interest from its first day. What was paid is refunded before. */
export async function reverse(tx: Knex.Transaction, reversal: Reversal) {
  const { reversalId, loanId, customerId, principal, valueDate } = reversal;
  const kept = await lockedLoan(tx, loanId, 'UPDATE');
  const stands = Object.values(journalChanges(kept?.loan.postings ?? [])).some((minor) => minor !== 0);
  if (!kept || stands) throw new Error(`Something was paid towards loan ${loanId}, and stands.`);
  await tx('asset_center.loan').where({ loan_id: loanId }).update({ state: 'REVERSED' });
  return message('asset-posting-applied', {
    ...{ reversalId, loanId, customerId, reversedPrincipal: principal, valueDate },
  });
}
