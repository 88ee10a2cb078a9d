import type { Message } from '../schemas/message';
import { among } from '../schemas/message';
import { defineFlow, type Flow } from './moves/flow';
import type { Leaving } from './moves/passing';
import { orRefused, Refused } from './moves/refusal';

/** How an extension order's run ended: with a method to pay by, or without. */
export interface ExtensionOrderOutcome {
  outcome: 'METHOD_CREATED' | 'REJECTED' | 'FAILED';
  orderId: string;
}

/**
 * 展期流程. An extension is ordered, approved by the rules or a person, and has a method made to pay by. Until it is paid
 * nothing of the loan changes, so nobody waits for the money: what comes, in time or late, is another run's matter, which
 * goes on with this flow's picture (`extended`).
 */
export const extension = defineFlow(
  'extension',
  'extension-engine',
  async (flow, wanted: Message<'create-extension-order'>): Promise<ExtensionOrderOutcome> => {
    const { orderId } = wanted.data;
    const order = await takeIn(flow, wanted).catch(orRefused);
    if (order instanceof Refused) return { outcome: 'FAILED', orderId };
    const { approval, reviewWithinSeconds, quotedFor } = order.data;
    flow.note({ businessDate: quotedFor });
    if (approval === 'PERSON') {
      await flow.untilAnswered('a person is to approve the extension', ['review'], reviewWithinSeconds);
    }
    const payment = among(await flow.pass(order).to('extension-engine'), 'initiate-payment');
    if (!payment) return { outcome: 'REJECTED', orderId };

    const refused = await haveMethodMade(flow, payment).catch(orRefused);
    if (!refused) return { outcome: 'METHOD_CREATED', orderId };
    await flow.takeBack(refused, 'initiate-payment');
    return { outcome: 'FAILED', orderId };
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

async function haveMethodMade(flow: ExtensionFlow, payment: Message<'initiate-payment'>): Promise<undefined> {
  await flow
    .pass(payment, { party: payment.data.paymentChannelId })
    .to('payment-system')
    .to('extension-engine', 'repayment-engine', 'bff-system');
}

/**
 * What an extension costs has come in: if the loan is still as quoted, the journal first, then its new schedule, in one
 * transaction. If not, nothing follows, and the money stays a payable to its payer.
 */
export const extended = (paid: Leaving<'payment-succeeded'>) =>
  paid
    .to('extension-engine')
    .to('asset-center')
    .to('product-calculation-service')
    .to('extension-engine')
    .to('accounting-center', 'repayment-plan-service')
    .to('asset-center')
    .to('credit-limit-center', 'fund-management-system');
