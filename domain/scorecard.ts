/** A model as data: points to start from, and points by feature and value band. */
export interface Scorecard {
  version: string;
  basePoints: number;
  characteristics: readonly {
    feature: string;
    /** The first band whose upper bound the value does not reach; the last one has none. */
    bands: readonly { below: number | null; points: number }[];
    /** Points where the feature is not known. */
    unknownPoints: number;
  }[];
}

const minScore = 0;
const maxScore = 1000;

/** The score of a customer: the sum of the points of their features, held within 0 … 1000. Higher is safer. */
export function score(card: Scorecard, features: Readonly<Record<string, number>>): number {
  const points = card.characteristics.map(({ feature, bands, unknownPoints }) => {
    const value = features[feature];
    if (value === undefined) return unknownPoints;
    return bands.find(({ below }) => below === null || value < below)?.points ?? unknownPoints;
  });
  const sum = points.reduce((total, one) => total + one, card.basePoints);
  return Math.min(maxScore, Math.max(minScore, sum));
}
