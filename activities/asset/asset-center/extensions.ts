import type { Knex } from 'knex';
import type { IsoDate } from '../../../domain/calendar';
import { applyExtension, extensionProblem, fundingTermProblem } from '../../../domain/servicing/extension';
import { journalChanges } from '../../../domain/servicing/journal';
import type { Payment } from '../../../domain/servicing/loan';
import type {
  AccountingEntryPostedData,
  CalculateRepaymentPostingData,
  ExtensionSucceededData,
} from '../../../schemas/generated/messages';
import { message } from '../../../schemas/message';
import { lockedLoan, type KeptLoan } from './loans';
import { insertPayment, insertPostings } from './repayments';
import { insertSchedule } from './schedules';

type Asked = Extract<CalculateRepaymentPostingData, { paid?: unknown }>;
type PaidExtension = Extract<AccountingEntryPostedData, { scenario: 'extension-paid' }>;

/** Why a loan cannot be extended on a day: by its product's and its market's rules, or by its funding partner's contract. */
export const whyNotExtended = ({ loan, longestTermDays }: KeptLoan, day: IsoDate, periods: number) =>
  extensionProblem(loan, day, periods) ?? fundingTermProblem(loan, day, periods, longestTermDays);

/** The payment of an extension of a loan. Clocks differ: nothing counts before the loan's first day. */
function paymentOf(
  { loan: { startDate } }: KeptLoan,
  paid: { id: string; valueDate: string; amountMinor: number; quotedFor: string; periods: number },
): Payment {
  const { id, valueDate, amountMinor, quotedFor, periods } = paid;
  return {
    ...{ id, valueDate: valueDate < startDate ? startDate : valueDate, amountMinor },
    intent: { kind: 'EXTENSION', quotedFor, periods },
  };
}

/**
 * Looks whether what was paid extends the loan as it was quoted, and keeps the loan as it is until the transaction ends. If
 * the schedule or the balance has changed since, or it does not cover the price, it is said not to be as quoted.
 */
export async function confirmExtension(
  tx: Knex.Transaction,
  { quoteId, loanId, customerId, request: { periods } }: Asked,
  { receiptId: id = quoteId, valueDate, amount }: NonNullable<Asked['paid']>,
) {
  const kept = (await lockedLoan(tx, loanId, 'UPDATE'))!;
  const quote = await tx('asset_center.extension_quote')
    .where({ quote_id: quoteId, loan_id: loanId })
    .first<{ quotedFor: string; scheduleVersion: number; lastPosting: number }>(
      'quoted_for as quotedFor',
      'schedule_version as scheduleVersion',
      'last_posting as lastPosting',
    );
  const { state, scheduleVersion, productId, productVersion, loan } = kept;
  const isAsQuoted =
    state === 'ACTIVE' &&
    quote.scheduleVersion === scheduleVersion &&
    quote.lastPosting === loan.postings.length;
  const notAsQuoted = message('repayment-posting-calculated', {
    ...{ quoteId, loanId, customerId, scenario: 'EXTENSION_NOT_AS_QUOTED' },
  });
  if (!isAsQuoted) return [notAsQuoted] as const;
  const { quotedFor } = quote;
  const payment = paymentOf(kept, {
    ...{ id, valueDate, amountMinor: amount.amountMinor, quotedFor, periods },
  });
  if (!applyExtension(loan, payment).extended) return [notAsQuoted] as const;
  const { market: _market, terms: _terms, ...account } = loan;
  return [
    message('calculate-repayment-plan', {
      ...{ scenario: 'EXTENSION', quoteId, loanId, productId, productVersion, periods, account },
      quotedFor: payment.valueDate,
    }),
  ] as const;
}

/** What extends a loan: `id` names the payment, or, where it costs nothing, the order. */
interface Extending {
  loanId: string;
  id: string;
  valueDate: string;
  amountMinor: number;
  quotedFor: string;
  periods: number;
}

/** Extends a loan once what was paid for it stands in the books. */
export async function extendPaid(tx: Knex.Transaction, entry: PaidExtension) {
  const { loanId, receiptId, customerId, amount, valueDate, periods, quotedFor } = entry;
  const { kept, posted } = await extendLoan(tx, {
    ...{ loanId, id: receiptId, valueDate, amountMinor: amount.amountMinor, quotedFor, periods },
  });
  const outcome = 'EXTENDED' as const;
  const changes = journalChanges(posted.postings);
  return [
    message('asset-posting-applied', {
      ...{ receiptId, customerId, amount, valueDate, unappliedMinor: 0 },
      loans: [{ loanId, outcome, appliedMinor: changes.appliedMinor }],
    }),
    message('repayment-succeeded', {
      ...{ receiptId, loanId, customerId, partnerId: kept.partnerId, amount, valueDate, outcome, changes },
      ...{ paymentNumber: posted.loan.payments.length, settledInstalments: [] },
    }),
  ] as const;
}

/** Extends a loan for free: the ledger has nothing to record, so there is no entry to wait for. */
export async function extendFree(tx: Knex.Transaction, { orderId: id, ...data }: ExtensionSucceededData) {
  await extendLoan(tx, { ...data, id, amountMinor: 0 });
}

/** Adds the new version of a loan's schedule, and what was paid for it. */
async function extendLoan(tx: Knex.Transaction, { loanId, ...paid }: Extending) {
  const { periods } = paid;
  const kept = (await lockedLoan(tx, loanId, 'UPDATE'))!;
  const payment = paymentOf(kept, paid);
  const posted = applyExtension(kept.loan, payment);
  if (!posted.extended) throw new Error(`Loan ${loanId} is not as it was when its extension was confirmed.`);
  const version = kept.scheduleVersion! + 1;
  const { instalments } = posted.loan;
  await insertSchedule(tx, loanId, { version, instalments, addedPeriods: periods });
  await insertPayment(tx, loanId, payment, posted.loan.payments.length);
  await insertPostings(tx, loanId, posted.postings);
  await tx('asset_center.loan').where({ loan_id: loanId }).update({ schedule_version: version });
  return { kept, posted };
}
