/**
 * Takes the pictures of docs/operations.md anew: `npm run pictures`. It starts a platform of its own with its state in
 * var/pictures, makes situations in which operators look at flows, and photographs Temporal's Web UI and /docs.
 *
 * Needs Chromium, and a font with Chinese characters (on Debian: apt-get install chromium fonts-noto-cjk).
 */
import path from 'node:path';
import knex from 'knex';
import { startBrowser } from './browser';
import { newDemoKey } from './demo/database';
import { demoOptions, type DemoOptions } from './demo/options';
import { CLIENTS } from './demo/people';
import { startPlatform, type Parts, type Platform } from './demo/platform';
import { restClient, type RestClient } from './demo/rest';
import { createScreen } from './demo/screen';
import { partsStoppedOnSignal } from './local/parts';
import { projectFolder } from './local/project-folder';
import { takePictures } from './pictures/album';
import { makeSituations } from './pictures/situations';

/** A step must have failed for half a minute before it asks for a person. */
const WITHIN_MS = 300_000;

async function main(): Promise<void> {
  const screen = createScreen(process.stdout);
  const parts = partsStoppedOnSignal();
  try {
    // Always with --fresh, which is refused where a server of the user's would be used.
    const options = demoOptions(['--fresh'], process.env) as DemoOptions;
    const stateFolder = path.join(projectFolder, 'var', 'pictures');
    const platform = await startPlatform({ ...options, stateFolder }, parts, screen);
    const browser = await startBrowser();
    parts.add({ stop: () => browser.close() });
    const flowIds = await screen.waitFor('situations', situationsOn(platform, parts));
    const page = await browser.newPage({ viewport: { width: 1280, height: 1600 } });
    const taken = await screen.waitFor('pictures', takePictures(page, platform, flowIds));
    screen.note(`Taken: ${taken.join(', ')}`);
  } finally {
    await parts.stop();
  }
}

async function situationsOn(platform: Platform, parts: Parts) {
  const owner = knex({ client: 'pg', connection: platform.databaseUrl, pool: { min: 0, max: 1 } });
  parts.add({ stop: () => owner.destroy() });
  const signal = AbortSignal.timeout(WITHIN_MS);
  const apiWith = (token: string): RestClient => restClient({ baseUrl: platform.apiUrl, token, signal });
  return makeSituations({
    ...{ platform, owner },
    app: apiWith(await newDemoKey(platform.databaseUrl, CLIENTS.app, 'app')),
    operator: apiWith(await newDemoKey(platform.databaseUrl, CLIENTS.operators[0], 'ops')),
    sandbox: restClient({ baseUrl: platform.sandboxUrl, signal }),
  });
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
