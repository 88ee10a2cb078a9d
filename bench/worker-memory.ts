import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Benchmark } from './benchmark';
import { median, threeDigits } from './comparison';
import { prepareDisbursements } from './disbursements';

const FEW = 500;
const MANY = 5_000;
const CLIENTS = 40;
const SAMPLES = 5;
const SAMPLE_EVERY_MS = 1_000;
/**
 * V8 lets garbage lie until it has need of its place, so what is resident under load is a matter of when it was sampled. It
 * collects, and gives back, in two goes within the minute after the load has ended.
 */
const SETTLE_MS = 90_000;

/** Resident memory of a worker process after many flows, against after few. */
export const workerMemory: Benchmark = {
  name: 'worker-memory',
  unit: 'MiB',
  goal: { atMost: 1.2 },
  async measure(servers, onProgress) {
    const { addresses, disburse, close } = await prepareDisbursements(servers);
    const worker = await servers.newProcess('worker', 'bench/worker.ts', ['ours'], addresses);
    let left = 0;
    let done = 0;
    const residentAfter = async (flows: number): Promise<number> => {
      left = flows - done;
      const client = async (): Promise<void> => {
        while (left > 0) {
          left -= 1;
          await disburse();
          done += 1;
          if (done % FEW === 0) onProgress(`${done} flows: ${await residentMiB(worker.pid)} MiB`);
        }
      };
      await Promise.all(Array.from({ length: CLIENTS }, client));
      return settledMiB(worker.pid);
    };
    const reference = await residentAfter(FEW);
    const ours = await residentAfter(MANY);
    await close();
    await worker.stop();
    return {
      ours: threeDigits(ours),
      reference: threeDigits(reference),
      ratio: threeDigits(ours / reference),
      conditions:
        `Resident memory of one worker process that has run ${MANY} disbursements, ${CLIENTS} at a time, against its ` +
        `own after the first ${FEW}; each the median of ${SAMPLES} samples, a second apart, ` +
        `${SETTLE_MS / 1_000} s after it had last had something to do, when V8 has collected what was left.`,
    };
  },
};

/** The resident memory of a process that has become idle. */
async function settledMiB(pid: number): Promise<number> {
  await delay(SETTLE_MS);
  const samples = [];
  for (let n = 0; n < SAMPLES; n += 1) {
    await delay(SAMPLE_EVERY_MS);
    samples.push(await residentMiB(pid));
  }
  return median(samples);
}

/** The resident memory of a process now. */
async function residentMiB(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]);
  return threeDigits(Number(stdout) / 1024);
}
