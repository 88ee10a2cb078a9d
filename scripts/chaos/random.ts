import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { keepAlive, type Kept } from '../../test/support/crash/kept';
import type { Stage } from '../../test/support/crash/stage';
import { violations } from '../../test/support/crash/traces';
import { faults, faultsOfYeepay } from '../../test/support/faults';
import { bringReferenceData } from '../../test/support/branches/debt-order';
import { live } from './life';

const customersAtOnce = 6;
const killEveryMs = { least: 500, most: 5_000 };
const reportEveryMs = 10_000;
/** How long flows may still take when nobody is killed any more: the last waits of all retries are over by then. */
const calmMs = 300_000;

/** Kills at random times for a while; everything that is drawn follows from the seed. */
export async function killAtRandom(
  stage: Stage,
  { minutes, seed }: { minutes: number; seed: number },
  note: (line: string) => void,
): Promise<void> {
  const draw = drawsOf(seed);
  const processes = await Promise.all(
    Object.entries({
      'worker 1': () => stage.startWorker(),
      'worker 2': () => stage.startWorker(),
      api: () => stage.startApi(),
      'outside world': () => stage.startSandbox(),
    }).map(([name, start]) => keepAlive(name, start)),
  );
  await bringReferenceData(stage);
  const mixture = { kind: 'MIXTURE', seed: String(seed) };
  await stage.behave(
    { behaviour: { ...mixture, of: faults } },
    { party: 'yeepay', behaviour: { ...mixture, of: faultsOfYeepay } },
  );
  const broken = Promise.race(processes.map((one) => one.broken));
  const flows: Flows = { started: 0, ended: 0, outcomes: {} };
  const report = setInterval(() => {
    const deaths = processes.map((one) => `${one.name} ${one.deaths()}`).join(', ');
    note(`${flows.started} customers, ${flows.ended} done; deaths: ${deaths}`);
  }, reportEveryMs);
  try {
    const until = Date.now() + minutes * 60_000;
    const living = Array.from({ length: customersAtOnce }, () => liveInTurn(stage, until, flows));
    // One that fails while others still live is heard of when all are waited for.
    for (const one of living) one.catch(() => undefined);
    await Promise.race([broken, killUntil(until, processes, draw)]);
    note('no more kills: waiting for the flows to end');
    await Promise.race([broken, within(calmMs, 'Flows that have not ended', Promise.all(living))]);
    await Promise.race([broken, allUp(processes).then(() => noViolations(stage))]);
    note(`all ended: ${JSON.stringify(flows.outcomes)}`);
  } finally {
    clearInterval(report);
    await Promise.all(processes.map((one) => one.stop()));
  }
}

interface Flows {
  /** Customers whose way with a loan has begun, and those who are done with it. */
  started: number;
  ended: number;
  /** How often a flow has ended in which way. */
  outcomes: Record<string, number>;
}

async function killUntil(until: number, processes: readonly Kept[], draw: () => number): Promise<void> {
  while (Date.now() < until) {
    const { least, most } = killEveryMs;
    await delay(least + draw() * (most - least));
    processes[Math.floor(draw() * processes.length)]!.kill();
  }
}

async function liveInTurn(stage: Stage, until: number, flows: Flows): Promise<void> {
  while (Date.now() < until) {
    flows.started += 1;
    await live(stage, flows.started, (outcome) => {
      flows.outcomes[outcome] = (flows.outcomes[outcome] ?? 0) + 1;
    });
    flows.ended += 1;
  }
}

/** Waits until whatever was killed last is back. */
async function allUp(processes: readonly Kept[]): Promise<void> {
  while (!processes.every((one) => one.isUp())) await delay(100);
}

/** Late payouts and their callbacks may still come for a while; then everything must be as it must be. */
async function noViolations(stage: Stage): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const found = await violations(stage);
    if (found.length === 0) return;
    if (Date.now() > deadline) throw new Error(`Not as it must be:\n${found.join('\n')}`);
    await delay(1_000);
  }
}

async function within<T>(timeoutMs: number, what: string, work: Promise<T>): Promise<T> {
  const over = new AbortController();
  const late = delay(timeoutMs, undefined, { signal: over.signal }).then(() => {
    throw new Error(`${what} after ${timeoutMs / 1000} s.`);
  });
  return Promise.race([work, late]).finally(() => over.abort());
}

/** Numbers from 0 to 1, the same ones for the same seed. */
function drawsOf(seed: number): () => number {
  let drawn = 0;
  return () => {
    drawn += 1;
    return createHash('sha256').update(`${seed}/${drawn}`).digest().readUInt32BE() / 2 ** 32;
  };
}
