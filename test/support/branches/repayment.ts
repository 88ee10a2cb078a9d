import { addDays } from '../../../domain/calendar';
import { loanIdOf, methodNoOf } from '../../../domain/identifiers';
import {
  newLoan,
  orderExtension,
  orderRepayment,
  pays,
  quote,
  type Loan,
  type Market,
  type Paying,
} from '../borrowers';
import { randomId, type Behaviour } from '../platform';
import type { World } from '../world';
import {
  answered,
  aPartyWorks,
  aStepKeepsFailing,
  branchesOf,
  refuseRows,
  then,
  toItsEnd,
  walkOf,
  type Stop,
  type LoanWalk,
  type Walked,
  type WhileItWaits,
} from './walk';

interface OrderBranch {
  market: Market;
  /** What is ordered, another amount in each branch: by it the parties know whose method they are asked for. */
  amountMinor: number;
  /** How the parties behave when they are asked for a method of this amount. */
  behaviours?: Omit<Behaviour, 'match' | 'operation'>[];
  /** How long the client waits for the method. */
  prefer?: string;
  stops?: Stop[];
}

const refuses = { kind: 'REFUSE', code: 'CLOSED' };

/** 确认还款与还款方式生成: a method to pay by, or none. */
const orders = {
  // Takes half a minute, so it stands first.
  'method-by-our-payment-system-after-silence': {
    ...{ market: 'CN', amountMinor: 100_100 },
    behaviours: [{ party: 'bank-huaxin', behaviour: { kind: 'SILENT', delayMs: 300_000 } }],
    stops: [aPartyWorks],
  },
  'method-by-the-partner': { market: 'CN', amountMinor: 100_200 },
  'method-by-our-payment-system': { market: 'ID', amountMinor: 100_300 },
  'method-by-our-payment-system-after-a-refusal': {
    ...{ market: 'CN', amountMinor: 100_400 },
    behaviours: [{ party: 'bank-huaxin', behaviour: refuses }],
  },
  'method-by-callback': {
    ...{ market: 'ID', amountMinor: 100_500 },
    behaviours: [{ party: 'id-payout', behaviour: { kind: 'CALLBACK', delayMs: 3_000 } }],
    stops: [aPartyWorks],
  },
  'method-while-the-client-waits': { market: 'CN', amountMinor: 100_600, prefer: 'wait=20' },
  'method-of-nobody': {
    ...{ market: 'CN', amountMinor: 100_700 },
    behaviours: [
      { party: 'bank-huaxin', behaviour: refuses },
      { party: 'cn-payout', behaviour: refuses },
    ],
  },
  'cancelled-before-a-method': {
    ...{ market: 'CN', amountMinor: 100_800 },
    behaviours: [{ party: 'bank-huaxin', behaviour: { kind: 'CALLBACK', delayMs: 3_000, code: 'CLOSED' } }],
    stops: [then(aPartyWorks, cancel)],
  },
} satisfies Record<string, OrderBranch>;

async function order(
  world: World,
  { market, amountMinor, behaviours = [], prefer, stops }: OrderBranch,
  whileItWaits?: WhileItWaits,
): Promise<Walked> {
  const match = { amountMinor };
  await world.behave(...behaviours.map((one) => ({ ...one, operation: 'repayment-method', match })));
  const loan = await newLoan(world, market);
  const orderId = await orderRepayment(world, loan, { amountMinor }, prefer);
  return toItsEnd(walkOf(world, `repayment:${orderId}`, loan, orderId), { stops }, whileItWaits);
}

async function cancel({ world, flowId }: LoanWalk): Promise<void> {
  const orderId = flowId.replace('repayment:', '');
  const path = `/v1/repayment-orders/${orderId}/cancellation`;
  const { status, body } = await world.post(path, { reason: 'pays otherwise' });
  if (status !== 200) throw new Error(`The order was not cancelled: ${JSON.stringify(body)}`);
}

/** What a customer pays, and the ids of the orders and quotes that it is for. */
interface Due {
  paying: Omit<Paying, 'transactionNo'>;
  ids: string[];
}

/** The first instalment, ordered as it was quoted, by a method that is with the customer. */
export const firstInstalment = (world: World, loan: Loan): Promise<Due> =>
  asQuoted(world, loan, 'repayment', { scenario: 'NORMAL', instalments: [1] });

const settlement = (world: World, loan: Loan): Promise<Due> =>
  asQuoted(world, loan, 'repayment', { scenario: 'EARLY_SETTLEMENT' });

/** What an extension costs. */
const extension = (world: World, loan: Loan): Promise<Due> =>
  asQuoted(world, loan, 'extension', { periods: 1 });

async function asQuoted(
  world: World,
  loan: Loan,
  what: 'repayment' | 'extension',
  wanted: object,
): Promise<Due> {
  const price = await quote(world, loan, what, wanted);
  const orderId = await (what === 'repayment' ? orderRepayment : orderExtension)(world, loan, price);
  await world.client.workflow.getHandle(`${what}:${orderId}`).result();
  const { quoteId, quotedFor, totalMinor: amountMinor } = price;
  const methodNo = methodNoOf(orderId, 1);
  return { paying: { market: loan.market, amountMinor, on: quotedFor, methodNo }, ids: [quoteId, orderId] };
}

