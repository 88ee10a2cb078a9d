import fc from 'fast-check';
import { repaymentPlan } from '../../../domain/amortization';
import { addDays, addMonths } from '../../../domain/calendar';
import { costCaps } from '../../../domain/cost-cap-table';
import { chargeAllowedMinor, costCapProblems, type LoanCost } from '../../../domain/cost-caps';
import type { FeeTerms, ProductTerms } from '../../../domain/product-terms';
import { anyDate, anyPrincipalMinor } from './arbitraries';
import { exampleTerms } from './product-example';

const onDate = '2026-01-15';
const fixedFee = (amountMinor: number, timing: FeeTerms['timing'] = 'PER_INSTALMENT'): FeeTerms => ({
  code: 'SERVICE',
  timing,
  basis: { kind: 'FIXED', amountMinor },
});
const chinese = exampleTerms;
const indonesian = (changes: Partial<ProductTerms>): ProductTerms =>
  exampleTerms({
    currency: 'IDR',
    amount: { minMinor: 1_000_000, maxMinor: 20_000_000, stepMinor: 100_000 },
    term: { unit: 'DAY', length: 30, counts: [1] },
    annualRate: '0.12',
    dayCount: 'ACT/360',
    method: 'BULLET',
    penalty: { annualRate: '0.36', dayCount: 'ACT/ACT-ISDA' },
    ...changes,
  });

const loan = (changes: Partial<LoanCost> = {}): LoanCost => ({
  principalMinor: 1_000_000,
  payoutMinor: 1_000_000,
  chargedMinor: 0,
  payments: [],
  startDate: '2026-01-15',
  endDate: '2026-02-14',
  periodUnit: 'DAY',
  ...changes,
});

test('every cap has a source and at least one limit, and versions stand in order', () => {
  for (const caps of Object.values(costCaps)) {
    const dates = caps.map((cap) => cap.validFrom);
    expect(dates).toEqual([...new Set(dates)].sort());
    for (const cap of caps) {
      expect(cap.source).not.toBe('');
      expect([cap.annualRate, cap.dailyRates, cap.totalShare].some(Boolean)).toBe(true);
    }
  }
});

test('a market without a cap publishes nothing', () => {
  expect(costCapProblems('XX', exampleTerms(), onDate)).toEqual([
    expect.stringContaining('No cost cap of market XX'),
  ]);
});

test('a day before the first cap publishes nothing', () => {
  expect(costCapProblems('ID', indonesian({}), '2023-12-31')).toHaveLength(1);
});

test.each(['EQUAL_INSTALMENT', 'EQUAL_PRINCIPAL', 'INTEREST_FIRST', 'BULLET'] as const)(
  'in China 24 %% a year by 30/360 and %s is allowed, and 24.1 %% is not',
  (method) => {
    const at = (annualRate: string): string[] =>
      costCapProblems('CN', chinese({ method, annualRate }), onDate);
    expect(at('0.24')).toEqual([]);
    expect(at('0.241')).toEqual([expect.stringContaining('more than 24 % a year')]);
  },
);

test('24 % by ACT/360 is more than 24 % a year', () => {
  const terms = chinese({ annualRate: '0.24', dayCount: 'ACT/360' });
  expect(costCapProblems('CN', terms, onDate)).toEqual([expect.stringContaining('more than 24 % a year')]);
});

test('a fee counts with the interest, and weighs most on the smallest loan', () => {
  const terms = chinese({ annualRate: '0.18', fees: [fixedFee(2_000)] });
  expect(costCapProblems('CN', terms, onDate)).toEqual([expect.stringContaining('CNY 500.00 from')]);
  expect(costCapProblems('CN', { ...terms, fees: [fixedFee(100)] }, onDate)).toEqual([]);
});

test('a penalty may not pass the cap on any day', () => {
  const penalty = { annualRate: '0.24', dayCount: 'ACT/360' } as const;
  expect(costCapProblems('CN', chinese({ penalty }), onDate)).toEqual([
    'a penalty of 24 % a year by ACT/360 is more than 24 % a year (法发〔2017〕22号, 金规〔2025〕9号)',
  ]);
  const yearSplit = { annualRate: '0.24', dayCount: 'ACT/ACT-ISDA' } as const;
  expect(costCapProblems('CN', chinese({ penalty: yearSplit }), onDate)).toEqual([]);
});

