import type { Benchmark } from './benchmark';
import { figuresOf, inTurns, perSecond, threeDigits } from './comparison';
import { outsideCalls, prepareDisbursements } from './disbursements';

const ROUNDS = 5;
const ROUND = { clients: 40, roundMs: 10_000 };

/** Disbursements per second against a bare workflow with the same number of outside calls and no database. */
export const disbursementThroughput: Benchmark = {
  name: 'disbursement-throughput',
  unit: 'disbursements/s',
  goal: { atLeast: 0.5 },
  async measure(servers, onProgress) {
    const { addresses, disburse, barely, close } = await prepareDisbursements(servers);
    const workers = await Promise.all(
      ['ours', 'bare'].map((side) =>
        servers.newProcess(`worker ${side}`, 'bench/worker.ts', [side], addresses),
      ),
    );
    const pairs = await inTurns(
      ROUNDS,
      {
        ours: () => perSecond(ROUND, disburse),
        reference: () => perSecond(ROUND, () => barely(outsideCalls)),
      },
      ({ ours, reference }, round) =>
        onProgress(`round ${round} of ${ROUNDS}: ${threeDigits(ours)}/s, bare ${threeDigits(reference)}/s`),
    );
    await close();
    for (const worker of workers) await worker.stop();
    return {
      ...figuresOf(pairs),
      conditions:
        `The whole flow, from the start of the workflow to its end, the partner paying out itself, against a workflow ` +
        `with ${outsideCalls} no-op activities and no database. Our outside calls are no-ops too: the gateway answers ` +
        `at once, so what is compared is the platform and not a simulated party; their rows and steps are all there. ` +
        `Same Temporal server, client, argument and worker options, a worker process for each side; ` +
        `${ROUND.clients} flows at a time, ${ROUNDS} rounds of ${ROUND.roundMs / 1000} s in turns; fsync off.`,
    };
  },
};
