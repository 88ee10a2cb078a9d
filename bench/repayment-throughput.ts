import type { Benchmark } from './benchmark';
import { figuresOf, inTurns, perSecond, threeDigits } from './comparison';
import { prepareDisbursements } from './disbursements';
import { borrow, outsideCalls, repayments } from './repayments';

const ROUNDS = 5;
const ROUND = { clients: 40, roundMs: 10_000 };
const LOANS = 300;

/** Repayments per second against bare workflows with the same number of outside calls and no database. */
export const repaymentThroughput: Benchmark = {
  name: 'repayment-throughput',
  unit: 'repayments/s',
  goal: { atLeast: 0.5 },
  async measure(servers, onProgress) {
    const { addresses, client, disburse, barely, close } = await prepareDisbursements(servers);
    const workers = await Promise.all(
      ['ours', 'bare'].map((side) =>
        servers.newProcess(`worker ${side}`, 'bench/worker.ts', [side], addresses),
      ),
    );
    onProgress(`taking ${LOANS} loans`);
    const repay = repayments(client, await borrow(disburse, LOANS, ROUND.clients));
    const repayBarely = async (): Promise<void> => {
      for (let call = 1; call <= outsideCalls; call += 1) await barely(1);
    };
    const pairs = await inTurns(
      ROUNDS,
      { ours: () => perSecond(ROUND, repay), reference: () => perSecond(ROUND, repayBarely) },
      ({ ours, reference }, round) =>
        onProgress(`round ${round} of ${ROUNDS}: ${threeDigits(ours)}/s, bare ${threeDigits(reference)}/s`),
    );
    await close();
    for (const worker of workers) await worker.stop();
    return {
      ...figuresOf(pairs),
      conditions:
        `A repayment is two workflows: the order, which asks for a method, and the money, which is posted and told to the ` +
        `customer. Against two bare workflows, one after the other, each with one no-op activity and no database. Our ` +
        `outside calls are no-ops too. ${LOANS} loans in turns, a part of the first instalment each time; same Temporal server, ` +
        `client and worker options, a worker process for each side; ${ROUND.clients} repayments at a time, ` +
        `${ROUNDS} rounds of ${ROUND.roundMs / 1000} s in turns; fsync off.`,
    };
  },
};
