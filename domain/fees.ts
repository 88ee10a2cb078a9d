import { Exact, roundHalfUp, sumMinor } from './money';
import type { FeeTerms, ProductTerms } from './product-terms';

/** What one fee of a loan comes to, in the loan's currency. */
export interface Fee {
  code: string;
  amountMinor: number;
}

/**
 * The fees that are kept back from a loan's payout: fixed ones as they stand, percentages of the principal
 * rounded half-up to the minor unit.
 *
 * @param principalMinor the loan's principal, in minor units
 * @returns one for each, in the order of the terms; a fee that rounds to nothing is left out, because a
 *   ledger entry must be positive
 */
export function deductedFees(terms: ProductTerms, principalMinor: number): Fee[] {
  return terms.fees
    .filter((fee) => fee.timing === 'DEDUCTED')
    .map((fee) => ({ code: fee.code, amountMinor: basisMinor(fee, principalMinor) }))
    .filter((fee) => fee.amountMinor > 0);
}

/**
 * The fees that are paid with the instalments. A fixed fee is paid in full with each instalment. A percentage
 * is one of the principal for the whole loan, spread evenly: every part is rounded down and the last takes
 * the residue, so that the parts sum to the fee and none is negative.
 *
 * @param principalMinor the loan's principal, in minor units
 * @param instalmentCount how many instalments the loan has, 1 or more
 * @returns for each instalment, all its fees together, in minor units
 */
export function instalmentFees(
  terms: ProductTerms,
  principalMinor: number,
  instalmentCount: number,
): number[] {
  const fees = terms.fees.filter((fee) => fee.timing === 'PER_INSTALMENT');
  return Array.from({ length: instalmentCount }, (_, index) =>
    sumMinor(fees.map((fee) => instalmentPart(fee, principalMinor, instalmentCount, index + 1))),
  );
}

/**
 * What the borrower receives: the principal without the deducted fees.
 *
 * @param principalMinor the loan's principal, in minor units
 * @param fees the loan's deducted fees
 * @returns a positive amount in minor units
 * @throws RangeError if the fees leave nothing to pay out
 */
export function payoutMinor(principalMinor: number, fees: Fee[]): number {
  const payout = sumMinor([principalMinor, ...fees.map((fee) => -fee.amountMinor)]);
  if (payout <= 0)
    throw new RangeError(`Deducted fees leave nothing of the principal ${principalMinor} to pay out`);
  return payout;
}

function instalmentPart(
  fee: FeeTerms,
  principalMinor: number,
  instalmentCount: number,
  number: number,
): number {
  const wholeMinor = basisMinor(fee, principalMinor);
  if (fee.basis.kind === 'FIXED') return wholeMinor;
  const partMinor = Math.floor(wholeMinor / instalmentCount);
  return number < instalmentCount ? partMinor : wholeMinor - partMinor * (instalmentCount - 1);
}

function basisMinor({ basis }: FeeTerms, principalMinor: number): number {
  return basis.kind === 'FIXED'
    ? basis.amountMinor
    : roundHalfUp(new Exact(basis.rate).times(principalMinor));
}
