import type { IsoDate } from '../calendar';
import { payableOn } from './position';
import { components, type Component, type Loan } from './loan';

/** What of a payment goes towards one component of one instalment. */
export interface Portion {
  instalment: number;
  component: Component;
  /** In minor units, above 0. */
  amountMinor: number;
}

/**
 * Divides an amount by the product's allocation order; within each target the oldest instalment comes first.
 *
 * @param valueDate the day on which the amount counts, which says what is past due, due and in advance
 * @param amountMinor 0 or more; Infinity takes everything that is payable
 * @param only the numbers of the instalments that it may go towards; all if left out
 * @returns the portions in the order in which they were taken, and what is left over
 */
export function allocate(
  loan: Loan,
  valueDate: IsoDate,
  amountMinor: number,
  only?: readonly number[],
): { portions: Portion[]; leftMinor: number } {
  const payable = payableOn(loan, valueDate).filter(({ number }) => !only || only.includes(number));
  const portions: Portion[] = [];
  let leftMinor = amountMinor;
  for (const target of loan.terms.allocationOrder) {
    for (const { number, timing, owedMinor } of payable) {
      for (const component of components) {
        const takenMinor =
          target === `${timing}_${component}` ? Math.min(leftMinor, owedMinor[component]) : 0;
        if (takenMinor > 0) portions.push({ instalment: number, component, amountMinor: takenMinor });
        leftMinor -= takenMinor;
      }
    }
  }
  return { portions, leftMinor };
}
