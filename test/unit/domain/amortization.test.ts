import fc from 'fast-check';
import { repaymentPlan, type RepaymentPlan } from '../../../domain/amortization';
import { Exact } from '../../../domain/money';
import { anyDate, anyInstalmentCount, anyPrincipalMinor, anyRate } from './arbitraries';
import { exampleTerms } from './product-example';

type Loan = Parameters<typeof repaymentPlan>[0];

const anyLoan: fc.Arbitrary<Loan> = fc
  .record({
    principalMinor: anyPrincipalMinor,
    annualRate: anyRate,
    instalmentCount: anyInstalmentCount,
    startDate: anyDate,
    feeRate: anyRate,
  })
  .map(({ annualRate, feeRate, ...loan }) => {
    const fee = {
      code: 'SERVICE',
      timing: 'PER_INSTALMENT',
      basis: { kind: 'PERCENTAGE', rate: feeRate },
    } as const;
    return { ...loan, terms: exampleTerms({ annualRate, fees: [fee] }) };
  });

const eachPlan = (check: (plan: RepaymentPlan, loan: Loan) => void): void =>
  fc.assert(fc.property(anyLoan, (loan) => check(repaymentPlan(loan), loan)));

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

test('interest of each period is a twelfth of the annual rate on the balance, rounded half-up', () => {
  eachPlan(({ instalments }, { principalMinor, terms }) => {
    // Twelve million is twelve months times the millionths that the rates of these loans are given in.
    const rateMillionths = BigInt(Math.round(Number(terms.annualRate) * 1_000_000));
    let balance = BigInt(principalMinor);
    for (const each of instalments) {
      expect(BigInt(each.interestMinor)).toBe((balance * rateMillionths + 6_000_000n) / 12_000_000n);
      balance -= BigInt(each.principalMinor);
    }
    expect(balance).toBe(0n);
  });
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

test('instalments are numbered from 1, one for each period', () => {
  eachPlan(({ instalments }, { instalmentCount }) => {
    const numbers = Array.from({ length: instalmentCount }, (_, index) => index + 1);
    expect(instalments.map((each) => each.number)).toEqual(numbers);
  });
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
  });
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
  });
});