async function partOfFirstInstalment(world: World, loan: Loan): Promise<Due> {
  const { paying, ids } = await firstInstalment(world, loan);
  return { paying: { ...paying, amountMinor: paying.amountMinor - 100_000 }, ids };
}

async function firstInstalmentAgain(world: World, loan: Loan): Promise<Due> {
  const { paying, ids } = await firstInstalment(world, loan);
  const transactionNo = randomId('TX');
  await (await pays(world, { ...paying, transactionNo })).result();
  return { paying, ids: [...ids, transactionNo] };
}

async function lessThanExtension(world: World, loan: Loan): Promise<Due> {
  const { paying, ids } = await extension(world, loan);
  return { paying: { ...paying, amountMinor: paying.amountMinor - 1 }, ids };
}

/** Money that names no order of ours. */
const ofNobodyKnown = (_world: World, { market, startDate }: Loan): Promise<Due> =>
  Promise.resolve({ paying: { market, amountMinor: 5_000, on: startDate }, ids: [] });

const loanOf = ({ customerId, applicationId }: LoanWalk) => ({ customerId, loanId: loanIdOf(applicationId) });

interface MoneyBranch {
  market: Market;
  /** What is ordered, and paid of it. */
  due: (world: World, loan: Loan) => Promise<Due>;
  /** How the parties behave towards this customer, once the loan is paid out. */
  behaviours?: Omit<Behaviour, 'match'>[];
  /** What makes the flow stand, before the money comes. Out: what ends that. */
  obstacle?: (world: World, loan: Loan) => Promise<() => Promise<unknown>>;
  stops?: Stop[];
}

/** 还款入金和入账: every way in which money can come to loans, or to none. */
const money = {
  'instalment-paid': { market: 'CN', due: firstInstalment },
  'loan-settled': { market: 'ID', due: settlement },
  'part-paid': { market: 'ID', due: partOfFirstInstalment },
  'paid-twice': { market: 'ID', due: firstInstalmentAgain },
  'extension-paid': { market: 'ID', due: extension },
  'extension-not-paid-as-quoted': { market: 'ID', due: lessThanExtension },
  'identified-for-a-loan': {
    ...{ market: 'CN', due: ofNobodyKnown },
    stops: [answered('receipt', 'IDENTIFIED', loanOf)],
  },
  'identified-for-no-loan': {
    ...{ market: 'CN', due: ofNobodyKnown },
    stops: [answered('receipt', 'IDENTIFIED', ({ customerId }) => ({ customerId }))],
  },
  'customer-not-reached': {
    ...{ market: 'ID', due: firstInstalment },
    behaviours: [{ party: 'id-messaging', behaviour: { kind: 'REFUSE', code: 'NO_SUCH_NUMBER' } }],
  },
  'posted-at-a-later-try': {
    ...{ market: 'CN', due: firstInstalment },
    obstacle: (world: World, { loanId }: Loan) =>
      refuseRows(world, 'asset_center.payment', 'loan_id', loanId),
    stops: [aStepKeepsFailing],
  },
} satisfies Record<string, MoneyBranch>;

async function moneyIn(
  world: World,
  { market, due, behaviours = [], obstacle, stops }: MoneyBranch,
  whileItWaits?: WhileItWaits,
): Promise<Walked> {
  const loan = await newLoan(world, market);
  const { paying, ids } = await due(world, loan);
  const match = { customerId: loan.customerId };
  await world.behave(...behaviours.map((one) => ({ ...one, match })));
  const clear = await obstacle?.(world, loan);
  const transactionNo = randomId('TX');
  const { flowId } = await pays(world, { ...paying, transactionNo });
  const walk = walkOf(world, flowId, loan, ...ids, transactionNo);
  return withRefund(await toItsEnd(walk, { stops, clear }, whileItWaits));
}

/** What an extension has not taken goes back by a flow of its own: the walk is over when that is. */
async function withRefund(walked: Walked): Promise<Walked> {
  const { world, flowId, names } = walked;
  const sent = await world
    .db('messages.message')
    .where({ flow_id: flowId, message_type: 'create-repayment-refund' })
    .first<{ body: { data: { refundId: string } } } | undefined>('body');
  if (!sent) return walked;
  const { refundId } = sent.body.data;
  await world.client.workflow.getHandle(`refund-and-reversal-lifecycle:${refundId}`).result();
  return { ...walked, names: [...names, refundId] };
}

/**
 * Makes a loan overdue without any day of its market: a loan is looked at on the day of its last posting, where that is
 * later, and some of the first instalment is paid days after it was due.
 *
 * @returns the ids of what was ordered and paid for that
 */
export async function becomesOverdue(world: World, loan: Loan): Promise<string[]> {
  const { market, instalments } = loan;
  const amountMinor = 10_000;
  const orderId = await orderRepayment(world, loan, { amountMinor });
  await world.client.workflow.getHandle(`repayment:${orderId}`).result();
  const transactionNo = randomId('TX');
  const paying = { market, amountMinor, methodNo: methodNoOf(orderId, 1), transactionNo };
  await (await pays(world, { ...paying, on: addDays(instalments[0]!.dueDate, 5) })).result();
  return [orderId, transactionNo];
}

export const repayments = { ...branchesOf(orders, order), ...branchesOf(money, moneyIn) };
