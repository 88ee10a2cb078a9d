import type { Knex } from 'knex';
import { openQuestion, standingAnswer } from '../../db/acts';
import { heldBusinessDate, customerOf, productOf } from '../../db/reference';
import { deductedFees, payoutMinor } from '../../domain/fees';
import { loanIdOf } from '../../domain/identifiers';
import { applicationProblem, saleProblem } from '../../domain/loan-application';
import { money } from '../../domain/money';
import { message } from '../../schemas/message';
import { service } from '../service';

interface LoanApplication {
  application_id: string;
  loan_id: string;
  customer_id: string;
  currency: 'CNY' | 'IDR';
  principal_minor: number;
  payout_minor: number;
  payout_account_token: string;
  partner_id: string;
  payout_by: 'PARTNER' | 'CUSTODY';
  payment_channel_id: string | null;
  reservation_id: string;
  transaction_no: string;
  disbursed_on: string;
  attempt: number;
}

/**
 * Moves an application on. The flow passes messages in order, so an application in another state is a bug, and the step
 * stops there for operators to see.
 */
async function move(
  tx: Knex,
  applicationId: string,
  from: readonly string[],
  changes: Record<string, unknown>,
): Promise<LoanApplication> {
  const [application] = await tx<LoanApplication>('loan_engine.loan_application')
    .where('application_id', applicationId)
    .whereIn('state' as never, from as never)
    .update({ ...changes, updated_at: tx.fn.now() } as never)
    .returning('*');
  if (!application)
    throw new Error(`Loan application ${applicationId} is not in state ${from.join(' or ')}.`);
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
    return outcome === 'APPROVE'
      ? [
          message('loan-application-approved', {
            applicationId,
            customerId,
            principal: money(currency, principal_minor),
          }),
        ]
      : [message('loan-application-rejected', { applicationId, customerId, reasonCodes })];
  },

  async 'credit-reserved'({ data }, { tx }) {
    await move(tx, data.applicationId, ['APPROVED'], { state: 'CREDIT_RESERVED' });
    return [];
  },

  async 'fund-route-selected'({ data }, { tx }) {
    const { applicationId, attempt, partnerId, payoutBy, paymentChannelId } = data;
    await move(tx, applicationId, ['CREDIT_RESERVED'], {
      state: 'ROUTED',
      attempt,
      partner_id: partnerId,
      payout_by: payoutBy,
      payment_channel_id: paymentChannelId ?? null,
    });
    return [];
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
    const ended = await standingAnswer(tx, flowId, 'withdrawal');
    if (!ended) {
      // Back to where a route can be chosen: another partner may be tried.
      await move(tx, data.applicationId, ['ROUTED', 'PAYING_OUT'], {
        state: 'CREDIT_RESERVED',
        reservation_id: null,
      });
      return [];
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
    await move(tx, applicationId, ['PAYING_OUT'], {
      state: 'PAID_OUT',
      transaction_no: transactionNo,
      disbursed_on: valueDate,
      reason_codes: [],
    });
    return [];
  },

  async 'accounting-entry-posted'({ data }, { tx }) {
    await move(tx, data.applicationId, ['PAID_OUT'], { state: 'POSTED', journal_id: data.journalId });
    return [];
  },

  async 'loan-contract-created'({ data }, { tx }) {
    await move(tx, data.applicationId, ['POSTED'], { state: 'BOOKED' });
    return [];
  },

  async 'loan-note-created'({ data }, { tx }) {
    await move(tx, data.applicationId, ['BOOKED'], {});
    return [];
  },

  async 'repayment-schedule-generated'({ data }, { tx }) {
    const found = await tx('loan_engine.loan_application')
      .where('loan_id', data.loanId)
      .first<{ application_id: string }>('application_id');
    if (!found) throw new Error(`Loan ${data.loanId} belongs to no loan application.`);
    const application = await move(tx, found.application_id, ['BOOKED'], { state: 'DISBURSED' });
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
