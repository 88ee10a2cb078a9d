import { compareDays, type IsoDate } from '../calendar';
import { sumMinor } from '../money';
import { allocate } from './allocation';
import { livePostings, withPostings, type Intent, type Loan, type Payment, type Posting } from './loan';
import { payableOn, positionOf } from './position';
import { ended, endingProblem } from './settlement';

/** What posting a payment or undoing one comes to. */
export interface Posted {
  /** The loan with the new postings, which stand at the end, and the payment. */
  loan: Loan;
  postings: Posting[];
  /**
   * What of a payment is not put towards the loan any more, in minor units: a payable to its payer. A payment that
   * counts before others moves these along, so it can be theirs too; negative where a payable is used again.
   */
  excess: { paymentId: string; amountMinor: number }[];
  /** What goes back to the customer of what was paid before; negative where it is owed again. */
  returnMinor: number;
}

export type Outcome = 'INSTALMENT_SETTLED' | 'LOAN_SETTLED' | 'PARTIAL' | 'CANCELLED' | 'UNAPPLIED';

/** Money to be put towards a loan on a day. */
interface Entry {
  paymentId: string;
  day: IsoDate;
  moneyMinor: number;
  couponMinor: number;
  intent: Intent;
}

/**
 * Posts a payment: puts it towards the loan on its value date, by the rules that quote it. Payments that count later
 * and were heard before are undone and put towards it again after it, so that the outcome is as if all had been heard
 * in the order in which they were paid. An ending that is underpaid or whose quote has run out is a normal repayment,
 * without its coupon.
 *
 * Nothing goes behind an extension: a payment from before it that is heard after it counts from its day on.
 *
 * @param payment heard for the first time; its amount is 0 where an ending costs nothing, or a coupon pays it all
 * @returns the postings, what is left over, and the outcome; PAYMENT postings of the payment + its excess = its amount
 * @throws RangeError if the amount is below 0, the payment has been posted before, is for an extension, or counts
 *   before the loan's start
 */
export function applyPayment(
  loan: Loan,
  payment: Payment,
): Posted & { outcome: Outcome; settledInstalments: number[] } {
  assertNew(loan, payment);
  if (payment.intent.kind === 'EXTENSION') {
    throw new RangeError(`Payment ${payment.id} is for an extension: post it with applyExtension`);
  }
  const { id: paymentId, valueDate, amountMinor, couponMinor = 0, intent } = payment;
  const heard = { ...loan, payments: [...loan.payments, payment] };
  const day = notBeforeExtensions(loan, valueDate);
  const posted = insert(heard, { paymentId, day, moneyMinor: amountMinor, couponMinor, intent });
  const excess = excessOf(loan, posted).map((one) => ({
    ...one,
    amountMinor: one.amountMinor + (one.paymentId === paymentId ? amountMinor : 0),
  }));
  return { ...postedFrom(loan, posted, excess), ...outcomeOf(loan, posted, payment, day) };
}

/**
 * Undoes a payment, or a part of it: a refund or a chargeback. What was allocated last is undone first. Whatever came
 * beside the money goes when the payment goes. Of a payment that ended the loan nothing stays as it was: what is left
 * of it becomes a normal repayment. An extension stands as it is; what goes back of its fee is owed again where the
 * customer is at fault, and is not asked for any more where not.
 *
 * @param undoing.amountMinor how much of what is allocated of it is undone; all if left out
 * @param undoing.day the day on which it is undone
 * @param undoing.customerAtFault true: the money counts as never paid, so penalty runs from the due date; false: it
 *   counts as paid until the day, so penalty runs from then
 * @returns the postings; the amount that is undone stands in them, and is no excess
 * @throws RangeError if nothing of the payment stands, the amount is more than is allocated of it or not above 0, or
 *   the day is before the payment's
 */
