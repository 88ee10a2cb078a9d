import { among, is, type DataOf, type Message } from '../schemas/message';
import { defineFlow, type Flow } from './moves/flow';
import { orRefused, Refused } from './moves/refusal';
import {
  chargeBack,
  type ChargebackOutcome,
  type TakenBack,
} from './refund-and-reversal-lifecycle/chargeback';

/** How a refund ended. */
export interface RefundOutcome {
  outcome: 'REFUNDED' | 'REJECTED' | 'FAILED';
  refundId: string;
}
/** How the reversal of a disbursement ended. */
export interface ReversalOutcome {
  outcome: 'REVERSED' | 'REJECTED';
  reversalId: string;
}
type RefundFlow = Flow<'refund-reversal-service'>;
type RefundData = Extract<DataOf<'create-repayment-refund'>, { refundId: string }>;
type Application = Message<'create-repayment-refund'> & { data: RefundData };
type Reversal = Message<'reverse-disbursement'>;
type Payment = Message<'initiate-refund'>;

/**
 * 放款冲正与还款退款流程. What starts a run says which it is: money that is to go back, money that was taken back, or a payout
 * that came back.
 */
export const refundAndReversalLifecycle = defineFlow(
  'refund-and-reversal-lifecycle',
  'refund-reversal-service',
  async (
    flow,
    wanted: Application | TakenBack | Reversal,
  ): Promise<RefundOutcome | ChargebackOutcome | ReversalOutcome> => {
    if ('chargeback' in wanted) return chargeBack(flow, wanted.chargeback);
    return is(wanted, 'create-repayment-refund') ? refund(flow, wanted) : reverse(flow, wanted);
  },
);

/**
 * Money that came in goes back to its payer: approved, set aside and paid, then booked, then taken back from the loans. The
 * confirmed payment is the pivot: before it a person may end the refund, after it there is only forward.
 */
async function refund(flow: RefundFlow, wanted: Application): Promise<RefundOutcome> {
  const { refundId } = wanted.data;
  const asked = await approved(flow, wanted).catch(orRefused);
  if (!asked || isOf(asked, 'create-repayment-refund')) return { outcome: 'REJECTED', refundId };

  const refunded = await payBack(flow, wanted, asked);
  if (!refunded) return { outcome: 'FAILED', refundId };

  flow.onlyForward();
  await book(flow, refunded);
  return { outcome: 'REFUNDED', refundId };
}

/**
 * A payout came back: two persons have seen its money, the journal is reversed, the loan never was, and the customer is told. No money moves, so
 * there is nothing to undo.
 */
async function reverse(flow: RefundFlow, wanted: Reversal): Promise<ReversalOutcome> {
  const { reversalId } = wanted.data;
  const refused = await takenIn(flow, wanted).catch(orRefused);
  if (refused) return { outcome: 'REJECTED', reversalId };

  await flow.untilAnswered('the reversal of a disbursement is to be approved', ['reversal']);
  const sent = await flow
    .send('reverse-disbursement', wanted.data, 2)
    .to('refund-reversal-service')
    .to('accounting-center')
    .to('asset-center')
    .to('credit-limit-center');
  const reversed = among(sent, 'disbursement-reversed');
  if (!reversed) return { outcome: 'REJECTED', reversalId };

  flow.onlyForward();
  await flow.pass(reversed).to('fund-management-system');
  const [notification] = await flow.pass(reversed).to('loan-engine');
  await flow.pass(notification, flow.messaging).to('outreach-system');
  return { outcome: 'REVERSED', reversalId };
}

/** The reversal is taken in, and waits for a second person. */
async function takenIn(flow: RefundFlow, wanted: Reversal): Promise<undefined> {
  await flow.pass(wanted).to('refund-reversal-service');
}

/** The refund is taken in and, where it must be, approved by a second person; undefined when a person has rejected it. */
async function approved(flow: RefundFlow, wanted: Application): Promise<Payment | undefined> {
  const taken = await flow.pass(wanted).to('refund-reversal-service').to('fund-management-system');
  return (
    among(taken, 'initiate-refund') ??
    (await answered(flow, wanted, {
      question: 'refund',
      occurrence: 2,
      reason: 'a refund is to be approved',
    }))
  );
}

/** People answer, and the refund goes on by what they say; undefined when they have ended it. */
async function answered(
  flow: RefundFlow,
  { data }: Application,
  { question, occurrence, reason }: { question: string; occurrence: number; reason: string },
): Promise<Payment | undefined> {
  await flow.untilAnswered(reason, [question]);
  const sent = await flow
    .send('create-repayment-refund', data, occurrence)
    .to('refund-reversal-service')
    .to('fund-management-system')
    .to('refund-reversal-service');
  return among(sent, 'initiate-refund');
}

/**
 * Has it paid back; where the channel refuses it for certain, to the account that a person finds. Undefined when nothing
 * has left and nothing will: a partner has not received that much, or the refund was given up.
 */
async function payBack(
  flow: RefundFlow,
  wanted: Application,
  asked: Payment | Refused,
): Promise<Message<'repayment-refunded'> | undefined> {
  for (let payment: Payment | Refused | undefined = asked; payment;) {
    const paid: Message<'repayment-refunded'> | Refused =
      payment instanceof Refused ? payment : await pay(flow, payment).catch(orRefused);
    if (!(paid instanceof Refused)) return paid;

    await flow.takeBack(paid, 'initiate-refund');
    if (paid.code !== 'REFUND_REFUSED') return undefined;
    const { attempt } = (paid.refusedMessage as Payment).data;
    payment = await answered(flow, wanted, {
      question: `refund-account:${attempt}`,
      occurrence: attempt + 2,
      reason: 'a refund was refused: find an account that takes it, or give it up',
    });
  }
  return undefined;
}

async function pay(flow: RefundFlow, payment: Payment): Promise<Message<'repayment-refunded'>> {
  const [, refunded] = await flow
    .pass(payment, { party: payment.data.paymentChannelId })
    .to('payment-system')
    .to('refund-reversal-service', 'fund-management-system');
  return refunded;
}

/** The money is back with its payer. The journal first, then the loans and the credit line, then the customer sees it and is told. */
async function book(flow: RefundFlow, refunded: Message<'repayment-refunded'>): Promise<void> {
  await flow
    .pass(refunded)
    .to('accounting-center')
    .to('asset-center')
    .to('accounting-center', 'credit-limit-center', 'fund-management-system');
  await flow.pass(refunded).to('app');
  await flow.pass(refunded, flow.messaging).to('outreach-system');
}

/** Whether something is the refusal of a command of a type. */
const isOf = (asked: Payment | Refused, type: 'create-repayment-refund'): asked is Refused =>
  asked instanceof Refused && is(asked.refusedMessage, type);
