import type { Knex } from 'knex';
import { extensionOfMethod, orderOfMethod, receiptOf } from '../../../domain/identifiers';
import type {
  AssetPostingAppliedData,
  MarketId,
  PartnerRepaymentReceivedData,
  RepaymentTarget,
} from '../../../schemas/generated/messages';

/** The order that money was paid for. */
export interface PaidOrder {
  /** Absent where the money is for an extension, whose method is `methodNo`. */
  orderId?: string;
  customerId: string;
  methodNo?: string;
}

/** What two persons found out about money that named no order of ours. */
export interface Identification {
  customerId: string;
  loanId?: string;
}

/**
 * The order that money was paid for, by the number of the method or else by the reference beside it; kept as it is until
 * the transaction ends, so that of two payments for one order the second sees what the first has done. Undefined where
 * the money names no order, or one that it does not fit.
 *
 * An order is paid whatever has become of it: that it has expired or was cancelled, or that another party was to collect
 * it, does not make the money another's.
 */
export async function orderPaid(
  tx: Knex.Transaction,
  { methodNo, payerReference, amount }: PartnerRepaymentReceivedData,
  market: MarketId,
): Promise<PaidOrder | undefined> {
  if (methodNo && extensionOfMethod(methodNo)) {
    return tx('repayment_engine.extension_method')
      .where({ method_no: methodNo, market, currency: amount.currency })
      .first<PaidOrder | undefined>('customer_id as customerId', 'method_no as methodNo');
  }
  const named = (methodNo && orderOfMethod(methodNo)) ?? payerReference;
  if (!named) return undefined;
  return tx('repayment_engine.repayment_order')
    .where({ order_id: named, market, currency: amount.currency })
    .forUpdate()
    .first<PaidOrder | undefined>('order_id as orderId', 'customer_id as customerId');
}

/** What an order still means money to do: its lines, less what the loans took of earlier money for it. */
export async function towardsOrder(tx: Knex.Transaction, orderId: string): Promise<RepaymentTarget[]> {
  const { rows } = await tx.raw<{ rows: { target: RepaymentTarget }[] }>(
    `select json_strip_nulls(json_build_object(
              'loanId', line.loan_id, 'scenario', line.scenario, 'instalments', line.instalments,
              'quotedFor', case when line.scenario <> 'NORMAL' then line.quoted_for end,
              'upToMinor', line.amount_minor - taken.minor)) as target
       from repayment_engine.repayment_order_line line
       cross join lateral (
         select coalesce(sum(part.applied_minor), 0) as minor
           from repayment_engine.repayment one
           join repayment_engine.repayment_on_loan part using (party, transaction_no)
          where one.order_id = line.order_id and part.loan_id = line.loan_id) taken
      where line.order_id = ? and taken.minor < line.amount_minor
      order by line.number`,
    [orderId],
  );
  return rows.map(({ target }) => target);
}

export async function keepRepayment(
  tx: Knex.Transaction,
  { party, transactionNo, amount, valueDate }: PartnerRepaymentReceivedData,
  order: PaidOrder | undefined,
): Promise<void> {
  await tx('repayment_engine.repayment').insert({
    ...{ party, transaction_no: transactionNo, order_id: order?.orderId ?? null },
    ...{ customer_id: order?.customerId ?? null, currency: amount.currency },
    ...{ amount_minor: amount.amountMinor, value_date: valueDate },
  });
}

/** Keeps whose the money is that nobody knew. */
export async function identify(
  tx: Knex.Transaction,
  { party, transactionNo }: ReturnType<typeof receiptOf>,
  { customerId, loanId }: Identification,
): Promise<void> {
  await tx('repayment_engine.repayment_identification').insert({
    ...{ party, transaction_no: transactionNo, customer_id: customerId, loan_id: loanId ?? null },
  });
}

/** Keeps what became of money: what each loan took, and what none did. */
export async function keepResult(
  tx: Knex.Transaction,
  { receiptId, loans, unappliedMinor }: Extract<AssetPostingAppliedData, { unappliedMinor: number }>,
): Promise<void> {
  const { party, transactionNo } = receiptOf(receiptId);
  const receipt = { party, transaction_no: transactionNo };
  await tx('repayment_engine.repayment_result').insert({ ...receipt, unapplied_minor: unappliedMinor });
  if (loans.length === 0) return;
  await tx('repayment_engine.repayment_on_loan').insert(
    loans.map(({ loanId, appliedMinor, outcome }) => ({
      ...{ ...receipt, loan_id: loanId, applied_minor: appliedMinor, outcome },
    })),
  );
}
