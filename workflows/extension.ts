import type { Message } from '../schemas/message';
import { among, is } from '../schemas/message';
import { defineFlow, type Flow } from './moves/flow';
import type { Leaving } from './moves/passing';
import { orRefused, Refused } from './moves/refusal';

/** How an extension order's run ended: with a method to pay by, extended for free, or without either. */
export interface ExtensionOrderOutcome {
  outcome: 'METHOD_CREATED' | 'EXTENDED' | 'REJECTED' | 'FAILED' | 'CANCELLED';
  orderId: string;
}

/**
 * 展期流程. An extension is ordered, approved by the rules or a person, and has a method made to pay by. Until it is paid
 * nothing of the loan changes, so nobody waits for the money: what comes, in time or late, is another run's matter, which
 * goes on with this flow's picture (`extended`). What costs nothing goes on with it at once.
 */
export const extension = defineFlow(
  'extension',
  'extension-engine',
  async (flow, wanted: Message<'create-extension-order'>): Promise<ExtensionOrderOutcome> => {
    const { orderId } = wanted.data;
    const order = await takeIn(flow, wanted).catch(orRefused);
    if (order instanceof Refused) return notTaken(flow, wanted);
    const { approval, reviewWithinSeconds, quotedFor } = order.data;
    flow.note({ businessDate: quotedFor });
    if (approval === 'PERSON') {
      await flow.untilAnswered('a person is to approve the extension', ['review'], reviewWithinSeconds);
    }
    const sent = await extended(flow.pass<Begins>(order));
    const payment = among(sent, 'initiate-payment');
    if (!payment) return ended(flow, orderId, sent);

    const refused = await haveMethodMade(flow, payment).catch(orRefused);
    if (!refused) return { outcome: 'METHOD_CREATED', orderId };
    return ended(flow, orderId, await flow.takeBack(refused, 'initiate-payment'));
  },
);

type ExtensionFlow = Flow<'extension-engine'>;

/** The order is created, and its approval asked for. */
async function takeIn(
  flow: ExtensionFlow,
  wanted: Message<'create-extension-order'>,
): Promise<Message<'extension-order-created'>> {
  const [order] = await flow.pass(wanted).to('extension-engine');
  return order;
}

/** Refused for what has changed since the API took it: there is no order then, and the customer is told all the same. */
async function notTaken(
  flow: ExtensionFlow,
  { data: { orderId, customerId, loanId } }: Message<'create-extension-order'>,
): Promise<ExtensionOrderOutcome> {
  const template = 'EXTENSION_FAILED';
  const notification = { notificationId: `${template}:${orderId}`, customerId, template, reference: loanId };
  await flow.send('send-notification', notification, 1, flow.messaging).to('outreach-system');
  return { outcome: 'FAILED', orderId };
}

/** The order needs no method any more, and the customer is told why: unless they have cancelled it themselves. */
async function ended(
  flow: ExtensionFlow,
  orderId: string,
  sent: readonly Message[],
): Promise<ExtensionOrderOutcome> {
  const telling = among(sent, 'extension-succeeded') ?? among(sent, 'send-notification');
  if (!telling) return { outcome: 'CANCELLED', orderId };
  await flow.pass(telling, flow.messaging).to('outreach-system');
  if (is(telling, 'extension-succeeded')) return { outcome: 'EXTENDED', orderId };
  return { outcome: telling.data.template === 'EXTENSION_REJECTED' ? 'REJECTED' : 'FAILED', orderId };
}

async function haveMethodMade(flow: ExtensionFlow, payment: Message<'initiate-payment'>): Promise<undefined> {
  await flow
    .pass(payment, { party: payment.data.paymentChannelId })
    .to('payment-system')
    .to('extension-engine', 'repayment-engine', 'bff-system');
}

type Begins = 'payment-succeeded' | 'extension-order-created';

/**
 * What an extension costs has come in, or it costs nothing: if the loan is still as quoted, the journal first, then its new
 * schedule, in one transaction. If not, the extension engine says so, and the money stays a payable to its payer.
 */
export const extended = (begins: Leaving<Begins>) =>
  begins
    .to('extension-engine')
    .to('asset-center')
    .to('product-calculation-service', 'extension-engine')
    .to('extension-engine')
    .to('accounting-center', 'asset-center', 'repayment-plan-service', 'app')
    .to('asset-center')
    .to('credit-limit-center', 'fund-management-system');
