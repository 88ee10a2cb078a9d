import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import type { Knex } from 'knex';
import { activitiesOn } from '../activities/activities';
import { partyGateway } from '../activities/gateways/party';
import { yeepayGateways, yeepayStatements } from '../activities/gateways/yeepay';
import type { Gateways } from '../activities/outside';
import { connect } from '../db/pool';
import { parties } from '../db/reference';
import { partyQueue } from '../workflows/moves/party-queue';
import type { WorkerConfig } from './config';
import { flowsBundle } from './flows-bundle';

/** How many flows one process works on at once; each holds at most one database connection while it takes a step. */
const concurrentSteps = 40;
const databaseConnections = 20;

/** How the worker that runs the flows uses its machine. */
export const workerOptions = {
  maxConcurrentLocalActivityExecutions: concurrentSteps,
  // How long a task waits for the worker that has its flow in memory, before any worker may take it.
  stickyQueueScheduleToStartTimeout: '5 seconds',
} as const satisfies Partial<WorkerOptions>;

/** Often enough that a heartbeat may come late, or get lost, without the step being given to another worker. */
const heartbeatInterval = '1 second';

/** Running workers of one process. */
export interface RunningWorkers {
  /** Ends when all workers have ended; fails when one of them does. */
  done: Promise<void>;
  /** Lets the steps that run finish, then ends. */
  stop(): Promise<void>;
}

/**
 * Starts the workers of one process: one for the flows and their database steps, and one for each outside party, with a
 * queue and a rate limit of its own, so that a slow party starves nothing else.
 * In: the configuration; options that a test sets (a prebuilt bundle, say); gateways, where the parties are not to be
 * asked over HTTP. Throws when a server cannot be reached.
 */
export async function startWorkers(
  config: WorkerConfig,
  options: Partial<WorkerOptions> = {},
  gateways: Gateways = gatewaysOf(config),
): Promise<RunningWorkers> {
  const db = connect(config.databaseUrl, { max: databaseConnections, applicationName: 'credit-worker' });
  const connection = await NativeConnection.connect({ address: config.temporalAddress });
  const { yeepay, answerTimeoutMs } = config;
  const statementOf = yeepayStatements(yeepay && { ...yeepay, answerTimeoutMs });
  const activities = activitiesOn(db, gateways, statementOf);
  const { workflowsPath, preloadModules } = flowsBundle;
  const common = {
    connection,
    namespace: config.temporalNamespace,
    activities,
    shutdownGraceTime: '10 seconds',
    maxHeartbeatThrottleInterval: heartbeatInterval,
  } as const;
  const flows = await Worker.create({
    ...common,
    ...(options.workflowBundle ? {} : { workflowsPath, bundlerOptions: { preloadModules } }),
    taskQueue: config.taskQueue,
    ...workerOptions,
    ...options,
  });
  const asking = await Promise.all(
    (await parties(db)).map((party) => partyWorker(common, config.taskQueue, party)),
  );
  const workers = [flows, ...asking];
  const done = Promise.all(workers.map((worker) => worker.run())).then(() => undefined);
  return {
    done,
    async stop() {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await done.finally(() => closeAll(db, connection));
    },
  };
}

const gatewaysOf = ({ partiesUrl, partySecrets, yeepay, answerTimeoutMs }: WorkerConfig): Gateways => {
  const access = { baseUrl: partiesUrl, secrets: partySecrets, answerTimeoutMs };
  return {
    'funding-partner-payout': partyGateway('funding-partners', 'payout', access),
    'payment-channel-payout': partyGateway('payment-channels', 'payout', access),
    'funding-partner-repayment-method': partyGateway('funding-partners', 'repayment-method', access),
    'payment-channel-repayment-method': partyGateway('payment-channels', 'repayment-method', access),
    'payment-channel-refund': partyGateway('payment-channels', 'refund', access),
    'send-message': partyGateway('messaging', 'message', access),
    ...yeepayGateways(yeepay && { ...yeepay, answerTimeoutMs }),
  };
};

const partyWorker = (
  common: Pick<WorkerOptions, 'connection' | 'namespace' | 'activities'>,
  taskQueue: string,
  { id, maxRequestsPerSecond }: { id: string; maxRequestsPerSecond: number },
): Promise<Worker> =>
  Worker.create({
    ...common,
    taskQueue: partyQueue(taskQueue, id),
    maxConcurrentActivityTaskExecutions: 10,
    maxConcurrentActivityTaskPolls: 2,
    maxTaskQueueActivitiesPerSecond: maxRequestsPerSecond,
  });

async function closeAll(db: Knex, connection: NativeConnection): Promise<void> {
  await db.destroy();
  await connection.close();
}
