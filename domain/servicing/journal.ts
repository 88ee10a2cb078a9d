import { sumMinor } from '../money';
import type { Component, Posting, PostingKind } from './loan';

/**
 * What postings change in the books of a loan, in minor units: applied + coupon + returned fee = principal + interest +
 * fee + penalty. Negative where more is taken back than comes: a payment that counts before others moves these along.
 */
export interface JournalChanges {
  /** Of payers' money, what is put towards the loan; what goes back to them is taken off. */
  appliedMinor: number;
  couponMinor: number;
  /** Fees that were deducted from the payout. */
  returnedFeeMinor: number;
  principalMinor: number;
  interestMinor: number;
  feeMinor: number;
  penaltyMinor: number;
}

/** What money stands behind. A waiver or an adjustment lowers what is asked for, and that is in no book: income is what was paid. */
const moneyKinds: readonly PostingKind[] = ['PAYMENT', 'COUPON', 'NETTING', 'RETURNED_FEE'];

/**
 * Nets postings to what they change in the books.
 *
 * @param postings such as a payment has made, undone ones of other payments included
 */
export function journalChanges(postings: readonly Posting[]): JournalChanges {
  const sumOf = (wanted: (posting: Posting) => boolean): number =>
    sumMinor(postings.filter(wanted).map(({ amountMinor }) => amountMinor));
  const by = (kind: PostingKind): number => sumOf((one) => one.by === kind);
  const of = (component: Component): number =>
    sumOf((one) => one.component === component && moneyKinds.includes(one.by));
  return {
    // What is netted and finds no principal goes back to the customer: there the netting sums to less than 0.
    appliedMinor: sumMinor([by('PAYMENT'), by('NETTING')]),
    couponMinor: by('COUPON'),
    returnedFeeMinor: by('RETURNED_FEE'),
    principalMinor: of('PRINCIPAL'),
    interestMinor: of('INTEREST'),
    feeMinor: of('FEE'),
    penaltyMinor: of('PENALTY'),
  };
}
