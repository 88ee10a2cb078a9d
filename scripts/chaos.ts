/**
 * Kills the platform's processes while loans are applied for and serviced, and says whether anything was lost, doubled or left;
 * `npm run chaos -- --help` and docs/chaos.md say more.
 */
import { migrate } from '../db/migrate';
import { backstage, branches, type Target } from '../test/support/crash/branches';
import { killAtEachPoint } from '../test/support/crash/points';
import { openStage, type Stage } from '../test/support/crash/stage';
import { violations } from '../test/support/crash/traces';
import { bundleWorkflows } from '../test/support/servers';
import { searchAttributes } from '../schemas/search-attributes';
import { chaosOptions, HELP, type ChaosOptions } from './chaos/options';
import { killAtRandom } from './chaos/random';
import { createScreen, type Screen } from './demo/screen';
import { partsStoppedOnSignal } from './local/parts';
import { startPostgres } from './local/postgres';
import { startTemporal } from './local/temporal';

type Parts = ReturnType<typeof partsStoppedOnSignal>;

async function main(): Promise<void> {
  const screen = createScreen(process.stdout);
  const options = chaosOptions(process.argv.slice(2));
  if (options === 'HELP') return screen.say(HELP);
  screen.note(`seed ${options.seed}`);
  const parts = partsStoppedOnSignal();
  try {
    if (options.points) await everyPoint(options, parts, screen);
    if (options.minutes > 0) await random(options, parts, screen);
    screen.note('PASSED: nothing was lost, doubled or left');
  } finally {
    await parts.stop();
  }
}

/** Every crash point in every branch, at the workers and at the API. */
async function everyPoint({ branch: text }: ChaosOptions, parts: Parts, screen: Screen): Promise<void> {
  const chosen = branches.filter(({ name }) => name.includes(text));
  if (chosen.length === 0) throw new Error(`No branch is named like "${text}".`);
  const stage = await freshStage(parts, screen);
  await Promise.all([stage.startSandbox(), stage.startWorker(undefined, backstage)]);
  const failures: string[] = [];
  const rounds: { target: Target; start: () => ReturnType<Stage['startApi']> }[] = [
    { target: { kill: 'worker' }, start: () => stage.startApi() },
    { target: { kill: 'api' }, start: () => stage.startWorker() },
  ];
  for (const { target, start } of rounds) {
    const beside = await start();
    for (const branch of chosen) {
      try {
        const { points, killed } = await killAtEachPoint(stage, branch, target);
        const missed = points.filter((point) => !killed.includes(point));
        const rest = missed.length > 0 ? `; not met again: ${missed.join(', ')}` : '';
        screen.note(`${branch.name}: ${target.kill} killed at ${killed.length} points${rest}`);
      } catch (error) {
        failures.push((error as Error).message);
        screen.note(`FAILED: ${(error as Error).message}`);
      }
    }
    await beside.stop();
  }
  failures.push(...(await violations(stage)));
  if (failures.length > 0) throw new Error(`${failures.length} failures:\n${failures.join('\n')}`);
}

async function random(options: ChaosOptions, parts: Parts, screen: Screen): Promise<void> {
  const stage = await freshStage(parts, screen);
  await killAtRandom(stage, options, (line) => screen.note(line)).catch((error: Error) => {
    const again = `npm run chaos -- --minutes ${options.minutes} --seed ${options.seed}`;
    throw new Error(`With seed ${options.seed} (again: ${again}): ${error.message}`, { cause: error });
  });
}

/** A platform on servers of its own, which are thrown away with all that was written. */
async function freshStage(parts: Parts, screen: Screen): Promise<Stage> {
  // What is killed and looked at here must be nobody else's.
  delete process.env.DATABASE_URL;
  delete process.env.TEMPORAL_ADDRESS;
  const onProgress = (line: string): void => screen.note(line);
  const namespace = 'default';
  const postgres = parts.add(await startPostgres({ onProgress }));
  const temporal = parts.add(await startTemporal({ namespace, searchAttributes, onProgress }));
  const bundle = await bundleWorkflows();
  parts.add({ stop: bundle.remove });
  await migrate(postgres.url);
  const stage = await openStage({
    databaseUrl: postgres.url,
    temporalAddress: temporal.address,
    temporalNamespace: namespace,
    workflowBundlePath: bundle.path,
  });
  parts.add({ stop: () => stage.close() });
  return stage;
}

main().catch((error: unknown) => {
  console.error(`FAILED: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
