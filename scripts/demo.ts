/**
 * The whole platform on this machine, with a story of loan applications; `npm run demo -- --help` says more.
 *
 * State is kept in var/demo, so that a second run goes on where the first ended.
 */
import colors from 'picocolors';
import { demoOptions, HELP, type DemoOptions } from './demo/options';
import { demoFolder, startPlatform } from './demo/platform';
import { runStory } from './demo/run';
import { createScreen, type Screen } from './demo/screen';
import { partsStoppedOnSignal } from './local/parts';

async function main(): Promise<void> {
  const screen = createScreen(process.stdout);
  try {
    const options = demoOptions(process.argv.slice(2), process.env);
    if (options === 'HELP') screen.say(HELP);
    else await demo(options, screen);
  } catch (error) {
    screen.say(colors.red(`The demo failed: ${error instanceof Error ? error.message : String(error)}`));
    process.exitCode = 1;
  }
}

async function demo(options: DemoOptions, screen: Screen): Promise<void> {
  const parts = partsStoppedOnSignal();
  const signalled = saidOnSignal(screen);
  try {
    const platform = await startPlatform({ ...options, stateFolder: demoFolder }, parts, screen);
    const ok = await Promise.race([runStory(platform, parts, screen), platform.broken]);
    if (!ok) process.exitCode = 1;
    if (options.exit) return;
    screen.say('\nEverything stays up until Ctrl-C.');
    await platform.broken;
  } catch (error) {
    // What breaks because everything is being stopped is no failure; the process ends when all has stopped.
    if (!signalled()) throw error;
  } finally {
    await parts.stop();
  }
}

/** Says on the first signal that the demo is stopping; the parts see to the stopping itself. */
function saidOnSignal(screen: Screen): () => boolean {
  let signalled = false;
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (!signalled) screen.note(`${signal}: stopping everything …`);
      signalled = true;
    });
  }
  return () => signalled;
}

void main();
