/** What the demo writes to. Without a terminal it is a log: lines that stay, and nothing redrawn. */
export interface Screen {
  /** Writes lines that stay. */
  say(text: string): void;
  /** Writes a line that stays, after the time that has passed since the start. */
  note(text: string): void;
  /** On a terminal: replaces the lines that are redrawn below everything that was said. */
  show(lines: readonly string[]): void;
  /** Without a terminal: notes a change, which a terminal would see in the redrawn lines. */
  noteChange(text: string): void;
  /** Says while it lasts what is waited for and since when, and then how long it took, and where it is. */
  waitFor<Result>(what: string, work: Promise<Result>, where?: (result: Result) => string): Promise<Result>;
}

const REDRAW_EVERY_MS = 200;
const REMIND_EVERY_MS = 10_000;

/** Where a screen writes; `process.stdout` is one. */
export interface Output {
  isTTY?: boolean;
  columns?: number;
  rows?: number;
  write(text: string): unknown;
}

/** Makes a screen on a terminal or a log. */
export function createScreen(output: Output): Screen {
  const startedAt = Date.now();
  let drawn: string[] = [];

  const erase = (): void => {
    if (drawn.length > 0) output.write(`\x1b[${drawn.length}A\x1b[0J`);
  };
  const draw = (): void => {
    if (drawn.length > 0) output.write(`${drawn.join('\n')}\n`);
  };
  const say = (text: string): void => {
    erase();
    output.write(`${text}\n`);
    draw();
  };
  const note = (text: string): void => {
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
    say(`[${seconds.padStart(6)} s] ${text}`);
  };
  const show = (lines: readonly string[]): void => {
    if (output.isTTY !== true) return;
    erase();
    drawn = fitted(lines, output.columns ?? 80, output.rows ?? 24);
    draw();
  };

  const noteChange = (text: string): void => {
    if (output.isTTY !== true) note(text);
  };
  return { say, note, show, noteChange, waitFor: waiter({ note, show }, output.isTTY === true) };
}

/** Cuts lines to a terminal's size: a line that wraps, or scrolls out at the top, could not be erased again. */
export function fitted(lines: readonly string[], columns: number, rows: number): string[] {
  return lines.slice(0, Math.max(rows - 1, 1)).map((line) => line.slice(0, Math.max(columns - 1, 1)));
}

function waiter({ note, show }: Pick<Screen, 'note' | 'show'>, isTerminal: boolean): Screen['waitFor'] {
  const waits = new Map<string, number>();
  const secondsOf = (since: number): string => `${((Date.now() - since) / 1000).toFixed(0)} s`;
  let ticker: NodeJS.Timeout | undefined;
  const tick = (): void => {
    const lines = [...waits].map(([what, since]) => `waiting for ${what} … ${secondsOf(since)}`);
    if (isTerminal) show(lines);
    else lines.forEach((line) => note(line));
  };
  return async (what, work, where) => {
    const since = Date.now();
    waits.set(what, since);
    ticker ??= setInterval(tick, isTerminal ? REDRAW_EVERY_MS : REMIND_EVERY_MS);
    try {
      const result = await work;
      const at = where ? ` at ${where(result)}` : '';
      note(`${what}: ready after ${((Date.now() - since) / 1000).toFixed(1)} s${at}`);
      return result;
    } finally {
      waits.delete(what);
      if (waits.size === 0) {
        clearInterval(ticker);
        ticker = undefined;
        show([]);
      }
    }
  };
}
