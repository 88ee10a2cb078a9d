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
  let leftMinor = amountMinor;
  const settled = contracts.map(({ contractId, remainingMinor }) => {
    const settledMinor = Math.min(leftMinor, remainingMinor);
    leftMinor -= settledMinor;
    return { contractId, amountMinor: settledMinor };
  });
  return { contracts: settled.filter((one) => one.amountMinor > 0), excessMinor: leftMinor };
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
  const settledMinor = contracts.reduce((sum, one) => sum + one.amountMinor, 0);
  const totalMinor = settledMinor + excessMinor;
  if (undoneMinor + amountMinor > totalMinor) {
    throw new RangeError(
      `Of ${totalMinor} that were settled, ${undoneMinor} are undone: ${amountMinor} more cannot be.`,
    );
  }
  const excessOf = (ofMinor: number): number =>
    Number((2n * BigInt(excessMinor) * BigInt(ofMinor) + BigInt(totalMinor)) / (2n * BigInt(totalMinor)));
  const leftAfter = (ofMinor: number): number[] =>
    withinFirst(contracts, settledMinor - (ofMinor - excessOf(ofMinor)));
  const [before, after] = [leftAfter(undoneMinor), leftAfter(undoneMinor + amountMinor)];
  return {
    contracts: contracts
      .map(({ contractId }, index) => ({ contractId, amountMinor: before[index]! - after[index]! }))
      .filter((one) => one.amountMinor > 0)
      .reverse(),
    excessMinor: excessOf(undoneMinor + amountMinor) - excessOf(undoneMinor),
  };
}

/** How an amount lies in a row of contracts that fills from the first to the last. */
function withinFirst(contracts: readonly { amountMinor: number }[], fillMinor: number): number[] {
  let leftMinor = fillMinor;
  return contracts.map(({ amountMinor }) => {
    const heldMinor = Math.min(leftMinor, amountMinor);
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
  withinFirst(
    plan.map(({ planMinor }) => ({ amountMinor: planMinor })),
    settledMinor,
  );
