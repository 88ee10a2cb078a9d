import { loanIdOf } from '../../../domain/identifiers';
import { inBetweenFeatures } from '../../../db/seeds';
import type { MarketId } from '../../../schemas/generated/messages';
import type { Message } from '../../../schemas/message';
import { randomId, type Behaviour } from '../platform';
import type { World } from '../world';
import {
  answered,
  aPartyWorks,
  aPersonIsNeeded,
  aStepKeepsFailing,
  branchesOf,
  refuseRows,
  reviewedWithinASecond,
  then,
  toItsEnd,
  unanswered,
  walkOf,
  type Stop,
  type LoanWalk,
  type Walked,
  type WhileItWaits,
} from './walk';

interface LoanBranch {
  application: { market: MarketId; instalmentCount?: number };
  customer?: { features?: object; limitMinor?: number };
  /** How the parties behave towards this customer. */
  behaviours?: Omit<Behaviour, 'match'>[];
  /** What makes the flow stand, before it starts. Out: what ends that. */
  obstacle?: (walk: LoanWalk) => Promise<() => Promise<unknown>>;
  stops?: Stop[];
}

const applications = {
  // The two that take long stand first: whoever goes several at once goes the others meanwhile.
  'booked-after-attention': {
    application: { market: 'CN' },
    obstacle: refusing('asset_center.loan_contract'),
    stops: [aPersonIsNeeded],
  },
  'paid-out-after-attention': {
    application: { market: 'CN' },
    behaviours: [{ party: 'bank-huaxin', behaviour: { kind: 'SILENT', delayMs: 20_000 } }],
    stops: [aPersonIsNeeded],
  },
  'paid-out-by-the-partner': { application: { market: 'CN' } },
  'paid-out-from-custody': { application: { market: 'ID' } },
  'paid-out-by-callback': {
    application: { market: 'CN' },
    behaviours: [{ party: 'bank-huaxin', behaviour: { kind: 'CALLBACK', delayMs: 3_000 } }],
    stops: [aPartyWorks],
  },
  'paid-out-from-custody-by-callback': {
    application: { market: 'ID' },
    behaviours: [{ party: 'id-payout', behaviour: { kind: 'CALLBACK', delayMs: 3_000 } }],
    stops: [aPartyWorks],
  },
  'paid-out-and-asked-for': {
    application: { market: 'CN' },
    behaviours: [{ party: 'bank-huaxin', behaviour: { kind: 'SILENT', delayMs: 100 } }],
  },
  'paid-out-after-a-broken-answer': {
    application: { market: 'CN' },
    behaviours: [{ party: 'bank-huaxin', behaviour: { kind: 'BREAK' } }],
  },
  'paid-out-by-the-next-partner': {
    application: { market: 'CN' },
    behaviours: [{ party: 'bank-huaxin', behaviour: { kind: 'REFUSE', code: 'NOT_TODAY' } }],
  },
  'paid-out-by-the-next-partner-after-custody': {
    application: { market: 'ID' },
    behaviours: [{ party: 'id-payout', behaviour: { kind: 'REFUSE', code: 'CHANNEL_LIMIT' } }],
  },
  'funded-by-nobody': {
    application: { market: 'CN' },
    behaviours: [
      { party: 'bank-huaxin', behaviour: { kind: 'REFUSE', code: 'NO' } },
      { party: 'cn-payout', behaviour: { kind: 'REFUSE', code: 'NO' } },
    ],
  },
  'rejected-by-the-strategy': {
    application: { market: 'ID' },
    customer: { features: { blocklisted: 1 } },
  },
  'over-the-credit-line': { application: { market: 'CN' }, customer: { limitMinor: 1 } },
  'not-offered-by-the-product': { application: { market: 'CN', instalmentCount: 5 } },
  'approved-in-review': {
    application: { market: 'CN' },
    customer: { features: inBetweenFeatures },
    stops: [answered('review', 'APPROVE')],
  },
  'rejected-in-review': {
    application: { market: 'CN' },
    customer: { features: inBetweenFeatures },
    stops: [answered('review', 'REJECT')],
  },
  'not-reviewed-in-time': {
    application: { market: 'ID' },
    customer: { features: inBetweenFeatures },
    obstacle: ({ world }) => reviewedWithinASecond(world),
    stops: [unanswered('review')],
  },
  'withdrawn-in-review': {
    application: { market: 'CN' },
    customer: { features: inBetweenFeatures },
    stops: [then(unanswered('review'), withdraw)],
  },
  'withdrawn-before-a-payout': {
    application: { market: 'CN' },
    obstacle: refusing('fund_management_system.fund_reservation'),
    stops: [then(aStepKeepsFailing, withdraw)],
  },
  'withdrawn-while-a-payout-fails': {
    application: { market: 'CN' },
    behaviours: [
      { party: 'bank-huaxin', behaviour: { kind: 'CALLBACK', delayMs: 2_000, code: 'NOT_TODAY' } },
    ],
    stops: [then(aPartyWorks, withdraw)],
  },
  'withdrawn-too-late': {
    application: { market: 'CN' },
    behaviours: [{ party: 'bank-huaxin', behaviour: { kind: 'CALLBACK', delayMs: 2_000 } }],
    stops: [then(aPartyWorks, withdraw)],
  },
  'rejected-and-not-reached': {
    application: { market: 'ID' },
    customer: { features: { blocklisted: 1 } },
    behaviours: [{ party: 'id-messaging', behaviour: { kind: 'REFUSE', code: 'NO_SUCH_NUMBER' } }],
  },
  'booked-at-a-later-try': {
    application: { market: 'CN' },
    obstacle: refusing('asset_center.loan_contract'),
    stops: [aStepKeepsFailing],
  },
} satisfies Record<string, LoanBranch>;

