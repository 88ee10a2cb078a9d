/**
 * The workers as a process that is meant to be killed: the product's own, with two differences that save time and change
 * nothing of what is proven. The flows are bundled before, and a task waits only a second for the worker that had its flow
 * in memory. Environment: workers/config.ts, and WORKFLOW_BUNDLE, the bundle's path.
 */
import { workerConfig } from '../../../workers/config';
import { startWorkers } from '../../../workers/worker';

/** How long a party may take to answer: long enough for every answer that comes, short for those that never do. */
const answerTimeoutMs = 2_000;

async function main(env: NodeJS.ProcessEnv): Promise<void> {
  const workers = await startWorkers(
    { ...workerConfig(env), answerTimeoutMs },
    {
      workflowBundle: { codePath: env.WORKFLOW_BUNDLE! },
      stickyQueueScheduleToStartTimeout: '1 second',
    },
  );
  process.once('SIGTERM', () => void workers.stop());
  console.log(JSON.stringify({ event: 'ready', process: 'workers' }));
  await workers.done;
}

main(process.env).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
