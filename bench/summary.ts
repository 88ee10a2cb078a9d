import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Comparison } from './comparison';

/**
 * Writes what was measured into a summary file: a row replaces the earlier one of its name, and rows of other names stay,
 * so that the file holds the latest figure of every benchmark, whichever of them a run was about. The rows stand in the
 * order of their names.
 *
 * @throws Error when the file holds something else than a summary; it is left as it is.
 */
export function writeSummary(file: string, measured: readonly Comparison[]): void {
  const byName = new Map([...earlierRows(file), ...measured].map((row) => [row.name, row]));
  const rows = [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(rows, null, 2)}\n`);
}

function earlierRows(file: string): Comparison[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  try {
    const rows = JSON.parse(text) as Comparison[];
    if (Array.isArray(rows) && rows.every(({ name }) => typeof name === 'string')) return rows;
  } catch {
    // Not even JSON: the same mistake, the same advice.
  }
  throw new Error(`${file} is not a summary of benchmarks. Remove it, and run again.`);
}
