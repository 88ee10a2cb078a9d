import { randomBytes } from 'node:crypto';
import { execFile } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { cleanUpAfterMe, commandLine } from './leftovers';
import { freePort } from './ports';
import { postgresPrograms, reachableFolder, serverAccount, type Account } from './postgres-binaries';
import type { Stoppable } from './parts';
import { endForerunner } from './pid-file';
import { startProcess, type OnProgress } from './processes';

export interface PostgresOptions {
  /**
   * Where the data stays from run to run, as an absolute path. Left out: a throw-away server in a temporary
   * folder, with everything switched off that only serves to survive a power cut.
   */
  dataDir?: string;
  /** Starts with an empty `dataDir`. */
  fresh?: boolean;
  /** The port to take if it is free; otherwise, and when left out, a free one is found. */
  port?: number;
  logFile?: string;
  onProgress: OnProgress;
}

export interface RunningPostgres extends Stoppable {
  /** Address with the rights of the server's owner. It carries a password: never print it. */
  url: string;
}

const THROW_AWAY = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];

/**
 * Brings up PostgreSQL: the server at `DATABASE_URL` where that is set (nothing is started, and stopping does
 * nothing), else one of its own on 127.0.0.1 only, with a random password.
 *
 * @throws Error when the server at DATABASE_URL does not answer; when the own one cannot be started, with its last
 *   lines of output; or when another run that is still alive uses the same `dataDir`.
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const given = process.env.DATABASE_URL;
  if (given !== undefined && given !== '') {
    options.onProgress('PostgreSQL: using the server at DATABASE_URL');
    await checkItAnswers(given);
    return { url: given, stop: () => Promise.resolve() };
  }
  const account = serverAccount();
  const programs = postgresPrograms(account);
  const { dataDir } = options;
  if (dataDir !== undefined) {
    const folder = reachableFolder(dataDir, account);
    return startIn({ ...options, folder, account, programs, settings: [] });
  }
  const name = `consumer-credit-postgres-${randomBytes(8).toString('hex')}`;
  const folder = reachableFolder(path.join(tmpdir(), name), account);
  const forget = cleanUpAfterMe({ folder });
  const removeFolder = (): void => {
    rmSync(folder, { recursive: true, force: true });
    forget();
  };
  try {
    const server = await startIn({ ...options, folder, account, programs, settings: THROW_AWAY });
    return { ...server, stop: () => server.stop().finally(removeFolder) };
  } catch (error) {
    removeFolder();
    throw error;
  }
}

async function checkItAnswers(url: string): Promise<void> {
  const client = new Client(url);
  try {
    await client.connect();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`PostgreSQL does not let us in at DATABASE_URL: ${reason}. Correct it, or unset it.`, {
      cause,
    });
  } finally {
    await client.end();
  }
}

interface Place {
  /** Holds the cluster, its password and the note of the running process. */
  folder: string;
  programs: string;
  account: Account | undefined;
}

async function startIn(options: PostgresOptions & Place & { settings: string[] }): Promise<RunningPostgres> {
  const { folder, account, programs, onProgress } = options;
  const pidFile = path.join(folder, 'process.json');
  // Before anything in the folder is touched: a run that is still alive may be working in it.
  await endForerunner('PostgreSQL', pidFile);
  if (options.fresh === true) rmSync(folder, { recursive: true, force: true });
  const { cluster, password } = await preparedCluster(options);
  removeStaleLock(cluster);
  const port = await freePort(options.port ?? 0);
  const settings = [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    'unix_socket_directories=',
    'max_connections=200',
    // Statements and the details of errors carry customers' data: they stay out of the log.
    'log_min_error_statement=panic',
    'log_error_verbosity=terse',
    ...options.settings,
  ];
  onProgress(`PostgreSQL: starting on port ${port}`);
  const server = await startProcess({
    name: 'PostgreSQL',
    command: path.join(programs, 'postgres'),
    args: ['-D', cluster, ...settings.flatMap((setting) => ['-c', setting])],
    // PostgreSQL's fast shutdown: it ends its clients' sessions instead of waiting for them.
    stopSignal: 'SIGINT',
    ready: /database system is ready to accept connections/,
    readyWithinMs: 60_000,
    pidFile,
    cwd: '/',
    account,
    logFile: options.logFile,
  });
  return { url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`, stop: server.stop };
}

/** Makes the cluster where there is none yet; `folder` then holds it whole or not at all. */
async function preparedCluster(options: Place & { onProgress: OnProgress }): Promise<{
  cluster: string;
  password: string;
}> {
  const { folder, programs, account, onProgress } = options;
  const cluster = path.join(folder, 'cluster');
  const passwordFile = path.join(folder, 'password');
  if (existsSync(cluster)) return { cluster, password: readFileSync(passwordFile, 'utf8') };

  onProgress('PostgreSQL: making a new, empty cluster');
  const unfinished = path.join(folder, 'unfinished');
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  const password = randomBytes(24).toString('hex');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (account !== undefined) {
    for (const file of [unfinished, passwordFile]) chownSync(file, account.uid, account.gid);
  }
  // The built-in locale sorts and compares alike on every machine, whatever the machine has installed.
  const locale = ['--no-locale', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--encoding=UTF8'];
  await promisify(execFile)(
    path.join(programs, 'initdb'),
    ['-D', unfinished, '--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`, ...locale],
    { ...account, cwd: '/' },
  );
  renameSync(unfinished, cluster);
  return { cluster, password };
}

/**
 * After a power cut PostgreSQL finds its old lock file, and refuses to start if the process id in it has gone to
 * some other process of the same user. It is removed where that process is not a server on this cluster.
 */
function removeStaleLock(cluster: string): void {
  const lock = path.join(cluster, 'postmaster.pid');
  if (!existsSync(lock)) return;
  const pid = Number.parseInt(readFileSync(lock, 'utf8'), 10);
  if (!commandLine(pid).includes(cluster)) rmSync(lock);
}
