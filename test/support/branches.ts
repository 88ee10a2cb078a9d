import { inBetweenFeatures } from '../../db/seeds';
import type { Message } from '../../schemas/message';
import type { MarketId } from '../../schemas/generated/messages';
import { until } from './until';
import { needsAttention } from '../../schemas/search-attributes';
import type { Behaviour, Platform } from './platform';

// The branches of the flows: each is gone by tests on the real servers, and its history is kept and replayed.

/** A flow on its way through a branch. */
export interface Walk {
  platform: Platform;
  flowId: string;
  applicationId: string;
  customerId: string;
}

/** Does something while the flow waits, before what it waits for comes. */
export type WhileItWaits = (walk: Walk) => Promise<void>;

interface LoanBranch {
  application: { market: MarketId; instalmentCount?: number };
  customer?: { features?: object; limitMinor?: number };
  /** How the parties behave towards this customer. */
  behaviours?: Omit<Behaviour, 'match'>[];
  /** What makes the flow stand, before it starts. Out: what ends that. */
  obstacle?: (walk: Walk) => Promise<() => Promise<unknown>>;
  /** Whether the flow stands where it waits. */
  waits?: (walk: Walk) => Promise<boolean>;
  /** What lets it go on, where that does not come by itself. */
  goesOn?: WhileItWaits;
}

const loanBranches = {
  // The two that take long stand first: whoever goes several at once goes the others meanwhile.
  'booked-after-attention': {
    application: { market: 'CN' },
    obstacle: (walk) => refuseRows(walk, 'asset_center.loan_contract'),
    waits: needsAPerson,
  },
  'paid-out-after-attention': {
    application: { market: 'CN' },
    behaviours: [{ party: 'bank-huaxin', behaviour: { kind: 'SILENT', delayMs: 20_000 } }],
    waits: needsAPerson,
  },
  'paid-out-by-the-partner': { application: { market: 'CN' } },
  'paid-out-from-custody': { application: { market: 'ID' } },
  'paid-out-by-callback': {
    application: { market: 'CN' },
    behaviours: [{ party: 'bank-huaxin', behaviour: { kind: 'CALLBACK', delayMs: 3_000 } }],
    waits: partyIsAsked,
  },
  'paid-out-from-custody-by-callback': {
    application: { market: 'ID' },
    behaviours: [{ party: 'id-payout', behaviour: { kind: 'CALLBACK', delayMs: 3_000 } }],
    waits: partyIsAsked,
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
    waits: (walk) => isAsked(walk, 'review'),
    goesOn: ({ platform, flowId }) => platform.decide(flowId, 'review', 'APPROVE'),
  },
  'rejected-in-review': {
    application: { market: 'CN' },
    customer: { features: inBetweenFeatures },
    waits: (walk) => isAsked(walk, 'review'),
    goesOn: ({ platform, flowId }) => platform.decide(flowId, 'review', 'REJECT'),
  },
  'not-reviewed-in-time': {
    // No other branch is reviewed in this market, so that its shorter time limit meets nobody else.
    application: { market: 'ID' },
    customer: { features: inBetweenFeatures },
    obstacle: async ({ platform }) => {
      await reviewWithinSeconds(platform, 1);
      return () => reviewWithinSeconds(platform, 86_400);
    },
    waits: (walk) => isAsked(walk, 'review'),
  },
  'withdrawn-in-review': {
    application: { market: 'CN' },
    customer: { features: inBetweenFeatures },
    waits: (walk) => isAsked(walk, 'review'),
    goesOn: withdraw,
  },
  'withdrawn-before-a-payout': {
    application: { market: 'CN' },
    obstacle: (walk) => refuseRows(walk, 'fund_management_system.fund_reservation'),
    waits: stepKeepsFailing,
    goesOn: withdraw,
  },
  'withdrawn-while-a-payout-fails': {
    application: { market: 'CN' },
    behaviours: [
      { party: 'bank-huaxin', behaviour: { kind: 'CALLBACK', delayMs: 2_000, code: 'NOT_TODAY' } },
    ],
    waits: partyIsAsked,
    goesOn: withdraw,
  },
  'withdrawn-too-late': {
    application: { market: 'CN' },
    behaviours: [{ party: 'bank-huaxin', behaviour: { kind: 'CALLBACK', delayMs: 2_000 } }],
    waits: partyIsAsked,
    goesOn: withdraw,
  },
  'rejected-and-not-reached': {
    application: { market: 'ID' },
    customer: { features: { blocklisted: 1 } },
    behaviours: [{ party: 'id-messaging', behaviour: { kind: 'REFUSE', code: 'NO_SUCH_NUMBER' } }],
  },
  'booked-at-a-later-try': {
    application: { market: 'CN' },
    obstacle: (walk) => refuseRows(walk, 'asset_center.loan_contract'),
    waits: stepKeepsFailing,
  },
} satisfies Record<string, LoanBranch>;

type LoanBranchName = keyof typeof loanBranches;

/** The branches by what their histories are called: `<flow-id>/<branch>`. */
export type BranchName =
  | `loan-application-disbursement/${LoanBranchName}`
  | 'exception/returned'
  | 'repayment-plan-generation/done-before';

export const branchNames: readonly BranchName[] = [
  ...(Object.keys(loanBranches) as LoanBranchName[]).map(
    (name) => `loan-application-disbursement/${name}` as const,
  ),
  'exception/returned',
  'repayment-plan-generation/done-before',
];

