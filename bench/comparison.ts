/** One row of var/bench/summary.json: what a benchmark of ours measured against its reference. */
export interface Comparison {
  readonly name: string;
  /** In `unit`: medians over the rounds, where the benchmark has rounds. */
  readonly ours: number;
  readonly reference: number;
  /** Ours over the reference; the median of the rounds' ratios, where there are rounds. */
  readonly ratio: number;
  readonly unit: string;
  /** What was compared with what, how often and on what, so that a reader can judge the figures. */
  readonly conditions: string;
}

/** What the ratio of a benchmark is to be. */
export type Goal = { readonly atLeast: number } | { readonly atMost: number };

export const isReached = (goal: Goal, ratio: number): boolean =>
  'atLeast' in goal ? ratio >= goal.atLeast : ratio <= goal.atMost;

/** The two sides of a comparison, each measured once in every round; the figures are of one unit. */
export interface Sides {
  ours(round: number): Promise<number>;
  reference(round: number): Promise<number>;
}

/** What a round measured. */
export interface Pair {
  readonly ours: number;
  readonly reference: number;
}

/**
 * Measures both sides in turns, so that whatever else the machine does meets both; who goes first changes with each round.
 *
 * @param sides get the number of the round, of all that are made.
 * @param onRound told of each counted round as it ends, with its number among these.
 * @param warmUpRounds come before, and are not counted.
 * @returns one pair for each of `rounds`.
 */
export async function inTurns(
  rounds: number,
  sides: Sides,
  onRound: (pair: Pair, round: number) => void,
  warmUpRounds = 1,
): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (let round = 0; round < warmUpRounds + rounds; round += 1) {
    const oursFirst = round % 2 === 0 ? await sides.ours(round) : undefined;
    const reference = await sides.reference(round);
    const pair = { ours: oursFirst ?? (await sides.ours(round)), reference };
    if (round < warmUpRounds) continue;
    pairs.push(pair);
    onRound(pair, pairs.length);
  }
  return pairs;
}

/** The middle of the values; of an even number of them, the mean of the two in the middle. Throws when there is none. */
export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** The value below which a share `q` of the values lies, from 0 to 1; between two values, in proportion. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) throw new Error('There is nothing of which to take a median.');
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * q;
  const below = sorted[Math.floor(place)]!;
  return below + (sorted[Math.ceil(place)]! - below) * (place % 1);
}

/** The figures of a comparison: the medians of both sides and of the rounds' ratios, to three digits. */
export function figuresOf(pairs: readonly Pair[]): Pair & { ratio: number } {
  return {
    ours: threeDigits(median(pairs.map(({ ours }) => ours))),
    reference: threeDigits(median(pairs.map(({ reference }) => reference))),
    ratio: threeDigits(median(pairs.map(({ ours, reference }) => ours / reference))),
  };
}

/** A measured value with the digits that mean something; of a larger one, all that are before the point. */
export const threeDigits = (value: number): number =>
  Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));

/**
 * How often `act` is done per second by clients that each do it again as soon as it is done.
 *
 * @param act gets a number that no other call of this round has.
 */
export async function perSecond(
  { clients, roundMs }: { clients: number; roundMs: number },
  act: (n: number) => Promise<unknown>,
): Promise<number> {
  const start = performance.now();
  let done = 0;
  const client = async (): Promise<void> => {
    while (performance.now() - start < roundMs) {
      const n = done;
      done += 1;
      await act(n);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return done / ((performance.now() - start) / 1_000);
}
