import { debtOrderView } from '../../../db/reads/debt-orders';
import { debtOrderFlowId, yeepayRequestNoOf } from '../../../domain/identifiers';
import { mallOf } from '../mall';
import {
  importOrder,
  mapLedger,
  newDebtor,
  newOrder,
  tellConfirmed,
  tellPaid,
  tellRefund,
  type Debtor,
} from '../mall-calls';
import { decide, isAsked } from '../people';
import { randomId, type Behaviour } from '../platform';
import { until } from '../until';
import type { World } from '../world';
import {
  aPersonIsNeeded,
  branchesOf,
  itHasEnded,
  then,
  toItsEnd,
  type Stop,
  type Walk,
  type Walked,
  type WhileItWaits,
} from './walk';

/** A walk about a mall's order. */
export interface OrderWalk extends Walk {
  orderId: string;
  debtor: Debtor;
  mallId: string | undefined;
}

interface OrderBranch {
  /** What is owed, in minor units, contract by contract; 50.00 if left out. Of the order, 30.00 are for it. */
  debtsMinor?: number[];
  /** Whether somebody has said by now whose the ledger id is. */
  isMapped?: boolean;
  /** One of `malls`; the usual one if left out. */
  mallId?: keyof typeof malls;
  clearing?: Behaviour['behaviour'];
  /** How Yeepay behaves towards this order, beside its clearing. */
  yeepay?: Pick<Behaviour, 'operation' | 'behaviour' | 'times'>;
  /** How the flow comes to know of the order: the mall tells of it, if left out. Out: the order's number. */
  begins?: (world: World, debtor: Debtor, branch: OrderBranch) => Promise<string>;
  stops?: Stop<OrderWalk>[];
}

/** Malls beside the usual one, whose orders wait for no more than a second where it says so. */
const malls = {
  'mall-soon-cleared': { clearing_within_seconds: 1, confirm_within_seconds: 86_400 },
  'mall-settling-itself': {
    clearing_within_seconds: 86_400,
    confirm_within_seconds: 1,
    settles_by_itself: true,
  },
  'mall-asking-people': { clearing_within_seconds: 86_400, confirm_within_seconds: 1 },
};

/** What Yeepay does later than this comes after whatever a mall tells meanwhile, also to processes that are just started again. */
const afterAllElseMs = 20_000;
const refuses = (operation: string, code: string, times?: number) => ({
  ...{ operation, times, behaviour: { kind: 'REFUSE', code } },
});

/** The order waits for something, by what is on record of it. */
const waitsFor = (what: string): Stop<OrderWalk> => ({
  isThere: async ({ world, orderId }) => (await debtOrderView(world.db, orderId))?.waitsFor?.what === what,
});
const isDivided = waitsFor('RECEIPT');
/** Yeepay has been asked to divide it. */
const isBeingDivided: Stop<OrderWalk> = {
  async isThere({ world, orderId }) {
    const request = world.db('outside.request').where('request_no', yeepayRequestNoOf('DIVIDE', orderId, 1));
    return (await request.whereNot('state', 'PREPARED')).length > 0;
  },
};
const confirms = ({ world, orderId, mallId }: OrderWalk) => tellConfirmed(world, orderId, mallId);
const refunds =
  (amount: string) =>
  async ({ world, orderId, names, mallId }: OrderWalk): Promise<void> => {
    const { refundNo } = await tellRefund(world, orderId, amount, { mallId });
    names.push(refundNo);
  };
/** Two persons say what becomes of what Yeepay has refused: the first attempt of it, and of returns that of the first refund. */
const said = (
  operation: Parameters<typeof yeepayRequestNoOf>[0],
  answer: string,
  evidence?: object,
): Stop<OrderWalk> => {
  const about = (orderId: string): string => {
    const refundNumber = operation === 'RETURN' ? 1 : undefined;
    return `refused:${yeepayRequestNoOf(operation, orderId, 1, refundNumber)}`;
  };
  return {
    isThere: ({ world, flowId, orderId }) => isAsked(world, flowId, about(orderId)),
    goesOn: ({ world, flowId, orderId }) => decide(world, flowId, about(orderId), answer, evidence),
  };
};
const isConfirmed = then(isDivided, confirms);

