import { goodFeatures, inBetweenFeatures } from '../../../db/seeds';
import type { MarketId } from '../../../schemas/generated/messages';
import { waysToAnswer } from '../faults';
import type { Behaviour } from '../platform';
import { until } from '../until';
import type { Stage } from './stage';

/** One way that a loan application can go, by a customer of its own. */
export interface Branch {
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

const refuses = (party: string): Behaviour => ({ party, behaviour: { kind: 'REFUSE', code: 'NOT_TODAY' } });

/** What a party does later than this is later in every flow, also in one whose process was just killed and is started again. */
const longerThanADeathMs = 20_000;

/** The one partner that pays out itself in China. */
const bankDoes = (behaviour: Behaviour['behaviour'], times?: number): Behaviour[] => [
  { party: 'bank-huaxin', behaviour, times },
];

export const plainPath: Branch = {
  name: 'paid out by the partner itself',
  market: 'CN',
  outcome: 'DISBURSED',
};

export const failingPath: Branch = {
  name: 'paid out by nobody, and undone',
  market: 'CN',
  behaviours: [refuses('bank-huaxin'), refuses('cn-payout')],
  outcome: 'FAILED',
};

export const callbackPath: Branch = {
  name: 'paid out by the partner, who calls back',
  market: 'CN',
  behaviours: bankDoes({ kind: 'CALLBACK', delayMs: 300 }),
  outcome: 'DISBURSED',
};

export const reviewedPath: Branch = {
  name: 'approved by people',
  market: 'CN',
  features: inBetweenFeatures,
  people: answers('review', 'APPROVE'),
  outcome: 'DISBURSED',
};

export const withdrawnPath: Branch = {
  name: 'withdrawn while people are to review it',
  market: 'CN',
  features: inBetweenFeatures,
  async people(stage, applicationId) {
    await untilState(stage, applicationId, 'IN_REVIEW');
    await withdraw(stage, applicationId);
  },
  outcome: 'REJECTED',
};

/** Every branch of the loan application and disbursement flow, and of what may follow it. */
export const branches: readonly Branch[] = [
  plainPath,
  failingPath,
  callbackPath,
  reviewedPath,
  withdrawnPath,
  { name: 'paid out of custody, after deducted fees', market: 'ID', outcome: 'DISBURSED' },
  {
    name: 'paid out by the second partner, from custody',
    market: 'CN',
    behaviours: [refuses('bank-huaxin')],
    outcome: 'DISBURSED',
  },
  {
    name: 'paid out by the second partner, after a failed payment',
    market: 'ID',
    behaviours: [refuses('id-payout')],
    outcome: 'DISBURSED',
  },
  {
    name: 'rejected by the strategy',
    market: 'ID',
    features: { ...goodFeatures, blocklisted: 1 },
    outcome: 'REJECTED',
  },
  {
    name: 'rejected, and told in the app, since the customer cannot be reached',
    market: 'ID',
    features: { ...goodFeatures, blocklisted: 1 },
    behaviours: [refuses('id-messaging')],
    outcome: 'REJECTED',
  },
  {
    name: 'rejected for want of credit',
    market: 'CN',
    limitMinor: 500_000,
    principalMinor: 500_100,
    outcome: 'REJECTED',
  },
  {
    name: 'rejected, since its product does not allow it',
    market: 'CN',
    instalmentCount: 5,
    outcome: 'REJECTED',
  },
  {
    name: 'rejected by people',
    market: 'CN',
    features: inBetweenFeatures,
    people: answers('review', 'REJECT'),
    outcome: 'REJECTED',
  },
  {
    name: 'rejected, since nobody has reviewed it in time',
    market: 'ID',
    features: inBetweenFeatures,
    outcome: 'REJECTED',
  },
  {
    name: 'withdrawn while a partner works on the payout, which fails',
    market: 'CN',
    behaviours: bankDoes({ kind: 'SILENT', delayMs: longerThanADeathMs, code: 'NOT_TODAY' }),
    people: withdrawsDuringPayout,
    outcome: 'FAILED',
  },
  {
    name: 'withdrawn too late',
    market: 'CN',
    behaviours: bankDoes({ kind: 'SILENT', delayMs: longerThanADeathMs }),
    people: withdrawsDuringPayout,
    outcome: 'DISBURSED',
  },
  ...answersOfTheBank(),
  {
    name: 'paid out after the failure was confirmed: money in exception, until people have found it',
    market: 'CN',
    behaviours: [
      ...bankDoes({ kind: 'LATE_SUCCESS', delayMs: longerThanADeathMs, code: 'NOT_TODAY' }),
      refuses('cn-payout'),
    ],
    async people(stage, applicationId) {
      const flowId = `exception:PO-${applicationId}-1`;
      await answer(stage, flowId, 'exception', 'RETURNED');
      await stage.client.workflow.getHandle(flowId).result();
    },
    outcome: 'FAILED',
  },
];

/** A payout that is made once, whatever the bank says of it and when. */
function answersOfTheBank(): Branch[] {
  const ways: [string, Behaviour['behaviour'], number?][] = [
    ...waysToAnswer,
    ['is only given when it is asked for', { kind: 'SILENT', delayMs: 100 }],
    ['hangs, after it has paid', { kind: 'HANG' }],
    ['breaks off, before it has taken the request', { kind: 'NOT_TAKEN', by: 'BREAK' }, 1],
  ];
  return ways.map(([how, behaviour, times]) => ({
    name: `paid out by a partner whose answer ${how}`,
    market: 'CN',
    behaviours: bankDoes(behaviour, times),
    outcome: 'DISBURSED',
  }));
}

function answers(question: string, word: string): Branch['people'] {
  return (stage, applicationId) =>
    answer(stage, `loan-application-disbursement:${applicationId}`, question, word);
}

async function answer(stage: Stage, flowId: string, question: string, word: string): Promise<void> {
  await until(() => stage.db('operations.question').where({ flow_id: flowId, question }).first('flow_id'));
  const asked = { flowId, question, answer: word, reason: 'tried by a test' };
  const { body } = await stage.post('/v1/ops/acts', asked, 'operator-1');
  const approved = await stage.post(
    `/v1/ops/acts/${String(body.actId)}/approvals`,
    { reason: 'tried too' },
    'operator-2',
  );
  if (approved.status !== 201) throw new Error(`The act was not approved: ${JSON.stringify(approved.body)}`);
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
