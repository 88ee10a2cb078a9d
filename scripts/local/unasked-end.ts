import type { Stoppable } from './parts';
import type { RunningProcess } from './processes';

/**
 * Watches over processes that must run until the script stops them.
 *
 * @param processes by name; `logFile`, where there is one, is named in the message
 * @param parts must hold the processes already: what is added last is stopped first, and so the watch ends before them
 * @returns a promise that rejects when one of them ends by itself, and that never resolves
 */
export function unaskedEnd(
  processes: Readonly<Record<string, RunningProcess & { logFile?: string }>>,
  parts: { add(part: Stoppable): void },
): Promise<never> {
  let asked = false;
  parts.add({ stop: async () => void (asked = true) });
  const end = new Promise<never>((_resolve, reject) => {
    for (const [name, { ended, logFile }] of Object.entries(processes)) {
      void ended.then((how) => {
        const where = logFile === undefined ? '' : `: see ${logFile}`;
        if (!asked) reject(new Error(`The process "${name}" ended by itself (${how})${where}.`));
      });
    }
  });
  // It may end before anybody waits for this; whoever waits then still hears of it.
  end.catch(() => undefined);
  return end;
}