/** 化债订单流程: every way that an order of a mall can go. */
const orders = {
  'settled-and-completed': { clearing: { kind: 'CALLBACK', delayMs: 1_000 }, stops: [isConfirmed] },
  'cleared-by-query': {
    ...{ mallId: 'mall-soon-cleared', clearing: { kind: 'SILENT', delayMs: 500 } },
    stops: [isConfirmed],
  },
  'confirmed-before-it-is-divided': {
    clearing: { kind: 'CALLBACK', delayMs: 3_000 },
    stops: [then(waitsFor('CLEARING'), confirms)],
  },
  'settled-by-itself': { mallId: 'mall-settling-itself' },
  'confirmed-after-people-were-asked': {
    mallId: 'mall-asking-people',
    stops: [then(aPersonIsNeeded, confirms)],
  },
  'mapped-later': {
    isMapped: false,
    stops: [isConfirmed, then(waitsFor('DEBTOR'), ({ world, debtor }) => mapLedger(world, debtor))],
  },
  'divide-tried-again': { yeepay: refuses('divide', 'A_MOMENT', 1), stops: [isConfirmed] },
  'divide-tried-again-as-people-say': {
    yeepay: refuses('divide', 'NEVER_HEARD_OF', 1),
    stops: [said('DIVIDE', 'RETRY'), isConfirmed],
  },
  'not-divided': { yeepay: refuses('divide', 'BACK_PERIOD_OVER'), stops: [said('DIVIDE', 'NOT_DIVIDED')] },
  'refunded-in-part-before-its-divide': {
    clearing: { kind: 'CALLBACK', delayMs: afterAllElseMs },
    stops: [then(waitsFor('CLEARING'), refunds('50.00')), isConfirmed],
  },
  'refunded-before-its-divide': {
    clearing: { kind: 'CALLBACK', delayMs: afterAllElseMs },
    stops: [then(waitsFor('CLEARING'), refunds('100.00'))],
  },
  'refunded-while-it-is-divided': {
    yeepay: { operation: 'divide', behaviour: { kind: 'SILENT', delayMs: 5_000 } },
    stops: [then(isBeingDivided, refunds('50.00')), isBeingDivided, isConfirmed],
  },
  'refunded-in-part-before-it-settles': { stops: [then(isDivided, refunds('50.00')), isConfirmed] },
  'refunded-before-it-settles': { stops: [then(isDivided, refunds('100.00'))] },
  'rolled-back-in-part': { debtsMinor: [3_000], stops: [isConfirmed, then(itHasEnded, refunds('50.00'))] },
  'rolled-back-with-what-exceeds': {
    debtsMinor: [1_000],
    stops: [isConfirmed, then(itHasEnded, refunds('50.00')), then(itHasEnded, refunds('50.00'))],
  },
  'returned-as-people-say': {
    yeepay: refuses('divide-back', 'BALANCE_NOT_ENOUGH'),
    stops: [
      isConfirmed,
      then(itHasEnded, refunds('50.00')),
      said('RETURN', 'RESOLVED', { transactionNo: 'BANK-1' }),
    ],
  },
  'refunded-after-an-import': {
    begins: imported,
    stops: [then(itHasEnded, refunds('50.00')), said('RETURN', 'RESOLVED', { transactionNo: 'BANK-1' })],
  },
  refused: { begins: toldWhatCannotBe },
  'goes-on-as-a-new-run': { stops: [then(isDivided, wakesOften), isConfirmed] },
} satisfies Record<string, OrderBranch>;

/** The order is paid at Yeepay, and the mall tells of it. */
async function paid(
  world: World,
  debtor: Debtor,
  { clearing = { kind: 'ACCEPT' }, yeepay, mallId }: OrderBranch,
): Promise<string> {
  const order = await newOrder(world, debtor, clearing);
  if (yeepay) await world.behave({ party: 'yeepay', match: { reference: order.orderId }, ...yeepay });
  await tellPaid(world, order, mallId);
  return order.orderId;
}

async function imported(world: World, { ledgerId }: Debtor): Promise<string> {
  const orderId = randomId('MO');
  await importOrder(world, { orderId, uniqueOrderNo: randomId('Y'), ledgerId });
  return orderId;
}

/** Its lines are more than the order: the API takes no such order, but the flow may have been told of it by one that did. */
function toldWhatCannotBe(world: World, { ledgerId }: Debtor): Promise<string> {
  return mallOf(world).paid({ lines: [{ ledgerId, amountMinor: 10_001 }] });
}

/** Wakes an order until its run has grown so long that it goes on as a new one. */
async function wakesOften({ world, flowId, orderId }: OrderWalk): Promise<void> {
  const handle = world.client.workflow.getHandle(flowId);
  const { runId } = await handle.describe();
  await until(async () => {
    await Promise.all(Array.from({ length: 20 }, () => mallOf(world).wakes(orderId)));
    // Whoever wakes it faster than it wakes up has it read an ever longer history again.
    const { runId: lastRunId } = await until(async () => {
      const described = await handle.describe();
      return described.raw.pendingWorkflowTask ? undefined : described;
    });
    return lastRunId !== runId;
  });
}

/** The malls of these branches, and a refusal after which it helps to try again at once. */
export async function bringReferenceData({ owner }: World): Promise<void> {
  const rows = Object.entries(malls).map(([id, mall]) => ({ id, market: 'CN', name: id, ...mall }));
  await owner('reference.mall').insert(rows).onConflict().ignore();
  const code = { code: 'A_MOMENT', meaning: 'RETRY', retry_after_seconds: 1 };
  await owner('reference.yeepay_code').insert(code).onConflict().ignore();
}

async function livesThrough(
  world: World,
  branch: OrderBranch,
  whileItWaits?: WhileItWaits<OrderWalk>,
): Promise<Walked<OrderWalk>> {
  const { debtsMinor = [5_000], isMapped = true, begins = paid, mallId, stops } = branch;
  await bringReferenceData(world);
  const debtor = await newDebtor(world, { debtsMinor, isMapped });
  const orderId = await begins(world, debtor, branch);
  const names = [debtor.ledgerId, ...debtor.contractIds, orderId];
  const walk = { world, flowId: debtOrderFlowId(orderId), names, orderId, debtor, mallId };
  return toItsEnd(walk, { stops }, whileItWaits);
}

export const debtOrders = branchesOf(orders, livesThrough);
