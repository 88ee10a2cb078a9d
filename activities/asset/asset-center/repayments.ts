import type { Knex } from 'knex';
import { sumMinor } from '../../../domain/money';
import { journalChanges, type JournalChanges } from '../../../domain/servicing/journal';
import type { Intent, Loan, Payment } from '../../../domain/servicing/loan';
import { applyPayment, type Outcome, type Posted } from '../../../domain/servicing/payment';
import { positionOf } from '../../../domain/servicing/position';
import type { AccountingEntryPostedData, RepaymentTarget } from '../../../schemas/generated/messages';
import { message } from '../../../schemas/message';
import { lockedLoan, lookedAtOn, type KeptLoan } from './loans';

/** Money of a customer that stands in the books. */
type Receipt = Extract<AccountingEntryPostedData, { towards: unknown }>;

/** What one loan took of the money. */
interface Part {
  loanId: string;
  outcome: Outcome;
  appliedMinor: number;
  /** Absent where nothing was changed. */
  done?: { kept: KeptLoan; paymentNumber: number; settledInstalments: number[]; changes: JournalChanges };
}

/**
 * Puts money that is in the books towards the loans that it is meant for, by the rules that quote it. What a loan does not
 * take stays with the payer: it stands as a payable in the books already.
 */
export async function applyReceipt(tx: Knex.Transaction, receipt: Receipt) {
  const { ledgerEventId: receiptId, customerId, orderId, amount, valueDate, towards } = receipt;
  const loans = new Map<string, KeptLoan | undefined>();
  // In one order, so that of two who pay the same loans at once neither waits for the other's.
  for (const { loanId } of towards.toSorted((one, other) => (one.loanId < other.loanId ? -1 : 1))) {
    loans.set(loanId, await lockedLoan(tx, loanId, 'UPDATE'));
  }
  const parts: Part[] = [];
  let leftMinor = amount.amountMinor;
  for (const target of towards) {
    const part = await applyTo(tx, loans.get(target.loanId), target, receipt, leftMinor);
    parts.push(part);
    leftMinor -= part.appliedMinor;
  }
  const common = { receiptId, customerId, valueDate, ...(orderId && { orderId }) };
  const loansOfIt = parts.map(({ loanId, outcome, appliedMinor }) => ({ loanId, outcome, appliedMinor }));
  const succeeded = parts.flatMap(({ loanId, outcome, appliedMinor, done }) => {
    if (!done) return [];
    const { kept, ...rest } = done;
    const { partnerId, currency } = kept;
    return [
      { ...common, loanId, partnerId, outcome, amount: { currency, amountMinor: appliedMinor }, ...rest },
    ];
  });
  return [
    message('asset-posting-applied', { ...common, amount, loans: loansOfIt, unappliedMinor: leftMinor }),
    // By partner, because each one's position is locked by the message that tells of it.
    ...succeeded
      .sort((one, other) => (one.partnerId + one.loanId < other.partnerId + other.loanId ? -1 : 1))
      .map((data) => message('repayment-succeeded', data)),
  ] as const;
}

async function applyTo(
  tx: Knex.Transaction,
  kept: KeptLoan | undefined,
  target: RepaymentTarget,
  { ledgerEventId, customerId, amount, valueDate }: Receipt,
  leftMinor: number,
): Promise<Part> {
  const { loanId } = target;
  const amountMinor = Math.min(leftMinor, target.upToMinor);
  const isMeant =
    kept?.customerId === customerId &&
    kept.currency === amount.currency &&
    kept.scheduleVersion !== null &&
    kept.state !== 'REVERSED';
  if (!isMeant || amountMinor === 0) return { loanId, outcome: 'UNAPPLIED', appliedMinor: 0 };

  const payment: Payment = {
    id: ledgerEventId,
    // Clocks differ: money that was paid for a loan before its first day counts from that day.
    valueDate: valueDate < kept.loan.startDate ? kept.loan.startDate : valueDate,
    amountMinor,
    intent: intentOf(target),
  };
  const posted = applyPayment(kept.loan, payment);
  const { outcome, settledInstalments } = posted;
  await keep(tx, kept, payment, posted);
  const own = posted.excess.filter(({ paymentId }) => paymentId === payment.id);
  const appliedMinor = amountMinor - sumMinor(own.map((one) => one.amountMinor));
  const changes = journalChanges(posted.postings);
  if (outcome === 'UNAPPLIED' && Object.values(changes).every((minor) => minor === 0)) {
    return { loanId, outcome, appliedMinor };
  }
  const paymentNumber = posted.loan.payments.length;
  return { loanId, outcome, appliedMinor, done: { kept, paymentNumber, settledInstalments, changes } };
}

const intentOf = ({ scenario, instalments, quotedFor }: RepaymentTarget): Intent =>
  scenario === 'NORMAL'
    ? { kind: 'NORMAL', ...(instalments && { instalments }) }
    : { kind: scenario, quotedFor: quotedFor! };

/** Keeps a payment, what it changed, and the state in which the loan is by it. */
async function keep(
  tx: Knex.Transaction,
  kept: KeptLoan,
  payment: Payment,
  posted: Posted & { outcome: Outcome },
): Promise<void> {
  await insertPayment(tx, kept.loanId, payment, posted.loan.payments.length);
  await keepPosted(tx, kept, posted, posted.outcome);
}

/** Adds a payment to a loan, as its `number`th. */
export async function insertPayment(
  tx: Knex.Transaction,
  loanId: string,
  { id, valueDate, amountMinor, intent }: Payment,
  number: number,
): Promise<void> {
  await tx('asset_center.payment').insert({
    ...{ loan_id: loanId, number, payment_id: id, value_date: valueDate },
    ...{ amount_minor: amountMinor, intent: intent.kind },
    instalments: intent.kind === 'NORMAL' ? (intent.instalments ?? null) : null,
    quoted_for: intent.kind === 'NORMAL' ? null : intent.quotedFor,
    periods: intent.kind === 'EXTENSION' ? intent.periods : null,
  });
}

/** Keeps what was posted to a loan, and the state in which it is by that. */
export async function keepPosted(
  tx: Knex.Transaction,
  kept: KeptLoan,
  { loan, postings }: Pick<Posted, 'loan' | 'postings'>,
  outcome?: Outcome,
): Promise<void> {
  await insertPostings(tx, kept.loanId, postings);
  const state = stateAfter(kept, loan, outcome);
  if (state === kept.state) return;
  await tx('asset_center.loan').where({ loan_id: kept.loanId }).update({ state });
}

/** Adds postings to a loan. */
export async function insertPostings(
  tx: Knex.Transaction,
  loanId: string,
  postings: Posted['postings'],
): Promise<void> {
  if (postings.length === 0) return;
  await tx('asset_center.posting').insert(
    postings.map((one) => ({
      ...{ loan_id: loanId, number: one.number, payment_id: one.paymentId, value_date: one.valueDate },
      ...{ instalment: one.instalment, component: one.component, kind: one.by },
      ...{ amount_minor: one.amountMinor, undoes: one.undoes ?? null },
    })),
  );
}

/** A cancelled loan stays one, whatever is heard of later. */
function stateAfter(
  { businessDate, state }: KeptLoan,
  loan: Loan,
  outcome: Outcome | undefined,
): KeptLoan['state'] {
  if (!positionOf(loan, lookedAtOn({ businessDate, loan })).settled) return 'ACTIVE';
  return outcome === 'CANCELLED' || state === 'CANCELLED' ? 'CANCELLED' : 'SETTLED';
}
