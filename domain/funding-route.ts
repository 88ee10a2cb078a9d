/** A funding partner's agreement for a product, with what routing weighs it by. */
export interface FundingCandidate {
  agreementId: string;
  partnerId: string;
  annualCostRate: string;
  /** Lower comes first. */
  priority: number;
  weight: number;
  validFrom: string;
  validTo: string | null;
  /** States of the channels that the payout needs: the partner's own, and the payment channel's where we pay. */
  channelStates: readonly ('UP' | 'DOWN')[];
  minPayoutMinor: number;
  maxPayoutMinor: number;
  quotaMinor: number;
  /** How much of the partner's money is frozen, in transit or paid out now. */
  engagedMinor: number;
}

export type ExclusionReason =
  'ALREADY_TRIED' | 'AGREEMENT_NOT_VALID' | 'CHANNEL_DOWN' | 'AMOUNT_OUT_OF_RANGE' | 'QUOTA_EXCEEDED';

/** What a route is wanted for. `draw` is a number in [0, 1) that the same application and attempt always has. */
export interface RouteRequest {
  payoutMinor: number;
  businessDate: string;
  excludedPartnerIds: readonly string[];
  draw: number;
}

/** Why a candidate cannot fund this payout, or null when it can. */
function exclusionOf(candidate: FundingCandidate, request: RouteRequest): ExclusionReason | null {
  const { payoutMinor, businessDate, excludedPartnerIds } = request;
  if (excludedPartnerIds.includes(candidate.partnerId)) return 'ALREADY_TRIED';
  if (businessDate < candidate.validFrom || (candidate.validTo !== null && businessDate > candidate.validTo))
    return 'AGREEMENT_NOT_VALID';
  if (candidate.channelStates.includes('DOWN')) return 'CHANNEL_DOWN';
  if (payoutMinor < candidate.minPayoutMinor || payoutMinor > candidate.maxPayoutMinor)
    return 'AMOUNT_OUT_OF_RANGE';
  if (candidate.engagedMinor + payoutMinor > candidate.quotaMinor) return 'QUOTA_EXCEEDED';
  return null;
}

/**
 * Chooses who funds a payout: among those that can, the lowest priority number, then the lowest cost, then by weight.
 * Whether the money is there is not asked here: only reserving it can tell.
 * Out: the chosen candidate (undefined when nobody can) and, for each candidate, why it was excluded.
 */
export function chooseRoute<C extends FundingCandidate>(
  candidates: readonly C[],
  request: RouteRequest,
): { chosen: C | undefined; weighed: { candidate: C; excludedBecause: ExclusionReason | null }[] } {
  const weighed = candidates.map((candidate) => ({
    candidate,
    excludedBecause: exclusionOf(candidate, request),
  }));
  const able = weighed
    .filter(({ excludedBecause }) => excludedBecause === null)
    .map(({ candidate }) => candidate);
  const rank = (one: C, other: C): number =>
    one.priority - other.priority || Number(one.annualCostRate) - Number(other.annualCostRate);
  const [best] = [...able].sort(rank);
  const equals = best ? able.filter((one) => rank(one, best) === 0) : [];
  return { chosen: byWeight(equals, request.draw), weighed };
}

function byWeight<C extends FundingCandidate>(equals: readonly C[], draw: number): C | undefined {
  const total = equals.reduce((sum, { weight }) => sum + weight, 0);
  let left = draw * total;
  return equals.find(({ weight }) => (left -= weight) < 0) ?? equals.at(-1);
}
