import fc from 'fast-check';
import {
  entitledMinor,
  refundProblem,
  type DividedOrder,
  type OrderRefund,
} from '../../../../domain/debt-resolution/refund-share';

const ofOrder = (amountMinor: number): OrderRefund => ({ orderDetailId: null, amountMinor });
const ofItem = (orderDetailId: string, amountMinor: number): OrderRefund => ({ orderDetailId, amountMinor });

/** Two items of 60.00 and 40.00, each divided between a supplier and a debtor. */
const twoItems: DividedOrder = {
  amountMinor: 10_000,
  priceMinor: { A: 6_000, B: 4_000 },
  lines: [
    { orderDetailId: 'A', amountMinor: 3_000 },
    { orderDetailId: 'A', amountMinor: 1_999 },
    { orderDetailId: 'B', amountMinor: 2_000 },
    { orderDetailId: 'B', amountMinor: 1_001 },
  ],
};

const anyOrder = fc
  .array(
    fc.record({
      priceMinor: fc.integer({ min: 1, max: 100_000 }),
      isPriceTold: fc.boolean(),
      hasId: fc.boolean(),
      shares: fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((items): DividedOrder => {
    const lines = items.flatMap(({ priceMinor, hasId, shares }, index) => {
      const total = Math.max(100, ...[shares.reduce((sum, share) => sum + share, 0)]);
      return shares
        .map((share) => ({
          orderDetailId: hasId ? `I${index}` : null,
          amountMinor: Math.floor((priceMinor * share) / total),
        }))
        .filter(({ amountMinor }) => amountMinor > 0);
    });
    return {
      amountMinor: items.reduce((sum, { priceMinor }) => sum + priceMinor, 0),
      lines,
      priceMinor: Object.fromEntries(
        items.flatMap(({ priceMinor, isPriceTold, hasId }, index) =>
          hasId && isPriceTold ? [[`I${index}`, priceMinor]] : [],
        ),
      ),
    };
  });

/** Refunds as they may be tried, of which those without a problem are taken. */
const anyRefunds = fc.array(
  fc.record({
    item: fc.option(fc.integer({ min: 0, max: 3 }), { nil: null }),
    amountMinor: fc.integer({ min: 1, max: 60_000 }),
  }),
  { maxLength: 12 },
);

const taken = (order: DividedOrder, tried: { item: number | null; amountMinor: number }[]): OrderRefund[] =>
  tried.reduce<OrderRefund[]>((earlier, { item, amountMinor }) => {
    const refund = { orderDetailId: item === null ? null : `I${item}`, amountMinor };
    return refundProblem(order, earlier, refund) ? earlier : [...earlier, refund];
  }, []);

const sum = (amounts: number[]): number => amounts.reduce((total, one) => total + one, 0);

describe('what refunds of an order take from its divide', () => {
  test('is by proportion to the order where no item is named', () => {
    const order: DividedOrder = {
      ...{ amountMinor: 10_000, priceMinor: {} },
      lines: [{ orderDetailId: null, amountMinor: 3_000 }],
    };
    expect(entitledMinor(order, [ofOrder(5_000)])).toEqual([1_500]);
    expect(entitledMinor(order, [ofOrder(5_000), ofOrder(1_000)])).toEqual([1_800]);
  });

  test('is by the price of the item where one is named, and of no other item', () => {
    expect(entitledMinor(twoItems, [ofItem('A', 3_000)])).toEqual([1_500, 1_000, 0, 0]);
    expect(entitledMinor(twoItems, [ofItem('A', 6_000)])).toEqual([3_000, 1_999, 0, 0]);
  });

  test('is the whole item where nobody told its price', () => {
    expect(entitledMinor({ ...twoItems, priceMinor: {} }, [ofItem('B', 1)])).toEqual([0, 0, 2_000, 1_001]);
  });

  test('is all of what an item has left, when the order is refunded after it', () => {
    expect(entitledMinor(twoItems, [ofItem('A', 6_000), ofOrder(2_000)])).toEqual([3_000, 1_999, 1_000, 501]);
    expect(entitledMinor(twoItems, [ofItem('A', 6_000), ofOrder(2_000), ofOrder(2_000)])).toEqual([
      3_000, 1_999, 2_000, 1_001,
    ]);
  });

  test('is nothing without a refund', () => {
    expect(entitledMinor(twoItems, [])).toEqual([0, 0, 0, 0]);
  });

  test('never falls, and never passes a line, however refunds are mixed', () => {
    fc.assert(
      fc.property(anyOrder, anyRefunds, (order, tried) => {
        const refunds = taken(order, tried);
        const steps = [...refunds.keys(), refunds.length].map((count) =>
          entitledMinor(order, refunds.slice(0, count)),
        );
        for (const [index, line] of order.lines.entries()) {
          const ofLine = steps.map((entitled) => entitled[index]!);
          expect(ofLine).toEqual([...ofLine].sort((a, b) => a - b));
          expect(ofLine.at(-1)).toBeLessThanOrEqual(line.amountMinor);
        }
      }),
    );
  });

  test('is each line whole when the order is refunded whole, in whatever parts', () => {
    fc.assert(
      fc.property(anyOrder, anyRefunds, (order, tried) => {
        const refunds = taken(order, tried);
        const left = order.amountMinor - sum(refunds.map(({ amountMinor }) => amountMinor));
        const all = left > 0 ? [...refunds, ofOrder(left)] : refunds;
        expect(entitledMinor(order, all)).toEqual(order.lines.map(({ amountMinor }) => amountMinor));
      }),
    );
  });

  test('is each line of an item whole when the item is refunded by its price, in whatever parts', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 2_000 }), { maxLength: 6 }), (parts) => {
        const refunds = parts.reduce<OrderRefund[]>((earlier, part) => {
          const refund = ofItem('A', part);
          return refundProblem(twoItems, earlier, refund) ? earlier : [...earlier, refund];
        }, []);
        const left = 6_000 - sum(refunds.map(({ amountMinor }) => amountMinor));
        const all = left > 0 ? [...refunds, ofItem('A', left)] : refunds;
        expect(entitledMinor(twoItems, all)).toEqual([3_000, 1_999, 0, 0]);
      }),
    );
  });
});

