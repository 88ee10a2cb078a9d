import { goodFeatures, inBetweenFeatures } from '../../../db/seeds';
import type { MarketId } from '../../../schemas/generated/messages';
import { goBranch, type BranchName } from '../branches';
import type { Walked } from '../branches/walk';
import { waysToAnswer } from '../faults';
import { decide } from '../people';
import { randomId, type Behaviour } from '../platform';
import { until } from '../until';
import type { Stage } from './stage';

/** What is killed: a worker that serves a task queue, or the API. What is not killed must be running. */
export type Target = { kill: 'worker'; taskQueue?: string } | { kill: 'api' };

/** One way that a flow can go, for a customer of its own. */
export interface Branch {
  name: string;
  /** What its flow must end with. */
  outcome: string;
  /** What the points that are tried have in common; all of them, if left out. */
  among?: RegExp;
  /** Goes it from its start to its end. */
  go(stage: Stage, target: Target): Promise<Pick<Walked, 'names' | 'outcome'>>;
}

/**
 * The queue of a worker that is never killed: on it loans are paid out that a branch begins with. Whoever goes such a branch
 * has that worker running beside the one that dies.
 */
export const backstage = 'backstage';

/** A branch that is gone elsewhere too, and what its flow must end with. */
function ofLoan(name: BranchName, outcome: string): Branch {
  return {
    ...{ name: name.replaceAll('-', ' '), outcome },
    go: (stage) =>
      goBranch({ ...stage, startFlow: (wanted, id) => stage.startFlow(wanted, id, backstage) }, name),
  };
}

interface Application {
  name: string;
  market: MarketId;
  features?: object;
  limitMinor?: number;
  principalMinor?: number;
  instalmentCount?: number;
  /** How the parties treat this customer. */
  behaviours?: Behaviour[];
  /** What people do meanwhile. */
  people?: (stage: Stage, applicationId: string) => Promise<void>;
  outcome: 'DISBURSED' | 'REJECTED' | 'FAILED';
}

/** A branch of a loan application. */
function applying(application: Application): Branch {
  const { name, outcome } = application;
  return { name, outcome, go: (stage, target) => apply(stage, application, target) };
}

async function apply(
  stage: Stage,
  wanted: Application,
  target: Target,
): Promise<Pick<Walked, 'names' | 'outcome'>> {
  const { market, features, limitMinor, behaviours = [], people } = wanted;
  const customerId = await stage.newCustomer(market, {
    ...(features && { features }),
    ...(limitMinor !== undefined && { limitMinor }),
  });
  await stage.behave(...behaviours.map((one) => ({ ...one, match: { customerId } })));
  const application = { ...wanted, customerId };
  const applicationId = target.kill === 'api' ? await stage.submit(application) : randomId('LA');
  const handle =
    target.kill === 'api'
      ? stage.client.workflow.getHandle(`loan-application-disbursement:${applicationId}`)
      : await stage.startFlow(application, applicationId, target.taskQueue);
  const ended = handle.result() as Promise<unknown>;
  const [outcome] = await Promise.all([ended, people?.(stage, applicationId)]);
  return { names: [applicationId.slice(2), customerId], outcome };
}

const refuses = (party: string): Behaviour => ({ party, behaviour: { kind: 'REFUSE', code: 'NOT_TODAY' } });

/** What a party does later than this is later in every flow, also in one whose process was just killed and is started again. */
const longerThanADeathMs = 20_000;

/** The one partner that pays out itself in China. */
const bankDoes = (behaviour: Behaviour['behaviour'], times?: number): Behaviour[] => [
  { party: 'bank-huaxin', behaviour, times },
];

export const plainPath = applying({
  name: 'paid out by the partner itself',
  market: 'CN',
  outcome: 'DISBURSED',
});

export const failingPath = applying({
  name: 'paid out by nobody, and undone',
  market: 'CN',
  behaviours: [refuses('bank-huaxin'), refuses('cn-payout')],
  outcome: 'FAILED',
});

export const callbackPath = applying({
  name: 'paid out by the partner, who calls back',
  market: 'CN',
  behaviours: bankDoes({ kind: 'CALLBACK', delayMs: 300 }),
  outcome: 'DISBURSED',
});

export const reviewedPath = applying({
  name: 'approved by people',
  market: 'CN',
  features: inBetweenFeatures,
  people: answers('review', 'APPROVE'),
  outcome: 'DISBURSED',
});

export const withdrawnPath = applying({
  name: 'withdrawn while people are to review it',
  market: 'CN',
  features: inBetweenFeatures,
  async people(stage, applicationId) {
    await untilState(stage, applicationId, 'IN_REVIEW');
    await withdraw(stage, applicationId);
  },
  outcome: 'REJECTED',
});

