/*
 * Cleans up after a script that died without doing so itself (kill -9, a crash, a closed terminal).
 *
 * The script holds the other end of this process's stdin and writes, one JSON line a change, the whole list of
 * what is to be cleaned up (`Leftover[]`). When the pipe closes, the script is gone, however it went; then the
 * last list is worked off, newest first. An orderly end leaves an empty list and nothing to do.
 */
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { endProcess, type Leftover } from './leftovers';

async function main(): Promise<void> {
  let leftovers: Leftover[] = [];
  for await (const line of createInterface({ input: process.stdin }))
    leftovers = JSON.parse(line) as Leftover[];
  for (const leftover of leftovers.reverse()) {
    if ('folder' in leftover) rmSync(leftover.folder, { recursive: true, force: true });
    else await endProcess(leftover);
  }
}

void main();
