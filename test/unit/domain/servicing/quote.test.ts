import fc from 'fast-check';
import { addDays, daysBetween, type IsoDate } from '../../../../domain/calendar';
import { dayCounts } from '../../../../domain/day-count';
import { Exact, roundHalfUp, sumMinor } from '../../../../domain/money';
import type { Method, ProductTerms } from '../../../../domain/product-terms';
import { applyExtension, extensionProblem, quoteExtension } from '../../../../domain/servicing/extension';
import type { Loan } from '../../../../domain/servicing/loan';
import { applyPayment, undo } from '../../../../domain/servicing/payment';
import { positionOf } from '../../../../domain/servicing/position';
import { quote, quoteProblem, type Quote, type QuoteRequest } from '../../../../domain/servicing/quote';
import { anyLoan, exampleLoan, lastDueDate, payment } from './loan-example';

const settlement = { kind: 'EARLY_SETTLEMENT' } as const;
const cancellation = { kind: 'CANCELLATION' } as const;
const paidOn = (loan: Loan, day: IsoDate, amountMinor: number): Loan =>
  applyPayment(loan, payment('EARLIER', day, amountMinor)).loan;

test('a normal quote is of all that is due, split', () => {
  // 400.00 × 18 % × 29/360 = 5.80
  expect(quote(exampleLoan(), '2024-03-15', { kind: 'NORMAL' })).toMatchObject({
    ...{ intent: { kind: 'NORMAL', instalments: [1, 2] }, validThrough: '2024-03-15' },
    ...{ penaltyMinor: 580, interestMinor: 2_000, principalMinor: 80_000, totalMinor: 82_580 },
  });
});

test('a normal quote can be of some instalments, or of an amount', () => {
  const loan = exampleLoan();
  expect(quote(loan, '2024-02-15', { kind: 'NORMAL', instalments: [2] }).totalMinor).toBe(40_800);
  expect(quote(loan, '2024-02-15', { kind: 'NORMAL', amountMinor: 50_000 })).toMatchObject({
    // Due: 12.00 + 400.00; in advance: the interest of both instalments, then principal.
    ...{ interestMinor: 1_200 + 800 + 400, principalMinor: 40_000 + 7_600, totalMinor: 50_000 },
  });
});

test('a coupon is taken off what the customer pays', () => {
  const { couponMinor, totalMinor } = quote(exampleLoan(), '2024-02-15', { kind: 'NORMAL' }, 500);
  expect({ couponMinor, totalMinor }).toEqual({ couponMinor: 500, totalMinor: 40_700 });
});

const loan = exampleLoan();
const settled = paidOn(loan, '2024-02-15', 122_400);
test.each<[string, Loan, IsoDate, QuoteRequest, string]>([
  ['a settled loan', settled, '2024-02-15', { kind: 'NORMAL' }, 'LOAN_SETTLED'],
  ['a settled loan’s end', settled, '2024-02-15', settlement, 'LOAN_SETTLED'],
  ['a day before anything is due', loan, '2024-02-14', { kind: 'NORMAL' }, 'NOTHING_DUE'],
  [
    'a fourth instalment of three',
    loan,
    '2024-02-14',
    { kind: 'NORMAL', instalments: [4] },
    'UNKNOWN_INSTALMENT',
  ],
  ['a cancellation after its window', loan, '2024-03-16', cancellation, 'WINDOW_CLOSED'],
])('there is no quote for %s', (_what, of, day, request, code) => {
  expect(quoteProblem(of, day, request)?.code).toBe(code);
  expect(() => quote(of, day, request)).toThrow(RangeError);
});

test('a product without the terms offers neither settlement nor cancellation', () => {
  const { earlySettlement: _one, cancellation: _other, ...terms } = loan.terms;
  const bare = { ...loan, terms };
  expect([settlement, cancellation].map((one) => quoteProblem(bare, '2024-01-16', one)?.code)).toEqual([
    ...['NOT_OFFERED', 'NOT_OFFERED'],
  ]);
});

