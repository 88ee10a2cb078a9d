import { loanIdOf, reservationIdOf } from '../domain/identifiers';
import type { Message } from '../schemas/message';
import { among, is } from '../schemas/message';
import { defineFlow, type Flow } from './moves/flow';
import type { Passing } from './moves/passing';
import { orRefused, Refused } from './moves/refusal';
import { generated } from './repayment-plan-generation';

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
    const wanted = await takeIn(flow, submitted).catch(orRefused);
    if (wanted instanceof Refused) return notTaken(flow, submitted, wanted);
    if (is(wanted, 'loan-application-rejected')) return rejected(flow, wanted);

    const ended = await fund(flow, wanted);
    if (is(ended, 'disbursement-failed')) return undone(flow, ended);

    flow.onlyForward();
    await flow.pass(ended, flow.messaging).to('outreach-system');
    const { applicationId, loanId, partnerId } = ended.data;
    return { outcome: 'DISBURSED', applicationId, loanId, partnerId };
  },
);

/** The application is created and decided, by the strategy or by a person; with a yes, the credit is reserved. */
async function takeIn(
  flow: LoanFlow,
  submitted: Message<'submit-loan-application'>,
): Promise<Message<'route-funds' | 'loan-application-rejected'>> {
  const sent = await flow
    .pass(submitted)
    .to('loan-engine')
    .to('decision-engine')
    .to('loan-engine')
    .to('credit-limit-center')
    .to('loan-engine')
    .giving('loan-application-created', 'risk-decision-made', 'loan-application-rejected', 'route-funds');
  flow.note({ businessDate: among(sent, 'loan-application-created')!.data.appliedOn });
  return (
    among(sent, 'route-funds') ??
    among(sent, 'loan-application-rejected') ??
    (await review(flow, among(sent, 'risk-decision-made')!))
  );
}

/** A person decides, for a limited time. */
async function review(
  flow: LoanFlow,
  { data: { applicationId, customerId, reviewWithinSeconds } }: Message<'risk-decision-made'>,
): Promise<Message<'route-funds' | 'loan-application-rejected'>> {
  await flow.untilAnswered(
    'a person is to review the application',
    ['review', 'withdrawal'],
    reviewWithinSeconds,
  );
  const sent = await flow
    .send('execute-risk-review', { applicationId, customerId })
    .to('decision-engine')
    .to('loan-engine')
    .to('credit-limit-center')
    .to('loan-engine');
  const reviewed = among(sent, 'route-funds') ?? among(sent, 'loan-application-rejected');
  if (!reviewed) throw new Error('A review of a review is not foreseen.');
  return reviewed;
}

/**
 * Tries funding partners until one has paid out, no other is left, or the customer has withdrawn. What a partner did not
 * pay out is given back before the next is tried: all of it is before the pivot.
 */
async function fund(
  flow: LoanFlow,
  wanted: Message<'route-funds'>,
): Promise<Message<'disbursement-succeeded' | 'disbursement-failed'>> {
  for (let route = wanted; ;) {
    const paid = await payOutBy(flow, route).catch(orNotPaid);
    if (paid && !(paid instanceof Refused)) return paid;
    if (paid && is(paid.refusedMessage, 'route-funds')) {
      const [failed] = await flow.takeBack(paid, 'route-funds');
      return failed;
    }
    const { applicationId, attempt } = route.data;
    const reservationId = reservationIdOf(applicationId, attempt);
    // Tolerates that nothing was reserved. A refusal here would be a bug, and stops the flow where it stands.
    const [, next] = await flow
      .send(
        'release-fund-reservation',
        { applicationId, reservationId, reasonCode: 'PAYOUT_NOT_MADE' },
        attempt,
      )
      .to('fund-management-system')
      .to('loan-engine');
    if (is(next, 'disbursement-failed')) return next;
    route = next;
  }
}

/** A refusal before the pivot. One of what is booked after it is none: the money has left, and the flow stands still. */
function orNotPaid(error: unknown): Refused {
  const refused = orRefused(error);
  if (notPaid.some((type) => is(refused.refusedMessage, type))) return refused;
  throw refused;
}
const notPaid = ['route-funds', 'reserve-funds', 'disbursement-requested', 'initiate-payment'] as const;

/** Chooses a partner, reserves its funds and has them paid out; undefined when the customer has withdrawn before. */
async function payOutBy(
  flow: LoanFlow,
  route: Message<'route-funds'>,
): Promise<Message<'disbursement-succeeded'> | undefined> {
  const sent = await flow
    .pass(route)
    .to('fund-routing-system')
    .to('loan-engine')
    .to('fund-management-system')
    .to('loan-engine')
    .to('fund-management-system') // in transit before the request leaves
    .giving('fund-route-selected', 'disbursement-requested');
  flow.note({ partner: among(sent, 'fund-route-selected')!.data.partnerId });
  const requested = among(sent, 'disbursement-requested');
  return requested && payOut(flow, requested);
}

/**
 * Has the money paid out, by the partner itself or out of its money in our custody by our payment system, and books the loan
 * in the transaction that learns of it.
 */
async function payOut(
  flow: LoanFlow,
  requested: Message<'disbursement-requested'>,
): Promise<Message<'disbursement-succeeded'>> {
  const loanId = loanIdOf(requested.data.applicationId);
  const byPartner = flow
    .pass(requested, { party: requested.data.partnerId })
    .to('partner-hub')
    .to('loan-engine');
  const answer = await booked(byPartner, loanId).giving('initiate-payment', 'disbursement-succeeded');
  const payment = among(answer, 'initiate-payment');
  if (!payment) return among(answer, 'disbursement-succeeded')!;

  const sent = await flow
    .pass(payment, { party: payment.data.paymentChannelId })
    .to('payment-system')
    .to('fund-management-system');
  const failed = among(sent, 'payment-failed');
  if (failed) {
    await flow.pass(failed).to('loan-engine');
    throw new Refused('PAYMENT_FAILED', failed.data.failure.message, payment);
  }
  flow.onlyForward();
  const byUs = flow.pass(among(sent, 'payment-succeeded')!).to('partner-hub').to('loan-engine');
  const [succeeded] = await booked(byUs, loanId).giving('disbursement-succeeded');
  return succeeded!;
}

/** The money is with the borrower. The journal first, then the loan, then everybody is told. */
const booked = <All extends readonly unknown[]>(
  paid: Passing<[] | [Message<'post-ledger-event'>], All>,
  loanId: string,
) =>
  paid
    .to('accounting-center')
    .to('loan-engine')
    .to('asset-center')
    .to('loan-engine', 'asset-center')
    .part('repayment-plan-generation', loanId, generated)
    .to('loan-engine')
    .to('credit-limit-center', 'fund-management-system');

/**
 * Refused before anything was reserved: by the credit line, or at the door (the API refuses what reference data can
 * refuse; this is for what has changed since).
 */
async function notTaken(
  flow: LoanFlow,
  { data: { applicationId } }: Message<'submit-loan-application'>,
  refused: Refused,
): Promise<LoanApplicationOutcome> {
  if (!is(refused.refusedMessage, 'reserve-credit-line'))
    return { outcome: 'REJECTED', applicationId, reasonCodes: [refused.code] };
  const [decided] = await flow.takeBack(refused, 'reserve-credit-line');
  return rejected(flow, decided);
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
