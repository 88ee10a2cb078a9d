import type { Knex } from 'knex';
import { openQuestion, standingAnswer } from '../../db/acts';
import { heldBusinessDate, customerOf, productOf } from '../../db/reference';
import { deductedFees, payoutMinor } from '../../domain/fees';
import { disbursementOf, loanIdOf } from '../../domain/identifiers';
import { applicationProblem, saleProblem } from '../../domain/loan-application';
import { money } from '../../domain/money';
import { message } from '../../schemas/message';
import { service } from '../service';

interface LoanApplication {
  application_id: string;
  loan_id: string;
  customer_id: string;
  product_id: string;
  product_version: number;
  currency: 'CNY' | 'IDR';
  principal_minor: number;
  payout_minor: number;
  deducted_minor: number;
  instalment_count: number;
  payout_account_token: string;
  partner_id: string;
  payout_by: 'PARTNER' | 'CUSTODY';
  payment_channel_id: string | null;
  reservation_id: string;
  transaction_no: string;
  disbursed_on: string;
  attempt: number;
  excluded_partner_ids: string[];
}

/** Named, so that the statements that give them back are prepared (db/preparing-client.ts). */
const columns = [
  'application_id',
  'loan_id',
  'customer_id',
  'product_id',
  'product_version',
  'currency',
  'principal_minor',
  'payout_minor',
  'deducted_minor',
  'instalment_count',
  'payout_account_token',
  'partner_id',
  'payout_by',
  'payment_channel_id',
  'reservation_id',
  'transaction_no',
  'disbursed_on',
  'attempt',
  'excluded_partner_ids',
] as const satisfies readonly (keyof LoanApplication)[];

/**
 * Moves an application on. The flow passes messages in order, so an application in another state is a bug, and the step
 * stops there for operators to see.
 */
const move = (
  tx: Knex,
  applicationId: string,
  from: readonly string[],
  changes: Record<string, unknown>,
): Promise<LoanApplication> => moveWhere(tx, { application_id: applicationId }, from, changes);

async function moveWhere(
  tx: Knex,
  which: { application_id: string } | { loan_id: string },
  from: readonly string[],
  changes: Record<string, unknown>,
): Promise<LoanApplication> {
  const [application] = await tx<LoanApplication>('loan_engine.loan_application')
    .where(which)
    .whereIn('state' as never, from as never)
    .update({ ...changes, updated_at: tx.fn.now() } as never)
    .returning(columns);
  if (!application)
    throw new Error(`Loan application ${Object.values(which).join()} is not in state ${from.join(' or ')}.`);
  return application;
}

/** Why an application ends that its customer has withdrawn, or that operators have given up. */
const withdrawn = 'WITHDRAWN_BY_CUSTOMER';
const abandoned = 'ABANDONED_BY_OPERATORS';

/** Nobody has paid, and nobody will: what was reserved is to be given back. */
const failed = (application: LoanApplication, reasonCodes: string[]) =>
  message('disbursement-failed', {
    applicationId: application.application_id,
    customerId: application.customer_id,
    principal: money(application.currency, application.principal_minor),
    payout: money(application.currency, application.payout_minor),
    reasonCodes,
  });

/** Asks for the partner of the next attempt; who has been tried is not asked again. */
const wantRoute = (application: LoanApplication) =>
  message('route-funds', {
    applicationId: application.application_id,
    attempt: application.attempt + 1,
    productId: application.product_id,
    productVersion: application.product_version,
    amount: money(application.currency, application.payout_minor),
    excludedPartnerIds: application.excluded_partner_ids,
  });

