import type { Knex } from 'knex';
import { openQuestion } from '../../../db/acts';
import { balanceMinorOf } from '../../../db/books/posting';
import { heldBusinessDate, yeepayCodeOf } from '../../../db/reference';
import { dayInZone } from '../../../domain/calendar';
import { yeepayAttemptNo, yeepayRequestNoOf } from '../../../domain/identifiers';
import { money } from '../../../domain/money';
import type { ExecuteDivideData, DivideOperation } from '../../../schemas/generated/messages';
import { message } from '../../../schemas/message';
import { YEEPAY, type DivideBackRequest, type DivideRequest } from '../../../schemas/outside/yeepay/divide';
import type { OutsideAnswer, OutsideRequest } from '../../outside';
import { asLines, leftOf, noteOrder, orderOf, sumOf, type Item, type Order } from './orders';
import { refundOf, taken, takenBy } from './refunds';

type Done = Extract<OutsideAnswer, { status: 'SUCCEEDED' }>;

/** Has Yeepay do something about an order; of a return, for which of its refunds. */
export const execute = (
  operation: DivideOperation,
  orderId: string,
  attempt: number,
  refund?: { refund_id: string; number: number },
) =>
  message('execute-divide', {
    ...{ orderId, operation, attempt },
    ...(refund && { refundId: refund.refund_id }),
    requestNo: yeepayRequestNoOf(operation, orderId, attempt, refund?.number),
  });

/** What Yeepay is asked, or what follows where there is nothing to ask. */
export async function ask(tx: Knex.Transaction, flowId: string, data: ExecuteDivideData) {
  const order = await orderOf(tx, data.orderId);
  switch (data.operation) {
    case 'CLEARING':
      return order.divided_before ? clearedBefore(tx, order) : askForClearing(order, data);
    case 'DIVIDE':
      return order.divided_before ? dividedBefore(tx, order) : askToDivide(tx, flowId, order, data);
    case 'RETURN':
      return askToReturn(tx, order, data);
    case 'COMPLETE':
      return askToComplete(tx, order, data);
  }
}

/**
 * What Yeepay has done, as others are told of it. Where two persons have found out that it was done, they have not said all that
 * Yeepay says: an amount is then what it must be, and what only Yeepay knows is asked for.
 */
export async function done(tx: Knex.Transaction, flowId: string, data: ExecuteDivideData, answer: Done) {
  const order = await orderOf(tx, data.orderId);
  const valueDate = dayInZone(answer.paidAt, order.time_zone);
  switch (data.operation) {
    case 'CLEARING': {
      if (answer.cleared) return cleared(tx, order, { ...answer.cleared, valueDate });
      const message = 'It is cleared, and Yeepay has not said how much can be divided.';
      return failed(tx, flowId, data, { code: 'AMOUNT_UNKNOWN', message });
    }
    case 'DIVIDE': {
      const details = new Map(answer.divided?.map(({ ledgerNo, detailNo }) => [ledgerNo, detailNo]));
      const of = {
        requestId: answer.doneAs ?? data.requestNo,
        batchNo: answer.transactionNo,
        details,
        valueDate,
      };
      return divided(tx, order, leftOf(order.items), of);
    }
    case 'RETURN':
      return returned(tx, order, data.refundId!, valueDate);
    case 'COMPLETE':
      return completed(tx, order, answer.completed?.amountMinor ?? (await restOf(tx, order)), valueDate);
  }
}

/** What the two persons' answer to a refusal can be: to try again helps only where Yeepay may still do it. */
const answersTo = {
  CLEARING: 'NOT_DIVIDED',
  DIVIDE: 'NOT_DIVIDED',
  RETURN: 'RESOLVED',
  COMPLETE: 'RESOLVED',
} as const;

/** Yeepay has refused: it is tried again by itself, or people are asked, by what the code means. */
export async function failed(
  tx: Knex.Transaction,
  flowId: string,
  data: ExecuteDivideData,
  failure: { code: string; message: string },
) {
  // What is not done in the end has one code, and a reason that tells why.
  const code = failure.code === 'FAIL' ? failure.message : failure.code;
  const { meaning, retryAfterSeconds } = await yeepayCodeOf(tx, code);
  if (meaning === 'RETRY') {
    const retryInSeconds = Math.min(retryAfterSeconds * 2 ** (data.attempt - 1), LONGEST_RETRY_SECONDS);
    return [message('divide-failed', { ...data, failure, next: meaning, retryInSeconds })] as const;
  }
  const answers = [...(meaning === 'ASK' ? ['RETRY'] : []), answersTo[data.operation]];
  await openQuestion(tx, { flowId, question: `refused:${data.requestNo}`, answers });
  return [message('divide-failed', { ...data, failure, next: meaning })] as const;
}