export function undo(
  loan: Loan,
  undoing: { paymentId: string; amountMinor?: number; day: IsoDate; customerAtFault: boolean },
): Posted {
  const { paymentId, day, customerAtFault } = undoing;
  const live = livePostings(loan, paymentId);
  const money = live.filter(({ by }) => by === 'PAYMENT');
  const allocatedMinor = sumMinor(money.map(({ amountMinor }) => amountMinor));
  const { amountMinor = allocatedMinor } = undoing;
  const undoesAll = amountMinor === allocatedMinor && live.length > 0;
  if (!undoesAll && !(Number.isSafeInteger(amountMinor) && amountMinor > 0 && amountMinor < allocatedMinor)) {
    const limit = `${allocatedMinor}, as much as is allocated of payment ${paymentId}`;
    throw new RangeError(`The amount to undo must be above 0 and at most ${limit}, but it is ${amountMinor}`);
  }
  const paidOn = live[0]!.valueDate;
  if (day < paidOn) throw new RangeError(`Payment ${paymentId} of ${paidOn} cannot be undone on ${day}`);

  const undoneOn = customerAtFault ? paidOn : day;
  const leftMinor = allocatedMinor - amountMinor;
  if (intentOf(loan, paymentId)?.kind === 'EXTENSION') {
    const undone = undoings(money, undoneOn, amountMinor);
    const notAsked = customerAtFault ? [] : lessPrice(live, undone);
    return postedFrom(loan, withPostings(loan, [...undone, ...notAsked]), []);
  }
  if (leftMinor > 0 && live.every(({ by }) => by === 'PAYMENT' || by === 'COUPON')) {
    return postedFrom(loan, withPostings(loan, undoings(money, undoneOn, amountMinor)), []);
  }
  const without = withPostings(loan, undoings(live, undoneOn));
  if (leftMinor === 0) return postedFrom(loan, without, []);
  const posted = insert(without, {
    ...{ paymentId, day: notBeforeExtensions(loan, undoneOn) },
    ...{ moneyMinor: leftMinor, couponMinor: 0, intent: { kind: 'NORMAL' } },
  });
  const excess = excessOf(loan, posted).map((one) => ({
    ...one,
    amountMinor: one.amountMinor - (one.paymentId === paymentId ? amountMinor : 0),
  }));
  return postedFrom(loan, posted, excess);
}

/**
 * Puts money towards a loan on a day, by what it is meant to do.
 *
 * @param entry.moneyMinor Infinity pays whatever is asked for
 * @returns the loan with the postings
 */
export function entered(loan: Loan, entry: Entry): Loan {
  const { paymentId, day, moneyMinor, couponMinor, intent } = entry;
  if (intent.kind === 'EARLY_SETTLEMENT' || intent.kind === 'CANCELLATION') {
    if (day <= intent.quotedFor && !endingProblem(loan, day, intent.kind)) {
      const changed = ended(loan, paymentId, day, intent.kind);
      const neededMinor = sumMinor(payableOn(changed, day).map(({ totalMinor }) => totalMinor));
      if (neededMinor <= moneyMinor + couponMinor) return paid(changed, entry);
    }
    return paid(loan, { ...entry, couponMinor: 0 });
  }
  return paid(loan, entry, intent.kind === 'NORMAL' ? intent.instalments : undefined);
}

const intentOf = (loan: Loan, paymentId: string): Intent | undefined =>
  loan.payments.find(({ id }) => id === paymentId)?.intent;

/** Takes from the price of an extension, which the payment itself has added to what is owed, as much of it as goes back. */
const lessPrice = (live: readonly Posting[], undone: readonly Omit<Posting, 'number'>[]) =>
  live
    .filter(({ by }) => by === 'ADJUSTMENT')
    .flatMap(({ number, ...price }) =>
      undone
        .filter(
          ({ instalment, component }) => instalment === price.instalment && component === price.component,
        )
        .map(({ valueDate, amountMinor }) => ({
          ...{ ...price, valueDate, amountMinor: -amountMinor, undoes: number },
        })),
    );

/** Undoes postings, newest first, up to an amount in all. */
function undoings(
  postings: readonly Posting[],
  day: IsoDate,
  upToMinor = Infinity,
): Omit<Posting, 'number'>[] {
  let leftMinor = upToMinor;
  return [...postings].reverse().flatMap(({ number, ...posting }) => {
    const amountMinor = Math.min(leftMinor, posting.amountMinor);
    if (upToMinor !== Infinity) leftMinor -= amountMinor;
    return amountMinor === 0
      ? []
      : [{ ...posting, valueDate: day, amountMinor: -amountMinor, undoes: number }];
  });
}

/** Enters money before all that counts on a later day. */
function insert(loan: Loan, entry: Entry): Loan {
  const later = loan.payments
    .map(({ id, intent }) => ({ id, intent, live: livePostings(loan, id) }))
    .filter(({ live }) => (live[0]?.valueDate ?? '') > entry.day)
    .map(({ id, intent, live }) => ({ paymentId: id, intent, live, day: live[0]!.valueDate }))
    .sort((one, other) => compareDays(one.day, other.day));
  const without = [...later]
    .reverse()
    .reduce((left, { live, day }) => withPostings(left, undoings(live, day)), loan);
  const sumBy = (live: readonly Posting[], kind: Posting['by']): number =>
    sumMinor(live.filter(({ by }) => by === kind).map(({ amountMinor }) => amountMinor));
  return later.reduce(
    (so, { live, ...one }) =>
      entered(so, { ...one, moneyMinor: sumBy(live, 'PAYMENT'), couponMinor: sumBy(live, 'COUPON') }),
    entered(without, entry),
  );
}

