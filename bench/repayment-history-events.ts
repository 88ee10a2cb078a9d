import type { Benchmark } from './benchmark';
import { threeDigits } from './comparison';
import { prepareDisbursements } from './disbursements';
import { borrow, repayments } from './repayments';

const MOST_EVENTS = 40;

/** How many events the histories of a repayment have when all goes well. */
export const repaymentHistoryEvents: Benchmark = {
  name: 'repayment-history-events',
  unit: 'events',
  goal: { atMost: 1 },
  async measure(servers) {
    const { addresses, disburse, client, close } = await prepareDisbursements(servers);
    const worker = await servers.newProcess('worker', 'bench/worker.ts', ['ours'], addresses);
    const flowIds = await repayments(client, await borrow(disburse, 1, 1))();
    const lengths = await Promise.all(
      flowIds.map(async (flowId) => (await client.workflow.getHandle(flowId).describe()).historyLength),
    );
    await close();
    await worker.stop();
    const [order, money] = lengths as [number, number];
    return {
      ours: order + money,
      reference: MOST_EVENTS,
      ratio: threeDigits((order + money) / MOST_EVENTS),
      conditions: `One repayment on the plain path: ${order} of the order and ${money} of the money; the reference is the number that they are to keep to.`,
    };
  },
};