const LONGEST_RETRY_SECONDS = 3600;

function requestOf(
  { order_id: orderId, unique_order_no: uniqueOrderNo, merchant_no: merchantNo }: Order,
  { operation: what, attempt, refundId, requestNo }: ExecuteDivideData,
  operation: OutsideRequest['operation'],
  body: object,
): OutsideRequest {
  const of = refundId ? `${what} for refund ${refundId}` : what;
  return {
    ...{ party: YEEPAY, operation, requestNo, businessKey: `${of} of order ${orderId}, attempt ${attempt}` },
    body: { orderId, uniqueOrderNo, merchantNo, ...body },
    earlier: Array.from({ length: attempt - 1 }, (_, index) => yeepayAttemptNo(requestNo, index + 1)),
  };
}

const askForClearing = (order: Order, data: ExecuteDivideData): OutsideRequest => ({
  ...requestOf(order, data, 'yeepay-clearing', {}),
  tellsWithinSeconds: order.clearing_within_seconds,
});

/** All that is left of the lines, in one request; never more than Yeepay says may be divided. */
async function askToDivide(tx: Knex.Transaction, flowId: string, order: Order, data: ExecuteDivideData) {
  const left = leftOf(order.items);
  if (left.length === 0) return divided(tx, order, [], { valueDate: order.cleared_on! });
  const ceilingMinor = Math.min(order.settled_minor!, order.undivided_minor!);
  const wantedMinor = sumOf(left);
  if (wantedMinor > ceilingMinor) {
    return failed(tx, flowId, data, {
      code: 'CEILING_EXCEEDED',
      message: `The lines are ${wantedMinor} (minor units) together, and ${ceilingMinor} can be divided.`,
    });
  }
  const parts: DivideRequest['parts'] = byReceiver(left).map(([ledgerNo, amountMinor]) => ({
    ...{ ledgerNo, amountMinor, description: `Order ${order.order_id}` },
  }));
  return requestOf(order, data, 'yeepay-divide', { parts });
}

async function askToReturn(tx: Knex.Transaction, order: Order, data: ExecuteDivideData) {
  const refund = await refundOf(tx, data.orderId, data.refundId!);
  const items = await takenBy(tx, order, refund);
  // What Yeepay calls a receiver's part is the same for all of its lines.
  const details = new Map(items.map(({ sub_mer_no, detail_no }) => [sub_mer_no, detail_no]));
  const parts: DivideBackRequest['parts'] = byReceiver(items).map(([ledgerNo, amountMinor]) => ({
    ...{ ledgerNo, detailNo: details.get(ledgerNo)!, amountMinor, reason: `Refund ${refund.refund_id}` },
  }));
  return requestOf(order, data, 'yeepay-divide-back', { divideRequestId: order.divide_request_id, parts });
}

/** Where nothing is left of an order, there is nothing to ask. */
async function askToComplete(tx: Knex.Transaction, order: Order, data: ExecuteDivideData) {
  if ((await restOf(tx, order)) === 0) {
    return completed(tx, order, 0, await heldBusinessDate(tx, order.market));
  }
  return requestOf(order, data, 'yeepay-divide-complete', { description: `Order ${order.order_id}` });
}

/** Yeepay knows receivers, and not lines: what several lines have for one is one part. */
function byReceiver(items: readonly Item[]): [string, number][] {
  const sums = new Map<string, number>();
  for (const { sub_mer_no, amount_minor } of items) {
    sums.set(sub_mer_no, (sums.get(sub_mer_no) ?? 0) + amount_minor);
  }
  return [...sums];
}

async function cleared(
  tx: Knex.Transaction,
  { order_id: orderId, currency, order_amount_minor }: Order,
  {
    settledMinor,
    undividedMinor,
    valueDate,
  }: { settledMinor: number; undividedMinor: number; valueDate: string },
) {
  await noteOrder(tx, orderId, {
    ...{ settled_minor: settledMinor, undivided_minor: undividedMinor, cleared_on: valueDate },
  });
  return [
    message('post-ledger-event', {
      ...{ ledgerEventId: `clearing of order ${orderId}`, scenario: 'order-cleared', orderId, valueDate },
      ...{ paid: money(currency, order_amount_minor), settled: money(currency, settledMinor) },
    }),
    execute('DIVIDE', orderId, 1),
  ] as const;
}

