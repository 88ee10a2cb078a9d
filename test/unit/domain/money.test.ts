import fc from 'fast-check';
import { Exact, formatMoney, money, moneyIn, roundHalfUp, sumMinor } from '../../../domain/money';

const amount = fc.maxSafeInteger();

test.each([
  [money('CNY', 10_000), 'CNY 100.00'],
  [money('CNY', 5), 'CNY 0.05'],
  [money('CNY', -123_456_789), 'CNY -1,234,567.89'],
  [money('IDR', 5_000_000), 'IDR 5,000,000'],
  [money('IDR', 0), 'IDR 0'],
  [money('IDR', Number.MAX_SAFE_INTEGER), 'IDR 9,007,199,254,740,991'],
])('%o is written as %s', (value, text) => {
  expect(formatMoney(value)).toBe(text);
});

test('a written amount has the digits of its minor units and no others', () => {
  fc.assert(
    fc.property(amount, (amountMinor) => {
      const digits = formatMoney(money('CNY', amountMinor)).replace(/[^0-9]/g, '');
      expect(BigInt(digits)).toBe(BigInt(Math.abs(amountMinor)));
    }),
  );
});

test.each([0.5, NaN, Infinity, Number.MAX_SAFE_INTEGER + 1])('%d is refused as an amount', (amountMinor) => {
  expect(() => money('CNY', amountMinor)).toThrow(RangeError);
});

test('negative zero becomes zero', () => {
  expect(Object.is(money('CNY', -0).amountMinor, 0)).toBe(true);
});

test.each([
  ['0.4999999999999999', 0],
  ['0.5', 1],
  ['1.5', 2],
  ['2.5', 3],
  ['-0.4', 0],
  ['-0.5', -1],
  ['-2.5', -3],
])('%s rounds to %d', (unrounded, rounded) => {
  expect(roundHalfUp(new Exact(unrounded))).toBe(rounded);
});

test('a half that a division left just below itself is still a half', () => {
  expect(roundHalfUp(new Exact('2.5').minus('1e-60'))).toBe(3);
});

test('rounding mirrors at zero', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 10_000 }), (numerator, denominator) => {
      const unrounded = new Exact(numerator).div(denominator);
      expect(roundHalfUp(unrounded.neg()) + roundHalfUp(unrounded)).toBe(0);
    }),
  );
});

test('a rounded amount beyond the safe integers is refused', () => {
  expect(() => roundHalfUp(new Exact(2).pow(53))).toThrow(RangeError);
});

test('a sum beyond the safe integers is refused', () => {
  expect(() => sumMinor([Number.MAX_SAFE_INTEGER, 1])).toThrow(RangeError);
});

test('no amounts sum to zero', () => {
  expect(sumMinor([])).toBe(0);
});

describe('reading an amount that others wrote', () => {
  test.each([
    ['30.00', 3_000],
    ['30.1', 3_010],
    ['30', 3_000],
    ['0.07', 7],
    ['1.15', 115],
    ['90071992547409.91', Number.MAX_SAFE_INTEGER],
  ])('%s is %d fen, exactly', (written, amountMinor) => {
    expect(moneyIn('CNY', written)).toEqual({ currency: 'CNY', amountMinor });
  });

  test.each(['30.001', '-1.00', '1,000.00', '1e3', '.5', '5.', '', ' 1', '١'])('%j is none', (written) => {
    expect(moneyIn('CNY', written)).toBeUndefined();
  });

  test('has no more decimals than its currency', () => {
    expect([moneyIn('IDR', '5000'), moneyIn('IDR', '5000.0')]).toEqual([money('IDR', 5_000), undefined]);
  });
});
