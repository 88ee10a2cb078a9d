import type { Knex } from 'knex';
import { openQuestion, standingAnswer } from '../../../db/acts';
import { marketOf, partyKindOf } from '../../../db/reference';
import { dayInZone } from '../../../domain/calendar';
import { money, type Currency } from '../../../domain/money';
import type {
  CreateRepaymentRefundData,
  MarketId,
  RefundPart,
  RepaymentRefundedData,
} from '../../../schemas/generated/messages';
import { message } from '../../../schemas/message';
import { receiptBehind, type ReceiptInBooks } from './refunds';

/** Money that a party has taken back, as the command tells of it. */
export type ChargebackData = Extract<CreateRepaymentRefundData, { chargebackId: string }>;
type Told = Extract<RepaymentRefundedData, { chargebackId: string }>;

interface Chargeback {
  chargeback_id: string;
  party: string;
  transaction_no: string;
  currency: Currency;
  amount_minor: number;
  value_date: string;
  /** What of the receipt it undoes: as much as neither refunds nor other chargebacks give back. Set by the database. */
  claimed_minor: number;
  state: Told['standing'];
}

/**
 * Looks at money that was taken back: finds whose it was, and undoes what stands of it. What had been refunded before, its
 * payer has twice, and owes. It is never refused: as long as nobody knows whose it was, or a refund of it is under way, it
 * waits, and people are asked.
 */
export async function chargedBack(
  tx: Knex.Transaction,
  { data, flowId, market }: { data: ChargebackData; flowId: string; market: MarketId },
) {
  const chargeback = await claimed(tx, market, data);
  const receipt = await receiptBehind(tx, data);
  const payer =
    receipt?.currency === data.amount.currency ? await payerOf(tx, chargeback, receipt) : undefined;
  const answer = await standingAnswer(tx, flowId, 'chargeback');
  if (!payer || chargeback.amount_minor > payer.claimedMinor + payer.receivableMinor) {
    // Nothing of ours came in by it, or less: the party has to give that back, and two persons see to it.
    await openQuestion(tx, { flowId, question: 'chargeback', answers: ['CLAIM_FROM_PARTY'] });
  }
  const standing = payer ? 'CHARGED' : answer ? 'CLAIMED_FROM_PARTY' : 'WAITS';
  await tx('refund_reversal_service.chargeback')
    .where('chargeback_id', data.chargebackId)
    .update({
      state: standing,
      ...(payer && { customer_id: payer.customerId, receivable_minor: payer.receivableMinor }),
    });
  const { takenBackAt: _takenBackAt, ...told } = data;
  return message('repayment-refunded', {
    ...told,
    collectedBy: (await partyKindOf(tx, data.party)) === 'PAYMENT_CHANNEL' ? 'CUSTODY' : 'PARTNER',
    valueDate: chargeback.value_date,
    standing,
    ...(payer && { payer }),
  });
}

/** Whether a chargeback waits for what becomes of the refunds of a receipt: then none of them is paid any more. */
export async function chargebackWaits(
  tx: Knex.Transaction,
  { party, transaction_no, currency }: Pick<Chargeback, 'party' | 'transaction_no' | 'currency'>,
): Promise<boolean> {
  const waiting = await tx('refund_reversal_service.chargeback')
    .where({ party, transaction_no, currency, state: 'WAITS' })
    .first<object | undefined>('chargeback_id');
  return waiting !== undefined;
}

/** The chargeback, kept at the first look, with what it claims of its receipt by now. The database refuses one that has ended. */
async function claimed(tx: Knex.Transaction, market: MarketId, data: ChargebackData): Promise<Chargeback> {
  const { chargebackId, party, chargebackNo, transactionNo, amount, takenBackAt, reasonCode } = data;
  const table = () => tx<Chargeback>('refund_reversal_service.chargeback');
  const before = await table().where('chargeback_id', chargebackId).forUpdate().first();
  const { timeZone } = await marketOf(tx, market);
  const [chargeback] = before
    ? await table().where('chargeback_id', chargebackId).update({ state: 'WAITS' }).returning('*')
    : await table()
        .insert({
          ...{ chargeback_id: chargebackId, party, chargeback_no: chargebackNo, state: 'WAITS' },
          ...{ transaction_no: transactionNo, currency: amount.currency, amount_minor: amount.amountMinor },
          ...{ reason_code: reasonCode, value_date: dayInZone(takenBackAt, timeZone) },
        } as never)
        .returning('*');
  return chargeback!;
}

/**
 * Whose money it was, and what of it is undone; undefined while a refund of it is under way that may have to give way, or
 * may turn out to be paid, and where other chargebacks have taken all that came in.
 */
async function payerOf(
  tx: Knex.Transaction,
  { chargeback_id, party, transaction_no, currency, amount_minor, claimed_minor }: Chargeback,
  receipt: ReceiptInBooks,
): Promise<Told['payer'] | undefined> {
  const { rows } = await tx.raw<{ rows: [Standing] }>(
    `select coalesce((select f.refunded_minor from refund_reversal_service.refunded_receipt f
                       where f.party = :party and f.transaction_no = :transaction_no), 0)::bigint as "goesBackMinor",
            coalesce((select sum(c.claimed_minor + c.receivable_minor) from refund_reversal_service.chargeback c
                       where c.party = :party and c.transaction_no = :transaction_no and c.currency = :currency
                         and c.state = 'CHARGED' and c.chargeback_id <> :chargeback_id), 0)::bigint as "chargedMinor",
            exists (select from refund_reversal_service.refund f
                     where f.party = :party and f.transaction_no = :transaction_no
                       and f.state in ('REQUESTED', 'PAYING_OUT', 'ACCOUNT_NEEDED')) as "refundUnderWay",
            coalesce((select json_agg(json_build_object('loanId', part.loan_id, 'partnerId', part.partner_id,
                                                        'amountMinor', part.amount_minor) order by f.refund_id, part.number)
                        from refund_reversal_service.refund f
                        join refund_reversal_service.refund_part part using (refund_id)
                       where f.party = :party and f.transaction_no = :transaction_no
                         and f.state not in ('REJECTED', 'FAILED')
                         and not exists (select from books.journal j
                                          where j.book = 'general' and j.business_key = 'refund ' || f.refund_id)),
                     '[]') as "goingBack"`,
    { chargeback_id, party, transaction_no, currency },
  );
  const [{ goesBackMinor, chargedMinor, refundUnderWay, goingBack }] = rows;
  if (claimed_minor < amount_minor && refundUnderWay) return undefined;
  const ofReceiptMinor = Math.min(amount_minor, receipt.amountMinor - chargedMinor);
  if (ofReceiptMinor === 0) return undefined;
  return {
    customerId: receipt.customerId,
    claimedMinor: claimed_minor,
    receivableMinor: ofReceiptMinor - claimed_minor,
    notRefundedMinor: receipt.amountMinor - (goesBackMinor - claimed_minor),
    goingBack: goingBack.map(({ amountMinor, ...part }): RefundPart => ({
      ...part,
      amount: money(currency, amountMinor),
    })),
  };
}

/** How a receipt stands, other than by the chargeback that is looked at; in minor units of its currency. */
interface Standing {
  /** All that refunds and chargebacks give back, this one included. */
  goesBackMinor: number;
  /** What other chargebacks of it have taken, from what stood or from its payer. */
  chargedMinor: number;
  refundUnderWay: boolean;
  /** What refunds are to take back from loans, and have not yet. */
  goingBack: { loanId: string; partnerId: string; amountMinor: number }[];
}
