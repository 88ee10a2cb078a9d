import { BooksRefusal } from '../../db/books/errors';
import { service } from '../service';
import { disbursed, extensionPaid, received, repaymentAmounts } from './accounting-center/ledger-events';
import { divideGivenBack, foundAtYeepay, ofMallOrder } from './accounting-center/mall-orders';
import { chargedBack, disbursementReversed, paidBack, takenBack } from './accounting-center/refunds';

/** 账本服务: turns ledger events into journals by the posting rules. What it records comes before all that follows. */
export const accountingCenter = service('accounting-center', {
  async 'post-ledger-event'({ data, market }, { books, refuse }) {
    const isDisbursement = 'applicationId' in data;
    if (
      isDisbursement &&
      data.payout.amountMinor + data.deductedFees.amountMinor !== data.principal.amountMinor
    ) {
      return refuse(
        'LEDGER_EVENT_UNBALANCED',
        'The principal is not the sum of the payout and the deducted fees.',
      );
    }
    try {
      if (isDisbursement) return await disbursed(books, market, data);
      if ('orderId' in data && !('receivedBy' in data)) return await ofMallOrder(books, market, data);
      return await received(books, market, data);
    } catch (error) {
      if (error instanceof BooksRefusal && error.code === 'BUSINESS_KEY_CONFLICT')
        return refuse('LEDGER_EVENT_CONFLICT', error.message);
      throw error;
    }
  },

  async 'repayment-succeeded'({ data }, { books }) {
    const { receiptId, loanId, paymentNumber, customerId, amount, valueDate, changes } = data;
    // Nothing of it has changed where a payment only took another one's place.
    if (Object.values(changes).every((minor) => minor === 0)) return [];
    await books.post({
      scenario: 'general.repayment-applied',
      businessKey: `payment ${paymentNumber} of loan ${loanId}`,
      valueDate,
      owners: { loan: loanId, customer: customerId },
      amounts: repaymentAmounts(changes),
      currency: amount.currency,
      description: `Receipt ${receiptId} put towards loan ${loanId}`,
    });
    return [];
  },

  async 'repayment-refunded'({ data }, { books }) {
    return 'chargebackId' in data ? chargedBack(books, data) : paidBack(books, data);
  },

  async 'disbursement-reversed'({ data }, { tx, books }) {
    return disbursementReversed(tx, books, data);
  },

  async 'asset-posting-applied'({ data }, { books }) {
    // What a payment has done each loan's repayment-succeeded tells.
    if ('takenBackFrom' in data) await takenBack(books, data);
    return [];
  },

  async 'extension-succeeded'({ data, market }, { books }) {
    return extensionPaid(books, market, data);
  },

  async 'external-fund-transaction-recorded'({ data }, { tx, books }) {
    const { requestNo, amount, valueDate } = data;
    const fact = {
      businessKey: lateSuccessOf(requestNo),
      valueDate,
      currency: amount.currency,
      description: `Request ${requestNo} succeeded after its failure was confirmed`,
    };
    if ('orderId' in data) {
      await foundAtYeepay(tx, books, data, fact);
      return [];
    }
    if ('refundId' in data) {
      await books.post({
        ...fact,
        scenario: 'general.refund-found',
        owners: { paymentChannel: data.paymentChannelId },
        amounts: { refunded: amount.amountMinor },
      });
      return [];
    }
    const { partnerId, payoutBy, paymentChannelId } = data;
    const posting = { ...fact, amounts: { payout: amount.amountMinor } };
    await (payoutBy === 'CUSTODY'
      ? books.post({
          ...posting,
          scenario: 'general.payout-found-in-custody',
          owners: { fundingPartner: partnerId, paymentChannel: paymentChannelId! },
        })
      : books.post({
          ...posting,
          scenario: 'general.payout-found-at-partner',
          owners: { fundingPartner: partnerId },
        }));
    return [];
  },

  async 'fund-arrival-confirmed'({ data }, { tx, books }) {
    const { requestNo, valueDate } = data;
    if ('orderId' in data && data.operation === 'DIVIDE') {
      await divideGivenBack(books, data, `return of request ${requestNo}`);
      return [];
    }
    const found = await tx('books.journal')
      .where({ book: 'general', business_key: lateSuccessOf(requestNo) })
      .first<{ id: number } | undefined>('id');
    if (!found) throw new Error(`No late success of request ${requestNo} is in the books.`);
    await books.reverse({
      journalId: found.id,
      businessKey: `return of request ${requestNo}`,
      valueDate,
      description: `The money of request ${requestNo} came back`,
    });
    return [];
  },
});

/** The fact that a late success is, as the general book names it. */
const lateSuccessOf = (requestNo: string): string => `late success of request ${requestNo}`;
