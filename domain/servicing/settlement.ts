import { addDays, compareDays, type IsoDate } from '../calendar';
import { chargeAllowedMinor } from '../cost-caps';
import { dayCounts } from '../day-count';
import { deductedFees, payoutMinor } from '../fees';
import { Exact, roundHalfUp, sumMinor } from '../money';
import {
  withPostings,
  type EndingProblemCode,
  type Loan,
  type Posting,
  type PostingKind,
  type ServicingProblem,
} from './loan';
import { payableOn, positionOf } from './position';

/** The two ways to end a loan before its time. */
export type Ending = 'EARLY_SETTLEMENT' | 'CANCELLATION';

/** A change of what a loan asks for, before it is known which payment it belongs to and when. */
export type Change = Pick<Posting, 'instalment' | 'component' | 'by' | 'amountMinor'>;

/** What an instalment asks for once the loan ends on a day, and why it asks for no more. */
interface Asked {
  number: number;
  interestMinor: number;
  feeMinor: number;
  feeBy: Extract<PostingKind, 'WAIVER' | 'ADJUSTMENT'>;
}

/** Says why a loan cannot be ended on a day; undefined if it can. */
export function endingProblem(
  loan: Loan,
  day: IsoDate,
  ending: Ending,
): ServicingProblem<EndingProblemCode> | undefined {
  const { cancellation, earlySettlement } = loan.terms;
  if (!(ending === 'CANCELLATION' ? cancellation : earlySettlement)) {
    const what = ending === 'CANCELLATION' ? 'cancellation' : 'early settlement';
    return { code: 'NOT_OFFERED', message: `The loan's product offers no ${what}` };
  }
  const lastDay = addDays(loan.startDate, cancellation?.windowDays ?? 0);
  if (ending === 'CANCELLATION' && day > lastDay) {
    const message = `The loan could be cancelled until ${lastDay}, and not on ${day}`;
    return { code: 'WINDOW_CLOSED', message };
  }
  if (payableOn(loan, day).some(({ totalMinor }) => totalMinor > 0)) return undefined;
  return { code: 'LOAN_SETTLED', message: `Nothing is owed of the loan on ${day}` };
}

/**
 * What changes in what a loan asks for when it ends on a day: everything that is payable after these changes is what
 * ends it.
 *
 * The interest of days on which the loan no longer runs is not asked for, and what was paid of it is netted against
 * the principal, as fees are that are not asked for either. A settlement may bear a fee: of the principal that was
 * not due yet at the start of the day, rounded half-up, but at most the interest saved and what the cost cap leaves.
 * What the cap leaves no room for of the remaining fees is waived.
 *
 * @param loan with no posting of a later day but such as were undone
 * @returns the changes, in the order in which they are to be posted
 * @throws RangeError if no cost cap was in force when the loan was made
 */
export function endingChanges(loan: Loan, day: IsoDate, ending: Ending): Change[] {
  const running = loan.instalments.filter(({ dueDate }) => dueDate > day);
  const asked = ending === 'CANCELLATION' ? askedByCancellation(loan, day) : askedBySettlement(loan, day);
  const reductions = reductionsTo(loan, day, asked);
  const feeMinor = ending === 'CANCELLATION' ? 0 : settlementFeeMinor(loan, day, asked);
  const charge = { component: 'FEE', by: 'ADJUSTMENT', amountMinor: -feeMinor } as const;
  const charges = running.slice(0, 1).map(({ number }) => ({ ...charge, instalment: number }));
  return [...reductions, ...charges, ...creditsToPrincipal(loan, day, ending, reductions)].filter(
    ({ amountMinor }) => amountMinor !== 0,
  );
}

function askedBySettlement(loan: Loan, day: IsoDate): Asked[] {
  const { interest, remainingFees } = loan.terms.earlySettlement!;
  const asked = loan.instalments.map((one, index) => {
    const interestMinor =
      interest === 'FULL_PERIOD' ? startedInterestMinor(one, day) : earnedMinor(loan, index, day);
    const feeMinor = one.dueDate <= day ? one.feeMinor : 0;
    return { number: one.number, dueDate: one.dueDate, interestMinor, feeMinor, feeBy: 'WAIVER' as const };
  });
  if (remainingFees === 'WAIVED') return asked;
  let roomMinor = roomOn(loan, day, asked);
  return asked.map((one, index) => {
    if (one.dueDate <= day) return one;
    const feeMinor = Math.min(roomMinor, loan.instalments[index]?.feeMinor ?? 0);
    roomMinor -= feeMinor;
    return { ...one, feeMinor };
  });
}