/** Pays what is payable: the coupon pays only what the payer's money leaves. */
function paid(
  loan: Loan,
  { paymentId, day, moneyMinor, couponMinor }: Entry,
  only?: readonly number[],
): Loan {
  const { portions } = allocate(loan, day, moneyMinor + couponMinor, only);
  let leftMinor = moneyMinor;
  const postings = portions.flatMap(({ amountMinor, ...portion }) => {
    const byPayerMinor = Math.min(leftMinor, amountMinor);
    leftMinor -= byPayerMinor;
    const posting = { ...portion, paymentId, valueDate: day };
    return [
      { ...posting, by: 'PAYMENT' as const, amountMinor: byPayerMinor },
      { ...posting, by: 'COUPON' as const, amountMinor: amountMinor - byPayerMinor },
    ];
  });
  return withPostings(
    loan,
    postings.filter(({ amountMinor }) => amountMinor > 0),
  );
}

/** By how much less money of each payment is allocated than before. */
function excessOf(before: Loan, after: Loan): Posted['excess'] {
  const allocatedMinor = (loan: Loan, id: string): number => sumOf(loan.postings, id);
  return after.payments.map(({ id }) => ({
    paymentId: id,
    amountMinor: allocatedMinor(before, id) - allocatedMinor(after, id),
  }));
}

const sumOf = (postings: readonly Posting[], id: string): number =>
  sumMinor(
    postings
      .filter(({ paymentId, by }) => paymentId === id && by === 'PAYMENT')
      .map(({ amountMinor }) => amountMinor),
  );

function postedFrom(before: Loan, after: Loan, excess: Posted['excess']): Posted {
  const postings = after.postings.slice(before.postings.length);
  const netted = postings.filter(({ by }) => by === 'NETTING').map(({ amountMinor }) => -amountMinor);
  return {
    loan: after,
    postings,
    excess: excess.filter(({ amountMinor }) => amountMinor !== 0),
    returnMinor: sumMinor(netted),
  };
}

function outcomeOf(
  before: Loan,
  after: Loan,
  { id, intent }: Payment,
  day: IsoDate,
): { outcome: Outcome; settledInstalments: number[] } {
  const days = after.postings.map(({ valueDate }) => valueDate);
  const lastDay = [day, ...days].sort(compareDays).at(-1)!;
  const settledIn = (loan: Loan): number[] =>
    positionOf(loan, lastDay)
      .instalments.filter(({ settled }) => settled)
      .map(({ number }) => number);
  const [settledBefore, settledAfter] = [settledIn(before), settledIn(after)];
  const settledInstalments = settledAfter.filter((number) => !settledBefore.includes(number));
  const outcomeIs = (outcome: Outcome) => ({ outcome, settledInstalments });
  if (livePostings(after, id).length === 0) return outcomeIs('UNAPPLIED');
  // Within window and quote only a cancellation that was paid leaves nothing to pay on its day.
  const isCancelled =
    intent.kind === 'CANCELLATION' &&
    day <= intent.quotedFor &&
    endingProblem(after, day, 'CANCELLATION')?.code === 'LOAN_SETTLED';
  if (isCancelled) return outcomeIs('CANCELLED');
  if (settledAfter.length === after.instalments.length) return outcomeIs('LOAN_SETTLED');
  return outcomeIs(settledInstalments.length > 0 ? 'INSTALMENT_SETTLED' : 'PARTIAL');
}

/** A day, or that of the last extension, if it is later: its schedule stays, also where what was paid for it is refunded. */
function notBeforeExtensions(loan: Loan, day: IsoDate): IsoDate {
  const extensions = loan.payments.filter(({ intent }) => intent.kind === 'EXTENSION');
  const days = extensions.flatMap(({ id, amountMinor, valueDate }) =>
    // One that cost nothing has posted nothing.
    amountMinor === 0
      ? valueDate
      : (loan.postings.find(({ paymentId }) => paymentId === id)?.valueDate ?? []),
  );
  return [day, ...days].sort(compareDays).at(-1)!;
}

/** @throws RangeError if a payment cannot be posted at all */
export function assertNew(loan: Loan, { id, amountMinor, couponMinor = 0, valueDate }: Payment): void {
  if (!Number.isSafeInteger(amountMinor) || amountMinor < 0) {
    throw new RangeError(
      `A payment must be a whole number of minor units, 0 or more, but it is ${amountMinor}`,
    );
  }
  if (!Number.isSafeInteger(couponMinor) || couponMinor < 0) {
    throw new RangeError(
      `A coupon must be a whole number of minor units, 0 or more, but it is ${couponMinor}`,
    );
  }
  if (loan.payments.some((one) => one.id === id))
    throw new RangeError(`Payment ${id} has been posted before`);
  if (valueDate < loan.startDate) {
    throw new RangeError(
      `Payment ${id} counts on ${valueDate}, before the loan's start on ${loan.startDate}`,
    );
  }
}
