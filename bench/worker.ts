/**
 * A worker process of the benchmarks. `ours` runs the flows as workers/main.ts does, except that its gateways answer at
 * once instead of asking a party; `bare` runs bench/bare/workflows.ts. Both take the same worker options.
 */
import { randomUUID } from 'node:crypto';
import { activityInfo } from '@temporalio/activity';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { Gateway } from '../activities/outside';
import type { DivideRequest } from '../schemas/outside/yeepay/divide';
import { workerConfig } from '../workers/config';
import { startWorkers, workerOptions } from '../workers/worker';
import { askedLine, orderMinor } from './debt-orders';
import { bareQueue } from './disbursements';

const done = () =>
  ({ status: 'SUCCEEDED', transactionNo: randomUUID(), paidAt: new Date().toISOString() }) as const;

/** A party that does at once whatever it is asked to. */
const willing: Gateway = { send: async () => done(), query: async () => ({ status: 'NOT_KNOWN' }) };

/** A method to pay by, that holds for as long as a run of benchmarks takes. */
const withMethod: Gateway = {
  ...willing,
  send: async () => ({
    ...done(),
    method: { kind: 'QR', value: 'pay', expiresAt: new Date(Date.now() + 3_600_000).toISOString() },
  }),
};

/** An order is cleared once its notice has come: when Yeepay is asked first it is not. */
const clearing: Gateway = {
  async send({ flowId }) {
    console.log(askedLine(flowId, 'CLEARING'));
    return { status: 'PROCESSING' };
  },
  query: async () => ({
    ...done(),
    cleared: { settledMinor: orderMinor.settled, undividedMinor: orderMinor.settled },
  }),
};
const dividing: Gateway = {
  ...willing,
  async send({ flowId, body }) {
    console.log(askedLine(flowId, 'DIVIDE'));
    const { parts } = body as DivideRequest;
    return { ...done(), divided: parts.map((part) => ({ ...part, detailNo: `DD-${part.ledgerNo}` })) };
  },
};
const gateways = {
  'funding-partner-payout': willing,
  'payment-channel-payout': willing,
  'funding-partner-repayment-method': withMethod,
  'payment-channel-repayment-method': withMethod,
  'payment-channel-refund': willing,
  'send-message': willing,
  'yeepay-clearing': clearing,
  'yeepay-divide': dividing,
  'yeepay-divide-complete': willing,
  'yeepay-divide-back': willing,
};

/** What the bare workflows ask: nothing is done. */
const bareActivities = {
  outsideCall: async () => undefined,
  yeepayAsked: async (operation: 'CLEARING' | 'DIVIDE') =>
    console.log(askedLine(activityInfo().workflowExecution!.workflowId, operation)),
};

async function startBare(): Promise<{ done: Promise<void> }> {
  const { temporalAddress: address, temporalNamespace: namespace } = workerConfig(process.env);
  const worker = await Worker.create({
    ...workerOptions,
    connection: await NativeConnection.connect({ address }),
    namespace,
    taskQueue: bareQueue,
    workflowsPath: require.resolve('./bare/workflows'),
    activities: bareActivities,
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
