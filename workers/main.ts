/**
 * The workers as a process; workers/config.ts says what it reads from the environment, and LOG_LEVEL is pino's. It prints
 * one line of JSON, `{ "event": "ready", … }`, when it works.
 */
import { Runtime } from '@temporalio/worker';
import { createLogger } from '../logging/logger';
import { workerConfig } from './config';
import { temporalLogger } from './logger';
import { startWorkers } from './worker';

async function main(env: NodeJS.ProcessEnv): Promise<void> {
  const config = workerConfig(env);
  const logger = createLogger({ process: 'workers', level: env.LOG_LEVEL || 'info' });
  Runtime.install({
    logger: temporalLogger(logger),
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } },
  });
  const workers = await startWorkers(config);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void workers.stop());
  console.log(JSON.stringify({ event: 'ready', process: 'workers' }));
  await workers.done;
}

main(process.env).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
