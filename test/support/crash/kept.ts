import type { Child } from './stage';

/** A process that is started again each time it is killed. */
export interface Kept {
  name: string;
  deaths(): number;
  isUp(): boolean;
  kill(): void;
  /** From here on nobody starts it again; resolves once one that is just being started is there. */
  stop(): Promise<void>;
  /** Rejects when the process ends without having been killed by us. */
  broken: Promise<never>;
}

/** Starts a process, and again whenever it was killed. */
export async function keepAlive(name: string, start: () => Promise<Child>): Promise<Kept> {
  let deaths = 0;
  let stopped = false;
  let starting = start();
  let child: Child | undefined = await starting;
  async function watch(): Promise<never> {
    for (let running = child!; ; running = child) {
      const how = await running.ended;
      if (stopped) return new Promise(() => undefined);
      if (child) throw new Error(`${name} ended by itself (${how}):\n${running.lines.join('\n')}`);
      deaths += 1;
      starting = start();
      child = await starting;
    }
  }
  const broken = watch();
  // Whoever waits later still hears of it.
  broken.catch(() => undefined);
  return {
    ...{ name, broken },
    deaths: () => deaths,
    isUp: () => child !== undefined,
    kill() {
      const pid = child?.pid;
      child = undefined;
      // While it starts again it is not killed: then it would never get anywhere.
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
    },
    async stop() {
      stopped = true;
      await starting;
    },
  };
}
