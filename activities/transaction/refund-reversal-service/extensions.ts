import type { Knex } from 'knex';
import { openQuestion, recordAct } from '../../../db/acts';
import { marketOf } from '../../../db/reference';
import { receiptOf, refundFlowIdOf } from '../../../domain/identifiers';
import { money } from '../../../domain/money';
import { needsApproval } from '../../../domain/refund';
import type { AccountingEntryPostedData, MarketId } from '../../../schemas/generated/messages';
import { derivedId } from '../../../schemas/identity';
import { receiptBehind, type RefundData } from './refunds';

/**
 * What is to go back of money that was paid for an extension: what the extension did not take of it, all where it did not
 * apply. Undefined where nothing is left; and where a partner has the money itself, which can be paid back only to an
 * account that a person finds.
 *
 * @param entry of the money, or of what the extension has taken of it
 */
export async function leftOfExtension(
  tx: Knex.Transaction,
  entry: AccountingEntryPostedData,
): Promise<RefundData | undefined> {
  const paid = paidIn(entry);
  if (!paid) return undefined;
  const { receiptId, customerId, takenMinor } = paid;
  const { party, transactionNo } = receiptOf(receiptId);
  const receipt = await receiptBehind(tx, { party, transactionNo });
  if (receipt?.customerId !== customerId || receipt.collectingPartnerId || receipt.amountMinor <= takenMinor)
    return undefined;
  return {
    ...{ refundId: refundIdOf(receiptId), cause: 'OVERPAID', party, transactionNo, customerId },
    amount: money(receipt.currency, receipt.amountMinor - takenMinor),
    ...{ parts: [], customerAtFault: false },
  };
}

/** The money that an entry is of, and what an extension has taken of it; undefined where it is for no extension. */
function paidIn(entry: AccountingEntryPostedData) {
  if (entry.scenario === 'extension-paid') {
    const { receiptId, customerId, amount } = entry;
    return { receiptId, customerId, takenMinor: amount.amountMinor };
  }
  if (!('methodNo' in entry)) return undefined;
  return { receiptId: entry.ledgerEventId, customerId: entry.customerId, takenMinor: 0 };
}

/** One refund of a receipt begins by itself, so the receipt names it. */
const refundIdOf = (receiptId: string): string =>
  `RF${derivedId('refund', receiptId).replaceAll('-', '').slice(0, 30).toUpperCase()}`;

/**
 * Asks for the approval of a refund that we ask for ourselves, where it needs one: the request is our own act, as that of an
 * operator would be theirs, so one operator approves it. No person has named the payer or the amount, which is what a
 * second pair of eyes would look at: both follow from the books.
 */
export async function askForApproval(
  tx: Knex.Transaction,
  market: MarketId,
  { refundId, amount, parts }: RefundData,
): Promise<void> {
  const { refundUnapprovedUpToMinor } = await marketOf(tx, market);
  if (!needsApproval({ amountMinor: amount.amountMinor, parts }, refundUnapprovedUpToMinor)) return;
  const flowId = refundFlowIdOf(refundId);
  await openQuestion(tx, { flowId, question: 'refund', answers: ['APPROVE', 'REJECT'] });
  await recordAct(tx, {
    ...{ id: derivedId('act', refundId), flowId, question: 'refund', answer: 'APPROVE' },
    ...{ actor: 'refund-reversal-service', reason: 'It was paid for an extension, which did not take it.' },
  });
}
