import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import type { Express } from 'express';
import knex, { type Knex } from 'knex';
import { createApi } from '../../api/app';
import { createApiKey } from '../../db/access/api-keys';
import { connect } from '../../db/pool';
import { allTraces } from '../../db/reads/trace';
import { goodFeatures, seedCustomers } from '../../db/seeds';
import { createLogger } from '../../logging/logger';
import { startSandbox } from '../../sandbox/app';
import type { MarketId } from '../../schemas/generated/messages';
import { composeCommand } from '../../schemas/compose';
import { parsePartySecrets, sign, type PartySecrets } from '../../schemas/outside/signature';
import { yeepayAccess } from '../../schemas/outside/yeepay/access';
import type { Holding } from '../../sandbox/yeepay/holdings';
import { yeepaySide } from '../../sandbox/yeepay/side';
import { startWorkers } from '../../workers/worker';
import { searchAttributes } from '../../schemas/search-attributes';
import type { LoanApplicationOutcome } from '../../workflows/loan-application-disbursement';
import { createTestDatabase, openingDate } from './database';
import { holdToDocument } from './documented';
import { failedWorkflowTasks } from './failed-tasks';
import { decide } from './people';
import { testRun } from './run';
import { createTestNamespace } from './temporal';
import type { World } from './world';

export { openingDate };

export const parties = [
  'bank-huaxin',
  'trust-jinhe',
  'cn-payout',
  'bank-nusantara',
  'dana-sejahtera',
  'id-payout',
  'cn-messaging',
  'id-messaging',
  // Malls: they call us, and are never asked. All but the first are for the branches of their orders.
  'cn-mall',
  'mall-soon-cleared',
  'mall-settling-itself',
  'mall-asking-people',
];
export const marketTerms = {
  CN: { productId: 'cn-cash-instalment', currency: 'CNY', usualMinor: 1_000_000 },
  ID: { productId: 'id-cash-instalment', currency: 'IDR', usualMinor: 5_000_000 },
} as const;

/** A rule of the sandbox: how a party behaves; see sandbox/behaviours.ts. */
export interface Behaviour {
  /** Every party, when it is left out. */
  party?: string;
  /** Every operation, when it is left out. */
  operation?: string;
  match?: { reference?: string; customerId?: string; amountMinor?: number; ledgerNo?: string };
  behaviour: { kind: string } & Record<string, unknown>;
  times?: number | undefined;
}

export interface Application {
  market: MarketId;
  customerId?: string;
  principalMinor?: number;
  instalmentCount?: number;
}

export type Platform = Awaited<ReturnType<typeof startPlatform>>;

let runtimeInstalled = false;

export const randomId = (prefix: string): string => prefix + randomBytes(8).toString('hex').toUpperCase();

/**
 * Starts the whole platform for one test file: its own database and namespace, the sandbox, the API and the workers.
 * In: how long a party may take to answer, and how many sets of workers there are, one if left out. Everything ends with
 * `stop()`, which fails when a workflow task has failed.
 *
 * Sets of workers stand for worker processes: each has connections, caches and sticky queues of its own, and what two
 * processes have in common, PostgreSQL and Temporal, cannot tell them from two sets in one.
 */
