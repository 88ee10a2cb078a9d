import { existsSync } from 'node:fs';
import path from 'node:path';
import { chromium, type Browser } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

/**
 * The Chromium or Chrome of this machine: the one at CHROMIUM_PATH if that is set, else one on PATH.
 *
 * @throws Error that says what to install when there is none
 */
export function findChromium(env: NodeJS.ProcessEnv): string {
  const folders = (env.PATH ?? '').split(path.delimiter);
  const candidates = env.CHROMIUM_PATH
    ? [env.CHROMIUM_PATH]
    : folders.flatMap((folder) => NAMES.map((name) => path.join(folder, name)));
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found !== undefined) return found;
  throw new Error(
    `No Chromium at ${env.CHROMIUM_PATH || NAMES.join(', ')}: install one (apt-get install chromium), or set ` +
      'CHROMIUM_PATH to its program.',
  );
}

/** Starts a headless browser; `close()` ends it. Throws as `findChromium` does. */
export const startBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: findChromium(process.env),
    // Chromium's own sandbox needs rights that root and containers do not have; only our own pages are opened.
    args: ['--no-sandbox'],
  });
