import { randomBytes, randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import type { TrialBalance } from '../../db/books/trial-balance';
import { connect } from '../../db/pool';
import { allTraces } from '../../db/reads/trace';
import { sign } from '../../schemas/outside/signature';
import { checkTrace, type TraceReport } from '../check-trace';
import { balanceCheck, checksOf, type Check } from './checks';
import { addCustomers, newDemoKey } from './database';
import { checkPartnersHaveMoney, findingsOf, type Findings } from './findings';
import { mallOrderCheck, mallOrderTable, playMallOrder, type MallOrderFinding } from './mall-order';
import { CLIENTS, type People } from './people';
import { leftRunning, play, setBehaviours, untilAtRest } from './play';
import type { Parts, Platform } from './platform';
import { reconcile, reconciliationCheck, reconciliationTable, type ReconciledDay } from './reconciliation';
import { repaymentCheck, repaymentOf, repaymentTable, type RepaymentFinding } from './repayments';
import { serve, servicingCheck, servicingTable, type ServicingFinding } from './servicing';
import { applicationTable, checkLines, specialCases, trialBalanceTable } from './report';
import { restClient, type RestClient } from './rest';
import type { Screen } from './screen';
import { storyOf } from './story';
import { writeSummary, writeTrace } from './summary';

/** Flows wait for parties that never answer for some ten seconds; what takes this long hangs. */
const STORY_WITHIN_MS = 180_000;

/**
 * Plays the story once on a running platform, shows what became of it, and writes var/demo/trace.ndjson and
 * var/demo/summary.json.
 *
 * @param parts gets the connections that are opened
 * @returns whether every figure is as it must be
 */
export async function runStory(platform: Platform, parts: Parts, screen: Screen): Promise<boolean> {
  const { db, temporal, signal } = await connections(platform, parts);
  const run = randomBytes(4).toString('hex').toUpperCase();
  const cases = storyOf(run);
  await checkPartnersHaveMoney(db, cases);
  await addCustomers(
    platform.databaseUrl,
    cases.map(({ customer }) => customer),
  );
  const keys = await newKeys(platform.databaseUrl);
  const apiWith = (token: string): RestClient => restClient({ baseUrl: platform.apiUrl, token, signal });
  const people: People = {
    app: apiWith(keys.app),
    operators: [apiWith(keys.operators[0]), apiWith(keys.operators[1])],
  };
  const sandbox = restClient({ baseUrl: platform.sandboxUrl, signal });

  // On a server of the user's, who knows who else runs flows there, and for how long.
  const earlier = platform.webUiUrl === undefined ? [] : await leftRunning(temporal);
  if (earlier.length > 0)
    screen.note(
      `An earlier run left ${earlier.length} flows open: they go on, but for those that need a person`,
    );
  screen.note(
    `Run ${run}: sending ${cases.length} loan applications to ${platform.apiUrl}/v1/loan-applications`,
  );
  await setBehaviours(sandbox, cases);
  const played = await play(cases, { people, run, screen, signal });
  for (const flowId of await untilAtRest(earlier, { people, signal })) {
    screen.note(`From an earlier run, still waiting for a person: ${flowAddress(platform, flowId)}`);
  }

  const findings = await findingsOf(played, {
    ...{ api: people.app, sandbox, db, temporal },
  });
  const repayment = await repaymentOf(people.app, findings.applications);
  screen.note('Repaying, settling, refunding and extending some of the loans');
  const servicing = await serve(findings.applications, { people, sandbox, db, screen, signal });
  const mallOrder = await playMallOrder(run, {
    ...{ mall: mallClient(platform, signal), people, sandbox, db, screen, signal },
  });
  const day = await reconcile({ people, screen, signal });
  const trialBalance = await apiWith(keys.finance).get<TrialBalance>('/v1/ledger/trial-balance');
  const checks = [
    ...checksOf(findings),
    repaymentCheck(repayment),
    servicingCheck(servicing),
    mallOrderCheck(mallOrder),
    reconciliationCheck(day),
    balanceCheck(trialBalance),
    traceCheck(checkTrace(await allTraces(db))),
  ];
  await writeTrace(db);
  await writeSummary({ run, findings, trialBalance, checks, platform, db, temporal });
  sayReport(screen, platform, { findings, repayment, servicing, mallOrder, day, trialBalance, checks, keys });
  return checks.every(({ ok }) => ok);
}

/** The mall, which signs its calls and has no key. */
function mallClient({ apiUrl, partySecrets }: Platform, signal: AbortSignal): RestClient {
  const [secret] = partySecrets.get(CLIENTS.mall)!;
  const signed = (rawBody: string): Record<string, string> => ({
    ...{ 'mall-id': CLIENTS.mall, ...sign({ secret, id: randomUUID(), timestamp: new Date(), rawBody }) },
  });
  return restClient({ baseUrl: apiUrl, signed, signal });
}

/** Opens what the story reads from, and a signal that ends all its requests. */
async function connections({ databaseUrl, temporalAddress, temporalNamespace }: Platform, parts: Parts) {
  const over = new AbortController();
  parts.add({ stop: () => Promise.resolve(over.abort()) });
  const db = connect(databaseUrl, { max: 2, applicationName: 'demo' });
  parts.add({ stop: () => db.destroy() });
  const connection = await Connection.connect({ address: temporalAddress });
  parts.add({ stop: () => connection.close() });
  return {
    db,
    temporal: new Client({ connection, namespace: temporalNamespace }),
    signal: AbortSignal.any([over.signal, AbortSignal.timeout(STORY_WITHIN_MS)]),
  };
}

/** Flows of which the demo goes some ways only; the tests go all. */
const shownInPart = ['repayment', 'refund-and-reversal-lifecycle', 'extension', 'debt-order'];

/** Every handling must be one that the catalog knows, and the flows must have taken every arrow that it draws. */
function traceCheck({ problems, notSeen }: TraceReport): Check {
  const missing = Object.entries(notSeen)
    .filter(([flow]) => !shownInPart.includes(flow))
    .flatMap(([flow, arrows]) => arrows.map((arrow) => `${flow}: ${arrow}`));
  const wrong = [...problems, ...missing.map((one) => `not seen: ${one}`)];
  return {
    name: 'every handling follows the catalog, and every arrow of the flows is seen',
    ok: wrong.length === 0,
    found: wrong.length === 0 ? 'all arrows hold' : wrong.slice(0, 3).join('; '),
  };
}

interface Keys {
  app: string;
  operators: readonly [string, string];
  finance: string;
}

async function newKeys(databaseUrl: string): Promise<Keys> {
  const [operator, another] = CLIENTS.operators;
  return {
    app: await newDemoKey(databaseUrl, CLIENTS.app, 'app'),
    operators: [
      await newDemoKey(databaseUrl, operator, 'ops'),
      await newDemoKey(databaseUrl, another, 'ops'),
    ],
    finance: await newDemoKey(databaseUrl, CLIENTS.finance, 'finance'),
  };
}

function sayReport(
  screen: Screen,
  platform: Platform,
  {
    findings,
    repayment,
    servicing,
    mallOrder,
    day,
    trialBalance,
    checks,
    keys,
  }: {
    findings: Findings;
    repayment: RepaymentFinding;
    servicing: readonly ServicingFinding[];
    mallOrder: MallOrderFinding;
    day: ReconciledDay;
    trialBalance: TrialBalance;
    checks: readonly Check[];
    keys: Keys;
  },
): void {
  const addressOf = (flowId: string): string => flowAddress(platform, flowId);
  const sections = {
    'LOAN APPLICATIONS': applicationTable(findings.applications),
    'DUE LIST': repaymentTable(repayment),
    'LOANS UNDER WAY': servicingTable(servicing),
    "A MALL'S ORDER": mallOrderTable(mallOrder, addressOf),
    RECONCILIATION: reconciliationTable(day, addressOf),
    'TRIAL BALANCE': trialBalanceTable(trialBalance),
    'WHAT THE CASES SHOW': specialCases(findings.applications, addressOf),
    CHECKS: checkLines(checks),
    ADDRESSES: addresses(platform, keys),
  };
  for (const [title, text] of Object.entries(sections)) screen.say(`\n${title}\n\n${text}`);
}

/** Where a flow is in the Web UI, or its id where the demo does not know the Web UI. */
function flowAddress({ webUiUrl, temporalNamespace }: Platform, flowId: string): string {
  return webUiUrl === undefined ? flowId : `${webUiUrl}/namespaces/${temporalNamespace}/workflows/${flowId}`;
}

function addresses({ apiUrl, webUiUrl, temporalNamespace }: Platform, keys: Keys): string {
  const query = encodeURIComponent('NeedsAttention=true');
  return [
    // In the fragment, which stays in the browser: whoever opens the link can try the API at once.
    `API docs          ${apiUrl}/docs/#key=${keys.app}`,
    `API               ${apiUrl}`,
    `Temporal Web UI   ${webUiUrl ?? 'that of the server at TEMPORAL_ADDRESS'}`,
    ...(webUiUrl === undefined
      ? []
      : [`Needing a person  ${webUiUrl}/namespaces/${temporalNamespace}/workflows?query=${query}`]),
    `Key for loans     ${keys.app}`,
    `Keys of operators ${keys.operators.join(' and ')}`,
    `Key for the books ${keys.finance}`,
    'Every run makes its own keys and revokes those of the run before.',
    'Files             var/demo/trace.ndjson, var/demo/summary.json, var/demo/logs/',
  ].join('\n');
}
