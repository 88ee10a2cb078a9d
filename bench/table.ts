import Table from 'cli-table3';
import colors from 'picocolors';
import type { Benchmark } from './benchmark';
import { isReached, type Comparison, type Goal } from './comparison';

/** The table that a run ends with: the figures, whether each reached its goal, and below it what was compared. */
export function tableOf(
  measured: readonly Comparison[],
  benchmarks: readonly Pick<Benchmark, 'name' | 'goal'>[],
): string {
  const table = new Table({
    style: { head: [], border: [] },
    head: ['benchmark', 'ours', 'reference', 'unit', 'ratio', 'goal', ''].map(colors.bold),
    colAligns: ['left', 'right', 'right', 'left', 'right', 'left', 'left'],
  });
  for (const { name, ours, reference, unit, ratio } of measured) {
    const { goal } = benchmarks.find((one) => one.name === name)!;
    const mark = isReached(goal, ratio) ? colors.green('reached') : colors.red('missed');
    table.push([name, ours, reference, unit, ratio, inWords(goal), mark]);
  }
  const conditions = measured.map((row) => `${colors.bold(row.name)}: ${row.conditions}`);
  return [table.toString(), ...conditions].join('\n\n');
}

const inWords = (goal: Goal): string =>
  'atLeast' in goal ? `at least ${goal.atLeast}` : `at most ${goal.atMost}`;