// 30 days at 12 % by ACT/360 are 10,000 of 1,000,000; the cap of 2026 is 30 × 0.1 % = 30,000.
test('in Indonesia interest and deducted fees together stay within the daily rate', () => {
  const fees = (amountMinor: number): string[] =>
    costCapProblems('ID', indonesian({ fees: [fixedFee(amountMinor, 'DEDUCTED')] }), onDate);
  expect(fees(20_000)).toEqual([]);
  expect(fees(21_000)).toEqual([expect.stringContaining('cost IDR 1,000 more than 0.1 % a day')]);
});

test('the cap is the one in force on the day of publication', () => {
  const terms = indonesian({ fees: [fixedFee(80_000, 'DEDUCTED')] });
  expect(costCapProblems('ID', terms, '2024-06-01')).toEqual([]);
  expect(costCapProblems('ID', terms, '2025-06-01')).toEqual([]);
  expect(costCapProblems('ID', terms, '2026-06-01')).not.toEqual([]);
});

const months = (count: number): ProductTerms['term'] => ({ unit: 'MONTH', length: 1, counts: [count] });

test('in 2025 Indonesia allows 0.3 % a day up to six months and 0.2 % beyond', () => {
  // 91.25 % a year is 0.25 % a day.
  const rate = { annualRate: '0.9125', dayCount: 'ACT/ACT-ISDA' } as const;
  const of = (count: number): string[] =>
    costCapProblems('ID', indonesian({ ...rate, term: months(count) }), '2025-06-01');
  expect(of(6)).toEqual([]);
  expect(of(7)).toEqual([expect.stringContaining('0.2 % a day')]);
});

test('in Indonesia a loan may not cost more than its principal', () => {
  const terms = indonesian({ annualRate: '0.36', term: months(36) });
  expect(costCapProblems('ID', terms, onDate)).toEqual([expect.stringContaining('100 % of the principal')]);
});

/** The nominal yearly rate of return (monthly × 12) by bisection on floating-point numbers. */
function annualReturn(payoutMinor: number, payments: number[]): number {
  const value = (rate: number): number =>
    payments.reduce((sum, payment, index) => sum + payment / (1 + rate / 12) ** (index + 1), -payoutMinor);
  let [low, high] = [-1, 100];
  for (let step = 0; step < 200; step += 1) {
    const middle = (low + high) / 2;
    if (value(middle) > 0) low = middle;
    else high = middle;
  }
  return low;
}

test('China: a product passes just when the internal rate of return of its plans, monthly × 12, is within 24 %', () => {
  const anyProduct = fc.record({
    method: fc.constantFrom('EQUAL_INSTALMENT', 'EQUAL_PRINCIPAL', 'INTEREST_FIRST'),
    annualRate: fc.integer({ min: 0, max: 300 }).map((thousandths) => (thousandths / 1000).toFixed(3)),
    feeMinor: fc.integer({ min: 1, max: 200_000 }),
    count: fc.integer({ min: 1, max: 24 }),
  });
  fc.assert(
    fc.property(anyProduct, ({ method, annualRate, feeMinor, count }) => {
      const principalMinor = 100_000_000;
      const terms = chinese({
        ...{ method, annualRate, fees: [fixedFee(feeMinor)] },
        amount: { minMinor: principalMinor, maxMinor: principalMinor, stepMinor: 1 },
        term: months(count),
      });
      const plan = { principalMinor, terms, instalmentCount: count, startDate: '2024-01-01' };
      const payments = repaymentPlan(plan).instalments.map((each) => each.totalMinor);
      const rate = annualReturn(principalMinor, payments);
      fc.pre(Math.abs(rate - 0.24) > 1e-5);
      expect(costCapProblems('CN', terms, onDate).length).toBe(rate > 0.24 ? 1 : 0);
    }),
    { numRuns: 50 },
  );
});

test.each([
  ['2024-06-01', 90_000],
  ['2025-06-01', 90_000],
  ['2026-06-01', 30_000],
])('a loan of 30 days made on %s in Indonesia may be charged %d on 1,000,000', (startDate, allowedMinor) => {
  const endDate = addDays(startDate, 30);
  expect(chargeAllowedMinor('ID', loan({ startDate, endDate }), startDate)).toBe(allowedMinor);
});

test('a cap that came later does not reach back', () => {
  const old = loan({ startDate: '2024-06-01', endDate: '2024-07-01' });
  expect(chargeAllowedMinor('ID', old, '2026-01-01')).toBe(1_000_000);
});

test('each day that a loan is overdue allows a further day of the cap', () => {
  expect(chargeAllowedMinor('ID', loan({ chargedMinor: 30_000 }), '2026-02-24')).toBe(10_000);
});

test('deducted fees count as charged', () => {
  expect(chargeAllowedMinor('ID', loan({ payoutMinor: 980_000, chargedMinor: 5_000 }), '2026-01-15')).toBe(
    5_000,
  );
});

