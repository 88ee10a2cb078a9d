import { setTimeout as delay } from 'node:timers/promises';
import type { Branch, Target } from './branches';
import type { Child, Stage } from './stage';
import { supervise } from './supervisor';
import { difference, recordsOf } from './traces';

export interface KilledAt {
  /** The points that were tried, in the order in which an undisturbed flow passes them. */
  points: string[];
  /** Those at which the process was killed; all of them, unless a point depends on a coincidence. */
  killed: string[];
}

/**
 * At how many points of a branch one flow dies at most; the points are spread, so that its deaths lie apart. Temporal makes
 * the time limit of a task longer and longer once it was lost twice in a row. The API's deaths lose no tasks.
 */
const deathsAtMost = { worker: 6, api: 1_000 };
/** After this time a flow is as good as stuck. */
const flowTimeoutMs = 180_000;
/** What parties still tell when a flow has ended is on record by then. */
const afterwardsMs = 60_000;

/**
 * Kills the process once at each crash point of a branch, in a few flows, and holds every flow against an undisturbed one.
 *
 * @param elsewhere points that need not be tried here, since another branch tries them; those tried here are added
 * @param among what the points that are tried have in common; those of the branch, if left out
 * @throws Error with the points of the flow when a flow has not ended as it would have, when a record is missing or
 *   doubled, or when the process has ended otherwise
 */
export async function killAtEachPoint(
  stage: Stage,
  branch: Branch,
  target: Target,
  {
    elsewhere = new Set<string>(),
    among = branch.among ?? /^/,
  }: { elsewhere?: Set<string>; among?: RegExp } = {},
): Promise<KilledAt> {
  const undisturbed = await through(stage, branch, target, [], null);
  const passed = [...new Set(undisturbed.passed)].filter((point) => among.test(point));
  const tried = new Set<string>();
  const killed = new Set<string>();

  /** Has one flow die at some of these points, which are spread over all of them. */
  async function killAtSomeOf(points: readonly string[]): Promise<void> {
    const flows = Math.ceil(points.length / deathsAtMost[target.kill]);
    const some = points.filter((_, index) => index % flows === 0);
    for (const point of some) {
      tried.add(point);
      elsewhere.add(point);
    }
    const { died } = await through(stage, branch, target, some, undisturbed);
    for (const point of died) killed.add(point);
  }

  // Flow by flow, so that of what two branches pass that are gone side by side, each takes its share.
  const untried = (): string[] => passed.filter((point) => !elsewhere.has(point));
  while (untried().length > 0) await killAtSomeOf(untried());
  // A point may not be met because of the death before it: a party that has the request already is asked, and not sent it.
  const missed = (): string[] => [...tried].filter((point) => !killed.has(point));
  for (let before = -1; missed().length > 0 && killed.size > before;) {
    before = killed.size;
    await killAtSomeOf(missed());
  }
  const inOrder = (points: Set<string>): string[] => passed.filter((point) => points.has(point));
  return { points: inOrder(tried), killed: inOrder(killed) };
}

interface Flow {
  /** By which it is on record. */
  names: readonly string[];
  /** Where its process died, in order. */
  died: readonly string[];
  /** What its process passed after its last death. */
  passed: readonly string[];
}

/** One flow of a branch, from its start to its end, by a process that dies at points; then its records are those of another. */
async function through(
  stage: Stage,
  branch: Branch,
  target: Target,
  points: readonly string[],
  undisturbed: Flow | null,
): Promise<Flow> {
  const start = (at?: readonly string[]): Promise<Child> =>
    target.kill === 'api' ? stage.startApi(at) : stage.startWorker(at, target.taskQueue);
  const process = await supervise(start, points);
  const over = new AbortController();
  try {
    const stuck = delay(flowTimeoutMs, undefined, { signal: over.signal }).then(() => {
      throw new Error(`has not ended within ${flowTimeoutMs / 1000} s`);
    });
    const names = await Promise.race([oneFlow(stage, branch, target), process.broken, stuck]);
    const flow = { names, died: process.died, passed: [...process.passed()] };
    // While the process still runs: parties may have something left to tell.
    if (undisturbed) await Promise.race([expectSameRecords(stage, undisturbed, flow), process.broken]);
    return flow;
  } catch (error) {
    throw new Error(describe(branch, process.died, error), { cause: error });
  } finally {
    over.abort();
    await process.stop();
  }
}

const describe = ({ name }: Branch, died: readonly string[], error: unknown): string =>
  `The flow "${name}", killed at [${died.join(', ')}]: ${(error as Error).message}`;

async function oneFlow(stage: Stage, branch: Branch, target: Target): Promise<string[]> {
  const { names, outcome: ended } = await branch.go(stage, target);
  const { outcome } = ended as { outcome: string };
  if (outcome !== branch.outcome) throw new Error(`has ended ${outcome}, and not ${branch.outcome}`);
  return names;
}

/** Waits until what is on record of a flow is what is on record of the undisturbed one. */
async function expectSameRecords(stage: Stage, undisturbed: Flow, flow: Flow): Promise<void> {
  const deadline = Date.now() + afterwardsMs;
  for (;;) {
    const wanted = await recordsOf(stage, undisturbed.names);
    const found = await recordsOf(stage, flow.names);
    const different = difference(wanted, found);
    if (different.length === 0) return;
    if (Date.now() > deadline) {
      throw new Error(`its records differ from an undisturbed flow's:\n${different.join('\n')}`);
    }
    await delay(200);
  }
}
