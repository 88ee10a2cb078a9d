import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { projectFolder } from './project-folder';

/** A process that must not outlive the script that started it, with the signal that asks it to end. */
export interface LeftoverProcess {
  pid: number;
  signal: NodeJS.Signals;
  killAfterMs: number;
}

/** What must be gone when the script is: a process, or a folder with its content. */
export type Leftover = LeftoverProcess | { folder: string };

const leftovers: Leftover[] = [];
let tell: ((list: Leftover[]) => void) | undefined;

/**
 * Has `leftover` cleaned up should this process die before it does so itself, even by kill -9.
 *
 * @returns a function that takes the promise back, to be called once the process or folder is gone.
 */
export function cleanUpAfterMe(leftover: Leftover): () => void {
  tell ??= startWatchdog();
  leftovers.push(leftover);
  tell(leftovers);
  return () => {
    const index = leftovers.indexOf(leftover);
    if (index >= 0) leftovers.splice(index, 1);
    tell?.(leftovers);
  };
}

function startWatchdog(): (list: Leftover[]) => void {
  const watchdog = spawn(
    process.execPath,
    ['-r', './scripts/typescript.js', path.join(__dirname, 'watchdog.ts')],
    {
      stdio: ['pipe', 'ignore', 'ignore'],
      // Its own session: a Ctrl-C meant for the script must not end the one who cleans up after it.
      detached: true,
      cwd: projectFolder,
    },
  );
  watchdog.unref();
  // The pipe alone must not keep the script alive.
  if (watchdog.stdin instanceof Socket) watchdog.stdin.unref();
  watchdog.stdin.on('error', () => {
    // The watchdog itself was killed: the script goes on, it only loses its safety net.
    tell = () => undefined;
  });
  return (list) => watchdog.stdin.write(`${JSON.stringify(list)}\n`);
}

/**
 * Ends a process: its signal first, and when it is still there after `killAfterMs` SIGKILL for it and its group.
 * Resolves when the process is gone or has been sent SIGKILL.
 */
export async function endProcess({ pid, signal, killAfterMs }: LeftoverProcess): Promise<void> {
  if (!send(pid, signal)) return;
  const deadline = Date.now() + killAfterMs;
  while (Date.now() < deadline) {
    if (!isRunning(pid)) return;
    await delay(50);
  }
  // Every process here leads a group of its own, so that what it started itself goes with it.
  if (!send(-pid, 'SIGKILL')) send(pid, 'SIGKILL');
}

// A dead process that nobody has reaped still takes signals, but has no command line any more. That is what an
// orphan becomes in a container whose first process reaps none.
function isRunning(pid: number): boolean {
  return send(pid, 0) && commandLine(pid) !== '';
}

function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    // EPERM: it exists and belongs to somebody else. ESRCH: there is no such process.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * The command line of a running process, its arguments joined by single spaces, or '' when there is no such
 * process. Process ids are reused, so before an old id is trusted its command line is compared.
 */
export function commandLine(pid: number): string {
  try {
    if (process.platform === 'linux') {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
    }
    return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
}
