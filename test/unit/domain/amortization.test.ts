import fc from 'fast-check';
import { repaymentPlan, type RepaymentPlan } from '../../../domain/amortization';
import { dayCounts } from '../../../domain/day-count';
import { Exact } from '../../../domain/money';
import type { Method } from '../../../domain/product-terms';
import { anyDate, anyInstalmentCount, anyPrincipalMinor, anyRate, anyTerms } from './arbitraries';
import { exampleTerms } from './product-example';

type Loan = Parameters<typeof repaymentPlan>[0];

const anyAmounts = {
  principalMinor: anyPrincipalMinor,
  instalmentCount: anyInstalmentCount,
  startDate: anyDate,
};

/** Loans of every kind of product. */
const anyLoan: fc.Arbitrary<Loan> = fc.record({ ...anyAmounts, terms: anyTerms });

/** Equal instalments by 30/360 and whole months, for which the textbook has a formula. */
const anyTextbookLoan: fc.Arbitrary<Loan> = fc.record({
  ...anyAmounts,
  terms: anyRate.map((annualRate) => exampleTerms({ annualRate })),
});

const eachPlan = (check: (plan: RepaymentPlan, loan: Loan) => void, loans = anyLoan): void =>
  fc.assert(fc.property(loans, (loan) => check(repaymentPlan(loan), loan)));

const ofMethod = (...methods: Method[]): fc.Arbitrary<Loan> =>
  anyLoan.filter(({ terms }) => methods.includes(terms.method));

/** The interest on a balance from one day to another, by hand: rate × balance × part of the year, half-up. */
function interestMinor({ terms, startDate }: Loan, balanceMinor: number, from: string, to: string): number {
  const years = dayCounts[terms.dayCount](from, to, startDate);
  const unrounded = years.times(terms.annualRate).times(balanceMinor).toSignificantDigits(40);
  return unrounded.toDecimalPlaces(0).toNumber();
}

const knownPlan = repaymentPlan({
  principalMinor: 10_000,
  terms: exampleTerms(),
  instalmentCount: 6,
  startDate: '2024-01-01',
});

test('100.00 over 6 months at 9.4822 % is repaid in six payments of 17.13', () => {
  expect(knownPlan.instalments.map((each) => each.totalMinor)).toEqual([1713, 1713, 1713, 1713, 1713, 1713]);
});

test('100.00 over 6 months at 9.4822 % bears interest of .79 .66 .53 .40 .27 .13', () => {
  expect(knownPlan.instalments.map((each) => each.interestMinor)).toEqual([79, 66, 53, 40, 27, 13]);
});

test('a plan says what is paid when, and what it comes to', () => {
  expect(knownPlan.instalments[1]).toEqual({
    number: 2,
    periodStart: '2024-02-01',
    dueDate: '2024-03-01',
    principalMinor: 1647,
    interestMinor: 66,
    feeMinor: 0,
    totalMinor: 1713,
  });
  expect(knownPlan.totals).toEqual({
    principalMinor: 10_000,
    interestMinor: 278,
    feeMinor: 0,
    totalMinor: 10_278,
  });
});

// 1,200.00 over 3 months from 15 January 2024, 12 % a year. Worked out by hand; the days are 31, 29 and 31.
test.each([
  ['EQUAL_INSTALMENT', '30/360', [39_603, 39_999, 40_398], [1_200, 804, 404]],
  ['EQUAL_PRINCIPAL', '30/360', [40_000, 40_000, 40_000], [1_200, 800, 400]],
  ['EQUAL_PRINCIPAL', 'ACT/360', [40_000, 40_000, 40_000], [1_240, 773, 413]],
  ['INTEREST_FIRST', 'ACT/360', [0, 0, 120_000], [1_240, 1_160, 1_240]],
  ['INTEREST_FIRST', 'ACT/ACT-ISDA', [0, 0, 120_000], [1_220, 1_141, 1_220]],
  ['BULLET', '30/360', [120_000], [3_600]],
  ['BULLET', 'ACT/ACT-ISDA', [120_000], [3_580]],
  ['EQUAL_INSTALMENT', 'ACT/360', [39_572, 40_035, 40_393], [1_240, 777, 417]],
] as const)('a loan of 1,200.00 by %s and %s', (method, dayCount, principal, interest) => {
  const terms = exampleTerms({ method, dayCount, annualRate: '0.12' });
  const loan = { principalMinor: 120_000, terms, instalmentCount: 3, startDate: '2024-01-15' };
  const { instalments } = repaymentPlan(loan);
  expect(instalments.map((each) => each.principalMinor)).toEqual(principal);
  expect(instalments.map((each) => each.interestMinor)).toEqual(interest);
});

test('interest over New Year of a leap year is split: 17 days over 365 and 13 over 366', () => {
  const terms = exampleTerms({
    ...{ method: 'BULLET', dayCount: 'ACT/ACT-ISDA', annualRate: '0.12' },
    term: { unit: 'DAY', length: 30, counts: [1] },
  });
  const loan = { principalMinor: 100_000_000, terms, instalmentCount: 1, startDate: '2023-12-15' };
  // 12,000,000 × 17/365 = 558,904.11; 12,000,000 × 13/366 = 426,229.51
  expect(repaymentPlan(loan).totals.interestMinor).toBe(985_134);
});