// CNY 1,200.00 over three months from 15 January 2024 at 12 %, the first instalment paid when due, settled on 25 February.
test.each<[Method, Partial<ProductTerms>, number, number, number]>([
  // 803.97 × 12 % × 10/360 = 2.6799
  ['EQUAL_INSTALMENT', { dayCount: '30/360' }, 40_803, 80_397, 268],
  // 800.00 × 12 % × 10/360 = 2.6667
  ['EQUAL_PRINCIPAL', { dayCount: '30/360' }, 41_200, 80_000, 267],
  // 1,200.00 × 12 % × 10/360 = 4.00
  ['INTEREST_FIRST', { dayCount: 'ACT/360' }, 1_240, 120_000, 400],
  // 1,200.00 × 12 % × 41/366 = 16.1311; nothing was due before
  ['BULLET', { dayCount: 'ACT/ACT-ISDA' }, 0, 120_000, 1_613],
])(
  '%s is settled for the principal and interest to date',
  (method, terms, firstMinor, principalMinor, interestMinor) => {
    const fresh = exampleLoan({ method, ...terms });
    const running = firstMinor > 0 ? paidOn(fresh, '2024-02-15', firstMinor) : fresh;
    expect(quote(running, '2024-02-25', settlement)).toMatchObject({
      ...{ principalMinor, interestMinor, feeMinor: 0, totalMinor: principalMinor + interestMinor },
    });
  },
);

test('a settlement fee is a part of the principal not yet due', () => {
  const terms = {
    earlySettlement: { interest: 'TO_DATE', feeRate: '0.01', remainingFees: 'WAIVED' },
  } as const;
  const running = paidOn(exampleLoan({ method: 'EQUAL_INSTALMENT', ...terms }), '2024-02-15', 40_803);
  // 1 % of 803.97 = 8.04, and less than the interest saved (12.08 − 2.68 = 9.40)
  expect(quote(running, '2024-02-25', settlement).feeMinor).toBe(804);
});

test('a settlement fee is at most the interest saved', () => {
  const terms = {
    earlySettlement: { interest: 'TO_DATE', feeRate: '0.05', remainingFees: 'WAIVED' },
  } as const;
  const running = paidOn(exampleLoan({ method: 'EQUAL_INSTALMENT', ...terms }), '2024-02-15', 40_803);
  expect(quote(running, '2024-02-25', settlement).feeMinor).toBe(1_208 - 268);
});

test('a settlement fee keeps within the cost cap', () => {
  const terms = {
    earlySettlement: { interest: 'TO_DATE', feeRate: '0.05', remainingFees: 'WAIVED' },
  } as const;
  // After ten days 24 % a year is 8.00 (1,200.00 × 24 % × 10/360), of which interest at 12 % takes 4.00.
  expect(quote(exampleLoan(terms), '2024-01-25', settlement).feeMinor).toBe(400);
});

test('the period that has begun can be asked for in full', () => {
  const terms = {
    earlySettlement: { interest: 'FULL_PERIOD', feeRate: '0', remainingFees: 'WAIVED' },
  } as const;
  expect(quote(exampleLoan(terms), '2024-01-25', settlement).interestMinor).toBe(1_200);
  expect(quote(exampleLoan(terms), '2024-01-15', settlement).interestMinor).toBe(0);
});

test('fees of instalments that are not due are waived, or asked for within the cap, as the product says', () => {
  const fees = [
    { code: 'SERVICE', timing: 'PER_INSTALMENT', basis: { kind: 'FIXED', amountMinor: 100 } },
  ] as const;
  const withFees = (remainingFees: 'WAIVED' | 'DUE') =>
    exampleLoan({ fees: [...fees], earlySettlement: { interest: 'TO_DATE', feeRate: '0', remainingFees } });
  const quoted = (remainingFees: 'WAIVED' | 'DUE', day: IsoDate) => {
    const { feeMinor, waiverMinor, totalMinor } = quote(withFees(remainingFees), day, settlement);
    return { feeMinor, waiverMinor, totalMinor };
  };
  // Interest of ten days is 4.00, and the cap leaves as much again: all three fees.
  expect(quoted('WAIVED', '2024-01-25')).toEqual({ feeMinor: 300, waiverMinor: 300, totalMinor: 120_400 });
  expect(quoted('DUE', '2024-01-25')).toEqual({ feeMinor: 300, waiverMinor: 0, totalMinor: 120_700 });
  // After five days both are 2.00: room for two fees.
  expect(quoted('DUE', '2024-01-20')).toEqual({ feeMinor: 300, waiverMinor: 100, totalMinor: 120_400 });
});

test('interest that was paid in advance counts towards the principal when the loan is settled', () => {
  // 412.00 and 408.00 paid ten days in: interest 12.00 + 8.00, of which 4.00 is earned.
  const running = paidOn(exampleLoan(), '2024-01-25', 82_000);
  expect(quote(running, '2024-01-25', settlement).totalMinor).toBe(120_400 - 82_000);
});

const indonesian = (deductedFees: 'RETURNED' | 'KEPT') => {
  const basis = { kind: 'PERCENTAGE', rate: '0.03' } as const;
  const terms = {
    currency: 'IDR',
    fees: [{ code: 'PROVISION_FEE', timing: 'DEDUCTED', basis }],
    cancellation: { windowDays: 2, interest: 'NONE', deductedFees },
  } as const;
  return exampleLoan({ ...terms, fees: [...terms.fees] }, { market: 'ID', principalMinor: 1_000_000 });
};

