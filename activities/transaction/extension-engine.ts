import type { Knex } from 'knex';
import { answerOrDeadline, openQuestion } from '../../db/acts';
import { collectorsFor, heldBusinessDate, marketOf } from '../../db/reference';
import { feePaymentIdOf, methodNoOf } from '../../domain/identifiers';
import type { Currency } from '../../domain/money';
import type { ExtensionOrderCreatedData } from '../../schemas/generated/messages';
import { message } from '../../schemas/message';
import { service } from '../service';

interface ExtensionOrder {
  order_id: string;
  quote_id: string;
  loan_id: string;
  customer_id: string;
  periods: number;
  quoted_for: string;
  currency: Currency;
  amount_minor: number;
  state: string;
}

/** 展期系统: keeps orders of extensions, has them approved and paid, and says when one applies. */
export const extensionEngine = service('extension-engine', {
  async 'create-extension-order'({ data, market, flowId }, { tx, refuse }) {
    const { overdueDays, timesExtended, ...order } = data;
    const { orderId, quoteId, loanId, customerId, periods, quotedFor, amount } = order;
    if (quotedFor < (await heldBusinessDate(tx, market))) {
      return refuse('QUOTE_EXPIRED', `Quote ${quoteId} was for ${quotedFor}.`);
    }
    // A first extension of a loan that is not overdue is what the product's terms foresee.
    const approval = overdueDays > 0 || timesExtended > 0 ? 'PERSON' : 'RULE';
    const inserted = await tx('extension_engine.extension_order')
      .insert({
        ...{ order_id: orderId, quote_id: quoteId, loan_id: loanId, customer_id: customerId, market },
        ...{ periods, quoted_for: quotedFor, approval, state: 'CREATED' },
        ...{ currency: amount.currency, amount_minor: amount.amountMinor },
      })
      .onConflict('quote_id')
      .ignore()
      .returning('order_id');
    if (inserted.length === 0) return refuse('QUOTE_TAKEN', `Quote ${quoteId} was ordered before.`);
    const { reviewWithinSeconds } = await marketOf(tx, market);
    if (approval === 'PERSON') {
      await openQuestion(tx, {
        ...{ flowId, question: 'review', answers: ['APPROVE', 'REJECT'], withinSeconds: reviewWithinSeconds },
      });
    }
    return [message('extension-order-created', { ...order, approval, reviewWithinSeconds })];
  },

  async 'extension-order-created'({ data, market, flowId }, { tx }) {
    const { orderId, customerId, amount, approval } = data;
    const order = await lockedOrder(tx, orderId);
    if (await isCancelled(tx, orderId)) return end(tx, order, 'FAILED', 'CANCELLED');
    if (approval === 'PERSON') {
      const { answer } = await answerOrDeadline(tx, flowId, 'review', {
        ...{ answer: 'REJECT', reason: 'Nobody approved the extension in time.' },
      });
      if (answer !== 'APPROVE') return end(tx, order, 'REJECTED', 'NOT_APPROVED');
    }
    if (amount.amountMinor === 0) return extendForFree(tx, order, data, await heldBusinessDate(tx, market));
    // The fee is ours, whoever funds the loan: our payment system collects it.
    const { defaultCollector } = await collectorsFor(tx, market, []);
    if (defaultCollector?.channelState !== 'UP') return end(tx, order, 'FAILED', 'NO_COLLECTOR');
    const methodNo = methodNoOf(orderId, 1);
    await move(tx, orderId, ['CREATED'], { state: 'APPROVED', method_no: methodNo });
    const { methodExpiresInSeconds: expiresInSeconds } = await marketOf(tx, market);
    return [
      message('initiate-payment', {
        ...{ paymentId: feePaymentIdOf(orderId), purpose: 'EXTENSION_FEE', orderId, customerId, methodNo },
        ...{ paymentChannelId: defaultCollector.party, amount, expiresInSeconds },
      }),
    ];
  },

  async 'repayment-method-created'({ data }, { tx }) {
    if (!('purpose' in data)) throw new Error(`The method of order ${data.orderId} is for a repayment.`);
    const { orderId, method } = data;
    await move(tx, orderId, ['APPROVED'], { state: 'METHOD_CREATED', method: JSON.stringify(method) });
    return [];
  },

  /** The party gives no method to pay by. */
  async 'initiate-payment'({ data }, { tx, refusal }) {
    if (data.purpose !== 'EXTENSION_FEE')
      throw new Error(`Payment ${data.paymentId} is not for an extension.`);
    return end(tx, await lockedOrder(tx, data.orderId), 'FAILED', refusal.code);
  },

  /** Money has come by the order's method. Only what pays the order, once and on its day, is to extend the loan. */
  async 'payment-succeeded'({ data }, { tx }) {
    if (data.purpose !== 'EXTENSION_FEE')
      throw new Error(`Payment ${data.paymentId} is not for an extension.`);
    const { orderId, receiptId, amount, valueDate } = data;
    const order = await lockedOrder(tx, orderId);
    await tx('extension_engine.fee_payment').insert({
      ...{
        receipt_id: receiptId,
        order_id: orderId,
        value_date: valueDate,
        amount_minor: amount.amountMinor,
      },
    });
    // Paid again: the customer knows that it is extended, and hears of it when what is too much is paid back.
    if (order.state === 'EXTENDED') return [];
    const { quote_id: quoteId, loan_id: loanId, customer_id: customerId, periods } = order;
    const pays =
      order.state === 'METHOD_CREATED' &&
      amount.currency === order.currency &&
      amount.amountMinor >= order.amount_minor &&
      valueDate <= order.quoted_for &&
      !(await isCancelled(tx, orderId));
    if (!pays) return [await paidInVain(tx, order)];
    return [
      message('calculate-repayment-posting', {
        ...{ quoteId, loanId, customerId, request: { scenario: 'EXTENSION', periods } },
        paid: { receiptId, valueDate, amount },
      }),
    ];
  },

  /** 确认展期方案: asset management has found the loan as it was quoted, and this is what the extension makes of it. */
  async 'repayment-plan-calculated'({ data }, { tx }) {
    if (!('scenario' in data) || data.scenario !== 'EXTENSION') {
      throw new Error(`The plan of loan ${data.loanId} is for no extension.`);
    }
    const { quoteId, loanId, periods, currency, amounts, newInstalments, quotedFor: valueDate } = data;
    const order = (await tx<ExtensionOrder>('extension_engine.extension_order')
      .where({ quote_id: quoteId })
      .first())!;
    const { order_id: orderId, customer_id: customerId, quoted_for: quotedFor } = order;
    // Others may have come that did nothing: they counted before something that was posted to the loan.
    const paid = await tx('extension_engine.fee_payment')
      .where({ order_id: orderId })
      .where('amount_minor', '>=', order.amount_minor)
      .where('value_date', '<=', valueDate)
      .orderBy('value_date', 'desc')
      .first<{ receiptId: string } | undefined>('receipt_id as receiptId');
    await move(tx, orderId, ['APPROVED', 'METHOD_CREATED'], { state: 'EXTENDED' });
    return [
      message('extension-succeeded', {
        ...{ orderId, quoteId, loanId, customerId, ...paid, periods, quotedFor, valueDate },
        ...{ currency, amounts, newInstalments },
      }),
    ];
  },

  /** Asset management has found the loan otherwise than it was quoted. */
  async 'repayment-posting-calculated'({ data: { quoteId } }, { tx }) {
    const order = (await tx<ExtensionOrder>('extension_engine.extension_order')
      .where({ quote_id: quoteId })
      .first())!;
    return order.amount_minor === 0
      ? end(tx, order, 'FAILED', 'NOT_AS_QUOTED')
      : [await paidInVain(tx, order)];
  },
});