test('in China 1,000.00 may be charged 240.00 for a year, by months and by days', () => {
  const owed = { principalMinor: 100_000, payoutMinor: 100_000, endDate: '2027-01-15' };
  expect(chargeAllowedMinor('CN', loan({ ...owed, periodUnit: 'MONTH' }), '2027-01-15')).toBe(24_000);
  expect(chargeAllowedMinor('CN', loan({ ...owed, periodUnit: 'DAY' }), '2027-01-15')).toBe(24_000);
});

test('what has been repaid bears no further charge', () => {
  const half = { principalMinor: 100_000, payoutMinor: 100_000, periodUnit: 'MONTH' } as const;
  const payments = [{ date: '2026-07-15', amountMinor: 50_000 + 12_000 }];
  const cost = loan({ ...half, payments, chargedMinor: 12_000 });
  expect(chargeAllowedMinor('CN', cost, '2027-01-15')).toBe(6_000);
});

test('payments out of order are refused', () => {
  const payments = ['2026-03-01', '2026-02-01'].map((date) => ({ date, amountMinor: 1 }));
  expect(() => chargeAllowedMinor('CN', loan({ payments }), '2026-04-01')).toThrow('in the order of days');
});

test('a day after a payment is not asked before it', () => {
  const payments = [{ date: '2026-03-01', amountMinor: 1 }];
  expect(() => chargeAllowedMinor('CN', loan({ payments }), '2026-02-01')).toThrow('in the order of days');
});

test('a loan that was made before any cap is refused', () => {
  expect(() => chargeAllowedMinor('ID', loan({ startDate: '2020-01-01' }), '2026-02-01')).toThrow(
    'No cost cap',
  );
});

const anyCost: fc.Arbitrary<LoanCost> = fc
  .record({
    principalMinor: anyPrincipalMinor,
    deductedShare: fc.integer({ min: 0, max: 30 }),
    chargedShare: fc.integer({ min: 0, max: 150 }),
    startDate: anyDate.filter((date) => date >= '2024-01-01'),
    months: fc.integer({ min: 1, max: 36 }),
    periodUnit: fc.constantFrom('MONTH', 'DAY'),
  })
  .map(({ principalMinor, deductedShare, chargedShare, startDate, months, periodUnit }) => ({
    ...{ principalMinor, startDate, periodUnit, payments: [] },
    payoutMinor: principalMinor - Math.floor((principalMinor * deductedShare) / 100),
    chargedMinor: Math.floor((principalMinor * chargedShare) / 100),
    endDate: addMonths(startDate, months),
  }));
const anyMarket = fc.constantFrom('CN', 'ID');
const anyDays = fc.integer({ min: 0, max: 2_000 });

test('what may be charged is a whole amount and never negative', () => {
  fc.assert(
    fc.property(anyMarket, anyCost, anyDays, (market, cost, days) => {
      const allowedMinor = chargeAllowedMinor(market, cost, addDays(cost.startDate, days));
      expect(Number.isSafeInteger(allowedMinor) && allowedMinor >= 0).toBe(true);
    }),
  );
});

test('once what may be charged is charged, nothing more may be on that day', () => {
  fc.assert(
    fc.property(anyMarket, anyCost, anyDays, (market, cost, days) => {
      const date = addDays(cost.startDate, days);
      const chargedMinor = cost.chargedMinor + chargeAllowedMinor(market, cost, date);
      expect(chargeAllowedMinor(market, { ...cost, chargedMinor }, date)).toBe(0);
    }),
  );
});

test('a later day never allows less while nothing is paid', () => {
  fc.assert(
    fc.property(anyMarket, anyCost, anyDays, anyDays, (market, cost, days, more) => {
      const [date, later] = [addDays(cost.startDate, days), addDays(cost.startDate, days + more)];
      const allowedLater = chargeAllowedMinor(market, cost, later);
      expect(allowedLater).toBeGreaterThanOrEqual(chargeAllowedMinor(market, cost, date));
    }),
  );
});

test('however long an Indonesian loan is overdue, it never costs more than its principal', () => {
  fc.assert(
    fc.property(anyCost, fc.array(anyDays, { maxLength: 5 }), (cost, waits) => {
      const deductedMinor = cost.principalMinor - cost.payoutMinor;
      let [chargedMinor, date] = [0, cost.startDate];
      for (const days of waits) {
        date = addDays(date, days);
        chargedMinor += chargeAllowedMinor('ID', { ...cost, chargedMinor }, date);
      }
      expect(chargedMinor + deductedMinor).toBeLessThanOrEqual(cost.principalMinor);
    }),
  );
});
