import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import knex from 'knex';
import { armedWith, passed } from '../../../crash/point';
import { createApiKey } from '../../../db/access/api-keys';
import { connect } from '../../../db/pool';
import { seed } from '../../../db/seeds';
import type { MarketId } from '../../../schemas/generated/messages';
import { parsePartySecrets } from '../../../schemas/outside/signature';
import { freePort } from '../../../scripts/local/ports';
import { startNode, type RunningProcess } from '../../../scripts/local/processes';
import { newYeepay } from '../../../scripts/demo/yeepay-keys';
import {
  mallHeaders,
  marketTerms,
  newCustomer,
  openingDate,
  outsideDid,
  parties,
  send,
  startLoanFlow,
  type Application,
  type Behaviour,
} from '../platform';
import type { Role, World } from '../world';

/** Where the platform's processes find their servers. The database is migrated, and the namespace serves. */
export interface Servers {
  /** PostgreSQL, as the owner of the tables, who is a member of the application's role. */
  databaseUrl: string;
  temporalAddress: string;
  temporalNamespace: string;
  workflowBundlePath: string;
}

/** A process of the platform. */
export interface Child extends RunningProcess {
  /** The crash points that it has passed, in order. */
  passed: readonly string[];
  /** The newest lines of its output. */
  lines: readonly string[];
}

export type Stage = Awaited<ReturnType<typeof openStage>>;

/** As short as a busy machine allows: this long a flow stands still after each death of its worker. */
const workflowTaskTimeout = 2_000;

const keptLines = 40;

const inJson = { 'content-type': 'application/json' };

interface Answered {
  status: number;
  body: Record<string, unknown>;
}

