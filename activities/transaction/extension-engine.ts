import type { Knex } from 'knex';
import { answerOrDeadline, openQuestion } from '../../db/acts';
import { collectorsFor, heldBusinessDate, marketOf } from '../../db/reference';
import { feePaymentIdOf, methodNoOf } from '../../domain/identifiers';
import type { Currency } from '../../domain/money';
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
    if (approval === 'PERSON') {
      const { answer } = await answerOrDeadline(tx, flowId, 'review', {
        ...{ answer: 'REJECT', reason: 'Nobody approved the extension in time.' },
      });
      if (answer !== 'APPROVE') {
        await move(tx, orderId, 'CREATED', { state: 'REJECTED', reason_codes: ['NOT_APPROVED'] });
        return [];
      }
    }
    // The fee is ours, whoever funds the loan: our payment system collects it.
    const { defaultCollector } = await collectorsFor(tx, market, []);
    if (defaultCollector?.channelState !== 'UP') {
      await move(tx, orderId, 'CREATED', { state: 'FAILED', reason_codes: ['NO_COLLECTOR'] });
      return [];
    }
    const methodNo = methodNoOf(orderId, 1);
    await move(tx, orderId, 'CREATED', { state: 'APPROVED', method_no: methodNo });
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
    await move(tx, orderId, 'APPROVED', { state: 'METHOD_CREATED', method: JSON.stringify(method) });
    return [];
  },

  /** The party gives no method to pay by. */
  async 'initiate-payment'({ data }, { tx, refusal }) {
    if (data.purpose !== 'EXTENSION_FEE')
      throw new Error(`Payment ${data.paymentId} is not for an extension.`);
    await move(tx, data.orderId, 'APPROVED', { state: 'FAILED', reason_codes: [refusal.code] });
    return [];
  },

  /** Money has come by the order's method. Only what pays the order, once and on its day, is to extend the loan. */
  async 'payment-succeeded'({ data }, { tx }) {
    if (data.purpose !== 'EXTENSION_FEE')
      throw new Error(`Payment ${data.paymentId} is not for an extension.`);
    const { orderId, receiptId, amount, valueDate } = data;
    const order = (await tx<ExtensionOrder>('extension_engine.extension_order')
      .where({ order_id: orderId })
      .forUpdate()
      .first())!;
    await tx('extension_engine.fee_payment').insert({
      ...{
        receipt_id: receiptId,
        order_id: orderId,
        value_date: valueDate,
        amount_minor: amount.amountMinor,
      },
    });
    const { quote_id: quoteId, loan_id: loanId, customer_id: customerId, periods } = order;
    const pays =
      order.state === 'METHOD_CREATED' &&
      amount.currency === order.currency &&
      amount.amountMinor >= order.amount_minor &&
      valueDate <= order.quoted_for;
    if (!pays) return [];
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
    const { receiptId } = await tx('extension_engine.fee_payment')
      .where({ order_id: orderId })
      .where('amount_minor', '>=', order.amount_minor)
      .where('value_date', '<=', valueDate)
      .orderBy('value_date', 'desc')
      .first<{ receiptId: string }>('receipt_id as receiptId');
    await move(tx, orderId, 'METHOD_CREATED', { state: 'EXTENDED' });
    return [
      message('extension-succeeded', {
        ...{ orderId, quoteId, loanId, customerId, receiptId, periods, quotedFor, valueDate },
        ...{ currency, amounts, newInstalments },
      }),
    ];
  },
});

/** Moves an order on. The flow passes messages in order, so an order in another state is a bug, and the step stops there. */
async function move(
  tx: Knex.Transaction,
  orderId: string,
  from: string,
  changes: Record<string, unknown>,
): Promise<void> {
  const moved = await tx('extension_engine.extension_order')
    .where({ order_id: orderId, state: from })
    .update(changes);
  if (moved !== 1) throw new Error(`Extension order ${orderId} is not in state ${from}.`);
}
