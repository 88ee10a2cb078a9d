import path from 'node:path';
import { temporal } from '@temporalio/proto';
import type { BranchName } from './branches';

const { History } = temporal.api.history.v1;

/** Where the histories are kept: one file a branch. */
export const historiesFolder = path.join(__dirname, '../histories');

/** Where a branch's history is kept. */
export const historyFile = (branch: BranchName): string => path.join(historiesFolder, `${branch}.json`);

/** A history as it is kept: JSON, one event a line, without what tells of the machine that it was captured on. */
export function historyText(history: temporal.api.history.v1.IHistory): string {
  const json = JSON.stringify(History.fromObject(history), withoutMachine);
  const { events } = JSON.parse(json) as { events: object[] };
  return `{"events":[\n${events.map((event) => JSON.stringify(event)).join(',\n')}\n]}\n`;
}

/** Reads what `historyText` wrote. (The SDK's own JSON functions fail when npm installs protobufjs more than once.) */
export const historyIn = (text: string): temporal.api.history.v1.IHistory =>
  History.fromObject(JSON.parse(text) as object);

/** Takes out process and host names (a sticky queue's name begins with them) and the paths in stack traces. */
function withoutMachine(key: string, value: unknown): unknown {
  if (key === 'identity') return 'worker';
  if (key === 'stackTrace') return '';
  const queue = value as { normalName?: string } | null;
  return key === 'taskQueue' && queue?.normalName ? { ...queue, name: `${queue.normalName}-sticky` } : value;
}
