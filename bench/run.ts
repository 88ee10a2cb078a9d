/**
 * `npm run bench [-- NAME…]`: makes all comparisons, or the named ones, prints what each found, and writes the figures to
 * var/bench/summary.json. A goal that was not reached is marked in the table; the status is 1 only when something could not be
 * measured.
 */
import path from 'node:path';
import { createScreen } from '../scripts/demo/screen';
import { partsStoppedOnSignal } from '../scripts/local/parts';
import { projectFolder } from '../scripts/local/project-folder';
import type { Benchmark } from './benchmark';
import type { Comparison } from './comparison';
import { acceptLatency } from './accept-latency';
import { debtOrderThroughput } from './debt-order-throughput';
import { disbursementHistoryEvents } from './disbursement-history-events';
import { disbursementThroughput } from './disbursement-throughput';
import { dueListLatency } from './due-list-latency';
import { postingHot, postingSpread } from './posting';
import { repaymentHistoryEvents } from './repayment-history-events';
import { repaymentThroughput } from './repayment-throughput';
import { rollbackOfThousand } from './rollback-1000-items';
import { serversOf } from './servers';
import { writeSummary } from './summary';
import { tableOf } from './table';
import { workerMemory } from './worker-memory';

const benchmarks: readonly Benchmark[] = [
  disbursementThroughput,
  disbursementHistoryEvents,
  repaymentThroughput,
  repaymentHistoryEvents,
  debtOrderThroughput,
  rollbackOfThousand,
  postingSpread,
  postingHot,
  acceptLatency,
  dueListLatency,
  workerMemory,
];
const summaryFile = path.join(projectFolder, 'var', 'bench', 'summary.json');

/** The named benchmarks, or all. Throws when a name is none. */
function chosen(names: readonly string[]): readonly Benchmark[] {
  const known = benchmarks.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new Error(`There is no benchmark ${unknown.join(', ')}. There are: ${known.join(', ')}.`);
  }
  return names.length === 0 ? benchmarks : benchmarks.filter(({ name }) => names.includes(name));
}

async function run(names: readonly string[]): Promise<void> {
  const toRun = chosen(names);
  const screen = createScreen(process.stdout);
  const parts = partsStoppedOnSignal();
  const servers = serversOf(parts, (line) => screen.note(line));
  const measured: Comparison[] = [];
  try {
    for (const benchmark of toRun) {
      const { name, unit } = benchmark;
      const measuring = benchmark.measure(servers, (line) => screen.note(`${name}: ${line}`));
      measured.push({ name, ...(await screen.waitFor(name, measuring)), unit });
      // Written at once: what has been measured is not lost when a later benchmark fails.
      writeSummary(summaryFile, measured);
    }
  } finally {
    await parts.stop();
  }
  screen.say(`\n${tableOf(measured, toRun)}\n\nWritten to ${path.relative(process.cwd(), summaryFile)}.`);
}

run(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