/** Every branch of the loan application and disbursement flow, and of what may follow it. */
const applications: readonly Branch[] = [
  plainPath,
  failingPath,
  callbackPath,
  reviewedPath,
  withdrawnPath,
  applying({ name: 'paid out of custody, after deducted fees', market: 'ID', outcome: 'DISBURSED' }),
  applying({
    name: 'paid out by the second partner, from custody',
    market: 'CN',
    behaviours: [refuses('bank-huaxin')],
    outcome: 'DISBURSED',
  }),
  applying({
    name: 'paid out by the second partner, after a failed payment',
    market: 'ID',
    behaviours: [refuses('id-payout')],
    outcome: 'DISBURSED',
  }),
  applying({
    name: 'rejected by the strategy',
    market: 'ID',
    features: { ...goodFeatures, blocklisted: 1 },
    outcome: 'REJECTED',
  }),
  applying({
    name: 'rejected, and told in the app, since the customer cannot be reached',
    market: 'ID',
    features: { ...goodFeatures, blocklisted: 1 },
    behaviours: [refuses('id-messaging')],
    outcome: 'REJECTED',
  }),
  applying({
    name: 'rejected for want of credit',
    market: 'CN',
    limitMinor: 500_000,
    principalMinor: 500_100,
    outcome: 'REJECTED',
  }),
  applying({
    name: 'rejected, since its product does not allow it',
    market: 'CN',
    instalmentCount: 5,
    outcome: 'REJECTED',
  }),
  applying({
    name: 'rejected by people',
    market: 'CN',
    features: inBetweenFeatures,
    people: answers('review', 'REJECT'),
    outcome: 'REJECTED',
  }),
  applying({
    name: 'rejected, since nobody has reviewed it in time',
    market: 'ID',
    features: inBetweenFeatures,
    outcome: 'REJECTED',
  }),
  applying({
    name: 'withdrawn while a partner works on the payout, which fails',
    market: 'CN',
    behaviours: bankDoes({ kind: 'SILENT', delayMs: longerThanADeathMs, code: 'NOT_TODAY' }),
    people: withdrawsDuringPayout,
    outcome: 'FAILED',
  }),
  applying({
    name: 'withdrawn too late',
    market: 'CN',
    behaviours: bankDoes({ kind: 'SILENT', delayMs: longerThanADeathMs }),
    people: withdrawsDuringPayout,
    outcome: 'DISBURSED',
  }),
  ...answersOfTheBank(),
  applying({
    name: 'paid out after the failure was confirmed: money in exception, until people have found it',
    market: 'CN',
    behaviours: [
      ...bankDoes({ kind: 'LATE_SUCCESS', delayMs: longerThanADeathMs, code: 'NOT_TODAY' }),
      refuses('cn-payout'),
    ],
    async people(stage, applicationId) {
      const flowId = `exception:PO-${applicationId}-1`;
      await decide(stage, flowId, 'exception', 'RETURNED');
      await stage.client.workflow.getHandle(flowId).result();
    },
    outcome: 'FAILED',
  }),
];

/** A payout that is made once, whatever the bank says of it and when. */
function answersOfTheBank(): Branch[] {
  const ways: [string, Behaviour['behaviour'], number?][] = [
    ...waysToAnswer,
    ['is only given when it is asked for', { kind: 'SILENT', delayMs: 100 }],
    ['hangs, after it has paid', { kind: 'HANG' }],
    ['breaks off, before it has taken the request', { kind: 'NOT_TAKEN', by: 'BREAK' }, 1],
  ];
  return ways.map(([how, behaviour, times]) =>
    applying({
      name: `paid out by a partner whose answer ${how}`,
      market: 'CN',
      behaviours: bankDoes(behaviour, times),
      outcome: 'DISBURSED',
    }),
  );
}

function answers(question: string, word: string): Application['people'] {
  return (stage, applicationId) =>
    decide(stage, `loan-application-disbursement:${applicationId}`, question, word);
}

async function withdrawsDuringPayout(stage: Stage, applicationId: string): Promise<void> {
  await untilState(stage, applicationId, 'PAYING_OUT');
  await withdraw(stage, applicationId);
}

async function withdraw(stage: Stage, applicationId: string): Promise<void> {
  const path = `/v1/loan-applications/${applicationId}/withdrawals`;
  const { status, body } = await stage.post(path, { reason: 'changed my mind' });
  if (status !== 202) throw new Error(`The withdrawal was not taken: ${JSON.stringify(body)}`);
}

const untilState = (stage: Stage, applicationId: string, state: string): Promise<object> =>
  until(() =>
    stage
      .db('loan_engine.loan_application')
      .where({ application_id: applicationId, state })
      .first<object | undefined>('state'),
  );

/** An order whose method a partner gives, and its money: routing, method, notification, posting. */
export const repaid = ofLoan('repayment/instalment-paid', 'APPLIED');
/** A refund that another person approves; the channel refuses it, and it goes to another account. */
export const refundedElsewhere = ofLoan(
  'refund-and-reversal-lifecycle/paid-back-to-another-account',
  'REFUNDED',
);
export const refundedByCallback = ofLoan('refund-and-reversal-lifecycle/paid-back-by-callback', 'REFUNDED');
export const reversed = ofLoan('refund-and-reversal-lifecycle/reversed', 'REVERSED');
export const chargedBack = ofLoan('refund-and-reversal-lifecycle/charged-back', 'CHARGED');
/** An order of an extension, and the money for it. */
export const extended = ofLoan('repayment/extension-paid', 'UNAPPLIED');