export async function startPlatform({
  answerTimeoutMs,
  workerSets = 1,
}: { answerTimeoutMs?: number; workerSets?: number } = {}) {
  const [database, temporal] = await Promise.all([
    createTestDatabase('seeded'),
    createTestNamespace(searchAttributes),
  ]);
  const owner = knex({ client: 'pg', connection: database.adminUrl });
  // Customers pay on days to come, and no day is closed for it.
  await owner('reference.market').update({ believed_days_ahead: 3_650 });
  const partySecrets = parsePartySecrets(
    JSON.stringify(
      Object.fromEntries(parties.map((party) => [party, [`whsec_${randomBytes(32).toString('base64')}`]])),
    ),
  );
  const { yeepay, workflowBundlePath } = testRun();
  const servers = {
    databaseUrl: database.url,
    temporalAddress: temporal.address,
    temporalNamespace: temporal.namespace,
    taskQueue: 'flows',
    partySecrets,
    yeepay: yeepayAccess({ ...yeepay.platform, YEEPAY_URL: 'http://to-be-started.invalid' })!,
    rateLimits: { perClient: 1_000_000, perAddress: 1_000_000 },
    trustedProxies: [],
  };
  const db = connect(database.url, { max: 5, applicationName: 'test' });
  const lockSession = connect(database.url, { max: 1, applicationName: 'test-key-locks' });
  const connection = await Connection.connect({ address: temporal.address });
  const client = new Client({ connection, namespace: temporal.namespace });
  const api = await listen(
    createApi({
      ...{ db, lockSession, temporal: client, config: servers },
      logger: createLogger({ process: 'api', level: 'error' }),
    }),
  );
  const sandbox = await startSandbox({
    ...{ port: 0, secrets: partySecrets, callbackBaseUrl: api.url },
    yeepay: yeepaySide(yeepay.sandbox),
  });
  const yeepayAtSandbox = { ...servers.yeepay, url: `${sandbox.url}/yeepay` };
  // Steps that fail are a normal part of tests; what a test is about it asserts.
  if (!runtimeInstalled) Runtime.install({ logger: new DefaultLogger('ERROR') });
  runtimeInstalled = true;
  const workers = await Promise.all(
    Array.from({ length: workerSets }, () =>
      startWorkers(
        { ...servers, partiesUrl: sandbox.url, yeepay: yeepayAtSandbox, answerTimeoutMs },
        { workflowBundle: { codePath: workflowBundlePath } },
      ),
    ),
  );
  const keys = {
    app: await createApiKey(owner, { clientId: 'test-app', role: 'app' }),
    ops: await createApiKey(owner, { clientId: 'operator-1', role: 'ops' }),
    otherOps: await createApiKey(owner, { clientId: 'operator-2', role: 'ops' }),
  };

  const sendAs = (
    method: string,
    path: string,
    body: object,
    as: keyof typeof keys,
    headers: Record<string, string>,
  ) =>
    sendBody(method, path, JSON.stringify(body), { authorization: `Bearer ${keys[as].token}`, ...headers });

  async function sendBody(method: string, path: string, body: string, headers: Record<string, string>) {
    const response = await fetch(api.url + path, {
      ...{ method, body, headers: { 'content-type': 'application/json', ...headers } },
    });
    const answered = { status: response.status, headers: response.headers, text: await response.text() };
    holdToDocument(method, path, answered);
    return { ...answered, body: JSON.parse(answered.text) as Record<string, unknown> };
  }

  return {
    api,
    client,
    db,
    owner,
    sandbox,
    partySecrets,
    /** How the workers reach Yeepay, which the sandbox plays. */
    yeepay: yeepayAtSandbox,
    newCustomer: (market: MarketId, options: { features?: object; limitMinor?: number } = {}) =>
      newCustomer(owner, market, options),
    /** Starts the flow of an application, by a customer of its own unless one is named. */
    async startFlow(application: Application, applicationId = randomId('LA')) {
      const customerId = application.customerId ?? (await newCustomer(owner, application.market, {}));
      return startLoanFlow(client, applicationId, { ...application, customerId });
    },
    /** Applies for a loan and waits for its end. */
    async apply(application: Application, applicationId = randomId('LA')) {
      const handle = await this.startFlow(application, applicationId);
      const outcome = (await handle.result()) as LoanApplicationOutcome;
      return { applicationId, handle, outcome };
    },
    newApplicationId: () => randomId('LA'),
    /** Sends a request to the API, as one of the test's clients; the answer is as documented. */
    post: (path: string, body: object, as: keyof typeof keys = 'app', headers: Record<string, string> = {}) =>
      sendAs('POST', path, body, as, { 'idempotency-key': randomBytes(8).toString('hex'), ...headers }),
    /** Puts something, as an operator. */
    put: (path: string, body: object) => sendAs('PUT', path, body, 'ops', {}),
    /** Sends a call as a mall signs it; the answer is as documented. */
    tell(path: string, body: object, { mallId, prefer }: Parameters<World['tell']>[2] = {}) {
      const rawBody = JSON.stringify(body);
      const headers = mallHeaders(partySecrets, rawBody, mallId);
      return sendBody('POST', path, rawBody, { ...headers, ...(prefer !== undefined && { prefer }) });
    },
    /** Reads from the API, as one of the test's clients. */
    async get(path: string, as: keyof typeof keys = 'app') {
      const response = await fetch(api.url + path, {
        headers: { authorization: `Bearer ${keys[as].token}` },
      });
      const answered = { status: response.status, headers: response.headers, text: await response.text() };
      holdToDocument('GET', path, answered);
      return { ...answered, body: JSON.parse(answered.text) as Record<string, unknown> };
    },
    /** Answers a flow's question as one operator, and approves it as another. */
    decide(flowId: string, question: string, answer: string, evidence?: object): Promise<void> {
      return decide(this, flowId, question, answer, evidence);
    },
    async behave(...behaviours: Behaviour[]) {
      for (const behaviour of behaviours) await send(`${sandbox.url}/control/behaviours`, behaviour);
    },
    /** The payouts that the parties have really made for a loan application. */
    effects: (reference: string) => effectsAt(sandbox.url, `?reference=${reference}`),
    /** All payouts that the parties have really made. */
    allEffects: () => effectsAt(sandbox.url, ''),
    /** All that the parties have really done: money paid out and back, messages sent, and orders divided. */
    outsideDid: () => outsideDid(sandbox.url),
    trace: () => allTraces(db),
    async stop() {
      try {
        const failures = await failedWorkflowTasks(client, db);
        if (failures.length > 0) throw new Error(`Workflow tasks failed:\n${failures.join('\n')}`);
      } finally {
        await Promise.all(workers.map((one) => one.stop()));
        await Promise.all([sandbox.close(), api.close()]);
        await Promise.all([db.destroy(), lockSession.destroy(), owner.destroy(), connection.close()]);
        await database.drop();
      }
    },
  };
}

