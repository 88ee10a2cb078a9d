import { extensionOfMethod } from '../../domain/identifiers';
import { formatMoney } from '../../domain/money';
import type { Message } from '../../schemas/message';
import { among, is } from '../../schemas/message';
import { extended } from '../extension';
import type { Flow } from '../moves/flow';

/** What became of money that came in: it was put towards loans, or stays a payable to its payer. */
export interface MoneyInOutcome {
  outcome: 'APPLIED' | 'UNAPPLIED';
  receiptId: string;
  loanIds: string[];
}

type RepaymentFlow = Flow<'repayment-engine'>;

/**
 * 还款入金和入账. A party has told us of money: the journal first, then the loans that it is meant for, then everybody is
 * told. The money is here from the start, so there is only forward.
 */
export async function moneyIn(
  flow: RepaymentFlow,
  notified: Message<'external-repayment-notified'>,
): Promise<MoneyInOutcome> {
  flow.onlyForward();
  const sent = await flow
    .pass(notified)
    .to('partner-hub')
    .to('repayment-engine')
    .to('accounting-center')
    .to('asset-center')
    .to('repayment-engine', 'accounting-center', 'credit-limit-center', 'fund-management-system');
  const [received] = sent;
  flow.note({ businessDate: received.data.valueDate });
  const orderId = extensionOfMethod(notified.data.methodNo ?? '');
  if (orderId) await extendedBy(flow, orderId, sent);
  return told(
    flow,
    received.data.receiptId,
    among(sent, 'asset-posting-applied') ? sent : await identified(flow, sent),
  );
}

/** It is for an extension: a further step, so that the money is in the books whatever becomes of that. */
async function extendedBy(flow: RepaymentFlow, orderId: string, sent: readonly Message[]): Promise<void> {
  const received = among(sent, 'accounting-entry-posted')!;
  const extending = await flow.pass(received).to('payment-system').part('extension', orderId, extended);
  await returnRest(flow, among(extending, 'accounting-entry-posted') ?? received);
  const telling = among(extending, 'extension-succeeded') ?? among(extending, 'send-notification');
  if (telling) await flow.pass(telling, flow.messaging).to('outreach-system');
}

/** What the extension did not take goes back, by the flow of refunds. */
async function returnRest(flow: RepaymentFlow, entry: Message<'accounting-entry-posted'>): Promise<void> {
  const [wanted] = await flow.pass(entry).to('refund-reversal-service');
  if (!wanted || !('refundId' in wanted.data)) return;
  const { refundId, amount } = wanted.data;
  await flow.start('refund-and-reversal-lifecycle', {
    ...{ businessId: refundId, message: wanted, summary: `Refund ${refundId}: ${formatMoney(amount)}` },
  });
}

/** Nobody knows whose it is: it waits in the books until two persons have found out, and then goes the same way. */
async function identified(flow: RepaymentFlow, sent: readonly Message[]): Promise<readonly Message[]> {
  await flow.untilAnswered('money came in that names no order of ours: find out whose it is', ['receipt']);
  return flow
    .pass(among(sent, 'accounting-entry-posted')!)
    .to('repayment-engine')
    .to('accounting-center')
    .to('asset-center')
    .to('repayment-engine', 'accounting-center', 'credit-limit-center', 'fund-management-system');
}

/** The customer is told of each loan that took of it. */
async function told(
  flow: RepaymentFlow,
  receiptId: string,
  sent: readonly Message[],
): Promise<MoneyInOutcome> {
  const succeeded = sent.filter((one) => is(one, 'repayment-succeeded'));
  for (const one of succeeded) await flow.pass(one, flow.messaging).to('outreach-system');
  return {
    outcome: succeeded.length > 0 ? 'APPLIED' : 'UNAPPLIED',
    receiptId,
    loanIds: succeeded.map(({ data }) => data.loanId),
  };
}