/** An order, kept as it is until the transaction ends: it is not cancelled, or paid again, meanwhile. */
async function lockedOrder(tx: Knex.Transaction, orderId: string): Promise<ExtensionOrder> {
  const order = await tx<ExtensionOrder>('extension_engine.extension_order')
    .where({ order_id: orderId })
    .forUpdate()
    .first();
  return order!;
}

const isCancelled = async (tx: Knex.Transaction, orderId: string): Promise<boolean> =>
  (await tx('extension_engine.order_cancellation')
    .where({ order_id: orderId })
    .first<object | undefined>('order_id')) !== undefined;

/** What costs nothing is as good as paid on the day that it was quoted for, unless that is over. */
async function extendForFree(
  tx: Knex.Transaction,
  order: ExtensionOrder,
  { orderId, quoteId, loanId, customerId, periods, quotedFor, amount }: ExtensionOrderCreatedData,
  businessDate: string,
) {
  if (quotedFor < businessDate) return end(tx, order, 'FAILED', 'QUOTE_EXPIRED');
  await move(tx, orderId, ['CREATED'], { state: 'APPROVED' });
  return [
    message('calculate-repayment-posting', {
      ...{ quoteId, loanId, customerId, request: { scenario: 'EXTENSION', periods } },
      paid: { valueDate: quotedFor, amount },
    }),
  ] as const;
}

/** Nothing comes of an order, and nothing was paid for it. The customer is told, unless it is what they wanted. */
async function end(
  tx: Knex.Transaction,
  order: ExtensionOrder,
  state: 'REJECTED' | 'FAILED',
  reasonCode: string,
) {
  const { order_id } = order;
  await move(tx, order_id, ['CREATED', 'APPROVED'], { state, reason_codes: [reasonCode] });
  if (await isCancelled(tx, order_id)) return [] as const;
  return [telling(`EXTENSION_${state}`, order, order_id)] as const;
}

/** What has come does not extend the loan. The customer is told of each such payment, which goes back. */
async function paidInVain(tx: Knex.Transaction, order: ExtensionOrder) {
  const payments = await tx('extension_engine.fee_payment')
    .where({ order_id: order.order_id })
    .select('receipt_id');
  return telling('EXTENSION_CANCELLED', order, `${order.order_id}-${payments.length}`);
}

const telling = (
  template: 'EXTENSION_REJECTED' | 'EXTENSION_FAILED' | 'EXTENSION_CANCELLED',
  { customer_id: customerId, loan_id: reference }: ExtensionOrder,
  fact: string,
) => message('send-notification', { notificationId: `${template}:${fact}`, customerId, template, reference });

/** Moves an order on. The flow passes messages in order, so an order in another state is a bug, and the step stops there. */
async function move(
  tx: Knex.Transaction,
  orderId: string,
  from: readonly string[],
  changes: Record<string, unknown>,
): Promise<void> {
  const moved = await tx('extension_engine.extension_order')
    .where({ order_id: orderId })
    .whereIn('state', from)
    .update(changes);
  if (moved !== 1) throw new Error(`Extension order ${orderId} is not in state ${from.join(' or ')}.`);
}