/** The processes of a platform, to be started, killed and started again, and what is needed to look at their traces. */
export async function openStage(servers: Servers) {
  const { databaseUrl, temporalAddress, temporalNamespace } = servers;
  const owner = knex({ client: 'pg', connection: databaseUrl, pool: { min: 0, max: 3 } });
  await seed(owner, openingDate);
  // Nobody reviews in Indonesia: what happens when the time is over is seen there.
  await owner('reference.market').where('id', 'ID').update({ review_within_seconds: 2 });
  const db = connect(databaseUrl, { max: 5, applicationName: 'crash-test' });
  const connection = await Connection.connect({ address: temporalAddress });
  const client = new Client({ connection, namespace: temporalNamespace });
  const keys = {
    app: await createApiKey(owner, { clientId: 'test-app', role: 'app' }),
    ops: await createApiKey(owner, { clientId: 'operator-1', role: 'ops' }),
    otherOps: await createApiKey(owner, { clientId: 'operator-2', role: 'ops' }),
  };
  const [apiPort, sandboxPort] = [await freePort(0), await freePort(0)];
  const apiUrl = `http://127.0.0.1:${apiPort}`;
  const sandboxUrl = `http://127.0.0.1:${sandboxPort}`;
  const folder = mkdtempSync(path.join(tmpdir(), 'sandbox-'));
  const secrets = JSON.stringify(
    Object.fromEntries(parties.map((party) => [party, [`whsec_${randomBytes(32).toString('base64')}`]])),
  );
  const common = {
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: temporalAddress,
    TEMPORAL_NAMESPACE: temporalNamespace,
    PARTY_SECRETS: secrets,
  };
  const yeepay = newYeepay();
  const running = new Set<Child>();
  const rules: Behaviour[] = [];

  /** Starts a process, armed if there is a list of points, and waits until it is ready or has died at one of them. */
  async function start(
    name: string,
    entry: string,
    env: Record<string, string>,
    at?: readonly string[],
  ): Promise<Child> {
    const points: string[] = [];
    const lines: string[] = [];
    const started = await startNode({
      ...{ name, entry, env: { ...common, ...env, ...(at && armedWith(at)) } },
      ready: /"event":"ready"/,
      readyWithinMs: 60_000,
      killAfterMs: 3_000,
      onLine(line) {
        if (line.startsWith(passed)) return void points.push(line.slice(passed.length));
        lines.push(line);
        if (lines.length > keptLines) lines.shift();
      },
    });
    const child = { ...started, passed: points, lines };
    running.add(child);
    void started.ended.then(() => running.delete(child));
    return child;
  }

  /**
   * Sends a request to the API, and the same again until it is answered: a client that gets no answer knows nothing
   * of what became of its request. A server that is away says so (503), and to ask again.
   */
  async function ask(path: string, request: RequestInit): Promise<Answered> {
    for (;;) {
      const response = await fetch(apiUrl + path, request).catch(() => null);
      const body = (await response?.json().catch(() => null)) as Answered['body'] | null | undefined;
      // The database may not have noticed yet that the API died that held the key.
      const isHeld = body?.code === 'REQUEST_IN_PROGRESS';
      if (response && response.status < 500 && body && !isHeld) return { status: response.status, body };
      await delay(100);
    }
  }

  function post(
    path: string,
    body: object,
    as: Role = 'app',
    headers: Record<string, string> = {},
  ): Promise<Answered> {
    const key = { ...inJson, 'idempotency-key': randomBytes(8).toString('hex') };
    const sent = { ...authorization(as), ...key, ...headers };
    return ask(path, { method: 'POST', headers: sent, body: JSON.stringify(body) });
  }

  const authorization = (as: Role) => ({ authorization: `Bearer ${keys[as].token}` });

  return {
    ...{ servers, db, owner, client, apiUrl, sandbox: { url: sandboxUrl } },
    startApi: (at?: readonly string[]) =>
      start(
        ...(['api', 'api/main.ts'] as const),
        { API_PORT: String(apiPort), LOG_LEVEL: 'error', ...yeepay.platform },
        at,
      ),
    startWorker: (at?: readonly string[], taskQueue = 'flows') =>
      start(
        'worker',
        'test/support/crash/worker.ts',
        {
          PARTIES_URL: sandboxUrl,
          YEEPAY_URL: `${sandboxUrl}/yeepay`,
          ...yeepay.platform,
          TASK_QUEUE: taskQueue,
          WORKFLOW_BUNDLE: servers.workflowBundlePath,
        },
        at,
      ),
    /** Starts the outside world, which goes on with what it did before, and has the rules that it had. */
    async startSandbox(): Promise<Child> {
      const child = await start('sandbox', 'sandbox/main.ts', {
        ...{ PORT: String(sandboxPort), CALLBACK_BASE_URL: apiUrl },
        SANDBOX_STATE_FILE: path.join(folder, 'sandbox.ndjson'),
        ...yeepay.sandbox,
      });
      for (const rule of rules) await send(`${sandboxUrl}/control/behaviours`, rule);
      return child;
    },
    async behave(...added: Behaviour[]): Promise<void> {
      rules.push(...added);
      for (const rule of added) await send(`${sandboxUrl}/control/behaviours`, rule);
    },
    newCustomer: (market: MarketId, options: { features?: object; limitMinor?: number } = {}) =>
      newCustomer(owner, market, options),
    startFlow: (
      application: Application & { customerId: string },
      applicationId: string,
      taskQueue = 'flows',
    ) => startLoanFlow(client, applicationId, application, { taskQueue, workflowTaskTimeout }),
    post,
    get: (path: string, as: Role = 'app') => ask(path, { headers: authorization(as) }),
    put(path: string, body: object): Promise<Answered> {
      const headers = { ...authorization('ops'), ...inJson };
      return ask(path, { method: 'PUT', headers, body: JSON.stringify(body) });
    },
    tell(path: string, content: object, { mallId }: Parameters<World['tell']>[2] = {}): Promise<Answered> {
      const body = JSON.stringify(content);
      const headers = { ...inJson, ...mallHeaders(parsePartySecrets(secrets), body, mallId) };
      return ask(path, { method: 'POST', headers, body });
    },
    /** Applies for a loan by the API, however often it takes. Gives the application's id. */
    async submit(application: Application & { customerId: string }): Promise<string> {
      const { customerId, market, principalMinor, instalmentCount = 6 } = application;
      const { productId, currency, usualMinor } = marketTerms[market];
      const { status, body } = await post('/v1/loan-applications', {
        ...{ customerId, productId, instalmentCount, payoutAccountToken: 'tok_test_account' },
        principal: { currency, amountMinor: principalMinor ?? usualMinor },
      });
      if (status !== 202) throw new Error(`The application was not accepted: ${JSON.stringify(body)}`);
      return String(body.applicationId);
    },
    /** All that the parties have really done. */
    outsideDid: () => outsideDid(sandboxUrl),
    /** Ends all that was started. */
    async close(): Promise<void> {
      await Promise.all([...running].map((child) => child.stop()));
      await Promise.all([db.destroy(), owner.destroy(), connection.close()]);
      rmSync(folder, { recursive: true });
    },
  };
}
