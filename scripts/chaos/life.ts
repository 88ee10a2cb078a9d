import { setTimeout as delay } from 'node:timers/promises';
import { debtOrderFlowId, loanIdOf, methodNoOf } from '../../domain/identifiers';
import type { Stage } from '../../test/support/crash/stage';
import {
  collectors,
  currencies,
  orderExtension,
  orderRepayment,
  quote,
  type Market,
  type Quote,
} from '../../test/support/borrowers';
import { newDebtor, newOrder, tellConfirmed, tellPaid, tellRefund } from '../../test/support/mall-calls';
import { decide, isAsked } from '../../test/support/people';
import { randomId } from '../../test/support/platform';
import { until } from '../../test/support/until';

interface Borrowed {
  loanId: string;
  customerId: string;
  market: Market;
}

/** Tells how a flow has ended. */
type Ended = (outcome: string) => void;

/** How long a party may take to tell of money, before it is made to tell of it again: it may have died. */
const toldWithinMs = 3_000;

/** More than was ordered, and little enough to go back without a second person. */
const tooMuchMinor = { CN: 10_000, ID: 100_000 } as const;

/**
 * A life while processes are killed: that of a mall's order, or a customer's way with a loan.
 *
 * @param turn tells one life from another: they take turns in what they do
 * @param ended is called for each flow that has ended
 */
export const live = (stage: Stage, turn: number, ended: Ended): Promise<void> =>
  turn % 4 === 0 ? order(stage, ended) : borrow(stage, turn, ended);

/** An order of a mall: paid, refunded in part at once, confirmed, and refunded in part again when it is settled. */
async function order(stage: Stage, ended: Ended): Promise<void> {
  const mallId = 'mall-soon-cleared';
  const debtor = await newDebtor(stage);
  // The outside world may be away.
  const paid = await until(() => newOrder(stage, debtor).catch(() => undefined));
  const { orderId } = paid;
  await tellPaid(stage, paid, mallId);
  await tellRefund(stage, orderId, '50.00', { mallId });
  await tellConfirmed(stage, orderId, mallId);
  ended(await endOf(stage, debtOrderFlowId(orderId)));
  await tellRefund(stage, orderId, '10.00', { mallId });
  ended(await endOf(stage, debtOrderFlowId(orderId)));
}

/**
 * A customer's way with a loan while processes are killed: applies for it and, where it is paid out, repays an instalment,
 * pays too much and gets that back, or extends the loan.
 */
async function borrow(stage: Stage, turn: number, ended: Ended): Promise<void> {
  const market = turn % 2 === 0 ? 'CN' : 'ID';
  const customerId = await stage.newCustomer(market);
  const applicationId = await stage.submit({ market, customerId });
  const outcome = await endOf(stage, `loan-application-disbursement:${applicationId}`);
  ended(outcome);
  if (outcome !== 'DISBURSED') return;
  const loan = { loanId: loanIdOf(applicationId), customerId, market } as const;
  const ways = [repay, payTooMuch, extend];
  await ways[turn % ways.length]!(stage, loan, ended);
}

/** Pays the first instalment as it is quoted. Gives the money as its party knows it; undefined where nobody gives a method. */
async function repay(stage: Stage, loan: Borrowed, ended: Ended, extraMinor = 0) {
  const price = await quote(stage, loan, 'repayment', { scenario: 'NORMAL', instalments: [1] });
  const orderId = await orderRepayment(stage, loan, price);
  const handle = stage.client.workflow.getHandle(`repayment:${orderId}`);
  const order = (await handle.result()) as { outcome: string; methodNo?: string };
  ended(order.outcome);
  if (order.methodNo === undefined) return undefined;
  const { body } = await stage.get(`/v1/repayment-orders/${orderId}`);
  return pay(stage, { loan, price, extraMinor, methodNo: order.methodNo, party: String(body.party) }, ended);
}

async function payTooMuch(stage: Stage, loan: Borrowed, ended: Ended): Promise<void> {
  const receipt = await repay(stage, loan, ended, tooMuchMinor[loan.market]);
  if (!receipt) return;
  const wanted = { ...receipt, cause: 'OVERPAID', accountToken: 'tok_back_home', reason: 'tried by a test' };
  const { status, body } = await stage.post('/v1/refunds', wanted, 'ops');
  if (status !== 202) throw new Error(`The refund was not taken: ${JSON.stringify(body)}`);
  const flowId = String(body.flowId);
  const question = 'refund-account:1';
  const over = new AbortController();
  const end = endOf(stage, flowId).finally(() => over.abort());
  // A channel that refuses it leaves it to people, who give it up.
  await until(async () => over.signal.aborted || (await isAsked(stage, flowId, question)));
  if (!over.signal.aborted) await decide(stage, flowId, question, 'GIVE_UP');
  ended(await end);
}

async function extend(stage: Stage, loan: Borrowed, ended: Ended): Promise<void> {
  const price = await quote(stage, loan, 'extension', { periods: 1 });
  const orderId = await orderExtension(stage, loan, price);
  const outcome = await endOf(stage, `extension:${orderId}`);
  ended(outcome);
  if (outcome !== 'METHOD_CREATED') return;
  const party = loan.market === 'CN' ? 'cn-payout' : collectors.ID;
  await pay(stage, { loan, price, extraMinor: 0, methodNo: methodNoOf(orderId, 1), party }, ended);
}

/** Pays at a party, which tells of the one transaction until its flow is there. */
async function pay(
  stage: Stage,
  due: { loan: Borrowed; price: Quote; extraMinor: number; methodNo: string; party: string },
  ended: Ended,
): Promise<{ party: string; transactionNo: string }> {
  const { loan, price, extraMinor, methodNo, party } = due;
  const transactionNo = randomId('TX');
  const amount = { currency: currencies[loan.market], amountMinor: price.totalMinor + extraMinor };
  const paidAt = `${price.quotedFor}T12:00:00+08:00`;
  const handle = stage.client.workflow.getHandle(`repayment:${party}.${transactionNo}`);
  for (let told = 1, isThere = false; !isThere; told += 1) {
    const payment = { party, amount, methodNo, transactionNo, paidAt, notifications: [told] };
    await fetch(`${stage.sandbox.url}/control/payments`, {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
      body: JSON.stringify(payment),
    }).catch(() => undefined);
    await delay(toldWithinMs);
    isThere = await handle.describe().then(
      () => true,
      () => false,
    );
  }
  ended(await endOf(stage, handle.workflowId));
  return { party, transactionNo };
}

async function endOf(stage: Stage, flowId: string): Promise<string> {
  const { outcome } = (await stage.client.workflow.getHandle(flowId).result()) as { outcome: string };
  return outcome;
}