/** What becomes of loans: repayments, refunds, reversals and extensions. */
const ofLoans: readonly Branch[] = [
  repaid,
  refundedElsewhere,
  refundedByCallback,
  reversed,
  chargedBack,
  extended,
  ofLoan('repayment/method-by-our-payment-system-after-a-refusal', 'METHOD_CREATED'),
  ofLoan('repayment/method-by-callback', 'METHOD_CREATED'),
  ofLoan('repayment/method-of-nobody', 'FAILED'),
  ofLoan('repayment/loan-settled', 'APPLIED'),
  ofLoan('repayment/paid-twice', 'UNAPPLIED'),
  ofLoan('repayment/identified-for-a-loan', 'APPLIED'),
  ofLoan('repayment/extension-not-paid-as-quoted', 'UNAPPLIED'),
  ofLoan('repayment/customer-not-reached', 'APPLIED'),
  ofLoan('refund-and-reversal-lifecycle/paid-back', 'REFUNDED'),
  ofLoan('refund-and-reversal-lifecycle/paid-back-and-asked-for', 'REFUNDED'),
  ofLoan('refund-and-reversal-lifecycle/paid-back-after-a-broken-answer', 'REFUNDED'),
  ofLoan('refund-and-reversal-lifecycle/rejected', 'REJECTED'),
  ofLoan('refund-and-reversal-lifecycle/given-up', 'FAILED'),
  ofLoan('refund-and-reversal-lifecycle/reversal-refused-since-repayments-stand', 'REJECTED'),
  ofLoan('extension/approved-in-review', 'METHOD_CREATED'),
  ofLoan('extension/rejected-in-review', 'REJECTED'),
  ofLoan('extension/method-of-nobody', 'FAILED'),
];

/** A branch of a mall's order: the mall tells the API, and the flow runs where the API starts it. */
function ofOrder(name: BranchName, outcome = 'CLOSED'): Branch {
  return { name: name.replaceAll('-', ' '), outcome, go: (stage) => goBranch(stage, name) };
}

export const settledOrder = ofOrder('debt-order/settled-and-completed');
/** Settled, refunded in a second run, and returned only as people say, since Yeepay will not. */
export const returnedOrder = ofOrder('debt-order/returned-as-people-say');
export const rolledBackOrder = ofOrder('debt-order/rolled-back-in-part');

/** What becomes of malls' orders; all but the run that grows long, whose many wake-ups have nothing to lose. */
const ofOrders: readonly Branch[] = [
  settledOrder,
  returnedOrder,
  rolledBackOrder,
  ofOrder('debt-order/cleared-by-query'),
  ofOrder('debt-order/confirmed-before-it-is-divided'),
  ofOrder('debt-order/settled-by-itself'),
  ofOrder('debt-order/confirmed-after-people-were-asked'),
  ofOrder('debt-order/mapped-later'),
  ofOrder('debt-order/divide-tried-again'),
  ofOrder('debt-order/divide-tried-again-as-people-say'),
  ofOrder('debt-order/not-divided'),
  ofOrder('debt-order/refunded-in-part-before-its-divide'),
  ofOrder('debt-order/refunded-before-its-divide'),
  ofOrder('debt-order/refunded-while-it-is-divided'),
  ofOrder('debt-order/refunded-in-part-before-it-settles'),
  ofOrder('debt-order/refunded-before-it-settles'),
  ofOrder('debt-order/rolled-back-with-what-exceeds'),
  ofOrder('debt-order/refunded-after-an-import'),
  ofOrder('debt-order/refused', 'REFUSED'),
];

/**
 * A branch of a day's reconciliation. The order that it begins with dies elsewhere; its own are the deeds, Yeepay's queries and statement,
 * and what people say.
 */
const ofDay = (name: BranchName): Branch => ({
  ...ofOrder(name, 'GREEN'),
  among: /reconciliation|GET .*(divide\/query|dividedaydownload)|answer|approval/,
});

/** A difference is found, acknowledged, and decided to stay; then the day is compared again. */
export const decidedDay = ofDay('debt-reconciliation/decided-by-people');

/** What is found when a day is compared. */
const ofDays: readonly Branch[] = [
  decidedDay,
  ofDay('debt-reconciliation/green'),
  ofDay('debt-reconciliation/statement-had-later'),
  ofDay('debt-reconciliation/found-anew-after-it-was-booked'),
  ofDay('debt-reconciliation/gone-when-compared-again'),
];

export const branches: readonly Branch[] = [...applications, ...ofLoans, ...ofOrders, ...ofDays];
