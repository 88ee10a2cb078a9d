import type { Knex } from 'knex';
import type { MarketId } from '../../schemas/generated/messages';
import type { Message } from '../../schemas/message';
import type { RepaymentReceived } from '../../schemas/outside/repayment';
import { recordEvent } from '../messages';
import { recordTold, type ToldFate, type ToldUnasked } from './told';

/** What a party told us of money that came in. */
export interface ReceiptNotification extends ToldUnasked<RepaymentReceived> {
  /** The event that tells of it: made of the money as it was told of first. */
  eventOf: (receipt: Receipt, market: MarketId) => Message;
}

/** Money of one transaction at one party, as the party first told of it. */
export type Receipt = Pick<
  RepaymentReceived,
  'transactionNo' | 'amount' | 'paidAt' | 'methodNo' | 'payerReference'
> & { party: string };

/** What became of a notification, with the event that tells of the money where it is known. */
export type ReceiptFate =
  (Extract<ToldFate, { market: MarketId }> & { event: Message }) | Exclude<ToldFate, { market: MarketId }>;

/** Records money that came in and the event that tells of it, once, and each notification of it, once: both or neither. */
export async function recordReceipt(
  db: Knex,
  { eventOf, ...told }: ReceiptNotification,
): Promise<ReceiptFate> {
  const { party, body } = told;
  const { transactionNo, amount, paidAt, methodNo = null, payerReference = null } = body;
  const receipt = {
    ...{ party, transactionNo, amount, paidAt },
    ...(methodNo !== null && { methodNo }),
    ...(payerReference !== null && { payerReference }),
  };
  const row = {
    ...{ transaction_no: transactionNo, currency: amount.currency, amount_minor: amount.amountMinor },
    ...{ paid_at: paidAt, method_no: methodNo, payer_reference: payerReference },
  };
  const fact = { table: 'outside.receipt', number: 'transaction_no', row } as const;
  const noted = await recordTold(db, 'receipt', told, fact, (tx, market) =>
    recordEvent(tx, eventOf(receipt, market)),
  );
  return 'market' in noted ? { ...noted, event: eventOf(receipt, noted.market) } : noted;
}
