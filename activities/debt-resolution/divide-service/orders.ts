import type { Knex } from 'knex';
import { insertRows } from '../../../db/insert-rows';
import type { DividedOrder } from '../../../domain/debt-resolution/refund-share';
import { money, sumMinor, type Currency } from '../../../domain/money';
import type {
  CreatePreDivideData,
  DividedLine,
  MarketId,
  MerchantType,
} from '../../../schemas/generated/messages';

/** A mall's order as it is kept (DivideRecord). */
export interface Order {
  order_id: string;
  mall_id: string;
  market: MarketId;
  currency: Currency;
  unique_order_no: string;
  merchant_no: string;
  order_amount_minor: number;
  divided_before: NonNullable<CreatePreDivideData['divided']> | null;
  status: 'PENDING' | 'COMPLETED' | 'FAILED';
  settled_minor: number | null;
  undivided_minor: number | null;
  cleared_on: string | null;
  divide_request_id: string | null;
  yeepay_batch_no: string | null;
  divided_on: string | null;
  debts_settled_on: string | null;
  completed_on: string | null;
  refunded_minor: number;
}

/** A line of an order's divide (DivideItem). */
export interface Item {
  order_id: string;
  number: number;
  order_detail_id: string | null;
  product_name: string | null;
  ledger_id: string;
  mer_type: MerchantType;
  sub_mer_no: string;
  amount_minor: number;
  /** What refunds have left out of the divide, or returned after it. */
  refunded_minor: number;
  detail_no: string | null;
}

/** An order by its number; the step fails, for operators to see, where nobody has told us of it. */
export async function orderOf(tx: Knex.Transaction, orderId: string): Promise<Order> {
  const order = await tx<Order>('divide_service.divide_record').where('order_id', orderId).first();
  if (!order) throw new Error(`Nobody has told us of order ${orderId}: its create-pre-divide is missing.`);
  return order;
}

/** The lines of an order's divide, in the mall's order. */
export const itemsOf = (tx: Knex.Transaction, orderId: string): Promise<Item[]> =>
  tx<Item>('divide_service.divide_item').where('order_id', orderId).orderBy('number');

/** Keeps an order. Returns false where there is one of its number. */
export async function insertOrder(
  tx: Knex.Transaction,
  market: MarketId,
  {
    orderId: order_id,
    mallId,
    uniqueOrderNo,
    merchantNo,
    amount,
    lines,
    items = [],
    divided,
  }: CreatePreDivideData,
): Promise<boolean> {
  const { rowCount } = await tx.raw<{ rowCount: number }>(
    `insert into divide_service.divide_record
       (order_id, mall_id, market, currency, unique_order_no, merchant_no, order_amount_minor, divided_before)
     values (?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`,
    [
      ...[order_id, mallId, market, amount.currency, uniqueOrderNo, merchantNo, amount.amountMinor],
      divided ? JSON.stringify(divided) : null,
    ],
  );
  if (rowCount === 0) return false;
  await insertRows(
    tx,
    'divide_service.divide_item',
    lines.map((line, index) => ({
      ...{ order_id, number: index + 1, order_detail_id: line.orderDetailId ?? null },
      ...{ product_name: line.productName ?? null, ledger_id: line.ledgerId, mer_type: line.merType },
      ...{ sub_mer_no: line.subMerNo ?? line.ledgerId, amount_minor: line.amount.amountMinor },
    })),
  );
  await insertRows(
    tx,
    'divide_service.order_item',
    items.map(({ orderDetailId: order_detail_id, price }) => ({
      ...{ order_id, order_detail_id, price_minor: price.amountMinor },
    })),
  );
  return true;
}

/** Notes on an order what has become of it. */
export const noteOrder = (tx: Knex.Transaction, orderId: string, changes: Partial<Order>) =>
  tx('divide_service.divide_record').where('order_id', orderId).update(changes);

/** What is left of each line, where anything is; of an order that is not divided, what is to be divided. */
export const leftOf = (items: readonly Item[]): Item[] =>
  items
    .map((item) => ({ ...item, amount_minor: item.amount_minor - item.refunded_minor, refunded_minor: 0 }))
    .filter((item) => item.amount_minor > 0);

/** How amounts of lines stand in messages. */
export const asLines = (
  items: readonly Pick<Item, 'number' | 'ledger_id' | 'mer_type' | 'amount_minor'>[],
  currency: Currency,
): DividedLine[] =>
  items.map(({ number, ledger_id: ledgerId, mer_type: merType, amount_minor }) => ({
    ...{ number, ledgerId, merType, amount: money(currency, amount_minor) },
  }));

export const sumOf = (items: readonly { amount_minor: number }[]): number =>
  sumMinor(items.map(({ amount_minor }) => amount_minor));

/** An order as the rules of refunds see it. */
export async function asDivided(
  tx: Knex.Transaction,
  order: Order,
  items: readonly Item[],
): Promise<DividedOrder> {
  const prices = await tx('divide_service.order_item')
    .where('order_id', order.order_id)
    .select<{ order_detail_id: string; price_minor: number }[]>('order_detail_id', 'price_minor');
  return {
    amountMinor: order.order_amount_minor,
    lines: items.map(({ order_detail_id: orderDetailId, amount_minor: amountMinor }) => ({
      ...{ orderDetailId, amountMinor },
    })),
    priceMinor: Object.fromEntries(prices.map((one) => [one.order_detail_id, one.price_minor])),
  };
}
