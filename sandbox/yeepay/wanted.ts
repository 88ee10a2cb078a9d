import type {
  DivideBackPart,
  DivideBackRequest,
  DividePart,
  YeepayOrder,
} from '../../schemas/outside/yeepay/divide';

/** What Yeepay can be asked to do; rules may say how it goes about it. */
export const yeepayOperations = ['divide', 'divide-complete', 'divide-back'] as const;

export type YeepayOperation = (typeof yeepayOperations)[number];

/** What Yeepay was asked to do; `reference` is the mall's number of the order. Amounts in fen. */
export type YeepayWanted =
  | PaidOrder
  | { operation: 'divide'; reference: string; parts: DividePart[] }
  | { operation: 'divide-complete'; reference: string }
  | ({ operation: 'divide-back'; reference: string; parts: DivideBackPart[] } & Pick<
      DivideBackRequest,
      'divideRequestId'
    >);

/** An order that a buyer has paid at the mall; it succeeds when it is cleared. No rule is about it. */
export interface PaidOrder extends Omit<YeepayOrder, 'orderId'> {
  operation: 'yeepay-order';
  reference: string;
  amountMinor: number;
  /** What Yeepay keeps of it. */
  feeMinor: number;
}

/** The number under which a paid order stands in the log, apart from those of requests. */
export const paidOrderNo = (orderId: string): string => `order:${orderId}`;
