import { orderProblem, termsProblem, type LineOfOrder } from '../../../domain/repayment-order';

const today = '2026-01-15';
const loan = { currency: 'CNY', state: 'ACTIVE' } as const;
const byAmount: LineOfOrder = { loanId: 'LN1', loan, amount: { currency: 'CNY', amountMinor: 100 } };
const quote = { quotedFor: today, totalMinor: 100, isOutdated: false };
const byQuote: LineOfOrder = { loanId: 'LN2', loan, quoteId: 'RQ1', quote };

test.each<[string, LineOfOrder[]]>([
  ['an amount', [byAmount]],
  ['a quote of today', [byQuote]],
  [
    'a quote of tomorrow, for a loan whose first day is',
    [{ ...byQuote, quote: { ...quote, quotedFor: '2026-01-16' } }],
  ],
  ['several loans', [byAmount, byQuote]],
])('an order of %s is taken', (_what, lines) => {
  expect(orderProblem(lines, today)).toBeUndefined();
});

test.each<[string, LineOfOrder[]]>([
  ['LOAN_NOT_OF_CUSTOMER', [byAmount, { ...byQuote, loan: undefined }]],
  ['LOAN_NOT_ACTIVE', [{ ...byAmount, loan: { ...loan, state: 'SETTLED' } }]],
  ['LOAN_REPEATED', [byAmount, { ...byQuote, loanId: 'LN1' }]],
  ['UNKNOWN_QUOTE', [{ ...byQuote, quote: undefined }]],
  ['QUOTE_EXPIRED', [{ ...byQuote, quote: { ...quote, quotedFor: '2026-01-14' } }]],
  ['QUOTE_EXPIRED', [{ ...byQuote, quote: { ...quote, isOutdated: true } }]],
  ['NOTHING_TO_PAY', [{ ...byQuote, quote: { ...quote, totalMinor: 0 } }]],
  ['WRONG_CURRENCY', [{ ...byAmount, amount: { currency: 'IDR', amountMinor: 100 } }]],
  ['WRONG_CURRENCY', [byAmount, { ...byQuote, loan: { ...loan, currency: 'IDR' } }]],
  [
    'ORDER_TOO_LARGE',
    [{ ...byAmount, amount: { currency: 'CNY', amountMinor: Number.MAX_SAFE_INTEGER } }, byQuote],
  ],
])('an order is refused with %s', (code, lines) => {
  expect(orderProblem(lines, today)?.code).toBe(code);
});

test('what the day alone rules out is found without a look at the loans', () => {
  const lines = [{ loanId: 'LN1', amount: { currency: 'CNY', amountMinor: 1 } as const, quotedFor: today }];
  expect(termsProblem(lines, today)).toBeUndefined();
  expect(termsProblem(lines, '2026-01-16')?.code).toBe('QUOTE_EXPIRED');
});
