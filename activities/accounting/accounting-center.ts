import { BooksRefusal } from '../../db/books/errors';
import { entriesFor, type Scenario } from '../../domain/books/posting-rules';
import { money } from '../../domain/money';
import { message } from '../../schemas/message';
import { service } from '../service';

/** 账本服务: turns ledger events into journals by the posting rules. What it records comes before all that follows. */
export const accountingCenter = service('accounting-center', {
  async 'post-ledger-event'({ data, market }, { books, refuse }) {
    const {
      ledgerEventId,
      applicationId,
      loanId,
      partnerId,
      paymentChannelId,
      principal,
      payout,
      deductedFees,
      valueDate,
    } = data;
    if (payout.amountMinor + deductedFees.amountMinor !== principal.amountMinor) {
      return refuse(
        'LEDGER_EVENT_UNBALANCED',
        'The principal is not the sum of the payout and the deducted fees.',
      );
    }
    const scenario = `general.${data.scenario}` satisfies Scenario;
    const posting = {
      owners: { loan: loanId, fundingPartner: partnerId, paymentChannel: paymentChannelId ?? '', market },
      amounts: {
        principal: principal.amountMinor,
        payout: payout.amountMinor,
        deductedFees: deductedFees.amountMinor,
      },
      currency: principal.currency,
    };
    try {
      const { journalId, postingDate } = await books.post({
        ...posting,
        scenario,
        businessKey: ledgerEventId,
        valueDate,
        description: `Loan ${loanId} of loan application ${applicationId} disbursed`,
      });
      const entries = entriesFor(scenario, posting).map(({ code, owner, side, amountMinor }) => ({
        accountCode: code,
        owner,
        side,
        amount: money(principal.currency, amountMinor),
      }));
      const event = { ledgerEventId, scenario: data.scenario, applicationId, loanId };
      return [
        message('ledger-event-accepted', event),
        message('accounting-entry-posted', {
          ...event,
          journalId,
          postingDate,
          valueDate,
          entries,
        }),
      ];
    } catch (error) {
      if (error instanceof BooksRefusal && error.code === 'BUSINESS_KEY_CONFLICT')
        return refuse('LEDGER_EVENT_CONFLICT', error.message);
      throw error;
    }
  },

  async 'external-fund-transaction-recorded'({ data }, { books }) {
    const { requestNo, partnerId, payoutBy, paymentChannelId, amount, valueDate } = data;
    const posting = {
      businessKey: lateSuccessOf(requestNo),
      valueDate,
      amounts: { payout: amount.amountMinor },
      currency: amount.currency,
      description: `Request ${requestNo} succeeded after its failure was confirmed`,
    };
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
