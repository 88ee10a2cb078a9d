import { marketOf, partyKindOf } from '../../db/reference';
import { dayInZone } from '../../domain/calendar';
import { paymentIdOf, payoutRequestNoOf, receiptIdOf } from '../../domain/identifiers';
import { methodAsks, methodBusinessKey, methodIn } from '../../domain/repayment-method';
import { message } from '../../schemas/message';
import { service } from '../service';

/**
 * 机构管理: speaks for the funding partners: has a partner pay out itself, or our payment system pay out of its money; and
 * has a partner collect what is repaid, or our payment system.
 */
export const partnerHub = service('partner-hub', {
  'disbursement-requested': {
    async ask({ data }) {
      const { applicationId, attempt, reservationId, partnerId, payout, beneficiary, paymentChannelId } =
        data;
      if (data.payoutBy === 'CUSTODY') {
        return [
          message('initiate-payment', {
            paymentId: paymentIdOf(applicationId, attempt),
            purpose: 'DISBURSEMENT',
            applicationId,
            attempt,
            reservationId,
            partnerId,
            paymentChannelId: paymentChannelId!,
            amount: payout,
            beneficiary,
          }),
        ];
      }
      return {
        party: partnerId,
        operation: 'funding-partner-payout',
        businessKey: `payout of loan application ${applicationId}, attempt ${attempt}`,
        requestNo: payoutRequestNoOf(applicationId, attempt),
        body: { amount: payout, beneficiary, reference: applicationId },
      };
    },
    async settle({ data, market }, answer, { tx, refuse }) {
      if (answer.status === 'FAILED')
        return refuse('PARTNER_REFUSED', `${data.partnerId} refused the payout: ${answer.failure.code}.`);
      const { applicationId, attempt, reservationId, partnerId, payoutBy, payout } = data;
      const { transactionNo, paidAt } = answer;
      const { timeZone } = await marketOf(tx, market);
      return [
        message('partner-disbursement-succeeded', {
          applicationId,
          attempt,
          reservationId,
          partnerId,
          payoutBy,
          amount: payout,
          requestNo: payoutRequestNoOf(applicationId, attempt),
          transactionNo,
          paidAt,
          valueDate: dayInZone(paidAt, timeZone),
        }),
      ];
    },
  },

  async 'external-repayment-notified'({ data, market }, { tx }) {
    const { timeZone } = await marketOf(tx, market);
    return [
      message('partner-repayment-received', {
        ...data,
        receiptId: receiptIdOf(data.party, data.transactionNo),
        collectedBy: (await partyKindOf(tx, data.party)) === 'PAYMENT_CHANNEL' ? 'CUSTODY' : 'PARTNER',
        valueDate: dayInZone(data.paidAt, timeZone),
      }),
    ];
  },

  async 'payment-succeeded'({ data }) {
    if (data.purpose !== 'DISBURSEMENT')
      throw new Error(`Payment ${data.paymentId} is of no partner's funds.`);
    const {
      applicationId,
      attempt,
      reservationId,
      partnerId,
      paymentChannelId,
      amount,
      requestNo,
      transactionNo,
      paidAt,
      valueDate,
    } = data;
    return [
      message('partner-disbursement-succeeded', {
        applicationId,
        attempt,
        reservationId,
        partnerId,
        payoutBy: 'CUSTODY',
        paymentChannelId,
        amount,
        requestNo,
        transactionNo,
        paidAt,
        valueDate,
      }),
    ];
  },

  'request-partner-repayment': {
    async ask({ data }) {
      const { orderId, attempt, methodNo, party, collectedBy, amount, expiresInSeconds } = data;
      if (collectedBy === 'CUSTODY') {
        return [
          message('create-repayment-method', {
            ...{ orderId, attempt, methodNo, paymentChannelId: party, amount, expiresInSeconds },
          }),
        ];
      }
      return {
        ...{ party, operation: 'funding-partner-repayment-method', requestNo: methodNo },
        businessKey: methodBusinessKey(orderId, attempt),
        body: { amount, reference: orderId, expiresInSeconds },
        giveUpAfterAsks: methodAsks,
      };
    },
    async settle({ data }, answer, { refuse }) {
      const { orderId, attempt, methodNo, party, collectedBy, amount } = data;
      const given = methodIn(party, answer);
      if ('code' in given) return refuse(given.code, given.reason);
      return [
        message('repayment-method-created', {
          ...{ orderId, attempt, methodNo, party, collectedBy, amount, ...given },
        }),
      ];
    },
  },
});
