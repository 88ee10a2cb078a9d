import { standingAnswer } from '../../db/acts';
import { unrefusedRequestNo } from '../../db/outside';
import { heldBusinessDate, mallOf } from '../../db/reference';
import { mallOrderProblem, type MallOrderProblem } from '../../domain/debt-resolution/mall-order';
import { debtOrderFlowId, yeepayAttemptOf } from '../../domain/identifiers';
import { message } from '../../schemas/message';
import { service } from '../service';
import { insertOrder, noteOrder, orderOf } from './divide-service/orders';
import { refundOf, taken, takenBy, takeIn } from './divide-service/refunds';
import { ask, completed, done, execute, failed, restOf, returned } from './divide-service/yeepay';

/**
 * 分账服务: divides malls' paid orders at Yeepay, and returns what was divided when an order is refunded. What is refunded before
 * the divide is left out of it.
 */
export const divideService = service('divide-service', {
  async 'create-pre-divide'({ data, market }, { tx, refuse }) {
    const { orderId, mallId, amount, lines } = data;
    const mall = await mallOf(tx, mallId);
    if (mall?.market !== market) return refuse('UNKNOWN_MALL', `There is no mall ${mallId} in ${market}.`);
    const problem = mallOrderProblem(data, mall.currency);
    if (problem) return refuse(problem, REASONS[problem]);
    if (!(await insertOrder(tx, market, data)))
      return refuse('ORDER_TAKEN', `There is an order ${orderId} with other content.`);
    return [
      message('pre-divide-created', {
        ...{ orderId, mallId, amount },
        lines: lines.map((line, index) => ({
          ...{ ...line, number: index + 1, subMerNo: line.subMerNo ?? line.ledgerId },
        })),
      }),
    ];
  },

  async 'pre-divide-created'({ data }) {
    return [execute('CLEARING', data.orderId, 1)];
  },

  'execute-divide': {
    ask: ({ data, flowId }, { tx }) => ask(tx, flowId, data),
    settle: ({ data, flowId }, answer, { tx }) =>
      answer.status === 'SUCCEEDED'
        ? done(tx, flowId, data, answer)
        : failed(tx, flowId, data, answer.failure),
  },

  /** Comes back when its time is over, or when people have answered. */
  async 'divide-failed'({ data, flowId, market }, { tx }) {
    const { orderId, operation, refundId, attempt, requestNo, next } = data;
    const answer =
      next === 'RETRY' ? next : (await standingAnswer(tx, flowId, `refused:${requestNo}`))?.answer;
    const order = await orderOf(tx, orderId);
    switch (answer) {
      case 'RETRY': {
        const refund = refundId === undefined ? undefined : await refundOf(tx, orderId, refundId);
        return [execute(operation, orderId, attempt + 1, refund)];
      }
      case 'RESOLVED': {
        const valueDate = await heldBusinessDate(tx, market);
        if (operation === 'RETURN') return returned(tx, order, refundId!, valueDate);
        return completed(tx, order, await restOf(tx, order), valueDate);
      }
      case 'NOT_DIVIDED':
        await noteOrder(tx, orderId, { status: 'FAILED' });
        return [];
      default:
        return [];
    }
  },

  /**
   * Where Yeepay is to divide the order already, that comes first: of a divide that has begun nothing is left out. A flow that is
   * reset while Yeepay divides is told all at once, and knows by this what came later.
   */
  async 'refund-requested'({ data }, { tx }) {
    const order = await orderOf(tx, data.orderId);
    await takeIn(tx, order, data);
    if (order.status === 'COMPLETED') return [];
    const dividing = await unrefusedRequestNo(tx, debtOrderFlowId(data.orderId), 'yeepay-divide');
    return dividing === undefined ? [] : [execute('DIVIDE', data.orderId, yeepayAttemptOf(dividing))];
  },

  async 'refund-approved'({ data: { orderId, refundId }, market }, { tx }) {
    const order = await orderOf(tx, orderId);
    const refund = await refundOf(tx, orderId, refundId);
    if (refund.state !== 'REQUESTED') return [];
    const items = await takenBy(tx, order, refund);
    const isDivided = order.status === 'COMPLETED';
    if (isDivided && items.length > 0) {
      await tx('divide_service.order_refund')
        .where({ order_id: orderId, refund_id: refundId })
        .update({ state: 'RETURNING' });
      return [execute('RETURN', orderId, 1, refund)];
    }
    const valueDate = await heldBusinessDate(tx, market);
    return taken(tx, order, refund, { items, state: isDivided ? 'RETURNED' : 'LEFT_OUT', valueDate });
  },

  /** Nothing of the order is open any more, so the rest goes to its merchant. */
  async 'debt-settled'({ data: { orderId, valueDate } }, { tx }) {
    const { completed_on } = await noteOrder(tx, orderId, { debts_settled_on: valueDate });
    return completed_on === null ? [execute('COMPLETE', orderId, 1)] : [];
  },

  /** Where all of the order is refunded, nothing of it is open any more. */
  async 'refund-ignored'({ data: { orderId, remaining } }, { tx }) {
    const { cleared_on, debts_settled_on, completed_on } = await orderOf(tx, orderId);
    const isOpen = cleared_on !== null && debts_settled_on === null && completed_on === null;
    return isOpen && remaining.amountMinor === 0 ? [execute('COMPLETE', orderId, 1)] : [];
  },
});

const REASONS: Record<MallOrderProblem, string> = {
  WRONG_CURRENCY: "An amount is not in the market's currency.",
  MORE_THAN_ORDER: 'Its lines, or items, are more than the order.',
  INCOMPLETE_IMPORT: "A receiver's detail number is missing.",
};