/**
 * Goes a branch from the flow's start to its end.
 *
 * @param whileItWaits called where the flow waits for a person or a party, in the branches that do
 * @returns the walk, and what the flow ended with
 */
export async function goBranch(
  platform: Platform,
  branch: BranchName,
  whileItWaits?: WhileItWaits,
): Promise<Walk & { outcome: unknown }> {
  const [flow, name] = branch.split('/') as [string, string];
  if (flow === 'exception') return findLatePayout(platform, whileItWaits);
  if (flow === 'repayment-plan-generation') return planAgain(platform);
  return applyFor(platform, loanBranches[name as LoanBranchName], whileItWaits);
}

async function applyFor(
  platform: Platform,
  { application, customer, behaviours = [], obstacle, waits, goesOn }: LoanBranch,
  whileItWaits?: WhileItWaits,
): Promise<Walk & { outcome: unknown }> {
  const applicationId = platform.newApplicationId();
  const customerId = await platform.newCustomer(application.market, customer);
  const flowId = `loan-application-disbursement:${applicationId}`;
  const walk = { platform, flowId, applicationId, customerId };
  await platform.behave(...behaviours.map((one) => ({ ...one, match: { customerId } })));

  const clear = await obstacle?.(walk);
  await platform.startFlow({ ...application, customerId }, applicationId);
  if (waits) {
    await until(() => waits(walk));
    await whileItWaits?.(walk);
    await goesOn?.(walk);
  }
  await clear?.();
  return { ...walk, outcome: await endOf(walk) };
}

/** A payout that is made after its failure was confirmed, and found by operators. */
async function findLatePayout(
  platform: Platform,
  whileItWaits?: WhileItWaits,
): Promise<Walk & { outcome: unknown }> {
  const applied = await applyFor(platform, {
    application: { market: 'ID' },
    behaviours: [
      { party: 'bank-nusantara', behaviour: { kind: 'LATE_SUCCESS', delayMs: 1_500, code: 'NOT_TODAY' } },
      { party: 'id-payout', behaviour: { kind: 'REFUSE', code: 'NO' } },
    ],
  });
  const walk = { ...applied, flowId: `exception:PO-${applied.applicationId}-2` };
  await until(() => isAsked(walk, 'exception'));
  await whileItWaits?.(walk);
  await platform.decide(walk.flowId, 'exception', 'RETURNED');
  return { ...walk, outcome: await endOf(walk) };
}

/** The plan of a loan that has its plan. */
async function planAgain(platform: Platform): Promise<Walk & { outcome: unknown }> {
  const applied = await applyFor(platform, loanBranches['paid-out-by-the-partner']);
  const { body: note } = await platform
    .db('messages.message')
    .where({ message_type: 'loan-note-created', flow_id: applied.flowId })
    .first<{ body: Message<'loan-note-created'> }>('body');
  const walk = { ...applied, flowId: `repayment-plan-generation:${note.data.loanId}` };
  await platform.client.workflow.start('repayment-plan-generation', {
    workflowId: walk.flowId,
    taskQueue: 'flows',
    args: [note],
  });
  return { ...walk, outcome: await endOf(walk) };
}

/** What a flow ends with: that run of it which is the last one now. */
const endOf = ({ platform, flowId }: Walk): Promise<unknown> =>
  platform.client.workflow.getHandle(flowId).result();

async function needsAPerson({ platform, flowId }: Walk): Promise<boolean> {
  const { typedSearchAttributes } = await platform.client.workflow.getHandle(flowId).describe();
  return typedSearchAttributes.get(needsAttention) === true;
}

async function isAsked({ platform, flowId }: Walk, question: string): Promise<boolean> {
  const asked = platform.db('operations.question').where({ flow_id: flowId, question });
  return (await asked).length > 0;
}

/** Whether a party has a request of the flow. */
async function partyIsAsked({ platform, flowId }: Walk): Promise<boolean> {
  const sent = platform.db('outside.request').where('flow_id', flowId).whereNot('state', 'PREPARED');
  return (await sent).length > 0;
}

/** Whether a step goes on as a regular activity, where operators see why it fails. */
async function stepKeepsFailing({ platform, flowId }: Walk): Promise<boolean> {
  const { raw } = await platform.client.workflow.getHandle(flowId).describe();
  return (raw.pendingActivities ?? []).some(({ lastFailure }) => lastFailure);
}

async function withdraw({ platform, applicationId }: Walk): Promise<void> {
  const path = `/v1/loan-applications/${applicationId}/withdrawals`;
  const { status, body } = await platform.post(path, { reason: 'changed my mind' });
  if (status !== 202) throw new Error(`The withdrawal was not recorded: ${JSON.stringify(body)}`);
}

const reviewWithinSeconds = (platform: Platform, seconds: number): Promise<number> =>
  platform.owner('reference.market').where('id', 'ID').update({ review_within_seconds: seconds });

/** Makes PostgreSQL refuse one application's rows in a table: a technical failure of that step, for that flow only. */
async function refuseRows(
  { platform: { owner }, applicationId }: Walk,
  table: string,
): Promise<() => Promise<unknown>> {
  const name = `refuse_${applicationId.toLowerCase()}`;
  await owner.raw(
    `create function public.${name}() returns trigger language plpgsql
       as $$ begin raise exception 'refused by a test'; end $$;
     create trigger ${name} before insert on ${table}
       for each row when (new.application_id = '${applicationId}') execute function public.${name}()`,
  );
  return () => owner.raw(`drop function public.${name}() cascade`);
}
