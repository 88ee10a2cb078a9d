import {
  leftOf,
  plannedMonths,
  referenceOrder,
  refund,
  refusalOf,
  rollBack,
  settle,
  type ReferenceDebtor,
  type ReferenceLine,
} from '../support/reference-mall-order';

// The model of malls' orders, against sums done by hand.

const line = (amountMinor: number, more: Partial<ReferenceLine> = {}): ReferenceLine => ({
  ...{ receiver: 'D1', debtor: 'M1', item: undefined, amountMinor, ...more },
});
const orderOf = (lines: ReferenceLine[], priceMinor: Record<string, number> = {}) =>
  referenceOrder(10_000, lines, priceMinor);
const ofOrder = (amountMinor: number) => ({ item: undefined, amountMinor });
const ofItem = (item: string, amountMinor: number) => ({ item, amountMinor });

function debtorOf(...totals: number[]) {
  const contracts = totals.map((totalMinor, index) => ({
    ...{ contractId: `C${index + 1}`, totalMinor, settledMinor: 0 },
  }));
  const debtor: ReferenceDebtor = { contracts, payableMinor: 0 };
  const settled = () => contracts.map(({ settledMinor }) => settledMinor);
  return { debtor, settled, debtors: new Map([['M1', debtor]]) };
}

test('the known result: 100.00 with 30.00 of a debtor, refunded by 50.00 before the settlement and by 10.00 after it', () => {
  const { debtors, settled } = debtorOf(10_000);
  const order = orderOf([line(3_000)]);
  order.isDivided = true;
  refund(order, 'R1', ofOrder(5_000));
  settle(order, debtors);
  expect(settled()).toEqual([1_500]);
  refund(order, 'R2', ofOrder(1_000));
  expect(settled()).toEqual([1_500]);
  rollBack(order, 'R2', debtors);
  expect(settled()).toEqual([1_200]);
  expect(order.lines[0]).toMatchObject({ leftOutMinor: 0, returnedMinor: 1_800, rolledBackMinor: 300 });
});

test('what is refunded before the divide is left out of it', () => {
  const order = orderOf([line(3_001)]);
  refund(order, 'R1', ofOrder(5_000));
  // 15.005 goes up.
  expect(order.lines[0]).toMatchObject({ leftOutMinor: 1_501, returnedMinor: 0 });
  expect(leftOf(order.lines[0]!)).toBe(1_500);
});

test('an item is refunded by its price, and whole where nobody told it; the order by what is left of it', () => {
  const order = orderOf([line(1_000, { item: 'A' }), line(900, { item: 'B' }), line(600)], { A: 4_000 });
  refund(order, 'R1', ofItem('A', 1_000));
  expect(order.lines.map(leftOf)).toEqual([750, 900, 600]);
  refund(order, 'R2', ofItem('B', 1));
  expect(order.lines.map(leftOf)).toEqual([750, 0, 600]);
  // Of 89.99 a third, 29.99666…: it is 30.00, and 750 × (1 − 3000/8999) = 499.97…
  refund(order, 'R3', ofOrder(3_000));
  expect(order.lines.map(leftOf)).toEqual([500, 0, 400]);
  refund(order, 'R4', ofOrder(5_999));
  expect(order.lines.map(leftOf)).toEqual([0, 0, 0]);
});

test('an order is not refunded by more than it has', () => {
  const order = orderOf([line(1_000, { item: 'A' }), line(1_000, { item: 'B' })], { A: 4_000 });
  expect(refusalOf(order, ofOrder(10_001))).toBe('MORE_THAN_ORDER');
  expect(refusalOf(order, ofItem('C', 1))).toBe('ITEM_UNKNOWN');
  expect(refusalOf(order, ofItem('A', 4_001))).toBe('MORE_THAN_ITEM');
  expect(refusalOf(order, ofItem('B', 9_000))).toBeUndefined();
  refund(order, 'R1', ofItem('A', 4_000));
  expect(refusalOf(order, ofItem('A', 1))).toBe('ITEM_REFUNDED');
});

test('the contract settled last is owed again first, and of what exceeded the debts its part', () => {
  const { debtor, debtors, settled } = debtorOf(1_000, 500);
  const order = orderOf([line(2_000)]);
  order.isDivided = true;
  settle(order, debtors);
  expect([settled(), debtor.payableMinor]).toEqual([[1_000, 500], 500]);
  refund(order, 'R1', ofOrder(2_000));
  rollBack(order, 'R1', debtors);
  expect([settled(), debtor.payableMinor]).toEqual([[1_000, 200], 400]);
  refund(order, 'R2', ofOrder(4_000));
  rollBack(order, 'R2', debtors);
  expect([settled(), debtor.payableMinor]).toEqual([[600, 0], 200]);
});

test('one order settles what another has left, and rolls back its own', () => {
  const { debtors, settled } = debtorOf(1_000, 1_000);
  const [one, other] = [orderOf([line(1_200)]), orderOf([line(300)])];
  one.isDivided = other.isDivided = true;
  settle(one, debtors);
  settle(other, debtors);
  expect(settled()).toEqual([1_000, 500]);
  refund(one, 'R1', ofOrder(10_000));
  rollBack(one, 'R1', debtors);
  expect(settled()).toEqual([0, 300]);
});

test('a supplier settles nothing, and gives back its part', () => {
  const { debtors, settled } = debtorOf(1_000);
  const order = orderOf([line(2_000, { debtor: undefined })]);
  order.isDivided = true;
  settle(order, debtors);
  refund(order, 'R1', ofOrder(5_000));
  expect([settled(), order.toRollBack.size, order.lines[0]!.returnedMinor]).toEqual([[0], 0, 1_000]);
});

test('a plan is filled month by month', () => {
  expect(plannedMonths([300, 300, 400], 450)).toEqual([300, 150, 0]);
});
