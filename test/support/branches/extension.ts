import { newLoan, orderExtension, quote, type Market } from '../borrowers';
import type { Behaviour } from '../platform';
import type { World } from '../world';
import { becomesOverdue } from './repayment';
import {
  answered,
  aPartyWorks,
  branchesOf,
  reviewedWithinASecond,
  toItsEnd,
  unanswered,
  walkOf,
  type Stop,
  type Walked,
  type WhileItWaits,
} from './walk';

interface ExtensionBranch {
  market: Market;
  /** The loan's amount, another one where a party behaves in its own way: by what it costs then the party knows the order. */
  principalMinor?: number;
  /** Overdue, it is extended only if a person approves. */
  isOverdue?: boolean;
  behaviours?: Omit<Behaviour, 'match' | 'operation'>[];
  /** What is otherwise while it is under way. */
  obstacle?: (world: World) => Promise<() => Promise<unknown>>;
  stops?: Stop[];
}

/** 展期: an order with a method to pay by, or none. What its money does are branches of repayment. */
const orders = {
  'method-created': { market: 'ID' },
  'method-by-callback': {
    ...{ market: 'ID', principalMinor: 6_100_000 },
    behaviours: [{ party: 'id-payout', behaviour: { kind: 'CALLBACK', delayMs: 3_000 } }],
    stops: [aPartyWorks],
  },
  'method-of-nobody': {
    ...{ market: 'CN', principalMinor: 1_230_000 },
    behaviours: [{ party: 'cn-payout', behaviour: { kind: 'REFUSE', code: 'CLOSED' } }],
  },
  'approved-in-review': { market: 'CN', isOverdue: true, stops: [answered('review', 'APPROVE')] },
  'rejected-in-review': { market: 'CN', isOverdue: true, stops: [answered('review', 'REJECT')] },
  'not-reviewed-in-time': {
    ...{ market: 'ID', isOverdue: true },
    obstacle: reviewedWithinASecond,
    stops: [unanswered('review')],
  },
} satisfies Record<string, ExtensionBranch>;

async function order(
  world: World,
  { market, principalMinor, isOverdue, behaviours = [], obstacle, stops }: ExtensionBranch,
  whileItWaits?: WhileItWaits,
): Promise<Walked> {
  const loan = await newLoan(world, market, undefined, principalMinor);
  const ids = isOverdue ? await becomesOverdue(world, loan) : [];
  const price = await quote(world, loan, 'extension', { periods: 1 });
  const match = { amountMinor: price.totalMinor };
  await world.behave(...behaviours.map((one) => ({ ...one, operation: 'repayment-method', match })));
  const clear = await obstacle?.(world);
  const orderId = await orderExtension(world, loan, price);
  const walk = walkOf(world, `extension:${orderId}`, loan, ...ids, price.quoteId, orderId);
  return toItsEnd(walk, { stops, clear }, whileItWaits);
}

export const extensions = branchesOf(orders, order);
