import { addDays } from '../../../domain/calendar';
import { debtOrderFlowId, reconciliationFlowId } from '../../../domain/identifiers';
import { decide } from '../people';
import { send } from '../platform';
import { tamper } from '../reconciliation';
import type { World } from '../world';
import { debtOrders } from './debt-order';
import {
  aStepKeepsFailing,
  branchesOf,
  then,
  toItsEnd,
  type Stop,
  type Walk,
  type Walked,
  type WhileItWaits,
} from './walk';

/** A walk about a day on which one order was divided and completed. */
export interface DayWalk extends Walk {
  day: string;
  orderId: string;
}

interface DayBranch {
  /** Whether our records say that the rest of the order went to its merchant on that day, and Yeepay's statement does not. */
  differs?: boolean;
  /** Whether Yeepay has no statement of the day yet. */
  isWithheld?: boolean;
  stops?: Stop<DayWalk>[];
}

const openFindings = ({ world, flowId }: DayWalk): Promise<{ id: number }[]> =>
  world
    .db('reconciliation.finding_state')
    .where('flow_id', flowId)
    .whereIn('state', ['OPEN', 'ACKNOWLEDGED'])
    .orderBy('id')
    .select<{ id: number }[]>('id');

/** Of the day something is found, the second time also after it was explained. */
const isFound = (times: number): Stop<DayWalk> => ({
  async isThere(walk) {
    const { world, day } = walk;
    const found = await world.db('reconciliation.finding').where('day', day).select('id');
    return found.length === times && (await openFindings(walk)).length > 0;
  },
});

/** One person looks into what is found. */
async function acknowledge(walk: DayWalk): Promise<void> {
  const [finding] = await openFindings(walk);
  const path = `/v1/reconciliation/findings/${finding!.id}/acknowledgements`;
  const { status, body } = await walk.world.post(path, { reason: `Asking Yeepay of ${walk.day}.` }, 'ops');
  if (status !== 200) throw new Error(`It was not acknowledged: ${JSON.stringify(body)}`);
}

/** Two persons explain what is found. */
async function explain(walk: DayWalk, answer: 'BOOKED' | 'DECIDED', evidence?: object): Promise<void> {
  const [finding] = await openFindings(walk);
  await decide(walk.world, walk.flowId, `finding:${finding!.id}`, answer, evidence);
}

const decided = (walk: DayWalk) => explain(walk, 'DECIDED');

/** They name a journal, which mends nothing of what Yeepay says. */
async function booked(walk: DayWalk): Promise<void> {
  const journal = await walk.world
    .db('books.journal')
    .where('business_key', 'like', `%settlement of order ${walk.orderId}%`)
    .first<{ id: number }>('id');
  await explain(walk, 'BOOKED', { journalId: journal.id });
}

/** 化债对账流程: every way that the reconciliation of a day can go. */
const days = {
  green: {},
  'statement-had-later': { isWithheld: true, stops: [aStepKeepsFailing] },
  'decided-by-people': {
    differs: true,
    stops: [
      then(isFound(1), async (walk) => {
        await acknowledge(walk);
        await decided(walk);
      }),
    ],
  },
  'found-anew-after-it-was-booked': {
    differs: true,
    stops: [then(isFound(1), booked), then(isFound(2), decided)],
  },
  'gone-when-compared-again': {
    differs: true,
    stops: [
      then(isFound(1), async ({ world, day, orderId }) => {
        await completedOn(world, orderId, addDays(day, 1));
        await compares(world, day);
      }),
    ],
  },
} satisfies Record<string, DayBranch>;

/** Somebody has a day compared. */
async function compares(world: World, day: string): Promise<void> {
  const path = `/v1/reconciliation/days/CN/${day}/runs`;
  const { status, body } = await world.post(path, {}, 'ops');
  if (status !== 202) throw new Error(`${day} is not compared: ${JSON.stringify(body)}`);
}

/** What Yeepay was asked of an order is settled at noon of a day. */
const settledOn = (world: World, orderId: string, day: string): Promise<unknown> =>
  tamper(world, (tx) =>
    tx('outside.request')
      .where('flow_id', debtOrderFlowId(orderId))
      .update({ settled_at: `${day}T12:00:00+08:00` }),
  );

const completedOn = (world: World, orderId: string, day: string): Promise<unknown> =>
  tamper(world, (tx) =>
    tx('divide_service.divide_record').where('order_id', orderId).update({ completed_on: day }),
  );

/** Yeepay has no statement of a day. Returns what ends that. */
async function withholdStatement({ sandbox }: World, day: string): Promise<() => Promise<unknown>> {
  const withheld = `${sandbox.url}/control/yeepay/withheld-statements`;
  await send(withheld, { day });
  return () => fetch(`${withheld}?day=${day}`, { method: 'DELETE' });
}

/** No two walks are about the same day, and nothing else happens on them: they are long gone, the later walk's the longer. */
let lastDay = '2000-01-01';

async function compare(
  world: World,
  { differs, isWithheld, stops }: DayBranch,
  whileItWaits?: WhileItWaits<DayWalk>,
): Promise<Walked<DayWalk>> {
  const day = (lastDay = addDays(lastDay, -2));
  const { orderId, names } = await debtOrders['settled-and-completed'](world);
  await settledOn(world, orderId, day);
  if (differs) await completedOn(world, orderId, day);
  const clear = isWithheld ? await withholdStatement(world, day) : undefined;
  await compares(world, day);
  const flowId = reconciliationFlowId('CN', day);
  const walk = { world, flowId, names: [day, ...names], day, orderId };
  return toItsEnd(walk, { stops, clear }, whileItWaits);
}

export const reconciledDays = branchesOf(days, compare);