describe('an order cannot be refunded', () => {
  test('by more than the buyer paid for it', () => {
    expect(refundProblem(twoItems, [], ofOrder(10_000))).toBeUndefined();
    expect(refundProblem(twoItems, [], ofOrder(10_001))).toBe('MORE_THAN_ORDER');
    expect(refundProblem(twoItems, [ofItem('A', 1)], ofOrder(10_000))).toBe('MORE_THAN_ORDER');
  });

  test('by more than the buyer paid for the item, what the order gave back of it counted', () => {
    expect(refundProblem(twoItems, [], ofItem('A', 6_001))).toBe('MORE_THAN_ITEM');
    expect(refundProblem(twoItems, [ofOrder(5_000)], ofItem('A', 3_000))).toBeUndefined();
    expect(refundProblem(twoItems, [ofOrder(5_000)], ofItem('A', 3_001))).toBe('MORE_THAN_ITEM');
  });

  test('by an item twice, or by one that it does not have', () => {
    expect(refundProblem(twoItems, [ofItem('A', 6_000)], ofItem('A', 1))).toBe('ITEM_REFUNDED');
    expect(refundProblem({ ...twoItems, priceMinor: {} }, [ofItem('A', 5)], ofItem('A', 5))).toBe(
      'ITEM_REFUNDED',
    );
    expect(refundProblem(twoItems, [], ofItem('C', 1))).toBe('ITEM_UNKNOWN');
  });

  test('in parts, where nobody has told the price: also of an item that is named like what every object has', () => {
    const order = {
      ...twoItems,
      lines: [{ orderDetailId: 'constructor', amountMinor: 3_000 }],
      priceMinor: {},
    };
    expect(refundProblem(order, [], ofItem('constructor', 1))).toBeUndefined();
    expect(entitledMinor(order, [ofItem('constructor', 1)])).toEqual([3_000]);
    expect(refundProblem(order, [ofItem('constructor', 1)], ofItem('constructor', 1))).toBe('ITEM_REFUNDED');
  });
});
