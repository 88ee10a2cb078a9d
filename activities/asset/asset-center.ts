import { contractIdOf } from '../../domain/identifiers';
import { message } from '../../schemas/message';
import { service } from '../service';

/** 资产管理: keeps contracts and loans (借据). A loan exists only with the journal that funded it. */
export const assetCenter = service('asset-center', {
  async 'create-loan-contract'({ data, market }, { tx, refuse }) {
    const {
      applicationId,
      loanId,
      customerId,
      productId,
      productVersion,
      partnerId,
      principal,
      instalmentCount,
    } = data;
    const { fundingJournalId, interestFrom } = data;
    const journal = await tx('books.journal')
      .where({ id: fundingJournalId, book: 'general' })
      .first<{ id: number }>('id');
    if (!journal)
      return refuse('LOAN_NOT_FUNDED', `There is no journal ${fundingJournalId} in the general book.`);

    const contractId = contractIdOf(loanId);
    const common = {
      loan_id: loanId,
      customer_id: customerId,
      product_id: productId,
      product_version: productVersion,
    };
    await tx('asset_center.loan_contract').insert({
      ...common,
      contract_id: contractId,
      application_id: applicationId,
    });
    await tx('asset_center.loan').insert({
      ...common,
      market,
      partner_id: partnerId,
      currency: principal.currency,
      principal_minor: principal.amountMinor,
      instalment_count: instalmentCount,
      interest_from: interestFrom,
      funding_journal_id: fundingJournalId,
      state: 'BOOKED',
    });
    const created = { contractId, loanId, applicationId, customerId, productId, productVersion };
    return [
      message('loan-contract-created', created),
      message('loan-note-created', {
        ...created,
        principal,
        instalmentCount,
        interestFrom,
        fundingJournalId,
      }),
    ];
  },

  async 'loan-note-created'({ data }) {
    const { loanId, productId, productVersion, principal, instalmentCount, interestFrom } = data;
    return [
      message('calculate-repayment-plan', {
        loanId,
        productId,
        productVersion,
        principal,
        instalmentCount,
        startDate: interestFrom,
      }),
    ];
  },

  async 'repayment-schedule-generated'({ data }, { tx }) {
    const activated = await tx('asset_center.loan')
      .where({ loan_id: data.loanId, state: 'BOOKED' })
      .update({ state: 'ACTIVE', schedule_version: data.scheduleVersion });
    if (activated !== 1) throw new Error(`Loan ${data.loanId} is not waiting for a schedule.`);
    return [message('repayment-schedule-generated', data)];
  },
});
