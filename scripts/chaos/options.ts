import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

export interface ChaosOptions {
  /** Kill at every crash point of the branches whose name contains `branch`. */
  points: boolean;
  branch: string;
  /** How long to kill at random; 0 for not at all. */
  minutes: number;
  seed: number;
}

const usualMinutes = 10;

export const HELP = `Usage: npm run chaos [-- options]

Kills the platform's processes by SIGKILL while customers apply for loans, repay and extend them and get money back, on
servers of its own, and says whether anything was lost, doubled or left. Without options: every crash point in every branch, then ${usualMinutes} minutes of random kills.

  --points        only every crash point in every branch: some 3,500 kills, which take hours
  --branch TEXT   with --points: only the branches whose name contains the text
  --minutes N     only random kills of workers, API and outside world, for N minutes
  --seed S        draw as the run with this seed did; without it, a new seed is drawn
  --help          show this`;

/**
 * Reads what was asked for.
 *
 * @param args the command line's arguments
 * @returns the options, or 'HELP' when they were asked for
 * @throws Error that names the argument and says what to do
 */
export function chaosOptions(args: readonly string[]): ChaosOptions | 'HELP' {
  const flag = { type: 'boolean', default: false } as const;
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { points: flag, branch: text, minutes: text, seed: text, help: flag },
  });
  if (values.help) return 'HELP';
  const onlyPoints = values.points || values.branch !== undefined;
  const all = !onlyPoints && values.minutes === undefined;
  const minutes = numberIn('--minutes', values.minutes) ?? (all ? usualMinutes : 0);
  const seed = numberIn('--seed', values.seed) ?? randomInt(1_000_000);
  return { points: all || onlyPoints, branch: values.branch ?? '', minutes, seed };
}

function numberIn(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (!(number >= 0)) throw new Error(`${name} takes a number of at least 0, not "${value}".`);
  return number;
}
