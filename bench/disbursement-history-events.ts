import type { Benchmark } from './benchmark';
import { threeDigits } from './comparison';
import { prepareDisbursements } from './disbursements';

const MOST_EVENTS = 45;

/** How many events the history of a disbursement has when all goes well. */
export const disbursementHistoryEvents: Benchmark = {
  name: 'disbursement-history-events',
  unit: 'events',
  goal: { atMost: 1 },
  async measure(servers) {
    const { addresses, disburse, client, close } = await prepareDisbursements(servers);
    const worker = await servers.newProcess('worker', 'bench/worker.ts', ['ours'], addresses);
    const flowId = await disburse();
    const { historyLength } = await client.workflow.getHandle(flowId).describe();
    await close();
    await worker.stop();
    return {
      ours: historyLength,
      reference: MOST_EVENTS,
      ratio: threeDigits(historyLength / MOST_EVENTS),
      conditions: 'One flow on the plain path; the reference is the number that it is to keep to.',
    };
  },
};
