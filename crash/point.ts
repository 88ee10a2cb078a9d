import { writeSync } from 'node:fs';

/**
 * Marks a place at which a test may end this process, as a power cut would: by SIGKILL, with nothing flushed or closed.
 *
 * Armed by `CRASH_POINTS` in the environment, as `armedWith` makes it. An armed process writes a line for each point that
 * it passes to its standard error, and dies at the first that is on the list. Otherwise this function does nothing; that
 * is decided once, when the process starts.
 *
 * @param place what is about to happen or has just happened, e.g. `before-commit`
 * @param what to what: of a step, `<service-id>.<message-id>`
 */
export const crashPoint: (place: string, what: string) => void = reaction(process.env['CRASH_POINTS']);

/** What an armed process writes for each point that it passes, before the point's name. */
export const passed = 'crash point: ';

/**
 * The environment that arms a child of this process, and only a child of this process: it names its parent, so that a
 * variable that was copied into a deployment arms nothing there. A process that finds itself named by another parent does
 * not start.
 *
 * @param at names of points, `<place> <what>`; with none, the child only tells which points it passes
 */
export const armedWith = (at: readonly string[]): { CRASH_POINTS: string } => ({
  CRASH_POINTS: JSON.stringify({ armedBy: process.pid, at }),
});

function reaction(armed: string | undefined): typeof crashPoint {
  if (armed === undefined) return () => undefined;
  const { armedBy, at } = JSON.parse(armed) as { armedBy: number; at: string[] };
  if (armedBy !== process.ppid) {
    throw new Error('CRASH_POINTS was not set by the process that started this one: unset it.');
  }
  return (place, what) => {
    const name = `${place} ${what}`;
    // Written at once: nothing is left to be flushed when the process is gone.
    writeSync(2, `${passed}${name}\n`);
    if (at.includes(name)) process.kill(process.pid, 'SIGKILL');
  };
}
