import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { commandLine, endProcess, type LeftoverProcess } from './leftovers';

interface PidRecord {
  process: LeftoverProcess;
  command: string;
  owner: { pid: number; command: string };
}

/**
 * Remembers a process of this script for a later run that uses the same files.
 *
 * @param command the program and its arguments, by which the process is known again.
 */
export function writePidFile(file: string, leftover: LeftoverProcess, command: readonly string[]): void {
  const record: PidRecord = {
    process: leftover,
    command: command.join(' '),
    owner: { pid: process.pid, command: commandLine(process.pid) },
  };
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(record));
}

/** To be called when the process has ended. */
export function removePidFile(file: string): void {
  rmSync(file, { force: true });
}

/**
 * Ends the process that `pidFile` remembers, if its owner died and left it running. `startProcess` does this by
 * itself; call it before, where files that the process uses are changed before the start.
 *
 * @throws Error when the owner is still alive: then the process is not ours to end.
 */
export async function endForerunner(name: string, pidFile: string): Promise<void> {
  if (!existsSync(pidFile)) return;
  const record = JSON.parse(readFileSync(pidFile, 'utf8')) as PidRecord;
  if (commandLine(record.process.pid) === record.command) {
    if (commandLine(record.owner.pid) === record.owner.command) {
      throw new Error(
        `${name} is already running for process ${record.owner.pid} (${pidFile}): stop that run first, or ` +
          'give this one another folder.',
      );
    }
    await endProcess(record.process);
  }
  removePidFile(pidFile);
}