const clearedBefore = (tx: Knex.Transaction, order: Order) => {
  const { settled, dividedOn } = order.divided_before!;
  const { amountMinor } = settled;
  return cleared(tx, order, { settledMinor: amountMinor, undividedMinor: amountMinor, valueDate: dividedOn });
};

/** How an order was divided; without what Yeepay knows it by where nothing was left to divide. */
interface Divide {
  requestId?: string;
  batchNo?: string;
  /** Yeepay's number of what each receiver got. */
  details?: ReadonlyMap<string, string>;
  valueDate: string;
}

async function divided(
  tx: Knex.Transaction,
  { order_id: orderId, currency, ...order }: Order,
  items: readonly Item[],
  { requestId, batchNo, details = new Map(), valueDate }: Divide,
) {
  await tx.raw(
    `with divided as (
       update divide_service.divide_record
          set status = 'COMPLETED', divide_request_id = :requestId, yeepay_batch_no = :batchNo, divided_on = :valueDate
        where order_id = :orderId
     )
     update divide_service.divide_item i set detail_no = detail.no
       from json_each_text(:details) as detail (receiver, no)
      where i.order_id = :orderId and i.sub_mer_no = detail.receiver`,
    {
      ...{ orderId, requestId: requestId ?? null, batchNo: batchNo ?? null, valueDate },
      details: JSON.stringify(Object.fromEntries(details)),
    },
  );
  const { confirm_within_seconds: confirmWithinSeconds, settles_by_itself: settlesByItself } = order;
  const lines = asLines(items, currency);
  const event = message('divide-completed', {
    ...{ orderId, lines, confirmWithinSeconds, settlesByItself, valueDate },
    ...(batchNo && { batchNo }),
  });
  if (lines.length === 0) return [event] as const;
  return [
    event,
    message('post-ledger-event', {
      ...{
        ledgerEventId: `divide of order ${orderId}`,
        scenario: 'order-divided',
        orderId,
        lines,
        valueDate,
      },
    }),
  ] as const;
}

/** An order that was divided before this platform was there: as the mall has told it, and nothing is asked. */
async function dividedBefore(tx: Knex.Transaction, order: Order) {
  const { divideRequestId, batchNo, dividedOn, details, isCompleted } = order.divided_before!;
  const items = leftOf(order.items);
  const sent = await divided(tx, order, items, {
    ...{ requestId: divideRequestId, batchNo, valueDate: dividedOn },
    details: new Map(details.map(({ subMerNo, detailNo }) => [subMerNo, detailNo])),
  });
  if (!isCompleted) return sent;
  const restMinor = order.settled_minor! - sumOf(items);
  return [
    ...sent,
    ...(await completed(tx, { ...order, status: 'COMPLETED' }, restMinor, dividedOn)),
  ] as const;
}

/** What a refund takes of each line is back with the order's merchant. */
export async function returned(tx: Knex.Transaction, order: Order, refundId: string, valueDate: string) {
  const refund = await refundOf(tx, order.order_id, refundId);
  const items = await takenBy(tx, order, refund);
  return taken(tx, order, refund, { items, state: 'RETURNED', valueDate });
}

/**
 * The rest has gone to the order's merchant, and what is owed to nobody else is the platform's share.
 *
 * @param restMinor what Yeepay says has gone there
 */
export async function completed(tx: Knex.Transaction, order: Order, restMinor: number, valueDate: string) {
  const { order_id: orderId, merchant_no: merchantNo, currency } = order;
  await noteOrder(tx, orderId, { completed_on: valueDate });
  const platformShareMinor = order.order_amount_minor - order.refunded_minor - withReceivers(order);
  if (restMinor === 0 && platformShareMinor === 0) return [] as const;
  return [
    message('post-ledger-event', {
      ...{
        ledgerEventId: `completion of order ${orderId}`,
        scenario: 'order-completed',
        orderId,
        merchantNo,
      },
      ...{ rest: money(currency, restMinor), platformShare: money(currency, platformShareMinor), valueDate },
    }),
  ] as const;
}

/** What of an order is divided and not returned, in minor units. */
const withReceivers = ({ status, items }: Order): number =>
  status === 'COMPLETED' ? sumOf(leftOf(items)) : 0;

/** What of an order has never left Yeepay, in minor units, by the books: what left it in the wrong way has left it too. */
export const restOf = (tx: Knex.Transaction, { order_id, currency }: Order): Promise<number> =>
  balanceMinorOf(tx, 'general', order_id, { code: 'yeepay-undivided', currency });