/** What a mall sends beside the body of a call: who it is, and its signature. */
export function mallHeaders(
  secrets: PartySecrets,
  rawBody: string,
  mallId = 'cn-mall',
): Record<string, string> {
  const [secret] = secrets.get(mallId)!;
  return { 'mall-id': mallId, ...sign({ secret, id: randomId('C'), timestamp: new Date(), rawBody }) };
}

async function listen(app: Express): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeIdleConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

export async function newCustomer(
  owner: Knex,
  market: MarketId,
  { features = goodFeatures, limitMinor }: { features?: object; limitMinor?: number },
): Promise<string> {
  const id = randomId(`${market}-`);
  const customer = {
    id,
    market,
    language: 'en',
    features,
    ...(limitMinor === undefined ? {} : { limitMinor }),
  };
  await owner.transaction((tx) => seedCustomers(tx, [customer]));
  return id;
}

/** Starts the flow of an application; `options` are those of Temporal's that a test sets. */
export function startLoanFlow(
  client: Client,
  applicationId: string,
  { market, customerId, principalMinor, instalmentCount = 6 }: Application & { customerId: string },
  options: { taskQueue?: string; workflowTaskTimeout?: number } = {},
): Promise<WorkflowHandle> {
  const flow = 'loan-application-disbursement';
  const flowId = `${flow}:${applicationId}`;
  const { productId, currency, usualMinor } = marketTerms[market];
  const submitted = composeCommand(
    { flow, flowId, market },
    {
      type: 'submit-loan-application',
      source: 'app',
      occurrence: '1',
      data: {
        applicationId,
        customerId,
        productId,
        productVersion: 1,
        principal: { currency, amountMinor: principalMinor ?? usualMinor },
        instalmentCount,
        payoutAccountToken: 'tok_test_account',
      },
    },
  );
  return client.workflow.start(flow, {
    workflowId: flowId,
    taskQueue: 'flows',
    args: [submitted],
    ...options,
  });
}

interface Effect {
  party: string;
  reference: string;
  amount: { amountMinor: number };
}

/** All that the parties behind a sandbox have really done. */
export async function outsideDid(sandboxUrl: string): Promise<Did> {
  const read = async <T>(what: string): Promise<T> =>
    (await (await fetch(`${sandboxUrl}/control/${what}`)).json()) as T;
  const [{ effects }, { refunds }, { messages }, { orders }] = await Promise.all([
    read<Pick<Did, 'effects'>>('effects'),
    read<Pick<Did, 'refunds'>>('refunds'),
    read<Pick<Did, 'messages'>>('messages'),
    read<{ orders: Holding[] }>('yeepay/orders'),
  ]);
  const divides = orders.map((order) => ({ reference: order.orderId, ...order }));
  return { effects, refunds, messages, divides };
}

/** What parties have really done. */
export interface Did {
  /** Money paid out. */
  effects: MoneyMoved[];
  /** Money paid back. */
  refunds: MoneyMoved[];
  messages: { party: string; requestNo: string; reference: string; template: string }[];
  /** What Yeepay has divided, taken back and completed, by the mall's order. */
  divides: (Holding & { reference: string })[];
}
interface MoneyMoved {
  party: string;
  requestNo: string;
  reference: string;
  amount: { currency: string; amountMinor: number };
}

async function effectsAt(sandboxUrl: string, query: string): Promise<Effect[]> {
  const response = await fetch(`${sandboxUrl}/control/effects${query}`);
  return ((await response.json()) as { effects: Effect[] }).effects;
}

export async function send(url: string, body: object): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
}
