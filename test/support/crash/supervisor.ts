import type { Child } from './stage';

/** A process that is started again each time a crash point has killed it. */
export interface Supervised {
  /** The points at which it has died, in order. */
  died: readonly string[];
  /** The points that the process has passed since it was last started. */
  passed(): readonly string[];
  /** Rejects when the process ends in any other way, and never resolves. */
  broken: Promise<never>;
  /** Kills it. */
  stop(): Promise<void>;
}

/**
 * Keeps a process running while points kill it.
 *
 * @param start starts it, armed with a list of points
 * @param points those at which it is to die, once each
 */
export async function supervise(
  start: (at: readonly string[]) => Promise<Child>,
  points: readonly string[],
): Promise<Supervised> {
  const left = new Set(points);
  const died: string[] = [];
  let stopped = false;
  let child = await start([...left]);

  async function watch(): Promise<void> {
    while (!stopped) {
      const how = await child.ended;
      if (stopped) return;
      const point = child.passed.at(-1);
      if (how !== 'signal SIGKILL' || point === undefined || !left.delete(point)) {
        throw new Error(`A process ended (${how}), and not at a crash point:\n${child.lines.join('\n')}`);
      }
      died.push(point);
      child = await start([...left]);
    }
    await child.stop();
  }
  const watching = watch();
  const broken = watching.then(() => new Promise<never>(() => undefined));
  // Whoever waits later still hears of it.
  broken.catch(() => undefined);
  return {
    died,
    broken,
    passed: () => child.passed,
    async stop() {
      stopped = true;
      await child.stop();
      await watching;
    },
  };
}
