import type { World } from '../world';
import { debtOrders, type OrderWalk } from './debt-order';
import { reconciledDays, type DayWalk } from './debt-reconciliation';
import { extensions } from './extension';
import { findLatePayout, loanApplications, planAgain } from './loan-application-disbursement';
import { findLateRefund, refundsAndReversals } from './refund-and-reversal-lifecycle';
import { repayments } from './repayment';
import type { Branch, LoanWalk, Walk, Walked, WhileItWaits } from './walk';

export type { LoanWalk, Walk, Walked } from './walk';

// The branches of the flows: each is gone by tests on the real servers, and its history is kept and replayed.

const branches = {
  'loan-application-disbursement': loanApplications,
  repayment: repayments,
  'refund-and-reversal-lifecycle': refundsAndReversals,
  extension: extensions,
  'debt-order': debtOrders,
  'debt-reconciliation': reconciledDays,
  exception: { returned: findLatePayout, 'refund-returned': findLateRefund },
  'repayment-plan-generation': { 'done-before': planAgain },
};

type Branches = typeof branches;
/** The branches by what their histories are called: `<flow-id>/<branch>`. */
export type BranchName = {
  [Flow in keyof Branches]: `${Flow}/${keyof Branches[Flow] & string}`;
}[keyof Branches];

type OrderBranchName = `debt-order/${keyof Branches['debt-order']}`;

type DayBranchName = `debt-reconciliation/${keyof Branches['debt-reconciliation']}`;

/** What a branch is about. */
type WalkOf<N extends BranchName> = N extends OrderBranchName
  ? OrderWalk
  : N extends DayBranchName
    ? DayWalk
    : LoanWalk;

const byName = Object.fromEntries(
  Object.entries(branches).flatMap(([flow, all]) =>
    Object.entries<Branch<Walk>>(all).map(([name, branch]) => [`${flow}/${name}`, branch]),
  ),
) as Record<BranchName, Branch<Walk>>;

export const branchNames = Object.keys(byName) as BranchName[];

/**
 * Goes a branch from the flow's start to its end.
 *
 * @param whileItWaits called where the flow waits for a person or a party, in the branches that do
 * @returns the walk, and what the flow ended with
 */
export const goBranch = <N extends BranchName>(
  world: World,
  branch: N,
  whileItWaits?: WhileItWaits<WalkOf<N>>,
): Promise<Walked<WalkOf<N>>> =>
  byName[branch](world, whileItWaits as WhileItWaits<Walk> | undefined) as Promise<Walked<WalkOf<N>>>;
