import type { Benchmark } from './benchmark';
import { borrow, outsideCalls, repayments } from './repayments';
import { againstBare, flowsAtOnce, throughputConditions } from './throughput';

const LOANS = 300;

/** Repayments per second against bare workflows with the same number of outside calls and no database. */
export const repaymentThroughput: Benchmark = {
  name: 'repayment-throughput',
  unit: 'repayments/s',
  goal: { atLeast: 0.5 },
  async measure(servers, onProgress) {
    const figures = await againstBare([servers, onProgress], async ({ client, disburse, barely }) => {
      onProgress(`taking ${LOANS} loans`);
      return {
        ours: repayments(client, await borrow(disburse, LOANS, flowsAtOnce)),
        reference: async () => {
          for (let call = 1; call <= outsideCalls; call += 1) await barely(1);
        },
      };
    });
    return {
      ...figures,
      conditions:
        `A repayment is two workflows: the order, which asks for a method, and the money, which is posted and told to the ` +
        `customer. Against two bare workflows, one after the other, each with one no-op activity and no database. Our ` +
        `outside calls are no-ops too. ${LOANS} loans in turns, a part of the first instalment each time; ` +
        throughputConditions,
    };
  },
};
