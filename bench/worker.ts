/**
 * A worker process of the benchmarks. `ours` runs the flows as workers/main.ts does, except that its gateways answer at
 * once instead of asking a party; `bare` runs bench/bare/workflows.ts. Both take the same worker options.
 */
import { randomUUID } from 'node:crypto';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { yeepayGateways } from '../activities/gateways/yeepay';
import type { Gateway } from '../activities/outside';
import { workerConfig } from '../workers/config';
import { startWorkers, workerOptions } from '../workers/worker';
import { bareQueue } from './disbursements';

/** A party that does at once whatever it is asked to. */
const willing: Gateway = {
  send: async () => ({
    status: 'SUCCEEDED',
    transactionNo: randomUUID(),
    paidAt: new Date().toISOString(),
  }),
  query: async () => ({ status: 'NOT_KNOWN' }),
};
/** A method to pay by, that holds for as long as a run of benchmarks takes. */
const withMethod: Gateway = {
  ...willing,
  send: async () => ({
    status: 'SUCCEEDED',
    transactionNo: randomUUID(),
    paidAt: new Date().toISOString(),
    method: { kind: 'QR', value: 'pay', expiresAt: new Date(Date.now() + 3_600_000).toISOString() },
  }),
};
const gateways = {
  'funding-partner-payout': willing,
  'payment-channel-payout': willing,
  'funding-partner-repayment-method': withMethod,
  'payment-channel-repayment-method': withMethod,
  'payment-channel-refund': willing,
  'send-message': willing,
  ...yeepayGateways(undefined),
};

async function startBare(): Promise<{ done: Promise<void> }> {
  const { temporalAddress: address, temporalNamespace: namespace } = workerConfig(process.env);
  const worker = await Worker.create({
    ...workerOptions,
    connection: await NativeConnection.connect({ address }),
    namespace,
    taskQueue: bareQueue,
    workflowsPath: require.resolve('./bare/workflows'),
    activities: { outsideCall: async () => undefined },
  });
  return { done: worker.run() };
}

async function main(side: string | undefined): Promise<void> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const { done } =
    side === 'bare' ? await startBare() : await startWorkers(workerConfig(process.env), {}, gateways);
  console.log(JSON.stringify({ event: 'ready', process: side }));
  await done;
}

main(process.argv[2]).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
