import { money } from '../../../domain/money';
import {
  amountProblem,
  checkProductTerms,
  termProblem,
  type ExtensionTerms,
  type FeeTerms,
  type ProductTerms,
} from '../../../domain/product-terms';
import type { ProductTerms as ContractTerms } from '../../../schemas/generated/messages';
import contract from '../../../schemas/common/product-terms.json';
import { exampleTerms, oldestFirst } from './product-example';

const china = { id: 'CN', currency: 'CNY' } as const;
const indonesia = { id: 'ID', currency: 'IDR' } as const;

const fee = (timing: FeeTerms['timing'], basis: FeeTerms['basis'], code = 'SERVICE'): FeeTerms => ({
  code,
  timing,
  basis,
});

test('sound terms have no problems', () => {
  const fees = [fee('PER_INSTALMENT', { kind: 'PERCENTAGE', rate: '0.01' })];
  expect(checkProductTerms(china, exampleTerms({ fees }))).toEqual([]);
});

test('the examples of the contract are sound, and terms are the same here and there', () => {
  const terms: ProductTerms[] = contract.examples as ContractTerms[];
  const roundTrip: ContractTerms[] = terms;
  const problems = roundTrip.flatMap((each) =>
    checkProductTerms(each.currency === 'CNY' ? china : indonesia, each),
  );
  expect(problems).toEqual([]);
});

test('an IDR product may deduct a fee', () => {
  const fees = [fee('DEDUCTED', { kind: 'PERCENTAGE', rate: '0.03' })];
  expect(checkProductTerms(indonesia, exampleTerms({ currency: 'IDR', fees }))).toEqual([]);
});

test('a CNY product may not deduct a fee, and is told the law', () => {
  const fees = [fee('DEDUCTED', { kind: 'FIXED', amountMinor: 100 })];
  expect(checkProductTerms(china, exampleTerms({ fees }))).toEqual([
    expect.stringContaining('PRC Civil Code art. 670'),
  ]);
});

const extension: ExtensionTerms = {
  maxPeriods: 1,
  maxTimes: 1,
  maxTotalPeriods: 13,
  maxOverdueDays: 0,
  feeRate: '0.01',
  arrears: 'PAID',
};

