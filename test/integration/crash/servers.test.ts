import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { migrate } from '../../../db/migrate';
import { startPostgres, type RunningPostgres } from '../../../scripts/local/postgres';
import { startTemporal, type RunningTemporal } from '../../../scripts/local/temporal';
import { searchAttributes } from '../../../schemas/search-attributes';
import { openStage, type Child, type Stage } from '../../support/crash/stage';
import { violations } from '../../support/crash/traces';
import { testRun } from '../../support/run';

const timeLimitMs = 300_000;
const flowsAtOnce = 6;

const folder = mkdtempSync(path.join(tmpdir(), 'crash-servers-'));
const onProgress = (): void => undefined;
const namespace = 'default';

let postgres: RunningPostgres;
let temporal: RunningTemporal;
let sandbox: Child;
let stage: Stage;

const openPostgres = (port = 0): Promise<RunningPostgres> =>
  startPostgres({ dataDir: path.join(folder, 'postgres'), port, onProgress });
const openTemporal = (port = 0): Promise<RunningTemporal> =>
  startTemporal({
    dbFile: path.join(folder, 'temporal.db'),
    port,
    namespace,
    searchAttributes,
    onProgress,
  });

beforeAll(async () => {
  // These tests stop the servers that they use, so they never take those of others. The change ends with this file.
  delete process.env.DATABASE_URL;
  delete process.env.TEMPORAL_ADDRESS;
  [postgres, temporal] = await Promise.all([openPostgres(), openTemporal()]);
  await migrate(postgres.url);
  stage = await openStage({
    databaseUrl: postgres.url,
    temporalAddress: temporal.address,
    temporalNamespace: namespace,
    workflowBundlePath: testRun().workflowBundlePath,
  });
  await stage.startApi();
  sandbox = await stage.startSandbox();
  // Answers by callback a while later keep flows under way while servers go and come.
  await stage.behave({ behaviour: { kind: 'CALLBACK', delayMs: 1_500 } });
  await stage.startWorker();
}, timeLimitMs);
afterAll(async () => {
  await stage.close();
  await Promise.all([postgres.stop(), temporal.stop()]);
  rmSync(folder, { recursive: true });
});

/** Applies for loans by the API, and gives the ends of their flows, to be looked for when all servers are there. */
async function applyForLoans(): Promise<() => Promise<unknown[]>> {
  const applications = Array.from({ length: flowsAtOnce }, async (_, number) => {
    const market = number % 2 === 0 ? 'CN' : 'ID';
    return stage.submit({ market, customerId: await stage.newCustomer(market) });
  });
  const ids = await Promise.all(applications);
  return () =>
    Promise.all(
      ids.map(async (id) => {
        const handle = stage.client.workflow.getHandle(`loan-application-disbursement:${id}`);
        return ((await handle.result()) as { outcome: string }).outcome;
      }),
    );
}

const portOf = (address: string): number => Number(new URL(address).port);

/** Waits until payouts are under way, so that what goes away goes in the middle. */
async function untilPayingOut(): Promise<void> {
  while (!(await stage.db('loan_engine.loan_application').where('state', 'PAYING_OUT').first('state'))) {
    await delay(20);
  }
}

const disbursed = Array.from({ length: flowsAtOnce }, () => 'DISBURSED');

test(
  'PostgreSQL restarts in the middle: every flow ends as it would have, and nothing is lost or doubled',
  async () => {
    const ends = await applyForLoans();
    await untilPayingOut();
    await postgres.stop();
    postgres = await openPostgres(portOf(postgres.url));
    expect(await ends()).toEqual(disbursed);
    expect(await violations(stage)).toEqual([]);
  },
  timeLimitMs,
);

test(
  'Temporal restarts in the middle: every flow ends as it would have, and nothing is lost or doubled',
  async () => {
    const ends = await applyForLoans();
    await untilPayingOut();
    await temporal.stop();
    temporal = await openTemporal(portOf(`http://${temporal.address}`));
    expect(await ends()).toEqual(disbursed);
    expect(await violations(stage)).toEqual([]);
  },
  timeLimitMs,
);

test(
  'the outside world is killed and gone for a while: every flow ends as it would have, and nothing is lost or doubled',
  async () => {
    const ends = await applyForLoans();
    await untilPayingOut();
    process.kill(sandbox.pid, 'SIGKILL');
    await sandbox.ended;
    await stage.db.raw('select pg_sleep(3)');
    sandbox = await stage.startSandbox();
    expect(await ends()).toEqual(disbursed);
    expect(await violations(stage)).toEqual([]);
  },
  timeLimitMs,
);
