import { refundProblem, type OrderRefund } from '../domain/debt-resolution/refund-share';
import { mallOrderProblem } from '../domain/debt-resolution/mall-order';
import { moneyIn, type Currency, type Money } from '../domain/money';
import type { RecordedCall } from '../db/access/mall-calls';
import type { CreatePreDivideData, MerchantType, RefundRequestedData } from '../schemas/generated/messages';
import { Problem, type ProblemCode } from './problem';
import { common, list, object, oneOf, type Schema } from './schema';

// How the mall says what it says, and what that is in our own words. Nothing else knows the mall's form.

/** merType as the mall writes it; which number stands for whom is to be confirmed by the mall. */
const MER_TYPES = { 1: 'SUPPLIER', 2: 'DEBTOR' } as const satisfies Record<number, MerchantType>;

/** The mall's call that an order is paid. */
export interface PaidBody {
  orderId: string;
  uniqueOrderNo: string;
  merchantNo: string;
  orderAmount: string;
  paidAt: string;
  memberUserId: string;
  divideInfo: {
    orderDetailId?: string | null;
    productName?: string | null;
    ledgerId: string;
    subMerNo?: string | null;
    amount: string;
    merType: keyof typeof MER_TYPES;
  }[];
  orderDetails?: { orderDetailId: string; price: string }[];
}

/** The mall's call that an order, or an item of it, is refunded. */
export interface RefundBody {
  orderId: string;
  refundNo: string;
  orderDetailId?: string | null;
  refundAmount: string;
}

/** Above zero, by its form: at most twelve digits and two decimals. */
const amount: Schema = {
  description: 'Above zero, in yuan: a text with at most two decimals, such as "30.00".',
  type: 'string',
  pattern: '^([1-9][0-9]{0,11}(\\.[0-9]{1,2})?|0\\.([1-9][0-9]?|0[1-9]))$',
};
const nullable = ({ description, ...schema }: Schema): Schema => ({
  ...(description !== undefined && { description }),
  oneOf: [schema, { type: 'null' }],
});
export const nullableItem = nullable({
  description: 'Item of the order; null, or left out, where it is the whole order.',
  ...common('order-detail-id'),
});
const yeepayNumber = (description: string): Schema => ({ description, ...common('yeepay-number') });

/** An order of a thousand lines and items, each as long as can be. */
export const orderLimitBytes = 1_048_576;

export const paidBody: Schema = object(
  {
    orderId: common('mall-order-id'),
    uniqueOrderNo: yeepayNumber("Yeepay's number of the paid order."),
    merchantNo: yeepayNumber("Yeepay's number of the merchant that received the payment."),
    orderAmount: { ...amount, description: 'What the buyer has paid. In the form of all amounts here.' },
    paidAt: { description: 'When it was paid.', ...common('instant') },
    memberUserId: { description: 'Who has paid it.', ...common('debtor-id') },
    divideInfo: {
      description:
        "Who gets how much; what is left of the order is the platform's share, and stands nowhere.",
      ...list(
        object(
          {
            orderDetailId: nullableItem,
            productName: nullable({
              description: 'What the item is called.',
              ...{ type: 'string', minLength: 1, maxLength: 200 },
            }),
            ledgerId: common('ledger-id'),
            subMerNo: nullable(
              yeepayNumber("The receiver's merchant number at Yeepay; its ledger id if absent."),
            ),
            amount,
            merType: { description: '1: supplier. 2: debtor.', type: 'integer', enum: [1, 2] },
          },
          ['orderDetailId', 'productName', 'subMerNo'],
        ),
      ),
      maxItems: 1000,
    },
    orderDetails: {
      description:
        'What the buyer paid for each item, each once. An item that stands here can be refunded in parts.',
      ...list(object({ orderDetailId: common('order-detail-id'), price: amount })),
      maxItems: 1000,
    },
  },
  ['orderDetails'],
);

export const refundBody: Schema = object(
  {
    orderId: common('mall-order-id'),
    refundNo: { description: 'One for each refund.', ...common('mall-refund-id') },
    orderDetailId: nullableItem,
    refundAmount: { ...amount, description: 'What the buyer gets back. In yuan, as a text: "50.00".' },
  },
  ['orderDetailId'],
);

export const paidExample: PaidBody = {
  ...{ orderId: 'MO20260115000017', uniqueOrderNo: '1013202601150000000017', merchantNo: '10090000001' },
  ...{ orderAmount: '100.00', paidAt: '2026-01-15T10:12:30+08:00', memberUserId: 'M-7731' },
  divideInfo: [
    {
      ...{ orderDetailId: '10001', productName: '商品A', ledgerId: 'S-88', amount: '50.00', merType: 1 },
      subMerNo: '10090000088',
    },
    {
      ...{ orderDetailId: '10001', productName: '商品A', ledgerId: 'D-31', amount: '30.00', merType: 2 },
      subMerNo: '10090000031',
    },
  ],
  orderDetails: [{ orderDetailId: '10001', price: '100.00' }],
};
export const refundExample: RefundBody = {
  ...{ orderId: 'MO20260115000017', refundNo: 'MR20260120000003', orderDetailId: '10001' },
  refundAmount: '50.00',
};

/** Reads the mall's amounts; throws the problem with one that the currency does not have. */
const amountReader =
  (currency: Currency) =>
  (pointer: string, written: string): Money => {
    const found = moneyIn(currency, written);
    if (found) return found;
    const detail = `must have no more decimals than ${currency} has`;
    throw new Problem('INVALID_BODY', 'An amount cannot be paid in the currency.', [{ pointer, detail }]);
  };