test('periods of 14 days fall due every 14 days, whatever the months', () => {
  const terms = exampleTerms({ term: { unit: 'DAY', length: 14, counts: [4] } });
  const loan = { principalMinor: 10_000, terms, instalmentCount: 4, startDate: '2024-01-31' };
  const dueDates = repaymentPlan(loan).instalments.map((each) => each.dueDate);
  expect(dueDates).toEqual(['2024-02-14', '2024-02-28', '2024-03-13', '2024-03-27']);
});

test('where a long month bears more interest than the level payment, it pays its interest alone', () => {
  const terms = exampleTerms({ annualRate: '0.99', dayCount: 'ACT/360' });
  const loan = { principalMinor: 1_000_000, terms, instalmentCount: 120, startDate: '2024-01-01' };
  expect(repaymentPlan(loan).instalments[0]).toMatchObject({ principalMinor: 0, interestMinor: 85_250 });
});

test('a loan from the 31st is due on the last day of shorter months and on the 31st of longer ones', () => {
  const loan = { principalMinor: 10_000, terms: exampleTerms(), instalmentCount: 4, startDate: '2023-12-31' };
  const dueDates = repaymentPlan(loan).instalments.map((each) => each.dueDate);
  expect(dueDates).toEqual(['2024-01-31', '2024-02-29', '2024-03-31', '2024-04-30']);
});

test('a loan of one instalment pays everything with one period of interest', () => {
  const loan = { principalMinor: 1_200_000, terms: exampleTerms({ annualRate: '0.12' }), instalmentCount: 1 };
  expect(repaymentPlan({ ...loan, startDate: '2024-02-29' }).totals.totalMinor).toBe(1_212_000);
});

test('a loan too small for its rounded-up payment is repaid early', () => {
  const loan = { principalMinor: 7, terms: exampleTerms({ annualRate: '0' }), instalmentCount: 12 };
  const paid = repaymentPlan({ ...loan, startDate: '2024-01-01' }).instalments.map((each) => each.totalMinor);
  expect(paid).toEqual([1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0]);
});

test('a loan too small for any payment is repaid at the end', () => {
  const loan = { principalMinor: 1, terms: exampleTerms(), instalmentCount: 12, startDate: '2024-01-01' };
  const paid = repaymentPlan(loan).instalments.map((each) => each.totalMinor);
  expect(paid).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
});

test.each([0, -1, 0.5, NaN])('a principal of %d is refused', (principalMinor) => {
  const loan = { principalMinor, terms: exampleTerms(), instalmentCount: 6, startDate: '2024-01-01' };
  expect(() => repaymentPlan(loan)).toThrow('The principal must be');
});

test.each([0, -1, 1.5])('%d instalments are refused', (instalmentCount) => {
  const loan = { principalMinor: 10_000, terms: exampleTerms(), instalmentCount, startDate: '2024-01-01' };
  expect(() => repaymentPlan(loan)).toThrow('The number of instalments must be');
});

test('principal parts sum to the principal exactly', () => {
  eachPlan((plan, loan) => {
    const sum = plan.instalments.reduce((total, each) => total + BigInt(each.principalMinor), 0n);
    expect(sum).toBe(BigInt(loan.principalMinor));
  });
});

test('no part of an instalment is negative', () => {
  eachPlan(({ instalments }) => {
    const parts = instalments.flatMap((each) => [each.principalMinor, each.interestMinor, each.feeMinor]);
    expect(Math.min(...parts)).toBeGreaterThanOrEqual(0);
  });
});

test('the parts of an instalment sum to its total, and the instalments to the totals', () => {
  eachPlan(({ instalments, totals }) => {
    for (const each of instalments) {
      expect(each.totalMinor).toBe(each.principalMinor + each.interestMinor + each.feeMinor);
    }
    expect(totals.totalMinor).toBe(instalments.reduce((sum, each) => sum + each.totalMinor, 0));
    expect(totals.totalMinor).toBe(totals.principalMinor + totals.interestMinor + totals.feeMinor);
  });
});

test('interest of each period is the rate on the balance for its days, rounded half-up', () => {
  eachPlan(({ instalments }, loan) => {
    let balanceMinor = loan.principalMinor;
    for (const each of instalments) {
      expect(each.interestMinor).toBe(interestMinor(loan, balanceMinor, each.periodStart, each.dueDate));
      balanceMinor -= each.principalMinor;
    }
  });
});

test('the balance never grows and falls to zero exactly', () => {
  eachPlan(({ instalments }, { principalMinor }) => {
    const balances = instalments.map((_, index) =>
      instalments.slice(0, index + 1).reduce((left, each) => left - each.principalMinor, principalMinor),
    );
    expect(balances.at(-1)).toBe(0);
    expect(balances).toEqual([...balances].sort((one, other) => other - one));
  });
});