function askedByCancellation(loan: Loan, day: IsoDate): Asked[] {
  const { interest } = loan.terms.cancellation!;
  return loan.instalments.map(({ number }, index) => ({
    number,
    interestMinor: interest === 'NONE' ? 0 : earnedMinor(loan, index, day),
    feeMinor: 0,
    feeBy: 'ADJUSTMENT',
  }));
}

const startedInterestMinor = (
  { periodStart, interestMinor }: { periodStart: IsoDate; interestMinor: number },
  day: IsoDate,
): number => (periodStart < day ? interestMinor : 0);

/** The interest of an instalment up to and without a day: the scheduled balance × the rate of its days, half-up. */
function earnedMinor(loan: Loan, index: number, day: IsoDate): number {
  const { terms, startDate, instalments } = loan;
  const { periodStart, dueDate, interestMinor } = instalments[index]!;
  if (dueDate <= day) return interestMinor;
  if (day <= periodStart) return 0;
  const balanceMinor = sumMinor(instalments.slice(index).map(({ principalMinor }) => principalMinor));
  const rate = dayCounts[terms.dayCount](periodStart, day, startDate).times(terms.annualRate);
  return Math.min(interestMinor, roundHalfUp(rate.times(balanceMinor)));
}

/** Takes the schedule down to what is asked for, and what was paid beyond that out of where it was paid. */
function reductionsTo(loan: Loan, day: IsoDate, asked: readonly Asked[]): Change[] {
  const owed = positionOf(loan, day).instalments;
  return loan.instalments.flatMap(({ number, interestMinor, feeMinor }, index) => {
    const one = asked[index]!;
    const reduced = (
      component: 'INTEREST' | 'FEE',
      by: PostingKind,
      scheduledMinor: number,
      askedMinor: number,
    ): Change[] => {
      const paidMinor = scheduledMinor - owed[index]!.owedMinor[component];
      const surplusMinor = Math.max(0, paidMinor - askedMinor);
      return [
        { instalment: number, component, by, amountMinor: scheduledMinor - askedMinor },
        { instalment: number, component, by: 'NETTING', amountMinor: -surplusMinor },
      ];
    };
    return [
      ...reduced('INTEREST', 'ADJUSTMENT', interestMinor, one.interestMinor),
      ...reduced('FEE', one.feeBy, feeMinor, one.feeMinor),
    ];
  });
}

function settlementFeeMinor(loan: Loan, day: IsoDate, asked: readonly Asked[]): number {
  const running = loan.instalments.filter(({ dueDate }) => dueDate > day).map(({ number }) => number);
  const principalMinor = sumMinor([
    ...loan.instalments.filter(({ number }) => running.includes(number)).map((one) => one.principalMinor),
    ...loan.postings
      .filter(({ component, instalment }) => component === 'PRINCIPAL' && running.includes(instalment))
      .filter(({ valueDate }) => valueDate < day)
      .map(({ amountMinor }) => -amountMinor),
  ]);
  const savedMinor = sumMinor(
    loan.instalments.map((one, index) => one.interestMinor - asked[index]!.interestMinor),
  );
  const wantedMinor = roundHalfUp(new Exact(loan.terms.earlySettlement!.feeRate).times(principalMinor));
  return Math.max(0, Math.min(wantedMinor, savedMinor, roomOn(loan, day, asked)));
}