/**
 * What the mall says of a paid order, in our own words.
 *
 * @param currency of the mall's market
 * @throws Problem where an item stands there twice, or an amount is none
 */
export function preDivideOf(body: PaidBody, mallId: string, currency: Currency): CreatePreDivideData {
  const { orderId, uniqueOrderNo, merchantNo, orderAmount, divideInfo, orderDetails } = body;
  const amountIn = amountReader(currency);
  return {
    ...{ orderId, mallId, uniqueOrderNo, merchantNo, amount: amountIn('/orderAmount', orderAmount) },
    lines: divideInfo.map(({ orderDetailId, productName, ledgerId, subMerNo, merType, ...line }, index) => ({
      ...(orderDetailId != null && { orderDetailId }),
      ...(productName != null && { productName }),
      ...{ ledgerId, merType: MER_TYPES[merType] },
      ...(subMerNo != null && { subMerNo }),
      amount: amountIn(`/divideInfo/${index}/amount`, line.amount),
    })),
    ...(orderDetails && {
      items: orderDetails.map(({ orderDetailId, price }, index) => ({
        ...{ orderDetailId, price: amountIn(`/orderDetails/${index}/price`, price) },
      })),
    }),
  };
}

/** What the mall says of a refund, in our own words; throws the Problem with an amount that is none. */
export const refundOf = (
  { orderId, refundNo, orderDetailId, refundAmount }: RefundBody,
  currency: Currency,
): RefundRequestedData => ({
  ...{ orderId, refundId: refundNo, amount: amountReader(currency)('/refundAmount', refundAmount) },
  ...(orderDetailId != null && { orderDetailId }),
});

/**
 * Checks an order before it is taken in.
 *
 * @param itemsAt where the body has the prices of its items
 * @throws Problem where it cannot be
 */
export function checkOrder(order: CreatePreDivideData, currency: Currency, itemsAt: string): void {
  const named = (order.items ?? []).map(({ orderDetailId }) => orderDetailId);
  const twice = named.findIndex((one, index) => named.indexOf(one) < index);
  if (twice >= 0) {
    const errors = [{ pointer: `${itemsAt}/${twice}/orderDetailId`, detail: 'stands there twice' }];
    throw new Problem('INVALID_BODY', 'Give each item its price once.', errors);
  }
  const problem = mallOrderProblem(order, currency);
  if (!problem) return;
  const { amountMinor } = order.amount;
  const hints = {
    WRONG_CURRENCY: `The mall's market has ${currency}.`,
    MORE_THAN_ORDER: `The order is ${amountMinor} (minor units); give less, or the order's real amount.`,
    INCOMPLETE_IMPORT: "Give each receiver's detail number, by its merchant number.",
  };
  throw new Problem(problem, hints[problem]);
}

const REFUND_PROBLEMS = {
  ITEM_UNKNOWN: 'ITEM_UNKNOWN',
  ITEM_REFUNDED: 'ITEM_REFUNDED',
  MORE_THAN_ORDER: 'REFUND_EXCEEDS_ORDER',
  MORE_THAN_ITEM: 'REFUND_EXCEEDS_ITEM',
} as const satisfies Record<string, ProblemCode>;

/**
 * Checks a refund against its order and all refunds of it before; throws the Problem where the order cannot have it.
 *
 * @param earlier the order's calls so far
 */
export function checkRefund(earlier: readonly RecordedCall[], refund: RefundRequestedData): void {
  const paid = earlier.find(({ kind }) => kind === 'PAID')!.content as unknown as CreatePreDivideData;
  const refunds = earlier
    .filter(({ kind }) => kind === 'REFUND')
    .map(({ content }) => asOrderRefund(content as unknown as RefundRequestedData));
  const order = {
    amountMinor: paid.amount.amountMinor,
    lines: paid.lines.map(({ orderDetailId, amount: { amountMinor } }) => ({
      ...{ orderDetailId: orderDetailId ?? null, amountMinor },
    })),
    priceMinor: Object.fromEntries(
      (paid.items ?? []).map(({ orderDetailId, price }) => [orderDetailId, price.amountMinor]),
    ),
  };
  const problem = refundProblem(order, refunds, asOrderRefund(refund));
  if (!problem) return;
  const leftMinor = refunds.reduce((left, { amountMinor }) => left - amountMinor, order.amountMinor);
  const hints = {
    ITEM_UNKNOWN: 'Name an item that stands in divideInfo, or none to refund a part of the whole order.',
    ITEM_REFUNDED: 'Nothing of the item is left to refund.',
    MORE_THAN_ORDER: `Of the order ${leftMinor} (minor units) are left to refund.`,
    MORE_THAN_ITEM: "It is more than what is left of the item's price.",
  };
  throw new Problem(REFUND_PROBLEMS[problem], hints[problem]);
}

const asOrderRefund = ({ orderDetailId, amount: { amountMinor } }: RefundRequestedData): OrderRefund => ({
  ...{ orderDetailId: orderDetailId ?? null, amountMinor },
});

/** The states of a refund, as the mall and others see them. */
export const refundState: Schema = {
  description:
    'RECEIVED: the flow has not taken it yet. REQUESTED: it waits for its turn. RETURNING: Yeepay returns what was divided. ' +
    'LEFT_OUT: it came before the divide. RETURNED: what was divided is back with the merchant. REFUSED: the order cannot ' +
    'have it.',
  ...oneOf('RECEIVED', 'REQUESTED', 'RETURNING', 'LEFT_OUT', 'RETURNED', 'REFUSED'),
};
