import { mallOrderProblem } from '../../../../domain/debt-resolution/mall-order';
import type { Money } from '../../../../domain/money';

const cny = (amountMinor: number): Money => ({ currency: 'CNY', amountMinor });
const line = (amountMinor: number, subMerNo?: string) => ({
  ...{ ledgerId: 'D-31', amount: cny(amountMinor), ...(subMerNo !== undefined && { subMerNo }) },
});
const order = { amount: cny(10_000), lines: [line(5_000), line(3_000)] };
const divided = { settled: cny(9_940), details: [{ subMerNo: 'D-31' }] };
const price = (amountMinor: number) => ({ orderDetailId: '10001', price: cny(amountMinor) });

test.each([
  ['less than the order', order],
  ['all of the order', { ...order, lines: [line(10_000)] }],
  ['nothing', { ...order, lines: [] }],
  ['all that Yeepay left of it, before', { ...order, lines: [line(9_940)], divided }],
  ['less, of priced items', { ...order, items: [price(4_000), price(6_000)] }],
])('an order is taken of which is divided: %s', (_what, taken) => {
  expect(mallOrderProblem(taken, 'CNY')).toBeUndefined();
});

test.each([
  ['the order in another currency', { ...order, amount: { currency: 'IDR', amountMinor: 10_000 } }],
  ['a line', { ...order, lines: [{ ledgerId: 'D-31', amount: { currency: 'IDR', amountMinor: 1 } }] }],
  [
    'what was left of it',
    { ...order, divided: { ...divided, settled: { currency: 'IDR', amountMinor: 1 } } },
  ],
] as const)('one currency is for all: not for %s', (_what, refused) => {
  expect(mallOrderProblem(refused, 'CNY')).toBe('WRONG_CURRENCY');
});

test.each([
  ['its lines', { ...order, lines: [line(5_000), line(5_001)] }],
  ['its items', { ...order, items: [price(4_000), price(6_001)] }],
  ['what was left of it', { ...order, divided: { ...divided, settled: cny(10_001) } }],
  ['its lines, beyond all safe numbers', { ...order, lines: [line(2 ** 53 - 1), line(2 ** 53 - 1)] }],
])('an order is refused that is less than %s', (_what, refused) => {
  expect(mallOrderProblem(refused, 'CNY')).toBe('MORE_THAN_ORDER');
});

test('more cannot have been divided than Yeepay left of the order', () => {
  expect(mallOrderProblem({ ...order, lines: [line(9_941)], divided }, 'CNY')).toBe('MORE_THAN_ORDER');
});

test('of an order that was divided, every receiver is known by what it got', () => {
  const other = { ...order, lines: [line(5_000), line(3_000, '10090000031')], divided };
  expect(mallOrderProblem(other, 'CNY')).toBe('INCOMPLETE_IMPORT');
});
