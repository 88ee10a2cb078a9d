import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { commandLine } from '../../../scripts/local/leftovers';
import { startNode, startProcess, type ProcessSpec } from '../../../scripts/local/processes';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'processes-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function node(
  script: string,
  spec: Partial<ProcessSpec> = {},
): Promise<{ pid: number; stop(): Promise<void> }> {
  return startProcess({ name: 'child', command: process.execPath, args: ['-e', script], ...spec });
}

const STAYS = 'console.log("up"); setInterval(() => {}, 1000)';

async function untilGone(pid: number): Promise<void> {
  while (commandLine(pid) !== '') await delay(20);
}

test('a process that ends before it is ready fails the start and shows its last lines', async () => {
  const start = node('console.error("the disk is full"); process.exit(3)', { ready: /up/ });
  await expect(start).rejects.toThrow(/ended \(code 3\) before it was ready[^]*the disk is full/);
});

test('a process that is not ready in time fails the start and is stopped', async () => {
  const pidFile = path.join(folder, 'pid.json');
  const start = node(STAYS, { ready: /never/, readyWithinMs: 300, pidFile });
  await expect(start).rejects.toThrow(/not ready within 0.3 s/);
  expect(() => readFileSync(pidFile)).toThrow(/ENOENT/);
});

test('a program that does not exist fails the start by its name', async () => {
  const start = startProcess({ name: 'child', command: 'no-such-program', args: [] });
  await expect(start).rejects.toThrow(/child could not be started: spawn no-such-program ENOENT/);
});

test('all output goes to the log file', async () => {
  const logFile = path.join(folder, 'logs', 'child.log');
  const child = await node(STAYS, { ready: /up/, logFile });
  await child.stop();
  expect(readFileSync(logFile, 'utf8')).toBe('up\n');
});

test('a process that does not end when asked is killed', async () => {
  const child = await node(`process.on("SIGTERM", () => {}); ${STAYS}`, { ready: /up/, killAfterMs: 100 });
  await child.stop();
  expect(commandLine(child.pid)).toBe('');
});

test('a second start beside a living one is refused', async () => {
  const pidFile = path.join(folder, 'pid.json');
  const first = await node(STAYS, { ready: /up/, pidFile });
  await expect(node(STAYS, { ready: /up/, pidFile })).rejects.toThrow(/child is already running for process/);
  await first.stop();
});

test('a process that a killed run left behind is ended before the next start', async () => {
  const pidFile = path.join(folder, 'pid.json');
  const first = await node(STAYS, { ready: /up/, pidFile });
  const record = JSON.parse(readFileSync(pidFile, 'utf8')) as { owner: { command: string } };
  record.owner.command = 'a run that is no more';
  writeFileSync(pidFile, JSON.stringify(record));
  const second = await node(STAYS, { ready: /up/, pidFile });
  expect(commandLine(first.pid)).toBe('');
  await second.stop();
});

test.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)(
  'what a script started does not outlive the script when that ends by %s',
  async (signal) => {
    let started = 0;
    const owner = await startNode({
      name: 'owner',
      entry: path.join(__dirname, 'fixtures', 'owner.ts'),
      env: { PID_FILE: path.join(folder, 'pid.json') },
      onLine: (line) => (started = Number(line)),
      ready: /^\d+$/,
    });
    expect(commandLine(started)).not.toBe('');
    process.kill(owner.pid, signal);
    await owner.ended;
    await untilGone(started);
  },
);