test('a cancelled loan costs what was paid out, where deducted fees are returned', () => {
  expect(quote(indonesian('RETURNED'), '2024-01-17', cancellation)).toMatchObject({
    ...{ principalMinor: 1_000_000, returnedFeeMinor: 30_000, interestMinor: 0, totalMinor: 970_000 },
  });
});

test('a loan without interest can be cancelled too', () => {
  const free = exampleLoan({ annualRate: '0' });
  const { intent, totalMinor } = quote(free, '2024-01-16', cancellation);
  const posted = applyPayment(free, payment('P1', '2024-01-16', totalMinor, intent));
  expect([totalMinor, posted.outcome]).toEqual([120_000, 'CANCELLED']);
});

test('a cancelled loan costs the principal, where deducted fees are kept', () => {
  expect(quote(indonesian('KEPT'), '2024-01-17', cancellation).totalMinor).toBe(1_000_000);
});

test('a cancellation nets what was paid before', () => {
  const running = paidOn(indonesian('RETURNED'), '2024-01-16', 500_000);
  expect(quote(running, '2024-01-17', cancellation).totalMinor).toBe(470_000);
});

test('what was paid beyond the price of a cancellation goes back to the customer', () => {
  const running = paidOn(indonesian('RETURNED'), '2024-01-16', 1_010_000);
  // All but 10,000 of 1,020,000 is paid; the payout was 970,000.
  const { totalMinor, returnMinor, intent } = quote(running, '2024-01-17', cancellation);
  expect({ totalMinor, returnMinor }).toEqual({ totalMinor: 0, returnMinor: 40_000 });
  const posted = applyPayment(running, payment('P1', '2024-01-17', 0, intent));
  expect([posted.outcome, posted.returnMinor]).toEqual(['CANCELLED', 40_000]);
  const undone = undo(posted.loan, { paymentId: 'P1', day: '2024-01-17', customerAtFault: false });
  expect(undone.returnMinor).toBe(-40_000);
});

test.each<['EARLY_SETTLEMENT' | 'CANCELLATION', IsoDate, number, string]>([
  ['EARLY_SETTLEMENT', '2024-01-25', 120_400, 'LOAN_SETTLED'],
  ['EARLY_SETTLEMENT', '2024-01-25', 120_399, 'INSTALMENT_SETTLED'],
  ['EARLY_SETTLEMENT', '2024-01-26', 120_440, 'INSTALMENT_SETTLED'],
  ['CANCELLATION', '2024-01-25', 120_000, 'CANCELLED'],
  ['CANCELLATION', '2024-01-25', 119_999, 'INSTALMENT_SETTLED'],
  ['CANCELLATION', '2024-01-26', 120_000, 'INSTALMENT_SETTLED'],
])('%s quoted for 25 January and paid on %s with %d ends in %s', (kind, day, amountMinor, outcome) => {
  const intent = { kind, quotedFor: '2024-01-25' };
  const posted = applyPayment(exampleLoan(), payment('P1', day, amountMinor, intent));
  expect(posted.outcome).toBe(outcome);
});

/** What a payment of a loan has posted, as a quote splits it. */
function splitOf(loan: Loan, paymentId: string): Partial<Quote> {
  const own = loan.postings.filter((one) => one.paymentId === paymentId);
  const sum = (matches: (one: (typeof own)[number]) => boolean): number =>
    sumMinor(own.filter(matches).map(({ amountMinor }) => amountMinor));
  const asked = ['PAYMENT', 'COUPON', 'WAIVER', 'RETURNED_FEE'];
  return {
    principalMinor: sum(({ by, component }) => component === 'PRINCIPAL' && asked.includes(by)),
    interestMinor: sum(({ by, component }) => component === 'INTEREST' && asked.includes(by)),
    feeMinor: sum(({ by, component }) => component === 'FEE' && asked.includes(by)),
    penaltyMinor: sum(({ by, component }) => component === 'PENALTY' && asked.includes(by)),
    waiverMinor: sum(({ by }) => by === 'WAIVER'),
    couponMinor: sum(({ by }) => by === 'COUPON'),
    returnedFeeMinor: sum(({ by }) => by === 'RETURNED_FEE'),
    totalMinor: sum(({ by }) => by === 'PAYMENT'),
  };
}