/** What the cost cap lets the loan be charged beyond what it asks for on a day. */
function roomOn(loan: Loan, day: IsoDate, asked: readonly Asked[]): number {
  const { interestMinor, feeMinor } = {
    interestMinor: sumMinor(asked.map((one) => one.interestMinor)),
    feeMinor: sumMinor(asked.map((one) => one.feeMinor)),
  };
  const chargedMinor = sumMinor([
    interestMinor,
    feeMinor,
    penaltyChargedMinor(loan, day),
    extraFeesMinor(loan),
  ]);
  const cost = { ...costBase(loan), chargedMinor, payments: paymentsUpTo(loan, day) };
  return chargeAllowedMinor(loan.market, cost, day);
}

/** Puts what was paid in vain, and deducted fees that are returned, towards the principal, oldest first. */
function creditsToPrincipal(
  loan: Loan,
  day: IsoDate,
  ending: Ending,
  reductions: readonly Change[],
): Change[] {
  const netted = reductions.filter(({ by }) => by === 'NETTING').map(({ amountMinor }) => -amountMinor);
  const { cancellation } = loan.terms;
  const returnsFees = ending === 'CANCELLATION' && cancellation?.deductedFees === 'RETURNED';
  const { principalMinor, payoutMinor: receivedMinor } = costBase(loan);
  const credits = [
    { by: 'NETTING', leftMinor: sumMinor(netted) },
    { by: 'RETURNED_FEE', leftMinor: returnsFees ? principalMinor - receivedMinor : 0 },
  ] as const;
  const changes: Change[] = [];
  const open = payableOn(loan, day).map(({ number, owedMinor }) => ({
    number,
    openMinor: owedMinor.PRINCIPAL,
  }));
  for (const { by, ...credit } of credits) {
    let { leftMinor } = credit;
    for (const one of open) {
      const amountMinor = Math.min(leftMinor, one.openMinor);
      changes.push({ instalment: one.number, component: 'PRINCIPAL', by, amountMinor });
      one.openMinor -= amountMinor;
      leftMinor -= amountMinor;
    }
    // A returned fee that finds no principal left goes to the customer as what was netted in vain does.
    if (by === 'RETURNED_FEE' && leftMinor > 0) {
      const last = { instalment: open.at(-1)!.number, component: 'PRINCIPAL' } as const;
      changes.push(
        { ...last, by, amountMinor: leftMinor },
        { ...last, by: 'NETTING', amountMinor: -leftMinor },
      );
    }
  }
  return changes;
}

/** What of a loan's cost its terms fix, as the caps see it. */
export function costBase({ terms, startDate, instalments }: Loan) {
  const principalMinor = sumMinor(instalments.map((one) => one.principalMinor));
  return {
    principalMinor,
    payoutMinor: payoutMinor(principalMinor, deductedFees(terms, principalMinor)),
    startDate,
    endDate: instalments
      .map(({ dueDate }) => dueDate)
      .sort(compareDays)
      .at(-1)!,
    periodUnit: terms.term.unit,
  };
}

/** What the payer has paid up to a day, in the order of days, without what was undone. */
export function paymentsUpTo(loan: Loan, day: IsoDate): { date: IsoDate; amountMinor: number }[] {
  return loan.postings
    .filter(({ by, valueDate }) => by === 'PAYMENT' && valueDate <= day)
    .map(({ valueDate, amountMinor }) => ({ date: valueDate, amountMinor }))
    .sort((one, other) => compareDays(one.date, other.date));
}

/** All penalty up to a day, paid or not. */
export function penaltyChargedMinor(loan: Loan, day: IsoDate): number {
  const paid = loan.postings.filter(
    ({ component, valueDate }) => component === 'PENALTY' && valueDate <= day,
  );
  return sumMinor([positionOf(loan, day).owedMinor.PENALTY, ...paid.map(({ amountMinor }) => amountMinor)]);
}

/** The fees of extensions so far, which no schedule shows. */
export const extraFeesMinor = (loan: Loan): number =>
  -sumMinor(
    loan.postings
      .filter(({ component, by }) => component === 'FEE' && by === 'ADJUSTMENT')
      .map(({ amountMinor }) => amountMinor),
  );

/** A loan that ends on a day, with the changes that this makes. */
export const ended = (loan: Loan, paymentId: string, day: IsoDate, ending: Ending): Loan =>
  withPostings(
    loan,
    endingChanges(loan, day, ending).map((change) => ({ ...change, paymentId, valueDate: day })),
  );
