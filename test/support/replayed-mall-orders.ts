import type { Knex } from 'knex';
import type { DebtOrderView } from '../../db/reads/debt-orders';
import type { Holding } from '../../sandbox/yeepay/holdings';
import {
  leftOf,
  refund,
  refusalOf,
  rollBack,
  settle,
  type ReferenceDebtor,
  type ReferenceOrder,
  type ReferenceRefund,
} from './reference-mall-order';

// Malls' orders as they are found, beside what the model says of them. In which order things have happened is taken from the
// journals; what follows from that, from the model.

/** An order that a mall has told of. */
export interface ToldOrder {
  model: ReferenceOrder;
  /** What Yeepay has left of the payment after its fee. */
  settledMinor: number;
  /** By refund. */
  refunds: ReadonlyMap<string, ReferenceRefund>;
  /** What two persons have said of what Yeepay refused, by the refused request's number. */
  answers: ReadonlyMap<string, string>;
}
/** An order as the platform and Yeepay have it. */
export interface FoundOrder {
  view: DebtOrderView;
  yeepay: Pick<Holding, 'completedMinor' | 'details'>;
}

interface Fact {
  what: 'divide' | 'settlement' | 'refund' | 'roll-back for refund';
  refundId: string | undefined;
  orderId: string;
}

/** What was entered of orders, the first first: whoever moves a debtor's contracts holds them until it is entered. */
async function enteredFacts(db: Knex): Promise<Fact[]> {
  const keys = await db('books.journal')
    .where('book', 'general')
    .orderBy('id')
    .pluck<string[]>('business_key');
  const facts = new Map<string, Fact>();
  for (const key of keys) {
    const found = /^(divide|settlement|refund|roll-back for refund)(?: (\S+))? of order ([^\s:]+)/.exec(key);
    // One journal for each receiver, contract or debtor.
    if (!found || facts.has(found[0])) continue;
    const [fact, what, refundId, orderId] = found;
    facts.set(fact, { what: what as Fact['what'], refundId, orderId: orderId! });
  }
  return [...facts.values()];
}

/**
 * Has the model live through what has happened to orders.
 *
 * @param orders by their ids, as the mall has told them; @param found the same ones
 * @returns by order, what its refunds must have come to, in the order in which they count
 */
export async function replay(
  db: Knex,
  orders: ReadonlyMap<string, ToldOrder>,
  found: ReadonlyMap<string, FoundOrder>,
  debtors: ReadonlyMap<string, ReferenceDebtor>,
): Promise<ReadonlyMap<string, object[]>> {
  const refunded = new Map([...orders.keys()].map((orderId): [string, object[]] => [orderId, []]));
  /** Takes an order's refunds in as the platform did, up to one, or all. */
  const take = (orderId: string, upTo?: string): void => {
    const { model, refunds, answers } = orders.get(orderId)!;
    const taken = refunded.get(orderId)!;
    for (const [index, { refundId }] of found.get(orderId)!.view.refunds.entries()) {
      if (index < taken.length) continue;
      const isElsewhere = saidOf(answers, `YB-${orderId}-${index + 1}-`).includes('RESOLVED');
      const wanted = { ...refunds.get(refundId)!, isElsewhere };
      const refusal = refusalOf(model, wanted);
      if (!refusal) refund(model, refundId, wanted);
      taken.push({ refundId, ...(refusal ? { state: 'REFUSED', reasonCode: refusal } : { isDone: true }) });
      if (refundId === upTo) return;
    }
  };
  for (const { what, orderId, refundId } of await enteredFacts(db)) {
    const { model } = orders.get(orderId)!;
    if (what === 'divide') model.isDivided = true;
    else if (what === 'settlement') settle(model, debtors);
    else if (what === 'refund') take(orderId, refundId);
    else rollBack(model, refundId!, debtors);
  }
  for (const orderId of orders.keys()) take(orderId);
  return refunded;
}

