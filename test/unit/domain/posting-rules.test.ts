import fc from 'fast-check';

import { chartAccount, CHART_OF_ACCOUNTS, type ChartAccount } from '../../../domain/books/chart-of-accounts';
import {
  entriesFor,
  POSTING_RULES,
  type AmountsOf,
  type NewEntry,
  type OwnersOf,
  type Scenario,
} from '../../../domain/books/posting-rules';

const SCENARIOS = Object.keys(POSTING_RULES) as Scenario[];
const OWNERS = {
  loan: 'LN1',
  fundingPartner: 'FP1',
  paymentChannel: 'CH1',
  party: 'CH1',
  customer: 'C1',
  market: 'ID',
  order: 'MO1',
  merchant: 'M1',
  ledger: 'D1',
  debtor: 'U1',
  debtContract: 'HZ1',
};

const total = (entries: readonly NewEntry[], side: NewEntry['side']) =>
  entries.filter((entry) => entry.side === side).reduce((sum, entry) => sum + entry.amountMinor, 0);

/** Random credit amounts, with debit amounts that they sum to. */
function balancedAmounts(scenario: Scenario): fc.Arbitrary<Record<string, number>> {
  const names = (side: NewEntry['side']) =>
    POSTING_RULES[scenario].lines.filter((line) => line.side === side).map((line) => line.amount);
  const credits = names('CREDIT').map((name) => [name, fc.integer({ min: 10, max: 1e12 })] as const);
  return fc.record(Object.fromEntries(credits)).map((amounts) => {
    const sum = Object.values(amounts).reduce((a, b) => a + b, 0);
    const [first = '', ...others] = names('DEBIT');
    // Each credit has more than all further debits together.
    return {
      ...amounts,
      ...Object.fromEntries(others.map((name) => [name, 1])),
      [first]: sum - others.length,
    };
  });
}

test.each(SCENARIOS)('%s balances for all amounts that hold its identity', (scenario) => {
  fc.assert(
    fc.property(balancedAmounts(scenario), (amounts) => {
      const entries = entriesFor(scenario, {
        owners: OWNERS as OwnersOf<Scenario>,
        amounts: amounts as AmountsOf<Scenario>,
        currency: 'IDR',
      });
      expect(total(entries, 'DEBIT')).toBe(total(entries, 'CREDIT'));
      expect(entries).toHaveLength(POSTING_RULES[scenario].lines.length);
    }),
  );
});

const disbursed = (amounts: Record<string, number>) => () =>
  entriesFor('general.loan-disbursed-by-partner', {
    owners: OWNERS,
    amounts: amounts as AmountsOf<'general.loan-disbursed-by-partner'>,
    currency: 'IDR',
  });

test('each line stands on the account of the owner that the chart names', () => {
  expect(disbursed({ principal: 100, payout: 90, deductedFees: 10 })()).toEqual([
    { code: 'loan-principal', owner: 'LN1', currency: 'IDR', side: 'DEBIT', amountMinor: 100 },
    { code: 'funding-partner-payable', owner: 'FP1', currency: 'IDR', side: 'CREDIT', amountMinor: 90 },
    { code: 'upfront-fee-income', owner: 'ID', currency: 'IDR', side: 'CREDIT', amountMinor: 10 },
  ]);
});

test('a line with amount 0 is left out', () => {
  expect(disbursed({ principal: 100, payout: 100, deductedFees: 0 })()).toHaveLength(2);
});

test('amounts that break the identity are refused, and the message states it', () => {
  expect(disbursed({ principal: 100, payout: 90, deductedFees: 9 })).toThrow(
    'principal = payout + deductedFees',
  );
});

test.each([
  ['a missing amount', { principal: 100, payout: 100 }, 'needs the amount "deductedFees"'],
  ['an unknown amount', { principal: 1, payout: 1, deductedFees: 0, tip: 0 }, 'knows no amount "tip"'],
  ['a negative amount', { principal: 1, payout: 2, deductedFees: -1 }, '"deductedFees" must be a whole'],
  ['a fraction', { principal: 1.5, payout: 1.5, deductedFees: 0 }, '"principal" must be a whole'],
  [
    'an unsafe integer',
    { principal: 2 ** 53, payout: 2 ** 53, deductedFees: 0 },
    '"principal" must be a whole',
  ],
  ['nothing to post', { principal: 0, payout: 0, deductedFees: 0 }, 'nothing to post'],
])('%s is refused', (_name, amounts, message) => {
  expect(disbursed(amounts as Record<string, number>)).toThrow(message);
});

test('a missing owner is refused', () => {
  const owners = { customer: '' };
  expect(() => entriesFor('credit.granted', { owners, amounts: { limit: 1 }, currency: 'IDR' })).toThrow(
    'needs an owner "customer"',
  );
});

/** Money of others that we hold, and what was used or taken beyond a limit: no contra accounts. */
const guardedCredits: Readonly<Record<string, string[]>> = {
  general: [
    ...[
      'customer-payable',
      'unidentified-receipts',
      'return-in-exception',
      'debtor-share',
      'debt-collected',
      'debtor-payable',
    ],
  ],
  funds: ['received-short'],
  credit: ['over-limit'],
};

test('every book has a contra account that is never guarded, so that its positions can sum to zero', () => {
  for (const [book, accounts] of Object.entries(CHART_OF_ACCOUNTS)) {
    const credits = Object.entries<ChartAccount>(accounts).filter(([, one]) => one.normalSide === 'CREDIT');
    const guarded = credits.filter(([, { kind }]) => kind === 'GUARDED').map(([code]) => code);
    // Money of others that we hold is no contra account: more than came cannot be given away.
    expect([book, guarded]).toEqual([book, guardedCredits[book] ?? []]);
    expect([book, credits.length > guarded.length]).toEqual([book, true]);
  }
});

test('a code that the chart does not have is refused', () => {
  expect(() => chartAccount('funds', 'petty-cash')).toThrow('no code "petty-cash" in book "funds"');
});

describe('several moves by one rule', () => {
  const settled = (debtContract: string, minor: number) => ({
    owners: { ...OWNERS, debtContract },
    amounts: { settled: minor },
  });
  const entriesOf = (...moves: ReturnType<typeof settled>[]) =>
    entriesFor('general.debt-settled', { moves, currency: 'CNY' });

  test('are one journal, in which each side of an account stands once', () => {
    expect(entriesOf(settled('HZ1', 100), settled('HZ2', 20), settled('HZ1', 3))).toEqual([
      { code: 'debtor-share', owner: 'MO1', currency: 'CNY', side: 'DEBIT', amountMinor: 123 },
      { code: 'debt-collected', owner: 'HZ1', currency: 'CNY', side: 'CREDIT', amountMinor: 103 },
      { code: 'debt-collected', owner: 'HZ2', currency: 'CNY', side: 'CREDIT', amountMinor: 20 },
    ]);
  });

  test('each need an amount, and are together no more than a number can hold', () => {
    expect(() => entriesOf()).toThrow('no move');
    expect(() => entriesOf(settled('HZ1', 100), settled('HZ2', 0))).toThrow('all amounts are 0');
    const most = settled('HZ1', Number.MAX_SAFE_INTEGER);
    expect(() => entriesOf(most, settled('HZ1', 1))).toThrow('more of debtor-share than a number can hold');
  });
});
