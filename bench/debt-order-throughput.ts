import type { Benchmark } from './benchmark';
import { debtOrders, listener, outsideCalls, seedDebtors } from './debt-orders';
import { bareQueue, ourQueue } from './disbursements';
import { againstBare, throughputConditions } from './throughput';

/** Orders of a mall per second, from paid to settled, against a bare workflow with the same waits and outside calls. */
export const debtOrderThroughput: Benchmark = {
  name: 'debt-order-throughput',
  unit: 'orders/s',
  goal: { atLeast: 0.5 },
  async measure(...run) {
    const { onLine, isAsked } = listener();
    const figures = await againstBare(
      run,
      async ({ client, addresses }) => {
        const debtors = await seedDebtors(addresses.databaseUrl);
        const ours = { workflow: 'debt-order', taskQueue: ourQueue, prefix: 'MO' };
        const bare = { workflow: 'bareOrder', taskQueue: bareQueue, prefix: 'MB' };
        return {
          ours: debtOrders(client, ours, debtors, isAsked),
          reference: debtOrders(client, bare, debtors, isAsked),
        };
      },
      onLine,
    );
    return {
      ...figures,
      conditions:
        `An order is told of, asked about, cleared by Yeepay's notice, divided to a supplier and a debtor, confirmed, settled, ` +
        `and its rest given to the merchant, in one workflow. Against a workflow that waits for the same signals and has ` +
        `${outsideCalls} no-op activities, as many as Yeepay is asked in ours, and no database. Our outside calls are no-ops, ` +
        `too; notice and confirmation are sent by the driver, as soon as Yeepay is asked what they follow. ` +
        throughputConditions,
    };
  },
};