const saidOf = (answers: ReadonlyMap<string, string>, prefix: string): string[] =>
  [...answers].filter(([requestNo]) => requestNo.startsWith(prefix)).map(([, answer]) => answer);

/** What must be found of an order, by the model; in the form of `foundOf`. */
export function expectedOf(orderId: string, { model, settledMinor, answers }: ToldOrder) {
  const isGivenUp = saidOf(answers, `YD-${orderId}-`).includes('NOT_DIVIDED');
  const divided = model.isDivided ? model.lines : [];
  const dividedMinor = divided.reduce((sum, one) => sum + one.amountMinor - one.leftOutMinor, 0);
  const isCompleted = !isGivenUp || model.unrefundedMinor === 0;
  const isCompletedElsewhere = saidOf(answers, `YE-${orderId}-`).includes('RESOLVED');
  return {
    isCompleted,
    lines: model.lines.map((line) => ({
      leftOutMinor: line.leftOutMinor,
      dividedMinor: model.isDivided ? line.amountMinor - line.leftOutMinor : 0,
      returnedMinor: line.returnedMinor,
      settledMinor: line.settledMinor,
      rolledBackMinor: line.rolledBackMinor,
      standsMinor: sumsBy(
        line.standing,
        ({ contract }) => contract.contractId,
        (one) => one.amountMinor,
      ),
    })),
    /** What debtors' lines have left and what of it settles debts, when nothing of the order is open. */
    openMinor: isGivenUp ? 0 : openOf(model),
    toRollBack: model.toRollBack.size,
    atYeepay: {
      receivedMinor: sumsBy(
        divided,
        (one) => one.receiver,
        (one) => one.amountMinor - one.leftOutMinor,
      ),
      returnedMinor: sumsBy(
        divided,
        (one) => one.receiver,
        (one) => one.returnedMinor - one.returnedElsewhereMinor,
      ),
      completedMinor: isCompleted && !isCompletedElsewhere ? settledMinor - dividedMinor : 0,
    },
  };
}

/** What of debtors' lines is left and settles no debt. */
const openOf = ({ lines }: ReferenceOrder): number =>
  lines
    .filter(({ debtor }) => debtor !== undefined)
    .reduce((sum, line) => sum + leftOf(line) - (line.settledMinor - line.rolledBackMinor), 0);

/** What is found of an order, once nothing of it is open. */
export function foundOf({ view, yeepay }: FoundOrder): ReturnType<typeof expectedOf> {
  const { isCompleted, lines, movements } = view;
  return {
    isCompleted,
    lines: lines.map(
      ({ number, leftOutMinor, dividedMinor, returnedMinor, settledMinor, rolledBackMinor }) => ({
        ...{ leftOutMinor, dividedMinor, returnedMinor, settledMinor, rolledBackMinor },
        standsMinor: sumsBy(
          movements.filter((one) => one.number === number),
          ({ contractId }) => contractId,
          ({ type, amountMinor }) => (type === 'INCOME' ? amountMinor : -amountMinor),
        ),
      }),
    ),
    ...{ openMinor: 0, toRollBack: 0 },
    atYeepay: {
      receivedMinor: sumsBy(
        yeepay.details,
        (one) => one.ledgerNo,
        (one) => one.amountMinor,
      ),
      returnedMinor: sumsBy(
        yeepay.details,
        (one) => one.ledgerNo,
        (one) => one.returnedMinor,
      ),
      completedMinor: yeepay.completedMinor,
    },
  };
}

/** Sums by a name, those of nothing left out. */
function sumsBy<T>(all: readonly T[], nameOf: (one: T) => string, minorOf: (one: T) => number) {
  const sums = new Map<string, number>();
  for (const one of all) sums.set(nameOf(one), (sums.get(nameOf(one)) ?? 0) + minorOf(one));
  return Object.fromEntries([...sums].filter(([, minor]) => minor !== 0).sort());
}
