import { SUCCESS_CODE, yeepayTime, yuan, type OrderState } from '../../schemas/outside/yeepay/divide';
import { transactionNoOf } from '../answers';
import type { Truth } from '../order-log';
import type { Told } from '../orders';
import { detailNoOf, type Holding } from './holdings';

const done = { code: SUCCESS_CODE, message: 'success' };
const states = { PROCESSING: 'PROCESSING', SUCCEEDED: 'SUCCESS', FAILED: 'FAIL' } as const;

const idsOf = ({ orderId, uniqueOrderNo, merchantNo }: Holding) => ({ orderId, uniqueOrderNo, merchantNo });

/** What Yeepay says of a paid order, when it says that `truth` is the truth of its clearing. */
export function orderAnswer(holding: Holding, truth: Truth): OrderState {
  const { amountMinor, feeMinor, undividedMinor } = holding;
  return {
    ...{ ...done, ...idsOf(holding), clearingStatus: states[truth.status], orderAmount: yuan(amountMinor) },
    ...(truth.status === 'SUCCEEDED' && {
      ypSettleAmount: yuan(amountMinor - feeMinor),
      unSplitAmount: yuan(undividedMinor),
      clearingSuccessDate: yeepayTime(truth.at),
    }),
  };
}

/** What the notice of a clearing says: what can be divided yet is for a query. */
export function orderNotice(holding: Holding, truth: Truth): object {
  const { unSplitAmount, ...notice } = orderAnswer(holding, truth);
  return notice;
}

/** What Yeepay answers to a request, or to a query about it. */
export function yeepayAnswer(told: Told, holding: Holding, isQuery: boolean): object {
  switch (told.order.wanted.operation) {
    case 'divide-back':
      return backAnswer(told, holding, isQuery);
    case 'divide-complete':
      return isQuery ? divideAnswer(told, holding) : completeAnswer(told, holding);
    default:
      return divideAnswer(told, holding);
  }
}

function divideAnswer({ order, truth }: Told, holding: Holding): object {
  return {
    ...{ ...done, ...idsOf(holding), divideRequestId: order.requestNo, status: states[truth.status] },
    ...{ uniqueDivideNo: transactionNoOf(order), createDate: yeepayTime(order.receivedAt) },
    ...(truth.status === 'SUCCEEDED' && {
      divideDetail: detailsOf({ order, truth }, holding),
      divideSuccessDate: yeepayTime(truth.at),
    }),
    ...(truth.status === 'FAILED' && { failReason: truth.code }),
  };
}

function detailsOf({ order }: Told, { merchantNo, completedMinor }: Holding): object[] {
  const { wanted } = order;
  const parts =
    wanted.operation === 'divide' ? wanted.parts : [{ ledgerNo: merchantNo, amountMinor: completedMinor }];
  return parts.map(({ ledgerNo, amountMinor }, place) => ({
    ...{ divideDetailNo: detailNoOf(order, place), ledgerNo, amount: yuan(amountMinor) },
  }));
}

function completeAnswer({ order, truth }: Told, holding: Holding): object {
  return {
    ...{ ...done, ...idsOf(holding), divideRequestId: order.requestNo, divideStatus: states[truth.status] },
    ...(truth.status === 'SUCCEEDED' && { amount: yuan(holding.completedMinor) }),
    ...(truth.status === 'FAILED' && { failReason: truth.code }),
  };
}

function backAnswer({ order, truth }: Told, holding: Holding, isQuery: boolean): object {
  const { requestNo, wanted } = order;
  return {
    ...{ ...done, ...idsOf(holding), divideBackRequestId: requestNo, status: states[truth.status] },
    ...(wanted.operation === 'divide-back' && { divideRequestId: wanted.divideRequestId }),
    uniqueDivideBackNo: transactionNoOf(order),
    ...(truth.status === 'SUCCEEDED' && { divideBackSuccessDate: yeepayTime(truth.at) }),
    // Yeepay calls it by two names.
    ...(truth.status === 'FAILED' && { [isQuery ? 'errorMessage' : 'failReason']: truth.code }),
  };
}
