import type { Comparison, Goal } from './comparison';
import type { Servers } from './servers';

/** One comparison that `npm run bench` can make. */
export interface Benchmark {
  /** Names its row in the summary. */
  readonly name: string;
  readonly unit: string;
  readonly goal: Goal;
  /**
   * Measures both sides.
   *
   * @param servers gives databases, namespaces and processes, which end with the run.
   * @param onProgress told in a line what was just found.
   */
  measure(servers: Servers, onProgress: (line: string) => void): Promise<Omit<Comparison, 'name' | 'unit'>>;
}
