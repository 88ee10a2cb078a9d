import type { Money } from '../domain/money';
import { reservationIdOf } from '../domain/identifiers';
import type { Message } from '../schemas/message';
import { is } from '../schemas/message';
import { openFlow, type Flow } from './moves/flow';
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
export async function loanApplicationDisbursement(
  submitted: Message<'submit-loan-application'>,
): Promise<LoanApplicationOutcome> {
  const flow = openFlow('loan-application-disbursement', 'loan-engine', submitted.market);

  const [created] = await flow.pass(submitted).to('loan-engine');
  const [, decided] = await flow.pass(created).to('decision-engine').to('loan-engine');
  if (is(decided, 'loan-application-rejected')) return rejected(flow, decided);

  const funding = await fund(flow, created).catch(orRefused);
  if (funding instanceof Refused) return notFunded(flow, funding);

  return book(flow, created, funding);
}

/** Reserves the customer's credit, then tries funding partners until one has paid out. All of it before the pivot. */
async function fund(
  flow: LoanFlow,
  { data: application }: Message<'loan-application-created'>,
): Promise<Message<'partner-disbursement-succeeded'>> {
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
    const paid = await payOutBy(flow, route, payout).catch(orRefused);
    if (!(paid instanceof Refused)) return paid;
    excludedPartnerIds.push(route.data.partnerId);
  }
}

/** Reserves one partner's funds and has them paid out; gives the reservation back when that fails for certain. */
async function payOutBy(
  flow: LoanFlow,
  { data: { applicationId, attempt, partnerId } }: Message<'fund-route-selected'>,
  amount: Money,
): Promise<Message<'partner-disbursement-succeeded'>> {
  const reservationId = reservationIdOf(applicationId, attempt);
  return undoOnFailure(async (undo) => {
    undo(() =>
      flow
        .send(
          'release-fund-reservation',
          { applicationId, reservationId, reasonCode: 'PAYOUT_NOT_MADE' },
          attempt,
        )
        .to('fund-management-system')
        .to('loan-engine'),
    );
    const [, requested] = await flow
      .send('reserve-funds', { applicationId, attempt, partnerId, amount }, attempt)
      .to('fund-management-system')
      .to('loan-engine');
    await flow.pass(requested).to('fund-management-system'); // in transit before the request leaves
    return payOut(flow, requested);
  });
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
  const [, note] = await flow
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
    .to('loan-engine');
  const [calculate] = await flow.pass(note).to('asset-center');
  const schedule = await generateRepaymentPlan(
    flow.part('repayment-plan-generation', loanId, 'asset-center'),
    calculate,
  );

  const [succeeded] = await flow.pass(schedule).to('loan-engine');
  await flow.pass(succeeded).to('fund-management-system');
  await flow.pass(succeeded).to('credit-limit-center');
  await flow.pass(succeeded).to('outreach-system');
  return { outcome: 'DISBURSED', applicationId, loanId, partnerId };
}

async function rejected(
  flow: LoanFlow,
  decided: Message<'loan-application-rejected'>,
): Promise<LoanApplicationOutcome> {
  await flow.pass(decided).to('outreach-system');
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
  await flow.pass(failed).to('credit-limit-center').to('loan-engine');
  await flow.pass(failed).to('fund-management-system');
  const { applicationId, customerId, reasonCodes } = failed.data;
  await flow
    .send('send-notification', {
      notificationId: `DISBURSEMENT_FAILED:${applicationId}`,
      customerId,
      template: 'DISBURSEMENT_FAILED',
      reference: applicationId,
    })
    .to('outreach-system');
  return { outcome: 'FAILED', applicationId, reasonCodes };
}

/** Turns a refusal into a value and lets every other failure through. */
function orRefused(error: unknown): Refused {
  const refused = refusalIn(error);
  if (!refused) throw error;
  return refused;
}
