import type { Knex } from 'knex';
import type { DividedOrder } from '../../../domain/debt-resolution/refund-share';
import { money, sumMinor, type Currency } from '../../../domain/money';
import type {
  CreatePreDivideData,
  DividedLine,
  MarketId,
  MerchantType,
} from '../../../schemas/generated/messages';

/** A mall's order as it is kept (DivideRecord), with its lines, and with what is agreed with its mall. */
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
  debts_settled_on: string | null;
  completed_on: string | null;
  refunded_minor: number;
  clearing_within_seconds: number;
  confirm_within_seconds: number;
  settles_by_itself: boolean;
  /** Its market's. */
  time_zone: string;
  /** In the mall's order. */
  items: Item[];
}

/** A line of an order's divide (DivideItem). */
export interface Item {
  number: number;
  order_detail_id: string | null;
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
  const { rows } = await tx.raw<{ rows: Order[] }>(
    `select r.order_id, r.mall_id, r.market, r.currency, r.unique_order_no, r.merchant_no, r.order_amount_minor,
            r.divided_before, r.status, r.settled_minor, r.undivided_minor, r.cleared_on, r.divide_request_id,
            r.debts_settled_on, r.completed_on, r.refunded_minor,
            m.clearing_within_seconds, m.confirm_within_seconds, m.settles_by_itself, k.time_zone,
            (select coalesce(json_agg(i order by i.number), '[]')
               from (select number, order_detail_id, ledger_id, mer_type, sub_mer_no, amount_minor, refunded_minor, detail_no
                       from divide_service.divide_item where order_id = r.order_id) i) as items
       from divide_service.divide_record r
       join reference.mall m on m.id = r.mall_id
       join reference.market k on k.id = r.market
      where r.order_id = ?`,
    [orderId],
  );
  return known(rows[0], orderId);
}

function known<Row>(row: Row | undefined, orderId: string): Row {
  if (row) return row;
  throw new Error(`Nobody has told us of order ${orderId}: its create-pre-divide is missing.`);
}

/** Keeps an order. Returns false where there is one of its number. */
export async function insertOrder(
  tx: Knex.Transaction,
  market: MarketId,
  { orderId, mallId, uniqueOrderNo, merchantNo, amount, lines, items = [], divided }: CreatePreDivideData,
): Promise<boolean> {
  const { rowCount } = await tx.raw<{ rowCount: number }>(
    `with kept as (
       insert into divide_service.divide_record
         (order_id, mall_id, market, currency, unique_order_no, merchant_no, order_amount_minor, divided_before)
       values (:orderId, :mallId, :market, :currency, :uniqueOrderNo, :merchantNo, :amountMinor, :divided)
       on conflict do nothing returning order_id
     ), lines as (
       insert into divide_service.divide_item
         (order_id, number, order_detail_id, product_name, ledger_id, mer_type, sub_mer_no, amount_minor)
       select kept.order_id, number, order_detail_id, product_name, ledger_id, mer_type, sub_mer_no, amount_minor
         from kept, json_populate_recordset(null::divide_service.divide_item, :lines) line
     ), items as (
       insert into divide_service.order_item (order_id, order_detail_id, price_minor)
       select kept.order_id, order_detail_id, price_minor
         from kept, json_populate_recordset(null::divide_service.order_item, :items) item
     )
     select from kept`,
    {
      ...{ orderId, mallId, market, uniqueOrderNo, merchantNo },
      ...{ currency: amount.currency, amountMinor: amount.amountMinor },
      divided: divided ? JSON.stringify(divided) : null,
      lines: JSON.stringify(
        lines.map((line, index) => ({
          ...{ number: index + 1, order_detail_id: line.orderDetailId, product_name: line.productName },
          ...{ ledger_id: line.ledgerId, mer_type: line.merType },
          ...{ sub_mer_no: line.subMerNo ?? line.ledgerId, amount_minor: line.amount.amountMinor },
        })),
      ),
      items: JSON.stringify(
        items.map(({ orderDetailId: order_detail_id, price }) => ({
          ...{ order_detail_id, price_minor: price.amountMinor },
        })),
      ),
    },
  );
  return rowCount === 1;
}

/** Notes on an order what has become of it, and says when it was completed. */
export async function noteOrder(
  tx: Knex.Transaction,
  orderId: string,
  changes: Partial<Order>,
): Promise<Pick<Order, 'completed_on'>> {
  const [row] = await tx<Order>('divide_service.divide_record')
    .where('order_id', orderId)
    .update(changes, ['completed_on']);
  return known(row, orderId);
}

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
export async function asDivided(tx: Knex.Transaction, order: Order): Promise<DividedOrder> {
  const prices = await tx('divide_service.order_item')
    .where('order_id', order.order_id)
    .select<{ order_detail_id: string; price_minor: number }[]>('order_detail_id', 'price_minor');
  return {
    amountMinor: order.order_amount_minor,
    lines: order.items.map(({ order_detail_id: orderDetailId, amount_minor: amountMinor }) => ({
      ...{ orderDetailId, amountMinor },
    })),
    priceMinor: Object.fromEntries(prices.map((one) => [one.order_detail_id, one.price_minor])),
  };
}
