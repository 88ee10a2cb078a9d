import { needsAttention } from '../../../schemas/search-attributes';
import type { Loan } from '../borrowers';
import { decide, isAsked } from '../people';
import { until } from '../until';
import type { World } from '../world';

/** A flow on its way through a branch. */
export interface Walk {
  world: World;
  flowId: string;
  /** Ids and numbers that nothing else has, in the order in which they came about: what is on record names them. */
  names: string[];
}

/** A walk about a loan application, or the loan that it became. */
export interface LoanWalk extends Walk {
  applicationId: string;
  customerId: string;
}

/** A walk that is at its end, and what the flow ended with. */
export type Walked<W extends Walk = LoanWalk> = W & { outcome: unknown };

/** Does something while the flow waits, before what it waits for comes. */
export type WhileItWaits<W extends Walk = LoanWalk> = (walk: W) => Promise<void>;

/** Goes a branch from the flow's start to its end. */
export type Branch<W extends Walk = LoanWalk> = (
  world: World,
  whileItWaits?: WhileItWaits<W>,
) => Promise<Walked<W>>;

/** Where a flow waits for a person or a party. */
export interface Stop<W extends Walk = LoanWalk> {
  /** Whether it stands there. */
  isThere: (walk: W) => Promise<boolean>;
  /** What lets it go on, where that does not come by itself. */
  goesOn?: (walk: W) => Promise<void>;
}

/** Makes the branches of data that tell them apart, and of the one way in which all of them are gone. */
export function branchesOf<N extends string, B, W extends Walk>(
  all: Record<N, B>,
  go: (world: World, branch: B, whileItWaits?: WhileItWaits<W>) => Promise<Walked<W>>,
): Record<N, Branch<W>> {
  const entries = Object.entries<B>(all).map(([name, branch]): [string, Branch<W>] => [
    name,
    (world, whileItWaits) => go(world, branch, whileItWaits),
  ]);
  return Object.fromEntries(entries) as Record<N, Branch<W>>;
}

/** A walk about a loan; `names` are those beside the application's number and the customer. */
export function walkOf(
  world: World,
  flowId: string,
  { applicationId, customerId }: Pick<Loan, 'applicationId' | 'customerId'>,
  ...names: string[]
): LoanWalk {
  const number = applicationId.slice(2);
  return { world, flowId, applicationId, customerId, names: [number, customerId, ...names] };
}

/** Has a flow that was started go by its stops to its end; `clear` ends what makes it stand, where something does. */
export async function toItsEnd<W extends Walk>(
  walk: W,
  {
    stops = [],
    clear,
  }: { stops?: readonly Stop<W>[] | undefined; clear?: (() => Promise<unknown>) | undefined },
  whileItWaits?: WhileItWaits<W>,
): Promise<Walked<W>> {
  for (const { isThere, goesOn } of stops) {
    await until(() => isThere(walk));
    await whileItWaits?.(walk);
    await goesOn?.(walk);
  }
  await clear?.();
  return { ...walk, outcome: await endOf(walk) };
}

/** What a flow ends with: that run of it which is the last one now. */
const endOf = ({ world, flowId }: Walk): Promise<unknown> => world.client.workflow.getHandle(flowId).result();

/** Two persons answer a question. */
export const answered = (question: string, answer: string, evidence?: (walk: LoanWalk) => object): Stop => ({
  isThere: ({ world, flowId }) => isAsked(world, flowId, question),
  goesOn: (walk) => decide(walk.world, walk.flowId, question, answer, evidence?.(walk)),
});

/** Nobody answers a question. */
export const unanswered = (question: string): Stop<Walk> => ({
  isThere: ({ world, flowId }) => isAsked(world, flowId, question),
});

/** A party has a request of the flow, and will say what became of it. */
export const aPartyWorks: Stop<Walk> = {
  async isThere({ world, flowId }) {
    const sent = world.db('outside.request').where('flow_id', flowId).whereNot('state', 'PREPARED');
    return (await sent).length > 0;
  },
};

/** The flow asks for a person. */
export const aPersonIsNeeded: Stop<Walk> = {
  async isThere({ world, flowId }) {
    const { typedSearchAttributes } = await world.client.workflow.getHandle(flowId).describe();
    return typedSearchAttributes.get(needsAttention) === true;
  },
};

/** A step goes on as a regular activity, where operators see why it fails. */
export const aStepKeepsFailing: Stop<Walk> = {
  async isThere({ world, flowId }) {
    const { raw } = await world.client.workflow.getHandle(flowId).describe();
    return (raw.pendingActivities ?? []).some(({ lastFailure }) => lastFailure);
  },
};

/** The flow has ended: what stood in its way may be taken away. */
export const itHasEnded: Stop<Walk> = {
  async isThere({ world, flowId }) {
    const { status } = await world.client.workflow.getHandle(flowId).describe();
    return status.name !== 'RUNNING';
  },
};

/** A stop at which something is done that lets the flow go on. */
export const then = <W extends Walk>(stop: Stop<W>, goesOn: (walk: W) => Promise<unknown>): Stop<W> => ({
  ...stop,
  goesOn: async (walk) => void (await goesOn(walk)),
});

/**
 * Makes PostgreSQL refuse rows in a table: a technical failure of that step, for one flow only.
 *
 * @param column where the row names what is refused, e.g. `application_id`
 * @returns what ends that
 */
export async function refuseRows(
  { owner }: World,
  table: string,
  column: string,
  value: string,
): Promise<() => Promise<unknown>> {
  const name = `refuse_${value.toLowerCase()}`;
  await owner.raw(
    `create function public.${name}() returns trigger language plpgsql
       as $$ begin raise exception 'refused by a test'; end $$;
     create trigger ${name} before insert on ${table}
       for each row when (new.${column} = '${value}') execute function public.${name}()`,
  );
  return () => owner.raw(`drop function public.${name}() cascade`);
}

/**
 * Gives the people of Indonesia a second to review what they are asked about; never taken back, so that branches do not take
 * it from each other. No branch in which people are to answer a review is in that market.
 *
 * @returns what ends it: nothing
 */
export async function reviewedWithinASecond({ owner }: World): Promise<() => Promise<void>> {
  await owner('reference.market').where('id', 'ID').update({ review_within_seconds: 1 });
  return () => Promise.resolve();
}
