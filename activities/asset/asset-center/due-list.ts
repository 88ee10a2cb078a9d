import { sumMinor } from '../../../domain/money';
import type { ServicingProblem } from '../../../domain/servicing/loan';
import {
  byComponent,
  owedAmounts,
  positionOf,
  type InstalmentPosition,
} from '../../../domain/servicing/position';
import { quoteProblem } from '../../../domain/servicing/quote';
import type { DueLoan, OwedAmounts } from '../../../schemas/generated/messages';
import { whyNotExtended } from './extensions';
import { lookedAtOn, type KeptLoan } from './loans';

/** A loan in its customer's due list; undefined where nothing is owed of it. */
export function dueLoan(kept: KeptLoan): DueLoan | undefined {
  const { loanId, productId, productVersion, currency, loan } = kept;
  const asOf = lookedAtOn(kept);
  const { instalments, overdueDays } = positionOf(loan, asOf);
  const owing = instalments.filter(({ settled }) => !settled);
  if (owing.length === 0) return undefined;
  return {
    ...{ loanId, productId, productVersion, currency, asOf, overdueDays },
    due: sumOf(owing.filter(({ timing }) => timing !== 'IN_ADVANCE')),
    outstanding: sumOf(owing),
    instalments: owing.map(({ number, dueDate, timing, overdueDays: days, owedMinor }) => ({
      ...{ number, dueDate, timing, overdueDays: days, owed: owedAmounts(owedMinor) },
    })),
    scenarios: [
      // Of any loan that owes something some instalment can be paid, if only in advance.
      { scenario: 'NORMAL', isOpen: true },
      { scenario: 'EARLY_SETTLEMENT', ...openUnless(quoteProblem(loan, asOf, { kind: 'EARLY_SETTLEMENT' })) },
      { scenario: 'CANCELLATION', ...openUnless(quoteProblem(loan, asOf, { kind: 'CANCELLATION' })) },
      { scenario: 'EXTENSION', ...openUnless(whyNotExtended(kept, asOf, 1)) },
    ],
  };
}

const openUnless = (problem: ServicingProblem | undefined) =>
  problem
    ? { isOpen: false, closedBecause: { code: problem.code, reason: `${problem.message}.` } }
    : { isOpen: true };

const sumOf = (instalments: readonly InstalmentPosition[]): OwedAmounts =>
  owedAmounts(byComponent((component) => sumMinor(instalments.map(({ owedMinor }) => owedMinor[component]))));
