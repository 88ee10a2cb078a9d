import type { Money } from '../domain/money';
import { reservationIdOf } from '../domain/identifiers';
import type { Message } from '../schemas/message';
import { is } from '../schemas/message';
import { defineFlow, type Flow } from './moves/flow';
import { Refused, refusalIn } from './moves/refusal';
import { undoOnFailure } from './moves/undo';
import { generateRepaymentPlan } from './repayment-plan-generation';

/** How a loan application ended. */
export type LoanApplicationOutcome =
  | { outcome: 'DISBURSED'; applicationId: string; loanId: string; partnerId: string }
  | { outcome: 'REJECTED' | 'FAILED'; applicationId: string; reasonCodes: string[] };

type LoanFlow = Flow<'loan-engine'>;

/**
 * 借款申请与放款流程. A loan is applied for, decided, funded, paid out and booked.
 * The confirmed payout is the pivot: before it a failure undoes everything, after it there is only forward.
 */
export const loanApplicationDisbursement = defineFlow(
  'loan-application-disbursement',
  'loan-engine',
  async (flow, submitted: Message<'submit-loan-application'>): Promise<LoanApplicationOutcome> => {
    const taken = await takeIn(flow, submitted).catch(orRefused);
    if (taken instanceof Refused) {
      // The API refuses what reference data can refuse; this is for what has changed since.
      return { outcome: 'REJECTED', applicationId: submitted.data.applicationId, reasonCodes: [taken.code] };
    }
    const { created, decision } = taken;
    const decided = taken.decided ?? (await review(flow, decision));
    if (is(decided, 'loan-application-rejected')) return rejected(flow, decided);

    const funding = await fund(flow, created).catch(orRefused);
    if (funding instanceof Refused) return notFunded(flow, funding);
    if (is(funding, 'disbursement-failed')) return undone(flow, funding);

    flow.onlyForward();
    return book(flow, created, funding);
  },
);

/** The application is created, and the strategy decides, or asks for a person: then nothing is decided yet. */
async function takeIn(flow: LoanFlow, submitted: Message<'submit-loan-application'>) {
  const [created, decision, decided] = await flow
    .pass(submitted)
    .to('loan-engine')
    .to('decision-engine')
    .to('loan-engine');
  flow.note({ businessDate: created.data.appliedOn });
  return { created, decision, decided };
}

/** A person decides, for a limited time. */
async function review(
  flow: LoanFlow,
  decision: Message<'risk-decision-made'>,
): Promise<Message<'loan-application-approved' | 'loan-application-rejected'>> {
  const { applicationId, customerId, reviewWithinSeconds } = decision.data;
  await flow.untilAnswered(
    'a person is to review the application',
    ['review', 'withdrawal'],
    reviewWithinSeconds,
  );
  const [, reviewed] = await flow
    .send('execute-risk-review', { applicationId, customerId })
    .to('decision-engine')
    .to('loan-engine');
  if (!reviewed) throw new Error('A review of a review is not foreseen.');
  return reviewed;
}

/**
 * Reserves the customer's credit, then tries funding partners until one has paid out, or the customer has withdrawn.
 * All of it is before the pivot.
 */
async function fund(
  flow: LoanFlow,
  { data: application }: Message<'loan-application-created'>,
): Promise<Message<'partner-disbursement-succeeded' | 'disbursement-failed'>> {
  const { applicationId, customerId, principal, payout, productId, productVersion } = application;
  // A refusal from here on comes back to the loan engine, whose disbursement-failed releases the credit (notFunded).
  await flow
    .send('reserve-credit-line', { applicationId, customerId, amount: principal })
    .to('credit-limit-center')
    .to('loan-engine');

  const excludedPartnerIds: string[] = [];
  for (let attempt = 1; ; attempt += 1) {
    const [route] = await flow
      .send(
        'route-funds',
        {
          applicationId,
          attempt,
          productId,
          productVersion,
          amount: payout,
          excludedPartnerIds: [...excludedPartnerIds],
        },
        attempt,
      )
      .to('fund-routing-system')
      .to('loan-engine');
    flow.note({ partner: route.data.partnerId });
    const paid = await payOutBy(flow, route, payout);
    if (!(paid instanceof Refused)) return paid;
    excludedPartnerIds.push(route.data.partnerId);
  }
}

/**
 * Reserves one partner's funds and has them paid out. When that fails for certain, the reservation is given back; and
 * where the customer has withdrawn meanwhile, the loan engine answers that with the end of the application.
 */
async function payOutBy(
  flow: LoanFlow,
  { data: { applicationId, attempt, partnerId } }: Message<'fund-route-selected'>,
  amount: Money,
): Promise<Message<'partner-disbursement-succeeded' | 'disbursement-failed'> | Refused> {
  const reservationId = reservationIdOf(applicationId, attempt);
  let withdrawn: Message<'disbursement-failed'> | undefined;
  const paid = await undoOnFailure(async (undo) => {
    undo(async () => {
      [, withdrawn] = await flow
        .send(
          'release-fund-reservation',
          { applicationId, reservationId, reasonCode: 'PAYOUT_NOT_MADE' },
          attempt,
        )
        .to('fund-management-system')
        .to('loan-engine');
    });
    const [reserved, requested] = await flow
      .send('reserve-funds', { applicationId, attempt, partnerId, amount }, attempt)
      .to('fund-management-system')
      .to('loan-engine')
      .to('fund-management-system'); // in transit before the request leaves
    if (!requested || !is(requested, 'disbursement-requested'))
      throw new Refused('WITHDRAWN', 'Withdrawn or given up before anything was paid.', reserved);
    return payOut(flow, requested);
  }).catch(orRefused);
  return withdrawn ?? paid;
}