const anyRequest = fc.constantFrom<QuoteRequest['kind']>('NORMAL', 'EARLY_SETTLEMENT', 'CANCELLATION');
const anyDays = fc.integer({ min: 0, max: 120 });
const anyCoupon = fc.constantFrom(0, 0, 30);

test('a quote that is paid on its day posts to the minor unit as quoted, also when later payments were heard before', () => {
  fc.assert(
    fc.property(
      fc.tuple(anyLoan, anyRequest, anyCoupon, anyDays, anyDays),
      fc.tuple(fc.integer({ min: 1, max: 10 ** 6 }), fc.integer({ min: 1, max: 10 ** 6 })),
      ([fresh, kind, couponMinor, before, after], [earlierMinor, laterMinor]) => {
        const earlierDay = addDays(fresh.startDate, before);
        const day = addDays(earlierDay, after);
        const running = paidOn(fresh, earlierDay, earlierMinor);
        fc.pre(!quoteProblem(running, day, { kind }));
        const quoted = quote(running, day, { kind }, couponMinor);
        const laterHeard = applyPayment(running, payment('LATER', addDays(day, 5), laterMinor)).loan;
        const one = payment('P1', day, quoted.totalMinor, quoted.intent, couponMinor);
        for (const heard of [running, laterHeard]) {
          const { loan: posted, excess } = applyPayment(heard, one);
          const { intent: _intent, validThrough: _day, returnMinor: _return, ...split } = quoted;
          expect(splitOf(posted, 'P1')).toEqual(split);
          expect(excess.filter(({ paymentId }) => paymentId === 'P1')).toEqual([]);
        }
      },
    ),
    { numRuns: 100 },
  );
});

/** Holds the price of a settlement on a day against contract and earned interest, all that was due before being paid. */
function expectFairSettlement(fresh: Loan, day: IsoDate): void {
  const { terms, startDate, instalments } = fresh;
  const running = instalments
    .filter(({ dueDate, totalMinor }) => dueDate < day && totalMinor > 0)
    .reduce(
      (paid, one) => applyPayment(paid, payment(`P${one.number}`, one.dueDate, one.totalMinor)).loan,
      fresh,
    );
  const contract = positionOf(running, day);
  if (contract.totalMinor === 0) return;
  const { totalMinor, waiverMinor, principalMinor } = quote(running, day, settlement);
  expect(totalMinor + waiverMinor).toBeLessThanOrEqual(contract.totalMinor);

  const earnedMinor = instalments
    .filter(({ periodStart, dueDate }) => periodStart < day && dueDate >= day)
    .map(({ number, periodStart }) => {
      const balanceMinor = sumMinor(instalments.slice(number - 1).map((one) => one.principalMinor));
      const years = dayCounts[terms.dayCount](periodStart, day, startDate);
      return roundHalfUp(years.times(terms.annualRate).times(balanceMinor));
    });
  expect(totalMinor).toBeGreaterThanOrEqual(principalMinor + sumMinor(earnedMinor));
  expect(principalMinor).toBe(contract.owedMinor.PRINCIPAL);
}

const methods = ['EQUAL_INSTALMENT', 'EQUAL_PRINCIPAL', 'INTEREST_FIRST', 'BULLET'] as const;
const dayCountNames = ['30/360', 'ACT/360', 'ACT/ACT-ISDA'] as const;
test.each(methods.flatMap((method) => dayCountNames.map((dayCount) => [method, dayCount] as const)))(
  'by %s and %s a settlement on any day costs at most the contract, and at least principal and interest earned',
  (method, dayCount) => {
    const basis = { kind: 'FIXED', amountMinor: 150 } as const;
    const fresh = exampleLoan({
      ...{ method, dayCount, fees: [{ code: 'SERVICE', timing: 'PER_INSTALMENT', basis }] },
      earlySettlement: { interest: 'TO_DATE', feeRate: '0.01', remainingFees: 'DUE' },
    });
    const days = daysBetween(fresh.startDate, lastDueDate(fresh));
    for (let after = 0; after <= days; after += 1) {
      expectFairSettlement(fresh, addDays(fresh.startDate, after));
    }
  },
);

test('whatever the product, a settlement costs at most the contract, and at least principal and interest earned', () => {
  fc.assert(
    fc.property(anyLoan, anyDays, (fresh, after) => {
      const day = addDays(fresh.startDate, after);
      expectFairSettlement(fresh, day > lastDueDate(fresh) ? lastDueDate(fresh) : day);
    }),
  );
});

const postedMinor = ({ postings }: Loan, wanted: (posting: Loan['postings'][number]) => boolean): number =>
  sumMinor(postings.filter(wanted).map(({ amountMinor }) => amountMinor));

