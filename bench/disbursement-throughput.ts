import type { Benchmark } from './benchmark';
import { outsideCalls } from './disbursements';
import { againstBare, throughputConditions } from './throughput';

/** Disbursements per second against a bare workflow with the same number of outside calls and no database. */
export const disbursementThroughput: Benchmark = {
  name: 'disbursement-throughput',
  unit: 'disbursements/s',
  goal: { atLeast: 0.5 },
  async measure(...run) {
    const figures = await againstBare(run, async ({ disburse, barely }) => ({
      ours: disburse,
      reference: () => barely(outsideCalls),
    }));
    return {
      ...figures,
      conditions:
        `The whole flow, from the start of the workflow to its end, the partner paying out itself, against a workflow ` +
        `with ${outsideCalls} no-op activities and no database. Our outside calls are no-ops too: the gateway answers ` +
        `at once, so what is compared is the platform and not a simulated party; their rows and steps are all there; ` +
        throughputConditions,
    };
  },
};
