import { EventEmitter, once } from 'node:events';
import { createRequire } from 'node:module';
import knex from 'knex';
import { createApiKey, ROLES, type Role } from '../../../../db/access/api-keys';
import { connect } from '../../../../db/pool';
import { yeepaySide } from '../../../../sandbox/yeepay/side';
import type { YeepayEnvironments } from '../../../../scripts/demo/yeepay-keys';
import { projectFolder } from '../../../../scripts/local/project-folder';
import { startProcess } from '../../../../scripts/local/processes';
import { createTestDatabase } from '../../../support/database';
import { testRun } from '../../../support/run';
import { createTestNamespace } from '../../../support/temporal';
import { MALL, MESSAGING_PARTY, PARTY, SECRET } from '../api-under-test';

export interface Memory {
  /** What the program holds: V8's heap and buffers. */
  heapBytes: number;
  /** What the operating system has given it. */
  rssBytes: number;
}

export type FuzzedApi = Awaited<ReturnType<typeof startFuzzedApi>>;

/** The API as a process of its own, on a seeded database, with a key for each role. */
export async function startFuzzedApi() {
  const database = await createTestDatabase('seeded');
  const { address, namespace } = await createTestNamespace();
  const owner = knex({ client: 'pg', connection: database.adminUrl });
  const db = connect(database.url, { max: 2, applicationName: 'fuzz-test' });
  const tokens = {} as Record<Role, string>;
  for (const role of ROLES)
    tokens[role] = (await createApiKey(owner, { clientId: `fuzz-${role}`, role })).token;

  const { yeepay } = testRun();
  const lines = new EventEmitter();
  let url = '';
  const api = await startProcess({
    name: 'API',
    command: process.execPath,
    args: [
      ...[
        '--expose-gc',
        '-r',
        './scripts/typescript.js',
        '-r',
        createRequire(__filename).resolve('../../../support/memory-probe'),
      ],
      'api/main.ts',
    ],
    cwd: projectFolder,
    env: {
      ...{ DATABASE_URL: database.url, TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace },
      ...{ API_HOST: '127.0.0.1', API_PORT: '0', LOG_LEVEL: 'error' },
      PARTY_SECRETS: JSON.stringify({ [PARTY]: [SECRET], [MALL]: [SECRET], [MESSAGING_PARTY]: [SECRET] }),
      ...yeepay.platform,
      // What is looked for lies behind them.
      ...{ RATE_LIMIT_PER_CLIENT: '1000000000', RATE_LIMIT_PER_ADDRESS: '1000000000' },
    },
    ready: /"event":"ready"/,
    readyWithinMs: 120_000,
    onLine(line) {
      const { event, ...rest } = (line.startsWith('{"event"') ? JSON.parse(line) : {}) as {
        event?: string;
        url?: string;
      };
      if (event === 'ready') url = rest.url!;
      if (event) lines.emit(event, rest);
    },
  });
  return {
    url,
    tokens,
    sealing: sealingKeysOf(yeepay),
    /** What memory is left after a garbage collection. */
    async memory(): Promise<Memory> {
      const told = once(lines, 'memory');
      process.kill(api.pid, 'SIGUSR2');
      return ((await told) as [Memory])[0];
    },
    /** How many rows each table of the platform has. */
    async rowCounts(): Promise<Record<string, number>> {
      const { rows: tables } = await owner.raw<{ rows: { name: string }[] }>(
        `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where c.relkind = 'r' and n.nspname !~ '^(pg_|information_schema)' order by 1`,
      );
      const counts: Record<string, number> = {};
      for (const { name } of tables) {
        const { rows } = await owner.raw<{ rows: [{ count: string }] }>(`select count(*) from ${name}`);
        counts[name] = Number(rows[0].count);
      }
      return counts;
    },
    async stop(): Promise<void> {
      await api.stop();
      await Promise.all([db.destroy(), owner.destroy()]);
      await database.drop();
    },
  };
}

/** By what Yeepay seals what it tells: our public key, and its own. */
function sealingKeysOf({ sandbox }: YeepayEnvironments) {
  const { merchantKey: publicKey, platformPrivateKey } = yeepaySide(sandbox)!;
  return { publicKey, platformPrivateKey };
}
