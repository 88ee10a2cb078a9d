import { among, type Message } from '../../schemas/message';
import type { Flow } from '../moves/flow';
import { orRefused, Refused } from '../moves/refusal';

/** How a repayment order's run ended: with a method to pay by, or without. */
export type RepaymentOrderOutcome =
  { outcome: 'METHOD_CREATED'; orderId: string; methodNo: string } | { outcome: 'FAILED'; orderId: string };

type RepaymentFlow = Flow<'repayment-engine'>;

/**
 * 确认还款与还款方式生成. An order is created and routed, and whoever collects it gives a method to pay by; who gives none is
 * followed by the next. No money moves: what comes by the method, or never comes, is another run's matter.
 */
export async function confirm(
  flow: RepaymentFlow,
  wanted: Message<'create-repayment-order'>,
): Promise<RepaymentOrderOutcome> {
  const { orderId } = wanted.data;
  let request = await takeIn(flow, wanted).catch(orRefused);
  while (request && !(request instanceof Refused)) {
    flow.note({ partner: request.data.party });
    const method = await methodFor(flow, request).catch(orRefused);
    if (!(method instanceof Refused)) {
      return { outcome: 'METHOD_CREATED', orderId, methodNo: method.data.methodNo };
    }
    request = await nextAfter(flow, new Refused(method.code, method.reason, request));
  }
  return { outcome: 'FAILED', orderId };
}

type Request = Message<'request-partner-repayment'>;

/** The order is created, and somebody chosen who collects it; undefined when there is nobody. */
async function takeIn(
  flow: RepaymentFlow,
  wanted: Message<'create-repayment-order'>,
): Promise<Request | undefined> {
  const sent = await flow.pass(wanted).to('repayment-engine').to('repayment-engine').to('repayment-engine');
  return among(sent, 'request-partner-repayment');
}

/** Has the method made: by the partner itself, or by our payment system. */
async function methodFor(
  flow: RepaymentFlow,
  request: Request,
): Promise<Message<'repayment-method-created'>> {
  const { party } = request.data;
  const sent = await flow.pass(request, { party }).to('partner-hub').to('repayment-engine', 'bff-system');
  const method = among(sent, 'repayment-method-created');
  if (method) return method;
  const [made] = await flow
    .pass(among(sent, 'create-repayment-method')!, { party })
    .to('payment-system')
    .to('repayment-engine', 'bff-system');
  return made;
}

/** Asks whoever is next to collect it, after one that gave no method; undefined when nobody is left. */
async function nextAfter(flow: RepaymentFlow, refused: Refused): Promise<Request | undefined> {
  const [selected] = await flow.takeBack(refused, 'request-partner-repayment');
  if (!selected) return undefined;
  const [request] = await flow.pass(selected).to('repayment-engine');
  return request;
}