export const loanApplications = branchesOf(applications, applyFor);

async function applyFor(
  world: World,
  { application, customer, behaviours = [], obstacle, stops }: LoanBranch,
  whileItWaits?: WhileItWaits,
): Promise<Walked> {
  const applicationId = randomId('LA');
  const customerId = await world.newCustomer(application.market, customer);
  const walk = walkOf(world, `loan-application-disbursement:${applicationId}`, { applicationId, customerId });
  await world.behave(...behaviours.map((one) => ({ ...one, match: { customerId } })));

  const clear = await obstacle?.(walk);
  await world.startFlow({ ...application, customerId }, applicationId);
  return toItsEnd(walk, { stops, clear }, whileItWaits);
}

/** A payout that is made after its failure was confirmed, and found by operators. */
export async function findLatePayout(world: World, whileItWaits?: WhileItWaits): Promise<Walked> {
  const applied = await applyFor(world, {
    application: { market: 'ID' },
    behaviours: [
      { party: 'bank-nusantara', behaviour: { kind: 'LATE_SUCCESS', delayMs: 1_500, code: 'NOT_TODAY' } },
      { party: 'id-payout', behaviour: { kind: 'REFUSE', code: 'NO' } },
    ],
  });
  const walk = { ...applied, flowId: `exception:PO-${applied.applicationId}-2` };
  return toItsEnd(walk, { stops: [answered('exception', 'RETURNED')] }, whileItWaits);
}

/** The plan of a loan that has its plan. */
export async function planAgain(world: World): Promise<Walked> {
  const applied = await applyFor(world, applications['paid-out-by-the-partner']);
  const { body: note } = await world
    .db('messages.message')
    .where({ message_type: 'loan-note-created', flow_id: applied.flowId })
    .first<{ body: Message<'loan-note-created'> }>('body');
  const walk = { ...applied, flowId: `repayment-plan-generation:${loanIdOf(applied.applicationId)}` };
  await world.client.workflow.start('repayment-plan-generation', {
    workflowId: walk.flowId,
    taskQueue: 'flows',
    args: [note],
  });
  return toItsEnd(walk, {});
}

async function withdraw({ world, applicationId }: LoanWalk): Promise<void> {
  const path = `/v1/loan-applications/${applicationId}/withdrawals`;
  const { status, body } = await world.post(path, { reason: 'changed my mind' });
  if (status !== 202) throw new Error(`The withdrawal was not recorded: ${JSON.stringify(body)}`);
}

/** Makes PostgreSQL refuse the application's rows in a table. */
function refusing(table: string): LoanBranch['obstacle'] {
  return ({ world, applicationId }) => refuseRows(world, table, 'application_id', applicationId);
}
