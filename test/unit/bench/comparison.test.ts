import {
  figuresOf,
  inTurns,
  isReached,
  median,
  perSecond,
  quantile,
  threeDigits,
} from '../../../bench/comparison';

describe('a comparison', () => {
  test('gives the medians of both sides, and the median of the ratios of the rounds', () => {
    const pairs = [
      { ours: 10, reference: 20 },
      { ours: 30, reference: 20 },
      { ours: 20, reference: 80 },
    ];
    expect(figuresOf(pairs)).toEqual({ ours: 20, reference: 20, ratio: 0.5 });
  });

  test('measures both sides in every round, goes first by turns, and does not count the first round', async () => {
    const order: string[] = [];
    const side = (name: string) => async (round: number) => {
      order.push(`${name}${round}`);
      return round;
    };
    const told: number[] = [];
    const pairs = await inTurns(2, { ours: side('o'), reference: side('r') }, (_pair, round) =>
      told.push(round),
    );
    expect(order).toEqual(['o0', 'r0', 'r1', 'o1', 'o2', 'r2']);
    expect(pairs).toEqual([
      { ours: 1, reference: 1 },
      { ours: 2, reference: 2 },
    ]);
    expect(told).toEqual([1, 2]);
  });

  test('reaches a goal also when it just meets it', () => {
    expect(isReached({ atLeast: 0.5 }, 0.5)).toBe(true);
    expect(isReached({ atLeast: 0.5 }, 0.49)).toBe(false);
    expect(isReached({ atMost: 1.2 }, 1.2)).toBe(true);
    expect(isReached({ atMost: 1.2 }, 1.21)).toBe(false);
  });
});

describe('figures', () => {
  test('have a median whatever their order, between the two in the middle where their number is even', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(() => median([])).toThrow('nothing');
  });

  test('have quantiles, in proportion between two values', () => {
    expect(quantile([10, 20, 30], 0.75)).toBe(25);
    expect(quantile([10, 20, 30], 1)).toBe(30);
    expect(quantile([10], 0.95)).toBe(10);
  });

  test('are shown with the digits that mean something', () => {
    expect([1234.56, 12.345, 0.30612].map(threeDigits)).toEqual([1235, 12.3, 0.306]);
  });

  test('of a rate count what was done, each under a number of its own', async () => {
    const numbers = new Set<number>();
    const rate = await perSecond({ clients: 4, roundMs: 20 }, async (n) => {
      expect(numbers.has(n)).toBe(false);
      numbers.add(n);
      await new Promise(setImmediate);
    });
    expect([...numbers].sort((a, b) => a - b)).toEqual([...numbers.keys()].map((_, n) => n));
    expect(rate).toBeGreaterThan(0);
  });
});
