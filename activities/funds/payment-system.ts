import { marketOf } from '../../db/reference';
import { dayInZone } from '../../domain/calendar';
import { extensionOfMethod, feePaymentIdOf, paymentRequestNoOf } from '../../domain/identifiers';
import { methodAsks, methodBusinessKey, methodIn } from '../../domain/repayment-method';
import { message } from '../../schemas/message';
import { service } from '../service';

/** 支付系统: pays out through a payment channel, and has money paid in or paid back through one. */
export const paymentSystem = service('payment-system', {
  'initiate-payment': {
    async ask({ data }, { tx }) {
      if (data.purpose === 'EXTENSION_FEE') {
        const { orderId, methodNo, paymentChannelId, amount, expiresInSeconds } = data;
        return {
          ...{ party: paymentChannelId, operation: 'payment-channel-repayment-method', requestNo: methodNo },
          businessKey: methodBusinessKey(orderId, 1),
          body: { amount, reference: orderId, expiresInSeconds },
          giveUpAfterAsks: methodAsks,
        } as const;
      }
      const { paymentId, purpose, applicationId, paymentChannelId, amount, beneficiary } = data;
      const requestNo = paymentRequestNoOf(paymentId);
      await tx('payment_system.payment_order')
        .insert({
          payment_id: paymentId,
          purpose,
          application_id: applicationId,
          payment_channel_id: paymentChannelId,
          currency: amount.currency,
          amount_minor: amount.amountMinor,
          state: 'INITIATED',
          request_no: requestNo,
        })
        .onConflict('payment_id')
        .ignore();
      return {
        party: paymentChannelId,
        operation: 'payment-channel-payout',
        businessKey: `payment ${paymentId}`,
        requestNo,
        body: { amount, beneficiary, reference: applicationId },
      };
    },
    async settle({ data, market }, answer, { tx, refuse }) {
      if (data.purpose === 'EXTENSION_FEE') {
        const { purpose, orderId, customerId, methodNo, paymentChannelId: party, amount } = data;
        const given = methodIn(party, answer);
        if ('code' in given) return refuse(given.code, given.reason);
        return [
          message('repayment-method-created', {
            ...{ purpose, orderId, customerId, methodNo, party, amount, ...given },
          }),
        ];
      }
      const { beneficiary: _beneficiary, ...payment } = data;
      const requestNo = paymentRequestNoOf(data.paymentId);
      await tx('payment_system.payment_order')
        .where({ payment_id: data.paymentId, state: 'INITIATED' })
        .update({ state: answer.status, updated_at: tx.fn.now() });
      if (answer.status === 'FAILED')
        return [message('payment-failed', { ...payment, requestNo, failure: answer.failure })];
      const { transactionNo, paidAt } = answer;
      const { timeZone } = await marketOf(tx, market);
      return [
        message('payment-succeeded', {
          ...payment,
          requestNo,
          transactionNo,
          paidAt,
          valueDate: dayInZone(paidAt, timeZone),
        }),
      ];
    },
  },

  /** Money that came in stands in the books: where it is for an extension, that is paid. */
  async 'accounting-entry-posted'({ data }) {
    if (!('methodNo' in data) || data.methodNo === undefined) return [];
    const orderId = extensionOfMethod(data.methodNo);
    if (!orderId) return [];
    const { ledgerEventId: receiptId, receivedBy: paymentChannelId, customerId, amount, valueDate } = data;
    return [
      message('payment-succeeded', {
        ...{ paymentId: feePaymentIdOf(orderId), purpose: 'EXTENSION_FEE', orderId, customerId, receiptId },
        ...{ paymentChannelId, amount, valueDate },
      }),
    ];
  },

  'create-repayment-method': {
    async ask({ data }) {
      const { orderId, attempt, methodNo, paymentChannelId, amount, expiresInSeconds } = data;
      return {
        ...{ party: paymentChannelId, operation: 'payment-channel-repayment-method', requestNo: methodNo },
        businessKey: methodBusinessKey(orderId, attempt),
        body: { amount, reference: orderId, expiresInSeconds },
        giveUpAfterAsks: methodAsks,
      };
    },
    async settle({ data }, answer, { refuse }) {
      const { orderId, attempt, methodNo, paymentChannelId: party, amount } = data;
      const given = methodIn(party, answer);
      if ('code' in given) return refuse(given.code, given.reason);
      return [
        message('repayment-method-created', {
          ...{ orderId, attempt, methodNo, party, collectedBy: 'CUSTODY', amount, ...given },
        }),
      ];
    },
  },

  'initiate-refund': {
    async ask({ data }) {
      const { refundId, attempt, requestNo, paymentChannelId, amount, customerId, accountToken } = data;
      return {
        ...{ party: paymentChannelId, operation: 'payment-channel-refund', requestNo },
        businessKey: `refund ${refundId}, attempt ${attempt}`,
        body: {
          amount,
          originalTransactionNo: data.originalTransactionNo,
          beneficiary: { customerId, ...(accountToken && { accountToken }) },
          reference: refundId,
        },
      };
    },
    async settle({ data, market }, answer, { tx, refuse }) {
      const { refundId, attempt, requestNo, paymentChannelId, amount } = data;
      if (answer.status === 'FAILED')
        return refuse(
          'REFUND_REFUSED',
          `${paymentChannelId} refused to pay it back: ${answer.failure.code}.`,
        );
      const { transactionNo, paidAt } = answer;
      const { timeZone } = await marketOf(tx, market);
      return [
        message('refund-succeeded', {
          ...{ refundId, attempt, requestNo, paymentChannelId, amount, transactionNo, paidAt },
          valueDate: dayInZone(paidAt, timeZone),
        }),
      ];
    },
  },
});
