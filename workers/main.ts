import { workerConfig } from './config';
import { startWorkers } from './worker';

async function main(): Promise<void> {
  const workers = await startWorkers(workerConfig(process.env));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void workers.stop());
  console.log(JSON.stringify({ event: 'ready', process: 'workers' }));
  await workers.done;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
