import { Exact, roundHalfUp, sumMinor } from '../money';

/** What an amount did: what it settled of which contracts, in the order in which they are settled, and what exceeds the debt. */
export interface Settlement {
  /** In minor units, each above 0. */
  contracts: { contractId: string; amountMinor: number }[];
  /** Owed to the debtor. */
  excessMinor: number;
}

/**
 * Settles a debtor's contracts, one after the other.
 *
 * @param contracts in the order in which the debtor's are settled, with what remains of each
 * @param amountMinor above 0
 */
export function settle(
  contracts: readonly { contractId: string; remainingMinor: number }[],
  amountMinor: number,
): Settlement {
  const settledMinor = filled(
    contracts.map(({ remainingMinor }) => remainingMinor),
    amountMinor,
  );
  const settled = contracts.map(({ contractId }, index) => ({
    contractId,
    amountMinor: settledMinor[index]!,
  }));
  return {
    contracts: settled.filter((one) => one.amountMinor > 0),
    excessMinor: amountMinor - sumMinor(settledMinor),
  };
}

/**
 * Undoes a part of a settlement: of the excess as much as it had of the whole, and of the contracts the rest, the one that was
 * settled last first. However a settlement is undone in parts, the parts add up to it.
 *
 * @param undoneMinor what of it was undone before
 * @param amountMinor what of it is to be undone now, above 0
 * @returns what is undone now
 * @throws RangeError if less of it is left
 */
export function undo(
  { contracts, excessMinor }: Settlement,
  undoneMinor: number,
  amountMinor: number,
): Settlement {
  const wholeMinor = contracts.map((one) => one.amountMinor);
  const settledMinor = sumMinor(wholeMinor);
  const totalMinor = settledMinor + excessMinor;
  if (undoneMinor + amountMinor > totalMinor) {
    throw new RangeError(
      `Of ${totalMinor} that were settled, ${undoneMinor} are undone: ${amountMinor} more cannot be.`,
    );
  }
  const excessOf = (ofMinor: number): number =>
    roundHalfUp(new Exact(excessMinor).times(ofMinor).div(totalMinor));
  const leftAfter = (ofMinor: number): number[] =>
    filled(wholeMinor, settledMinor - (ofMinor - excessOf(ofMinor)));
  const [before, after] = [leftAfter(undoneMinor), leftAfter(undoneMinor + amountMinor)];
  return {
    contracts: contracts
      .map(({ contractId }, index) => ({ contractId, amountMinor: before[index]! - after[index]! }))
      .filter((one) => one.amountMinor > 0)
      .reverse(),
    excessMinor: excessOf(undoneMinor + amountMinor) - excessOf(undoneMinor),
  };
}

/** How an amount lies in a row that fills from the first to the last; what is more than all of it lies nowhere. */
function filled(roomMinor: readonly number[], amountMinor: number): number[] {
  let leftMinor = amountMinor;
  return roomMinor.map((mostMinor) => {
    const heldMinor = Math.min(leftMinor, mostMinor);
    leftMinor -= heldMinor;
    return heldMinor;
  });
}

/** One month of a contract's plan. */
export interface PlanMonth {
  /** `2026-01`. */
  period: string;
  planMinor: number;
}

/**
 * What of each month of a contract's plan is settled: settling fills the months one after the other, and rolling back empties them
 * in reverse, so it follows from what is settled in all.
 *
 * @param plan by period, the first first
 */
export const actualsMinor = (plan: readonly PlanMonth[], settledMinor: number): number[] =>
  filled(
    plan.map(({ planMinor }) => planMinor),
    settledMinor,
  );
