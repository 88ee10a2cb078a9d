import type { Payer } from './repayment-order';

/** Somebody who may collect an order's money. */
export interface Collector {
  party: string;
  /** PARTNER: a funding partner, by itself. CUSTODY: our payment system, through a payment channel. */
  collectedBy: 'PARTNER' | 'CUSTODY';
  collectsFrom: 'BORROWER' | 'ANYBODY';
  channelState: 'UP' | 'DOWN';
}

/** Why a collector is passed over. */
export type CollectorExclusion = 'ALREADY_TRIED' | 'CHANNEL_DOWN' | 'COLLECTS_FROM_BORROWERS_ONLY';

/** A collector with why it is passed over; null for the one that is chosen, and for those after it. */
export interface WeighedCollector {
  collector: Collector;
  excludedBecause: CollectorExclusion | null;
}

/**
 * Chooses who collects an order's money: the funding partner of all its loans, if it collects for itself; else the
 * market's default collector. Money for loans of several partners is one payment, which only the default collector takes.
 *
 * @param order `partners` are those of its loans, one each; `triedParties` were asked in vain
 * @returns the chosen collector (undefined when nobody is left), and all that were weighed, in their order
 */
export function chooseCollector(order: {
  partners: readonly Collector[];
  defaultCollector: Collector | undefined;
  payer: Payer;
  triedParties: readonly string[];
}): { chosen: Collector | undefined; weighed: WeighedCollector[] } {
  const { partners, defaultCollector, payer, triedParties } = order;
  const [partner, ...others] = partners;
  const collectors = [
    ...(partner?.collectedBy === 'PARTNER' && others.length === 0 ? [partner] : []),
    ...(defaultCollector ? [defaultCollector] : []),
  ];
  const weighed = collectors.map((collector) => ({
    collector,
    excludedBecause: exclusionOf(collector, payer, triedParties),
  }));
  const chosen = weighed.find(({ excludedBecause }) => excludedBecause === null)?.collector;
  return { chosen, weighed };
}

function exclusionOf(
  { party, collectsFrom, channelState }: Collector,
  payer: Payer,
  triedParties: readonly string[],
): CollectorExclusion | null {
  if (triedParties.includes(party)) return 'ALREADY_TRIED';
  if (channelState === 'DOWN') return 'CHANNEL_DOWN';
  return collectsFrom === 'BORROWER' && payer !== 'BORROWER' ? 'COLLECTS_FROM_BORROWERS_ONLY' : null;
}
