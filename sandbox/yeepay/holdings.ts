import { YEEPAY } from '../../schemas/outside/yeepay/divide';
import { transactionNoOf } from '../answers';
import type { Order, OrderState } from '../order-log';

/** What Yeepay holds of an order; all amounts in fen. `settled = undivided + divided + completed`. */
export interface Holding {
  orderId: string;
  uniqueOrderNo: string;
  merchantNo: string;
  amountMinor: number;
  feeMinor: number;
  isCleared: boolean;
  /** What is left after the fee; 0 until it is cleared. */
  settledMinor: number;
  undividedMinor: number;
  /** What receivers got, whatever of it was taken back. */
  dividedMinor: number;
  /** The rest, once the order's merchant has it. */
  completedMinor: number;
  isCompleted: boolean;
  /** What was taken back of what receivers got: the order's merchant has it. */
  returnedMinor: number;
  details: Detail[];
}

/** What one receiver got by one divide. */
export interface Detail {
  divideRequestId: string;
  detailNo: string;
  ledgerNo: string;
  amountMinor: number;
  returnedMinor: number;
}

/** Yeepay's number of what a divide's receiver got, by its place. */
export const detailNoOf = (divide: Order, place: number): string => `${transactionNoOf(divide)}-${place + 1}`;

/** What Yeepay holds, by order: what its log says that it did, and nothing else. */
export function holdingsOf(log: readonly OrderState[]): Map<string, Holding> {
  const all = log.filter(({ party }) => party === YEEPAY);
  const done = all.filter(({ truth }) => truth.status === 'SUCCEEDED');
  return new Map(
    all.flatMap(({ wanted, truth }) => {
      if (wanted.operation !== 'yeepay-order') return [];
      const { operation, reference: orderId, ...paid } = wanted;
      const ofOrder = done.filter((one) => one.wanted.reference === orderId);
      const details = detailsOf(ofOrder);
      const isCleared = truth.status === 'SUCCEEDED';
      const settledMinor = isCleared ? paid.amountMinor - paid.feeMinor : 0;
      const dividedMinor = sumOf(details, 'amountMinor');
      // Nothing is divided after it, so the rest is the same whenever it is looked at.
      const isCompleted = ofOrder.some((one) => one.wanted.operation === 'divide-complete');
      const restMinor = settledMinor - dividedMinor;
      const holding: Holding = {
        ...{ orderId, ...paid, isCleared, settledMinor, dividedMinor, isCompleted, details },
        undividedMinor: isCompleted ? 0 : restMinor,
        completedMinor: isCompleted ? restMinor : 0,
        returnedMinor: sumOf(details, 'returnedMinor'),
      };
      return [[orderId, holding]];
    }),
  );
}

function detailsOf(done: readonly OrderState[]): Detail[] {
  const backs = done.flatMap(({ wanted }) => (wanted.operation === 'divide-back' ? wanted.parts : []));
  return done.flatMap((divide) => {
    const { wanted, requestNo: divideRequestId } = divide;
    if (wanted.operation !== 'divide') return [];
    return wanted.parts.map(({ ledgerNo, amountMinor }, place) => {
      const detailNo = detailNoOf(divide, place);
      const returnedMinor = sumOf(
        backs.filter((back) => back.detailNo === detailNo),
        'amountMinor',
      );
      return { divideRequestId, detailNo, ledgerNo, amountMinor, returnedMinor };
    });
  });
}

/** What each receiver has of all orders, in fen; an order's merchant has the rest of it, and what was taken back. */
export function balancesOf(holdings: Iterable<Holding>): Record<string, number> {
  const balances: Record<string, number> = {};
  const add = (ledgerNo: string, amountMinor: number): void => {
    balances[ledgerNo] = (balances[ledgerNo] ?? 0) + amountMinor;
  };
  for (const { merchantNo, completedMinor, returnedMinor, details } of holdings) {
    add(merchantNo, completedMinor + returnedMinor);
    for (const { ledgerNo, amountMinor, returnedMinor: returned } of details)
      add(ledgerNo, amountMinor - returned);
  }
  return balances;
}

/** Why Yeepay cannot do what it was asked to; undefined where it can. What one receiver cannot get, no receiver gets. */
export function whyYeepayCannot({ party, wanted }: Order, log: readonly OrderState[]): string | undefined {
  if (party !== YEEPAY || wanted.operation === 'yeepay-order') return undefined;
  const { undividedMinor, isCompleted, details } = holdingsOf(log).get(wanted.reference)!;
  if (wanted.operation === 'divide-back') {
    const { divideRequestId, parts } = wanted;
    const backOf = (detailNo: string): number =>
      sumOf(
        parts.filter((part) => part.detailNo === detailNo),
        'amountMinor',
      );
    const found = parts.map(({ detailNo }) =>
      details.find((one) => one.detailNo === detailNo && one.divideRequestId === divideRequestId),
    );
    if (found.includes(undefined)) return 'DETAIL_NOT_EXIST';
    const isMore = found.some((one) => one!.returnedMinor + backOf(one!.detailNo) > one!.amountMinor);
    return isMore ? 'BACK_EXCEEDS_DIVIDE' : undefined;
  }
  if (isCompleted) return 'ORDER_COMPLETED';
  if (wanted.operation !== 'divide') return undividedMinor > 0 ? undefined : 'NOTHING_LEFT';
  return sumOf(wanted.parts, 'amountMinor') > undividedMinor ? 'DIVIDE_EXCEEDS_ORDER' : undefined;
}

const sumOf = <K extends string>(rows: readonly Record<K, number>[], name: K): number =>
  rows.reduce((sum, row) => sum + row[name], 0);
