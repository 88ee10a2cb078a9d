import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { cleanUpAfterMe } from './leftovers';
import { startNode, startProcess, type OnProgress } from './processes';
import { projectFolder } from './project-folder';

/** Later versions carry `replace` directives, which `go install` refuses. It holds Temporal Server 1.29.1. */
export const TEMPORAL_CLI_VERSION = 'v1.5.1';

const cacheFolder = path.join(projectFolder, '.cache', 'temporal');
const cachedExecutable = path.join(cacheFolder, 'bin', 'temporal');

/** Where there is no internet, this long without a byte is enough to know it. */
const DOWNLOAD_STALL_MS = 15_000;
const PROGRESS_EVERY_MS = 5_000;

/**
 * Finds the Temporal CLI, and gets it where this machine has none: `temporal` on PATH, the project's cache
 * folder, the SDK's download, `go install`. What was downloaded or built stays in the cache folder.
 *
 * @returns the path of the executable.
 * @throws Error when none of the ways works; the message says what can be done.
 */
export async function temporalExecutable({ onProgress }: { onProgress: OnProgress }): Promise<string> {
  const present = findOnPath('temporal') ?? ifExecutable(cachedExecutable);
  if (present !== undefined) return present;

  mkdirSync(path.dirname(cachedExecutable), { recursive: true });
  const downloadFailure = await intoCache((folder) => download(folder, onProgress));
  if (downloadFailure === undefined) return cachedExecutable;
  onProgress(`Temporal CLI: the download failed (${downloadFailure})`);

  const go = findOnPath('go');
  const buildFailure =
    go === undefined ? 'there is no Go on PATH' : await intoCache((folder) => build(go, folder, onProgress));
  if (buildFailure === undefined) return cachedExecutable;
  throw new Error(
    `The Temporal CLI could be neither downloaded (${downloadFailure}) nor built (${buildFailure}). Install it ` +
      '(https://docs.temporal.io/cli) or Go, or set TEMPORAL_ADDRESS to a running server.',
  );
}

/**
 * Has `fill` put one executable into an empty folder and moves it to its place in the cache, whole or not at all.
 *
 * @returns undefined when it worked, else why it did not, as `fill` says.
 */
async function intoCache(fill: (folder: string) => Promise<string | undefined>): Promise<string | undefined> {
  const folder = mkdtempSync(path.join(cacheFolder, 'unfinished-'));
  const forget = cleanUpAfterMe({ folder });
  try {
    const failure = await fill(folder);
    if (failure !== undefined) return failure;
    const [file] = readdirSync(folder);
    if (file === undefined) return 'it left no file';
    renameSync(path.join(folder, file), cachedExecutable);
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
    forget();
  }
}

async function download(folder: string, onProgress: OnProgress): Promise<string | undefined> {
  onProgress(`Temporal CLI: downloading ${TEMPORAL_CLI_VERSION} (given up after 15 s without progress)`);
  const lines: string[] = [];
  const downloader = await startNode({
    name: 'Temporal CLI download',
    entry: 'scripts/local/temporal-download.ts',
    args: [folder],
    onLine: (line) => lines.push(line),
    // The SDK takes the polite signals for itself.
    stopSignal: 'SIGKILL',
  });
  let bytes = 0;
  let lastProgressAt = Date.now();
  let stalled = false;
  const watch = setInterval(() => {
    const now = folderBytes(folder);
    if (now > bytes) lastProgressAt = Date.now();
    bytes = now;
    onProgress(`Temporal CLI: downloading, ${Math.round(bytes / 1e6)} MB so far`);
    stalled = Date.now() - lastProgressAt >= DOWNLOAD_STALL_MS;
    if (stalled) void downloader.stop();
  }, PROGRESS_EVERY_MS);
  const how = await downloader.ended.finally(() => clearInterval(watch));
  if (stalled) return 'no answer from the internet';
  // The SDK's message repeats itself from the outermost layer to the innermost; the end says what happened.
  return how === 'code 0' ? undefined : (lines.at(-1)?.split(': ').slice(-2).join(': ') ?? how);
}

async function build(go: string, folder: string, onProgress: OnProgress): Promise<string | undefined> {
  onProgress('Temporal CLI: building it once with Go, about five minutes');
  const startedAt = Date.now();
  const lines: string[] = [];
  const compiler = await startProcess({
    name: 'go install',
    command: go,
    args: ['install', `github.com/temporalio/cli/cmd/temporal@${TEMPORAL_CLI_VERSION}`],
    env: { GOBIN: folder },
    onLine: (line) => lines.push(line),
  });
  const watch = setInterval(
    () => onProgress(`Temporal CLI: building, ${Math.round((Date.now() - startedAt) / 1000)} s so far`),
    PROGRESS_EVERY_MS,
  );
  const how = await compiler.ended.finally(() => clearInterval(watch));
  return how === 'code 0' ? undefined : [how, ...lines.slice(-5)].join('; ');
}

function folderBytes(folder: string): number {
  return readdirSync(folder)
    .map((file) => statSync(path.join(folder, file), { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + size, 0);
}

function findOnPath(name: string): string | undefined {
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    const found = folder === '' ? undefined : ifExecutable(path.join(folder, name));
    if (found !== undefined) return found;
  }
  return undefined;
}

function ifExecutable(file: string): string | undefined {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile() ? file : undefined;
  } catch {
    // Not there, or not ours to run: the search goes on.
    return undefined;
  }
}