const unsound: [string, Partial<ProductTerms>, string][] = [
  ['a currency of another market', { currency: 'IDR' }, 'currency must be CNY'],
  ['an empty range', { amount: { minMinor: 200, maxMinor: 100, stepMinor: 10 } }, 'amount.minMinor'],
  ['a maximum off its steps', { amount: { minMinor: 100, maxMinor: 205, stepMinor: 10 } }, 'amount.maxMinor'],
  ['a step of zero', { amount: { minMinor: 100, maxMinor: 200, stepMinor: 0 } }, 'amount.stepMinor'],
  ['a broken amount', { amount: { minMinor: 1.5, maxMinor: 200, stepMinor: 1 } }, 'amount.minMinor'],
  ['no terms on offer', { term: { unit: 'MONTH', length: 1, counts: [] } }, 'term.counts'],
  ['a term of no instalments', { term: { unit: 'MONTH', length: 1, counts: [0] } }, 'term.counts'],
  ['a term listed twice', { term: { unit: 'MONTH', length: 1, counts: [6, 6] } }, 'term.counts lists 6'],
  ['a period of no length', { term: { unit: 'DAY', length: 0, counts: [1] } }, 'term.length'],
  ['a rate with a sign', { annualRate: '-0.09' }, 'annualRate must be a decimal string'],
  ['a rate with an exponent', { annualRate: '9e-2' }, 'annualRate must be a decimal string'],
  ['a rate in per cent', { annualRate: '9.4822' }, 'annualRate must be below 1'],
  ['a part of a day of grace', { graceDays: 0.5 }, 'graceDays'],
  [
    'a penalty in per cent',
    { penalty: { annualRate: '14.2', dayCount: 'ACT/360' } },
    'penalty.annualRate must be below 1',
  ],
  ['a target without a place', { allocationOrder: oldestFirst.slice(1) }, 'when PAST_DUE_PENALTY is paid'],
  ['a target with two places', { allocationOrder: [...oldestFirst, 'DUE_FEE'] }, 'lists DUE_FEE'],
  [
    'a fee listed twice',
    { fees: [1, 2].map((amountMinor) => fee('PER_INSTALMENT', { kind: 'FIXED', amountMinor })) },
    'fee SERVICE is listed',
  ],
  [
    'a fee rate in per cent',
    { fees: [fee('PER_INSTALMENT', { kind: 'PERCENTAGE', rate: '1.5' })] },
    'rate of fee SERVICE',
  ],
  [
    'a settlement fee in per cent',
    { earlySettlement: { interest: 'TO_DATE', feeRate: '1.5', remainingFees: 'DUE' } },
    'earlySettlement.feeRate must be below 1',
  ],
  [
    'a window of no days',
    { cancellation: { windowDays: 0, interest: 'NONE', deductedFees: 'KEPT' } },
    'cancellation.windowDays',
  ],
  ['an extension fee in per cent', { extension: { ...extension, feeRate: '2' } }, 'extension.feeRate'],
  ['an extension of no periods', { extension: { ...extension, maxPeriods: 0 } }, 'extension.maxPeriods'],
  ['an extension that is never made', { extension: { ...extension, maxTimes: 0 } }, 'extension.maxTimes'],
  [
    'extensions of less than nothing overdue',
    { extension: { ...extension, maxOverdueDays: -1 } },
    'extension.maxOverdueDays',
  ],
  [
    'extensions for which the longest loan has no room',
    { extension: { ...extension, maxTotalPeriods: 12 } },
    'extension.maxTotalPeriods must be above 12',
  ],
  [
    'a fee of nothing',
    { fees: [fee('PER_INSTALMENT', { kind: 'FIXED', amountMinor: 0 })] },
    'amount of fee SERVICE',
  ],
];

test.each(unsound)('%s is one problem', (_what, changes, problem) => {
  expect(checkProductTerms(china, exampleTerms(changes))).toEqual([expect.stringContaining(problem)]);
});

test('fees may not eat up the smallest payout', () => {
  const fees = [
    fee('DEDUCTED', { kind: 'PERCENTAGE', rate: '0.5' }, 'SERVICE'),
    fee('DEDUCTED', { kind: 'FIXED', amountMinor: 25_000 }, 'STAMP'),
  ];
  expect(checkProductTerms(indonesia, exampleTerms({ currency: 'IDR', fees }))).toEqual([
    expect.stringContaining('leave nothing'),
  ]);
});

test('all problems are told at once', () => {
  expect(checkProductTerms(indonesia, exampleTerms({ annualRate: 'ten' }))).toHaveLength(2);
});

test.each([50_000, 60_000, 5_000_000])('an amount of %d is lent', (amountMinor) => {
  expect(amountProblem(exampleTerms(), money('CNY', amountMinor))).toBeUndefined();
});

test.each([0, -50_000, 40_000, 5_010_000, 55_000])('an amount of %d is not lent', (amountMinor) => {
  expect(amountProblem(exampleTerms(), money('CNY', amountMinor))?.code).toBe('AMOUNT_OUT_OF_RANGE');
});

test('an amount that is not lent is told which ones are', () => {
  expect(amountProblem(exampleTerms(), money('CNY', 55_000))?.message).toBe(
    'The amount must be from CNY 500.00 to CNY 50,000.00 in steps of CNY 100.00, but it is CNY 550.00',
  );
});

test('an amount in another currency is refused as such', () => {
  expect(amountProblem(exampleTerms(), money('IDR', 50_000))?.code).toBe('WRONG_CURRENCY');
});

test('an offered term is accepted', () => {
  expect(termProblem(exampleTerms(), 6)).toBeUndefined();
});

test('a term that is not offered is told which ones are', () => {
  expect(termProblem(exampleTerms(), 9)).toEqual({
    code: 'TERM_NOT_OFFERED',
    message: 'The number of instalments must be one of 3, 6, 12, but it is 9',
  });
});
