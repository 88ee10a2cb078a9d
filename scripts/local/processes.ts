import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { cleanUpAfterMe, endProcess, type LeftoverProcess } from './leftovers';
import type { Stoppable } from './parts';
import { endForerunner, removePidFile, writePidFile } from './pid-file';
import { projectFolder } from './project-folder';

/** Receives one line of plain text that says what is being waited for. */
export type OnProgress = (line: string) => void;

export interface ProcessSpec {
  /** How messages call it, e.g. 'PostgreSQL' or 'worker'. */
  name: string;
  command: string;
  args: readonly string[];
  /** Added to this process's environment. */
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  /** The account to run as; only root may choose one. */
  account?: { uid: number; gid: number };
  /** Takes all output of this run; what an earlier run wrote is replaced. */
  logFile?: string;
  /**
   * Remembers the process across runs: what a killed run left behind is ended before the new start, and a start
   * beside a living run is refused.
   */
  pidFile?: string;
  /** Gets every line of output, e.g. to print it with a prefix. */
  onLine?: (line: string) => void;
  /** A pattern that one line of output must match, or a question that is asked until it says yes. */
  ready?: RegExp | (() => Promise<boolean>);
  /** Time limit for `ready`; 30 seconds when left out. */
  readyWithinMs?: number;
  /** Asks the process to end; SIGTERM when left out. */
  stopSignal?: NodeJS.Signals;
  /** After this it is killed; 10 seconds when left out. */
  killAfterMs?: number;
}

export interface RunningProcess extends Stoppable {
  pid: number;
  /** Resolves when the process has ended, with how ('code 0', 'signal SIGKILL'), whether asked to or not. */
  ended: Promise<string>;
}

/**
 * Starts a process and waits until it is ready (or has been spawned, where the spec names no `ready`). It ends
 * with this process whatever happens: by `stop()`, or by the watchdog when this process dies without it.
 *
 * @throws Error when it cannot be spawned, ends before it is ready or is not ready in time (it is stopped
 *   then); the message carries its last lines of output. Also when `pidFile` shows that another run uses it.
 */
export async function startProcess(spec: ProcessSpec): Promise<RunningProcess> {
  if (spec.pidFile !== undefined) await endForerunner(spec.name, spec.pidFile);
  const child = spawn(spec.command, spec.args, {
    env: { ...process.env, ...spec.env },
    cwd: spec.cwd,
    ...spec.account,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: Ctrl-C reaches only the script, which then stops its parts in order.
    detached: true,
  });
  const output = collectOutput(child, spec);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => {
      // Whoever hears of the end finds all output in the log.
      void output.written.then(() => resolve(signal === null ? `code ${code}` : `signal ${signal}`));
    });
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${spec.name} could not be started: ${await ended}`);

  const leftover: LeftoverProcess = {
    pid,
    signal: spec.stopSignal ?? 'SIGTERM',
    killAfterMs: spec.killAfterMs ?? 10_000,
  };
  const forget = cleanUpAfterMe(leftover);
  if (spec.pidFile !== undefined) writePidFile(spec.pidFile, leftover, [spec.command, ...spec.args]);
  void ended.then(() => {
    forget();
    if (spec.pidFile !== undefined) removePidFile(spec.pidFile);
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) await endProcess(leftover);
    await ended;
  };

  try {
    await untilReady(spec, output, ended);
  } catch (error) {
    await stop();
    throw error;
  }
  return { pid, ended, stop };
}

/**
 * Starts a TypeScript entry file as a Node process of its own; everything else as in `startProcess`.
 *
 * @param spec.entry path of the file, relative to the project's root.
 */
export function startNode(
  spec: Omit<ProcessSpec, 'command' | 'args' | 'cwd'> & { entry: string; args?: readonly string[] },
): Promise<RunningProcess> {
  const { entry, args = [], ...rest } = spec;
  return startProcess({
    ...rest,
    command: process.execPath,
    args: ['-r', './scripts/typescript.js', entry, ...args],
    cwd: projectFolder,
  });
}

interface Output {
  /** The newest lines, for the message of a failed start. */
  tail: string[];
  /** Calls back for every line to come, and for those that came already. */
  onLine(listener: (line: string) => void): void;
  /** Resolves when there is no more output, and the log has all of it. */
  written: Promise<unknown>;
}

const TAIL_LINES = 30;

function collectOutput(child: ChildProcess, spec: ProcessSpec): Output {
  const tail: string[] = [];
  const listeners = spec.onLine === undefined ? [] : [spec.onLine];
  if (spec.logFile !== undefined) mkdirSync(path.dirname(spec.logFile), { recursive: true });
  const log = spec.logFile === undefined ? undefined : createWriteStream(spec.logFile);
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
  const closed = streams.map((input) => {
    const lines = createInterface({ input });
    lines.on('line', (line) => {
      log?.write(`${line}\n`);
      tail.push(line);
      if (tail.length > TAIL_LINES) tail.shift();
      for (const listener of listeners) listener(line);
    });
    return once(lines, 'close');
  });
  const written = Promise.all(closed).then(
    () => log && new Promise<void>((resolve) => log.end(() => resolve())),
  );
  return {
    ...{ tail, written },
    onLine(listener) {
      tail.forEach(listener);
      listeners.push(listener);
    },
  };
}

async function untilReady(spec: ProcessSpec, output: Output, ended: Promise<string>): Promise<void> {
  const { ready, readyWithinMs = 30_000 } = spec;
  if (ready === undefined) return;
  const over = new AbortController();
  const deadline = delay(readyWithinMs, undefined, { signal: over.signal }).then(
    () => `was not ready within ${readyWithinMs / 1000} s`,
    () => undefined,
  );
  const failure = await Promise.race([
    ready instanceof RegExp ? matchingLine(ready, output) : answeredYes(ready, over.signal),
    ended.then((how) => `ended (${how}) before it was ready`),
    deadline,
  ]).finally(() => over.abort());
  if (failure === undefined) return;
  const where = spec.logFile === undefined ? '' : ` (all of them: ${spec.logFile})`;
  throw new Error(`${spec.name} ${failure}. Its last lines${where}:\n${output.tail.join('\n') || '(none)'}`);
}

function matchingLine(pattern: RegExp, output: Output): Promise<undefined> {
  return new Promise((resolve) => {
    output.onLine((line) => {
      if (pattern.test(line)) resolve(undefined);
    });
  });
}

async function answeredYes(question: () => Promise<boolean>, over: AbortSignal): Promise<undefined> {
  while (!over.aborted && !(await question())) await delay(100);
}
