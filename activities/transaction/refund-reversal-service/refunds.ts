import type { Knex } from 'knex';
import type { NewHold } from '../../../db/books/holds';
import { refundHoldOf } from '../../../domain/identifiers';
import { money, sumMinor, type Currency } from '../../../domain/money';
import type { CreateRepaymentRefundData, MarketId, RefundPart } from '../../../schemas/generated/messages';

/** A refund as it is asked for. */
export type RefundData = Extract<CreateRepaymentRefundData, { refundId: string }>;

/** A refund as it is kept. */
export interface Refund {
  refund_id: string;
  cause: RefundData['cause'];
  party: string;
  transaction_no: string;
  customer_id: string;
  currency: Currency;
  amount_minor: number;
  customer_at_fault: boolean;
  collecting_partner_id: string | null;
  payment_channel_id: string;
  account_token: string | null;
  state: RefundState;
  attempt: number;
}
type RefundState = 'REQUESTED' | 'PAYING_OUT' | 'ACCOUNT_NEEDED' | 'PAID_OUT' | 'REJECTED' | 'FAILED';

/** Money that came in, as the books have it. */
export interface ReceiptInBooks {
  customerId: string;
  currency: Currency;
  amountMinor: number;
  /** The funding partner that collected it itself, if one did. */
  collectingPartnerId: string | null;
}

/** With this refund more would go back than came in: the database has refused it. */
export class MoreThanPaid extends Error {}

/** A refund by its id; undefined when there is none (yet). */
export const refundOf = (tx: Knex.Transaction, refundId: string): Promise<Refund | undefined> =>
  tx<Refund>('refund_reversal_service.refund').where('refund_id', refundId).first();

/** What of a refund is to be taken back from loans, in that order. */
export async function partsOf(tx: Knex.Transaction, { refund_id, currency }: Refund): Promise<RefundPart[]> {
  const rows = await tx('refund_reversal_service.refund_part')
    .where({ refund_id })
    .orderBy('number')
    .select<{ loanId: string; partnerId: string; amountMinor: number }[]>(
      'loan_id as loanId',
      'partner_id as partnerId',
      'amount_minor as amountMinor',
    );
  return rows.map(({ amountMinor, ...part }) => ({ ...part, amount: money(currency, amountMinor) }));
}

/** What of a refund stands with no loan. */
export const unappliedMinorOf = ({ amount, parts }: Pick<RefundData, 'amount' | 'parts'>): number =>
  amount.amountMinor - sumMinor(parts.map((part) => part.amount.amountMinor));

/** What is set aside of the payer's money that stands with no loan. */
export const holdFor = (
  { refund_id, customer_id, currency }: Pick<Refund, 'refund_id' | 'customer_id' | 'currency'>,
  amountMinor: number,
): NewHold => ({
  account: { book: 'general', code: 'customer-payable', owner: customer_id, currency },
  businessKey: refundHoldOf(refund_id),
  amountMinor,
  description: `Held for refund ${refund_id}`,
});

/** Money that came in by a transaction; undefined as long as none stands with a customer in the books. */
export async function receiptBehind(
  tx: Knex.Transaction,
  { party, transactionNo }: { party: string; transactionNo: string },
): Promise<ReceiptInBooks | undefined> {
  const { rows } = await tx.raw<{ rows: ReceiptInBooks[] }>(
    `select a.owner as "customerId", r.currency, r.amount_minor as "amountMinor",
            case p.kind when 'FUNDING_PARTNER' then p.id end as "collectingPartnerId"
       from outside.receipt r
       join reference.party p on p.id = r.party
       join books.journal j on j.book = 'general'
        and j.business_key in ('receipt ' || r.party || '.' || r.transaction_no,
                               'identification of receipt ' || r.party || '.' || r.transaction_no)
       join books.entry e on e.journal_id = j.id and e.side = 'CREDIT'
       join books.account a on a.id = e.account_id and a.code = 'customer-payable'
      where r.party = :party and r.transaction_no = :transactionNo`,
    { party, transactionNo },
  );
  return rows[0];
}

/**
 * Keeps a refund that is asked for, and claims its amount of the receipt.
 *
 * @throws MoreThanPaid when the receipt has less left; the transaction is still usable then
 */
export async function insertRefund(
  tx: Knex.Transaction,
  market: MarketId,
  data: RefundData,
  { collectingPartnerId }: ReceiptInBooks,
): Promise<Refund> {
  const { refundId: refund_id, cause, party, customerId, amount, parts, accountToken } = data;
  try {
    return await tx.transaction(async (savepoint) => {
      const [refund] = await savepoint('refund_reversal_service.refund')
        .insert({
          ...{ refund_id, cause, party, transaction_no: data.transactionNo, customer_id: customerId },
          ...{ currency: amount.currency, amount_minor: amount.amountMinor, state: 'REQUESTED' },
          ...{ customer_at_fault: data.customerAtFault, collecting_partner_id: collectingPartnerId },
          // What a channel collected goes back by that channel; the rest by the one that collects for us by default.
          payment_channel_id: collectingPartnerId
            ? savepoint('reference.party').where({ market, is_default_collector: true }).select('id')
            : party,
          account_token: accountToken ?? null,
        })
        .returning<Refund[]>('*');
      if (parts.length > 0) {
        await savepoint('refund_reversal_service.refund_part').insert(
          parts.map(({ loanId, partnerId, amount: { amountMinor } }, index) => ({
            ...{ refund_id, number: index + 1, loan_id: loanId, partner_id: partnerId },
            amount_minor: amountMinor,
          })),
        );
      }
      return refund!;
    });
  } catch (error) {
    const { constraint } = error as { constraint?: string };
    throw constraint === 'never_more_than_was_paid' ? new MoreThanPaid() : error;
  }
}

/** Moves a refund on. One in another state is a bug, and the step stops there for operators to see. */
export async function moveRefund(
  tx: Knex.Transaction,
  refundId: string,
  from: readonly RefundState[],
  changes: { state: RefundState } & Record<string, unknown>,
): Promise<Refund> {
  const [refund] = await tx('refund_reversal_service.refund')
    .where('refund_id', refundId)
    .whereIn('state', from)
    .update(changes)
    .returning<Refund[]>('*');
  if (!refund) throw new Error(`Refund ${refundId} is not ${from.join(' or ')}.`);
  return refund;
}