/** 放款系统: keeps the loan application and orchestrates its way to a paid-out loan. */
export const loanEngine = service('loan-engine', {
  async 'submit-loan-application'({ data, flowId, market }, { tx, refuse }) {
    const [customer, product] = [
      await customerOf(tx, data.customerId),
      await productOf(tx, data.productId, data.productVersion),
    ];
    const problem = applicationProblem({ customer, product, ...data });
    if (problem) return refuse(problem.code, problem.message);
    const appliedOn = await heldBusinessDate(tx, market);
    const unsellable = saleProblem(product!, appliedOn);
    if (unsellable) return refuse(unsellable.code, unsellable.message);

    const {
      applicationId,
      customerId,
      productId,
      productVersion,
      principal,
      instalmentCount,
      payoutAccountToken,
    } = data;
    const fees = deductedFees(product!.terms, principal.amountMinor);
    const payout = payoutMinor(principal.amountMinor, fees);
    const deducted = principal.amountMinor - payout;
    const loanId = loanIdOf(applicationId);
    await tx('loan_engine.loan_application').insert({
      application_id: applicationId,
      loan_id: loanId,
      customer_id: customerId,
      market,
      product_id: productId,
      product_version: productVersion,
      currency: principal.currency,
      principal_minor: principal.amountMinor,
      payout_minor: payout,
      deducted_minor: deducted,
      instalment_count: instalmentCount,
      payout_account_token: payoutAccountToken,
      purpose: data.purpose ?? null,
      applied_on: appliedOn,
      state: 'CREATED',
    });
    await openQuestion(tx, { flowId, question: 'withdrawal', answers: ['WITHDRAW', 'ABANDON'] });
    return [
      message('loan-application-created', {
        applicationId,
        loanId,
        customerId,
        productId,
        productVersion,
        principal,
        payout: money(principal.currency, payout),
        deductedFees: money(principal.currency, deducted),
        instalmentCount,
        payoutAccountToken,
        appliedOn,
      }),
    ];
  },

  async 'risk-decision-made'({ data }, { tx }) {
    const { applicationId, customerId, outcome, reasonCodes } = data;
    const state = { APPROVE: 'APPROVED', REVIEW: 'IN_REVIEW', REJECT: 'REJECTED' }[outcome];
    const { currency, principal_minor } = await move(tx, applicationId, ['CREATED', 'IN_REVIEW'], {
      state: reasonCodes.includes(withdrawn) ? 'WITHDRAWN' : state,
      decision: outcome,
      reason_codes: reasonCodes,
    });
    if (outcome === 'REVIEW') return [];
    if (outcome === 'REJECT') {
      return [message('loan-application-rejected', { applicationId, customerId, reasonCodes })];
    }
    const principal = money(currency, principal_minor);
    return [
      message('loan-application-approved', { applicationId, customerId, principal }),
      message('reserve-credit-line', { applicationId, customerId, amount: principal }),
    ];
  },

  async 'credit-reserved'({ data }, { tx }) {
    return [wantRoute(await move(tx, data.applicationId, ['APPROVED'], { state: 'CREDIT_RESERVED' }))];
  },

  async 'fund-route-selected'({ data }, { tx }) {
    const { applicationId, attempt, partnerId, payoutBy, paymentChannelId } = data;
    const { currency, payout_minor } = await move(tx, applicationId, ['CREDIT_RESERVED'], {
      state: 'ROUTED',
      attempt,
      partner_id: partnerId,
      payout_by: payoutBy,
      payment_channel_id: paymentChannelId ?? null,
    });
    const amount = money(currency, payout_minor);
    return [message('reserve-funds', { applicationId, attempt, partnerId, amount })];
  },

  async 'fund-reserved'({ data, flowId }, { tx }) {
    const { applicationId, attempt, reservationId, partnerId } = data;
    const application = await move(tx, applicationId, ['ROUTED'], {
      state: 'PAYING_OUT',
      reservation_id: reservationId,
    });
    // The last moment at which nothing has left: who has withdrawn by now is not paid, nor is what operators have given up.
    if (await standingAnswer(tx, flowId, 'withdrawal')) return [];
    return [
      message('disbursement-requested', {
        applicationId,
        attempt,
        reservationId,
        partnerId,
        payoutBy: application.payout_by,
        ...(application.payment_channel_id ? { paymentChannelId: application.payment_channel_id } : {}),
        payout: money(application.currency, application.payout_minor),
        beneficiary: {
          customerId: application.customer_id,
          accountToken: application.payout_account_token,
        },
      }),
    ];
  },

  async 'payment-failed'({ data }, { tx }) {
    await move(tx, data.applicationId, ['PAYING_OUT'], { reason_codes: [data.failure.code] });
    return [];
  },

  async 'fund-reservation-released'({ data, flowId }, { tx }) {
    if (!('applicationId' in data)) throw new Error(`Refund ${data.refundId} is of no loan application.`);
    const ended = await standingAnswer(tx, flowId, 'withdrawal');
    if (!ended) {
      // Back to where a route can be chosen: another partner may be tried.
      const application = await move(tx, data.applicationId, ['ROUTED', 'PAYING_OUT'], {
        state: 'CREDIT_RESERVED',
        reservation_id: null,
        excluded_partner_ids: tx.raw('array_append(excluded_partner_ids, partner_id)'),
      });
      return [wantRoute(application)];
    }
    const reasonCodes = [ended.answer === 'ABANDON' ? abandoned : withdrawn];
    const application = await move(tx, data.applicationId, ['ROUTED', 'PAYING_OUT'], {
      state: ended.answer === 'ABANDON' ? 'FAILED' : 'WITHDRAWN',
      reservation_id: null,
      reason_codes: reasonCodes,
    });
    return [failed(application, reasonCodes)];
  },

  async 'partner-disbursement-succeeded'({ data }, { tx }) {
    const { applicationId, transactionNo, valueDate } = data;
    const paid = await move(tx, applicationId, ['PAYING_OUT'], {
      state: 'PAID_OUT',
      transaction_no: transactionNo,
      disbursed_on: valueDate,
      reason_codes: [],
    });
    return [
      message('post-ledger-event', {
        ledgerEventId: disbursementOf(paid.loan_id),
        scenario: paid.payout_by === 'CUSTODY' ? 'loan-disbursed-from-custody' : 'loan-disbursed-by-partner',
        applicationId,
        loanId: paid.loan_id,
        partnerId: paid.partner_id,
        ...(paid.payment_channel_id ? { paymentChannelId: paid.payment_channel_id } : {}),
        principal: money(paid.currency, paid.principal_minor),
        payout: money(paid.currency, paid.payout_minor),
        deductedFees: money(paid.currency, paid.deducted_minor),
        valueDate,
      }),
    ];
  },

  async 'accounting-entry-posted'({ data }, { tx }) {
    if (!('applicationId' in data))
      throw new Error(`Receipt ${data.ledgerEventId} is for the repayment engine.`);
    const posted = await move(tx, data.applicationId, ['PAID_OUT'], {
      state: 'POSTED',
      journal_id: data.journalId,
    });
    return [
      message('create-loan-contract', {
        applicationId: posted.application_id,
        loanId: posted.loan_id,
        customerId: posted.customer_id,
        productId: posted.product_id,
        productVersion: posted.product_version,
        principal: money(posted.currency, posted.principal_minor),
        payout: money(posted.currency, posted.payout_minor),
        deductedFees: money(posted.currency, posted.deducted_minor),
        partnerId: posted.partner_id,
        instalmentCount: posted.instalment_count,
        fundingJournalId: data.journalId,
        interestFrom: posted.disbursed_on,
      }),
    ];
  },

  /** What is left of the booking comes in the same transaction: the application moves on once the loan has its schedule. */
  async 'loan-contract-created'() {
    return [];
  },
  async 'loan-note-created'() {
    return [];
  },

  async 'repayment-schedule-generated'({ data }, { tx }) {
    const application = await moveWhere(tx, { loan_id: data.loanId }, ['POSTED'], { state: 'DISBURSED' });
    return [
      message('disbursement-succeeded', {
        applicationId: application.application_id,
        loanId: application.loan_id,
        customerId: application.customer_id,
        partnerId: application.partner_id,
        payoutBy: application.payout_by,
        reservationId: application.reservation_id,
        principal: money(application.currency, application.principal_minor),
        payout: money(application.currency, application.payout_minor),
        transactionNo: application.transaction_no,
        disbursedOn: application.disbursed_on,
      }),
    ];
  },

  /** The payout came back: the customer, who was told that it was made, is told that it was not. */
  async 'disbursement-reversed'({ data: { applicationId, customerId } }, { tx }) {
    await move(tx, applicationId, ['DISBURSED'], { state: 'REVERSED', reason_codes: ['PAYOUT_RETURNED'] });
    const template = 'DISBURSEMENT_REVERSED';
    const notificationId = `${template}:${applicationId}`;
    return [message('send-notification', { notificationId, customerId, template, reference: applicationId })];
  },

  async 'credit-released'({ data }, { tx }) {
    await move(tx, data.applicationId, ['FAILED', 'WITHDRAWN'], {});
    return [];
  },

  async 'reserve-credit-line'({ data }, { tx, refusal }) {
    const reasonCodes = [refusal.code];
    await move(tx, data.applicationId, ['APPROVED'], { state: 'REJECTED', reason_codes: reasonCodes });
    return [
      message('loan-application-rejected', {
        applicationId: data.applicationId,
        customerId: data.customerId,
        reasonCodes,
      }),
    ];
  },

  async 'route-funds'({ data }, { tx, refusal }) {
    const reasonCodes = [refusal.code];
    const application = await move(tx, data.applicationId, ['CREDIT_RESERVED'], {
      state: 'FAILED',
      reason_codes: reasonCodes,
    });
    return [failed(application, reasonCodes)];
  },
});