/** A loan that was paid in parts up to a day, in per cent of its first instalment, and perhaps extended on it. */
function lived(fresh: Loan, day: IsoDate, payments: readonly [number, number][], isExtended: boolean) {
  const paid = payments.reduce((loan, [days, percent], index) => {
    const on = addDays(fresh.startDate, days);
    const amountMinor = Math.ceil((fresh.instalments[0]!.totalMinor * percent) / 100);
    return applyPayment(loan, payment(`P${index}`, on < day ? on : day, amountMinor)).loan;
  }, fresh);
  if (!isExtended || extensionProblem(paid, day, 1)) return { loan: paid, extensionFeeMinor: 0 };
  const { feeMinor, totalMinor } = quoteExtension(paid, day, 1);
  const intent = { kind: 'EXTENSION', quotedFor: day, periods: 1 } as const;
  return {
    loan: applyExtension(paid, payment('E', day, totalMinor, intent)).loan,
    extensionFeeMinor: feeMinor,
  };
}

/** The interest that a loan has earned up to and without a day. */
const earnedOf = ({ terms, startDate, instalments }: Loan, day: IsoDate): number =>
  sumMinor(
    instalments.map(({ interestMinor, periodStart, dueDate }, index) => {
      if (dueDate <= day) return interestMinor;
      if (day <= periodStart) return 0;
      const balanceMinor = sumMinor(instalments.slice(index).map((one) => one.principalMinor));
      const years = dayCounts[terms.dayCount](periodStart, day, startDate);
      return Math.min(interestMinor, roundHalfUp(years.times(terms.annualRate).times(balanceMinor)));
    }),
  );

test('however it was paid and extended before, a settled loan costs at most contract and penalty, and at least what was earned', () => {
  const anyPayments = fc.array(fc.tuple(anyDays, fc.integer({ min: 1, max: 150 })), { maxLength: 3 });
  fc.assert(
    fc.property(
      fc.tuple(anyLoan, anyPayments, fc.boolean(), anyDays),
      ([fresh, payments, isExtended, after]) => {
        const day = addDays(fresh.startDate, after);
        const { loan: running, extensionFeeMinor } = lived(fresh, day, payments, isExtended);
        fc.pre(!quoteProblem(running, day, settlement));

        const { totalMinor, waiverMinor, returnMinor } = quote(running, day, settlement);
        const inAllMinor = postedMinor(running, ({ by }) => by === 'PAYMENT') + totalMinor - returnMinor;
        const penaltyMinor =
          positionOf(running, day).owedMinor.PENALTY +
          postedMinor(running, ({ component }) => component === 'PENALTY');
        const contractMinor = sumMinor(running.instalments.map((one) => one.totalMinor));
        const mostMinor = contractMinor + penaltyMinor + extensionFeeMinor;
        expect(inAllMinor + waiverMinor).toBeLessThanOrEqual(mostMinor);
        const principalMinor = sumMinor(running.instalments.map((one) => one.principalMinor));
        const leastMinor = principalMinor + earnedOf(running, day) + penaltyMinor;
        expect(inAllMinor).toBeGreaterThanOrEqual(leastMinor);
      },
    ),
    { numRuns: 100 },
  );
});

test('a repayment in two parts on one day pays the same as in one, also when it settles the loan', () => {
  fc.assert(
    fc.property(
      fc.tuple(anyLoan, anyDays, fc.integer({ min: 1, max: 99 }), anyRequest),
      ([fresh, after, percent, kind]) => {
        const day = addDays(fresh.startDate, after);
        const request =
          kind === 'NORMAL'
            ? { kind, amountMinor: Math.ceil(fresh.instalments[0]!.totalMinor * 1.5) }
            : { kind };
        fc.pre(!quoteProblem(fresh, day, request));
        const { totalMinor, intent } = quote(fresh, day, request);
        const partMinor = roundHalfUp(new Exact(totalMinor).times(percent).div(100));
        fc.pre(partMinor > 0 && partMinor < totalMinor);
        const part = paidOn(fresh, day, partMinor);
        const rest = quote(
          part,
          day,
          kind === 'NORMAL' ? { kind, amountMinor: totalMinor - partMinor } : request,
        );
        // What the first part paid in vain, beyond the principal, is asked for again and goes back.
        expect(rest.totalMinor - rest.returnMinor).toBe(totalMinor - partMinor);
        const inOne = applyPayment(fresh, payment('P1', day, totalMinor, intent)).loan;
        const inTwo = applyPayment(part, payment('P2', day, rest.totalMinor, rest.intent)).loan;
        expect(positionOf(inTwo, day)).toEqual(positionOf(inOne, day));
      },
    ),
    { numRuns: 100 },
  );
});
