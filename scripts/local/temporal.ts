import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { freePort } from './ports';
import type { Stoppable } from './parts';
import { endForerunner } from './pid-file';
import { startProcess, type OnProgress } from './processes';
import { temporalExecutable } from './temporal-cli';
import { prepareNamespace, type SearchAttribute } from './temporal-namespace';

export interface TemporalOptions {
  /** Where the state stays from run to run, as an absolute path. Left out: it is kept in memory. */
  dbFile?: string;
  /** Starts without what is in `dbFile`. */
  fresh?: boolean;
  /** The port to take if it is free; otherwise, and when left out, a free one is found. */
  port?: number;
  /** The same for the Web UI; without it there is no Web UI. */
  uiPort?: number;
  namespace: string;
  searchAttributes?: readonly SearchAttribute[];
  /** Settings of Temporal's dynamic configuration, e.g. `{ 'frontend.namespaceRPS': 5000 }`. */
  dynamicConfig?: Readonly<Record<string, unknown>>;
  logFile?: string;
  onProgress: OnProgress;
}

export interface RunningTemporal extends Stoppable {
  /** Host and port for clients and workers. */
  address: string;
  /** Address of the Web UI; undefined when none was started (also with TEMPORAL_ADDRESS: it is not known then). */
  uiUrl: string | undefined;
}

/**
 * Brings up Temporal with a namespace that serves and has the search attributes: the server at
 * `TEMPORAL_ADDRESS` where that is set (nothing is started, and stopping does nothing), else a development server
 * of its own on 127.0.0.1 only.
 *
 * @throws Error when the CLI cannot be had, when the server cannot be started, with its last lines of output, or
 *   when another run that is still alive uses the same `dbFile`.
 */
export async function startTemporal(options: TemporalOptions): Promise<RunningTemporal> {
  const { namespace, searchAttributes, onProgress } = options;
  const given = process.env.TEMPORAL_ADDRESS;
  if (given !== undefined && given !== '') {
    onProgress('Temporal: using the server at TEMPORAL_ADDRESS');
    await prepareNamespace({ address: given, namespace, searchAttributes });
    return { address: given, uiUrl: undefined, stop: () => Promise.resolve() };
  }
  const server = await startDevServer(options);
  try {
    await prepareNamespace({
      address: server.address,
      namespace,
      ...(searchAttributes && { searchAttributes }),
    });
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

async function startDevServer(options: TemporalOptions): Promise<RunningTemporal> {
  const { dbFile, dynamicConfig = {}, onProgress } = options;
  const command = await temporalExecutable({ onProgress });
  const pidFile = dbFile === undefined ? undefined : `${dbFile}.process.json`;
  if (pidFile !== undefined) await endForerunner('Temporal', pidFile);
  if (dbFile !== undefined) prepareDbFile(dbFile, options.fresh === true);

  const port = await freePort(options.port ?? 0);
  const uiPort = options.uiPort === undefined ? undefined : await freePort(options.uiPort);
  const ui = uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort)];
  // SQLite's default journal mode makes the server four times slower.
  const pragmas = ['journal_mode=WAL', 'synchronous=NORMAL'].flatMap((pragma) => ['--sqlite-pragma', pragma]);
  const db = dbFile === undefined ? [] : ['--db-filename', dbFile, ...pragmas];
  const settings = Object.entries(dynamicConfig).flatMap(([key, value]) => [
    '--dynamic-config-value',
    `${key}=${JSON.stringify(value)}`,
  ]);
  onProgress(`Temporal: starting on port ${port}`);
  const server = await startProcess({
    name: 'Temporal',
    command,
    args: ['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), ...ui, ...db, ...settings],
    ready: /^Server: /,
    // An orderly end takes a second, and is for the state's sake.
    stopSignal: dbFile === undefined ? 'SIGKILL' : 'SIGTERM',
    pidFile,
    logFile: options.logFile,
  });
  return {
    address: `127.0.0.1:${port}`,
    uiUrl: uiPort === undefined ? undefined : `http://127.0.0.1:${uiPort}`,
    stop: server.stop,
  };
}

function prepareDbFile(dbFile: string, fresh: boolean): void {
  mkdirSync(path.dirname(dbFile), { recursive: true });
  if (!fresh) return;
  for (const file of [dbFile, `${dbFile}-wal`, `${dbFile}-shm`]) rmSync(file, { force: true });
}