/** Has the money paid out: by the partner itself, or out of its money in our custody by our payment system. */
async function payOut(
  flow: LoanFlow,
  requested: Message<'disbursement-requested'>,
): Promise<Message<'partner-disbursement-succeeded'>> {
  const [answer] = await flow
    .pass(requested, { party: requested.data.partnerId })
    .to('partner-hub')
    .to('loan-engine');
  if (is(answer, 'partner-disbursement-succeeded')) return answer;

  const [payment] = await flow
    .pass(answer, { party: answer.data.paymentChannelId })
    .to('payment-system')
    .to('fund-management-system');
  if (is(payment, 'payment-failed')) {
    await flow.pass(payment).to('loan-engine');
    throw new Refused('PAYMENT_FAILED', payment.data.failure.message, answer);
  }
  const [paidOut] = await flow.pass(payment).to('partner-hub').to('loan-engine');
  return paidOut;
}

/** The money is with the borrower: from here on only forward. The journal first, then the loan, then everybody is told. */
async function book(
  flow: LoanFlow,
  { data: application }: Message<'loan-application-created'>,
  { data: paid }: Message<'partner-disbursement-succeeded'>,
): Promise<LoanApplicationOutcome> {
  const {
    applicationId,
    loanId,
    customerId,
    productId,
    productVersion,
    principal,
    payout,
    deductedFees,
    instalmentCount,
  } = application;
  const { partnerId, paymentChannelId, valueDate } = paid;

  const [, posted] = await flow
    .send('post-ledger-event', {
      ledgerEventId: `disbursement of loan ${loanId}`,
      scenario: paid.payoutBy === 'CUSTODY' ? 'loan-disbursed-from-custody' : 'loan-disbursed-by-partner',
      ...{ applicationId, loanId, partnerId, paymentChannelId, principal, payout, deductedFees, valueDate },
    })
    .to('accounting-center')
    .to('loan-engine');
  const [, , calculate] = await flow
    .send('create-loan-contract', {
      ...{
        applicationId,
        loanId,
        customerId,
        productId,
        productVersion,
        principal,
        payout,
        deductedFees,
        partnerId,
        instalmentCount,
      },
      fundingJournalId: posted.data.journalId,
      interestFrom: valueDate,
    })
    .to('asset-center')
    .to('loan-engine', 'asset-center');
  const schedule = await generateRepaymentPlan(
    flow.part('repayment-plan-generation', loanId, 'asset-center'),
    calculate,
  );

  const [succeeded] = await flow
    .pass(schedule)
    .to('loan-engine')
    .to('fund-management-system', 'credit-limit-center');
  await flow.pass(succeeded, flow.messaging).to('outreach-system');
  return { outcome: 'DISBURSED', applicationId, loanId, partnerId };
}

async function rejected(
  flow: LoanFlow,
  decided: Message<'loan-application-rejected'>,
): Promise<LoanApplicationOutcome> {
  await flow.pass(decided, flow.messaging).to('outreach-system');
  return {
    outcome: 'REJECTED',
    applicationId: decided.data.applicationId,
    reasonCodes: decided.data.reasonCodes,
  };
}

/** Nobody paid, and that is certain: the refused command goes back to the loan engine, which ends the application. */
async function notFunded(flow: LoanFlow, refused: Refused): Promise<LoanApplicationOutcome> {
  if (is(refused.refusedMessage, 'reserve-credit-line')) {
    const [decided] = await flow.takeBack(refused, 'reserve-credit-line');
    return rejected(flow, decided);
  }
  const [failed] = await flow.takeBack(refused, 'route-funds');
  return undone(flow, failed);
}

/** Gives back what is still reserved, and tells the customer. */
async function undone(
  flow: LoanFlow,
  failed: Message<'disbursement-failed'>,
): Promise<LoanApplicationOutcome> {
  await flow.pass(failed).to('credit-limit-center').to('loan-engine');
  await flow.pass(failed).to('fund-management-system');
  const { applicationId, customerId, reasonCodes } = failed.data;
  const template = reasonCodes.includes('WITHDRAWN_BY_CUSTOMER')
    ? 'LOAN_APPLICATION_WITHDRAWN'
    : 'DISBURSEMENT_FAILED';
  const notificationId = `${template}:${applicationId}`;
  await flow
    .send(
      'send-notification',
      { notificationId, customerId, template, reference: applicationId },
      1,
      flow.messaging,
    )
    .to('outreach-system');
  return { outcome: 'FAILED', applicationId, reasonCodes };
}

/** Turns a refusal into a value and lets every other failure through. */
function orRefused(error: unknown): Refused {
  const refused = refusalIn(error);
  if (!refused) throw error;
  return refused;
}
