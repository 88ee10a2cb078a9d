import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onFreePorts } from '../../../scripts/demo/free-ports';
import { partySecrets } from '../../../scripts/demo/party-secrets';
import { keptYeepay } from '../../../scripts/demo/yeepay-keys';
import type { Stoppable } from '../../../scripts/local/parts';
import { unaskedEnd } from '../../../scripts/local/unasked-end';
import { parsePartySecrets } from '../../../schemas/outside/signature';

describe('secrets of the parties', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'demo-test-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('are made once and kept, and a new party gets one of its own', () => {
    const file = path.join(folder, 'state', 'secrets.json');
    const first = parsePartySecrets(partySecrets(file, ['one', 'two']));
    const second = parsePartySecrets(partySecrets(file, ['one', 'two', 'three']));
    expect(second.get('one')).toEqual(first.get('one'));
    expect(new Set([...second.values()].flat()).size).toBe(3);
  });

  test('stand in a file that only its owner may read', () => {
    const file = path.join(folder, 'secrets.json');
    const given = partySecrets(file, ['one']);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(given));
  });

  test('of Yeepay are keys that are made once and kept, and each side has its own private one alone', () => {
    const file = path.join(folder, 'state', 'yeepay.json');
    const given = keptYeepay(file);
    expect(keptYeepay(file)).toEqual(given);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const privateKeysOf = (side: Record<string, string>): string[] =>
      Object.values(side).filter((value) => value.includes('PRIVATE KEY'));
    expect(privateKeysOf(given.platform)).toEqual([given.platform.YEEPAY_PRIVATE_KEY]);
    expect(privateKeysOf(given.sandbox)).toEqual([given.sandbox.YEEPAY_PLATFORM_PRIVATE_KEY]);
  });
});

describe('ports', () => {
  const listening: Server[] = [];
  afterEach(() => listening.splice(0).forEach((server) => server.close()));

  function listen(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const server = createServer().once('error', reject);
      listening.push(server);
      server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
    });
  }

  test('a port that is taken between the look and the start is passed over', async () => {
    const tried: number[] = [];
    const start = async (port: number): Promise<number> => {
      tried.push(port);
      // Another program is quicker, the first time.
      if (tried.length === 1) await listen(port);
      return listen(port);
    };
    const port = await onFreePorts([20_000 + (process.pid % 20_000)], start);
    expect(tried).toHaveLength(2);
    expect(port).toBe(tried[1]);
  });

  test('a start that fails for another reason fails', async () => {
    const start = jest.fn(() => Promise.reject(new Error('the disk is full')));
    await expect(onFreePorts([0], start)).rejects.toThrow('the disk is full');
    expect(start).toHaveBeenCalledTimes(1);
  });
});

describe('processes that must run', () => {
  function process() {
    let end: (how: string) => void = () => undefined;
    const ended = new Promise<string>((resolve) => (end = resolve));
    return { pid: 1, ended, end: (how: string) => end(how), stop: () => Promise.resolve() };
  }

  test('one that ends by itself is told, with its log', async () => {
    const [api, worker] = [process(), process()];
    const end = unaskedEnd({ api, worker: { ...worker, logFile: 'worker.log' } }, { add: () => undefined });
    worker.end('code 3');
    await expect(end).rejects.toThrow('The process "worker" ended by itself (code 3): see worker.log.');
  });

  test('one that was asked to end is not told', async () => {
    const api = process();
    const parts: Stoppable[] = [];
    const end = unaskedEnd({ api }, { add: (part) => void parts.push(part) });
    for (const part of parts) await part.stop();
    api.end('signal SIGTERM');
    const first = await Promise.race([end, api.ended.then(() => 'nothing told')]);
    expect(first).toBe('nothing told');
  });
});