test('interest of each period is a twelfth of the annual rate on the balance, rounded half-up', () => {
  eachPlan(({ instalments }, { principalMinor, terms }) => {
    // Twelve million is twelve months times the millionths that the rates of these loans are given in.
    const rateMillionths = BigInt(Math.round(Number(terms.annualRate) * 1_000_000));
    let balance = BigInt(principalMinor);
    for (const each of instalments) {
      expect(BigInt(each.interestMinor)).toBe((balance * rateMillionths + 6_000_000n) / 12_000_000n);
      balance -= BigInt(each.principalMinor);
    }
  }, anyTextbookLoan);
});

test('each period starts on the due date before it, and due dates strictly increase', () => {
  eachPlan(({ instalments }, { startDate }) => {
    let previousDate = startDate;
    for (const each of instalments) {
      expect(each.periodStart).toBe(previousDate);
      expect(each.dueDate > previousDate).toBe(true);
      previousDate = each.dueDate;
    }
  });
});

test('instalments are numbered from 1, one for each period, and a bullet loan has one', () => {
  eachPlan(({ instalments }, { instalmentCount, terms }) => {
    const length = terms.method === 'BULLET' ? 1 : instalmentCount;
    const numbers = Array.from({ length }, (_, index) => index + 1);
    expect(instalments.map((each) => each.number)).toEqual(numbers);
  });
});

test('all methods end on the same day', () => {
  eachPlan(({ instalments }, loan) => {
    const terms = { ...loan.terms, method: 'BULLET' } as const;
    expect(instalments.at(-1)!.dueDate).toBe(repaymentPlan({ ...loan, terms }).instalments[0]!.dueDate);
  });
});

test('equal principal: all parts but the last are the same, and the last is less than a minor unit a period more', () => {
  eachPlan(({ instalments }, { principalMinor }) => {
    const partMinor = Math.floor(principalMinor / instalments.length);
    const parts = instalments.map((each) => each.principalMinor);
    expect(new Set(parts.slice(0, -1)).size).toBeLessThanOrEqual(1);
    for (const part of parts.slice(0, -1)) expect(part).toBe(partMinor);
    expect(parts.at(-1)! - partMinor).toBeLessThan(instalments.length);
  }, ofMethod('EQUAL_PRINCIPAL'));
});

test('interest first: the principal comes back whole with the last instalment', () => {
  eachPlan(({ instalments }, { principalMinor }) => {
    const parts = instalments.map((each) => each.principalMinor);
    expect(parts).toEqual([...parts.slice(0, -1).map(() => 0), principalMinor]);
  }, ofMethod('INTEREST_FIRST'));
});

test('interest first and bullet differ by no more than the rounding of each period', () => {
  eachPlan(({ instalments, totals }, loan) => {
    const { totals: bullet } = repaymentPlan({ ...loan, terms: { ...loan.terms, method: 'BULLET' } });
    const differenceMinor = Math.abs(totals.interestMinor - bullet.interestMinor);
    expect(differenceMinor).toBeLessThanOrEqual((instalments.length + 1) / 2);
  }, ofMethod('INTEREST_FIRST'));
});

test('a bullet loan bears simple interest from its first day to its last', () => {
  eachPlan(({ instalments: [only] }, loan) => {
    const { principalMinor, startDate } = loan;
    expect(only!.interestMinor).toBe(interestMinor(loan, principalMinor, startDate, only!.dueDate));
  }, ofMethod('BULLET'));
});

/** The textbook formula P·i / (1 − (1+i)^−n), against which the code's sum of discount factors is held. */
function levelPaymentMinor({ principalMinor, terms, instalmentCount }: Loan): number {
  const rate = new Exact(terms.annualRate).div(12);
  const unrounded = rate.isZero()
    ? new Exact(principalMinor).div(instalmentCount)
    : rate.times(principalMinor).div(new Exact(1).minus(rate.plus(1).pow(-instalmentCount)));
  return unrounded.toSignificantDigits(40).toDecimalPlaces(0).toNumber();
}

test('all payments but the last are the level payment until the balance is repaid', () => {
  eachPlan(({ instalments }, loan) => {
    const levelMinor = levelPaymentMinor(loan);
    let balanceMinor = loan.principalMinor;
    for (const each of instalments.slice(0, -1)) {
      const owedMinor = balanceMinor + each.interestMinor;
      expect(each.principalMinor + each.interestMinor).toBe(Math.min(levelMinor, owedMinor));
      balanceMinor -= each.principalMinor;
    }
  }, anyTextbookLoan);
});

// Rounding the level payment misses by at most a half in each period, and so does rounding the interest; with
// interest on what was missed this is what one minor unit a period grows to: ((1+i)^n − 1) / i.
test('the last payment differs from the level one by at most a minor unit a period, with interest', () => {
  eachPlan(({ instalments }, loan) => {
    const rate = Number(loan.terms.annualRate) / 12;
    const boundMinor = rate === 0 ? instalments.length : ((1 + rate) ** instalments.length - 1) / rate;
    const { principalMinor, interestMinor } = instalments.at(-1)!;
    const differenceMinor = Math.abs(principalMinor + interestMinor - levelPaymentMinor(loan));
    expect(differenceMinor).toBeLessThanOrEqual(boundMinor + 1e-6);
  }, anyTextbookLoan);
});
