import type { Benchmark } from './benchmark';
import { lineOf, listener, mallOf, outsideCalls, seedDebtors } from './debt-orders';
import { bareQueue, ourQueue } from './disbursements';
import { againstBare, throughputConditions } from './throughput';

/** They take turns, so that few orders wait for each other's debtor. */
const DEBTORS = 500;

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
        const debtors = await seedDebtors(addresses.databaseUrl, DEBTORS);
        const carriedBy = (workflow: string, taskQueue: string, prefix: string) => {
          const mall = mallOf(client, { workflow, taskQueue, prefix }, isAsked);
          return (n: number) =>
            mall.carry([
              lineOf('S-1', 'SUPPLIER', 5_000),
              lineOf(debtors[n % debtors.length]!, 'DEBTOR', 3_000),
            ]);
        };
        return {
          ours: carriedBy('debt-order', ourQueue, 'MO'),
          reference: carriedBy('bareOrder', bareQueue, 'MB'),
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
