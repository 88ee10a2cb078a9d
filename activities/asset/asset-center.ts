import { insertRows } from '../../db/insert-rows';
import { contractIdOf } from '../../domain/identifiers';
import { quote, quoteProblem } from '../../domain/servicing/quote';
import { message } from '../../schemas/message';
import { service } from '../service';
import { dueLoan } from './asset-center/due-list';
import { keepExtensionQuote } from './asset-center/extension-quotes';
import { confirmExtension, extendFree, extendPaid, whyNotExtended } from './asset-center/extensions';
import { keptLoans, lockedLoan, lookedAtOn } from './asset-center/loans';
import { keepQuote, quoteRequestOf } from './asset-center/repayment-quotes';
import { reverse, takeBack, takeBackCharged } from './asset-center/refunds';
import { applyReceipt } from './asset-center/repayments';
import { insertSchedule } from './asset-center/schedules';

/**
 * 资产管理: keeps contracts and loans (借据), what is owed of them, and what was quoted. A loan exists only with the journal
 * that funded it.
 */
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
    await insertRows(tx, {
      'asset_center.loan_contract': [{ ...common, contract_id: contractId, application_id: applicationId }],
      'asset_center.loan': [
        {
          ...common,
          market,
          partner_id: partnerId,
          currency: principal.currency,
          principal_minor: principal.amountMinor,
          instalment_count: instalmentCount,
          interest_from: interestFrom,
          funding_journal_id: fundingJournalId,
          state: 'BOOKED',
        },
      ],
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
    const { loanId: loan_id, scheduleVersion: version, instalments } = data;
    await insertSchedule(tx, loan_id, { version, instalments });
    const activated = await tx('asset_center.loan')
      .where({ loan_id, state: 'BOOKED' })
      .update({ state: 'ACTIVE', schedule_version: version });
    if (activated !== 1) throw new Error(`Loan ${loan_id} is not waiting for a schedule.`);
    return [message('repayment-schedule-generated', data)];
  },

  async 'query-asset-due-list'({ data: { customerId } }, { tx }) {
    const loans = await keptLoans(tx, { activeOf: customerId });
    return [
      message('asset-due-list-queried', { customerId, loans: loans.flatMap((kept) => dueLoan(kept) ?? []) }),
    ];
  },

  async 'calculate-repayment-posting'({ data }, { tx, refuse }) {
    const { quoteId, loanId, request } = data;
    if ('paid' in data && data.paid) return confirmExtension(tx, data, data.paid);
    const kept = await lockedLoan(tx, loanId, 'SHARE');
    if (!kept) return refuse('UNKNOWN_LOAN', `No loan ${loanId} is booked.`);
    const { state, currency, productId, productVersion, loan } = kept;
    if (state === 'REVERSED') return refuse('LOAN_NOT_ACTIVE', `The payout of loan ${loanId} came back.`);
    if (state === 'BOOKED') {
      return refuse('LOAN_NOT_ACTIVE', `Loan ${loanId} has no schedule yet: only an active loan is repaid.`);
    }
    const amount = request.scenario === 'NORMAL' ? request.amount : undefined;
    if (amount && amount.currency !== currency) {
      return refuse('WRONG_CURRENCY', `The loan is in ${currency}, the amount in ${amount.currency}.`);
    }
    const quotedFor = lookedAtOn(kept);
    const { market, terms, ...account } = loan;
    const priced = { quoteId, loanId, productId, productVersion, quotedFor, account };
    if (request.scenario === 'EXTENSION') {
      const { periods } = request;
      const problem = whyNotExtended(kept, quotedFor, periods);
      if (problem) return refuse(problem.code, `${problem.message}.`);
      return [message('calculate-repayment-plan', { scenario: 'EXTENSION', periods, ...priced })];
    }
    const wanted = quoteRequestOf(request);
    const problem = quoteProblem(loan, quotedFor, wanted);
    if (problem) return refuse(problem.code, `${problem.message}.`);

    if (wanted.kind === 'NORMAL') {
      const { intent, validThrough, ...amounts } = quote(loan, quotedFor, wanted);
      const instalments = intent.kind === 'NORMAL' ? intent.instalments : undefined;
      return [await keepQuote(tx, kept, { quoteId, scenario: wanted.kind, instalments, quotedFor, amounts })];
    }
    return [
      wanted.kind === 'EARLY_SETTLEMENT'
        ? message('calculate-early-settlement', priced)
        : message('calculate-loan-cancel-repayment', priced),
    ];
  },

  async 'accounting-entry-posted'({ data }, { tx }) {
    // Of money of which nobody knows whose it is there is nothing to be done yet; nor of a disbursement.
    if (data.scenario === 'extension-paid') return extendPaid(tx, data);
    return 'towards' in data ? applyReceipt(tx, data) : [];
  },

  async 'extension-succeeded'({ data }, { tx }) {
    // What is paid for follows the ledger's entry.
    if (data.receiptId === undefined) await extendFree(tx, data);
    return [];
  },

  async 'accounting-entry-reversed'({ data }, { tx }) {
    if ('reversalId' in data) return [await reverse(tx, data)];
    return ['refundId' in data ? await takeBack(tx, data) : await takeBackCharged(tx, data)];
  },

  async 'repayment-plan-calculated'({ data }, { tx }) {
    if (!('scenario' in data)) throw new Error(`The plan of loan ${data.loanId} is for the plan service.`);
    // Still locked by the handling that asked for it, so that the quote stands on the loan as it was priced.
    const kept = await lockedLoan(tx, data.loanId, 'SHARE');
    return [
      data.scenario === 'EXTENSION'
        ? await keepExtensionQuote(tx, kept!, data)
        : await keepQuote(tx, kept!, data),
    ];
  },
});
