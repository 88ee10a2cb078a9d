import { rmSync } from 'node:fs';
import path from 'node:path';
import { connect } from '../../db/pool';
import { parties } from '../../db/reference';
import { parsePartySecrets, type PartySecrets } from '../../schemas/outside/signature';
import { searchAttributes } from '../../schemas/search-attributes';
import type { partsStoppedOnSignal } from '../local/parts';
import { startPostgres, type RunningPostgres } from '../local/postgres';
import { startNode, type RunningProcess } from '../local/processes';
import { projectFolder } from '../local/project-folder';
import { startTemporal, type RunningTemporal } from '../local/temporal';
import { unaskedEnd } from '../local/unasked-end';
import { prepareDatabase } from './database';
import { onFreePorts } from './free-ports';
import type { DemoOptions } from './options';
import { partySecrets } from './party-secrets';
import { CLIENTS } from './people';
import type { Screen } from './screen';
import { keptYeepay } from './yeepay-keys';

/** What the demo keeps from run to run; --fresh removes it. */
export const demoFolder = path.join(projectFolder, 'var', 'demo');

/** Where a platform listens, where it keeps its state, and whether it removes what an earlier run left there. */
export interface PlatformOptions extends Pick<DemoOptions, 'fresh' | 'ports'> {
  stateFolder: string;
}

const logFile = (stateFolder: string, name: string): string => path.join(stateFolder, 'logs', `${name}.log`);

/** The platform as it runs, with everything that it needs. */
export interface Platform {
  /** Carries a password: never print it. */
  databaseUrl: string;
  temporalAddress: string;
  temporalNamespace: string;
  /** Undefined with a Temporal server of the user's, whose Web UI the demo does not know. */
  webUiUrl: string | undefined;
  apiUrl: string;
  sandboxUrl: string;
  /** What we share with parties and with the mall: never print it. */
  partySecrets: PartySecrets;
  /** Rejects when one of the platform's processes ends by itself. */
  broken: Promise<never>;
}

export type Parts = ReturnType<typeof partsStoppedOnSignal>;

/**
 * Brings up everything that a loan application needs: servers, schema, reference data, outside parties, API, workers.
 *
 * @param parts gets all that was started, so that it is stopped at the end
 * @throws Error with what could not be started, its last lines, and where its log is
 */
export async function startPlatform(
  options: PlatformOptions,
  parts: Parts,
  screen: Screen,
): Promise<Platform> {
  const temporalNamespace = process.env.TEMPORAL_NAMESPACE || 'default';
  const { postgres, temporal } = await startServers(options, temporalNamespace, parts, screen);
  if (options.fresh) removeFiles(options.stateFolder);
  await screen.waitFor('schema and reference data', prepareDatabase(postgres.url));
  const servers = {
    databaseUrl: postgres.url,
    ...{ temporalAddress: temporal.address, temporalNamespace, webUiUrl: temporal.uiUrl },
  };
  return { ...servers, ...(await startProcesses(servers, options, parts, screen)) };
}

/** Starts PostgreSQL and Temporal side by side. */
async function startServers(
  { fresh, ports, stateFolder }: PlatformOptions,
  namespace: string,
  parts: Parts,
  screen: Screen,
): Promise<{ postgres: RunningPostgres; temporal: RunningTemporal }> {
  const onProgress = (line: string): void => screen.note(line);
  const startingPostgres = onFreePorts([ports.postgres], async (port) =>
    parts.add(
      await startPostgres({
        ...{ dataDir: path.join(stateFolder, 'postgres'), fresh, port },
        ...{ logFile: logFile(stateFolder, 'postgres'), onProgress },
      }),
    ),
  );
  const startingTemporal = onFreePorts([ports.temporal, ports.webUi], async (port, uiPort) =>
    parts.add(
      await startTemporal({
        ...{ dbFile: path.join(stateFolder, 'temporal.db'), fresh, port, uiPort, namespace },
        searchAttributes,
        ...{ logFile: logFile(stateFolder, 'temporal'), onProgress },
      }),
    ),
  );
  // Both are waited for even when one fails: what still starts while all is being stopped would be left running.
  await Promise.allSettled([
    screen.waitFor('PostgreSQL', startingPostgres),
    screen.waitFor('Temporal', startingTemporal, ({ address, uiUrl }) => uiUrl ?? address),
  ]);
  return { postgres: await startingPostgres, temporal: await startingTemporal };
}

/** Starts the API first, since the sandbox calls it back, then the sandbox, since the workers ask it. */
async function startProcesses(
  servers: Pick<Platform, 'databaseUrl' | 'temporalAddress' | 'temporalNamespace'>,
  { ports, stateFolder }: PlatformOptions,
  parts: Parts,
  screen: Screen,
): Promise<Pick<Platform, 'apiUrl' | 'sandboxUrl' | 'partySecrets' | 'broken'>> {
  const processes: Record<string, RunningProcess & { logFile: string }> = {};
  const env = await environmentOf(servers, stateFolder);
  const yeepay = keptYeepay(path.join(stateFolder, 'yeepay.json'));
  const start = async (name: string, entry: string, more: Record<string, string>): Promise<void> => {
    const running = await startNode({
      ...{ name, entry, env: { ...env, ...more } },
      ready: /"event":"ready"/,
      readyWithinMs: 120_000,
      // A worker that waits for a slow party is not waited for: what it leaves undone, the next run goes on with.
      killAfterMs: 3_000,
      logFile: logFile(stateFolder, name),
      pidFile: path.join(stateFolder, `${name}.process.json`),
    });
    processes[name] = { ...parts.add(running), logFile: logFile(stateFolder, name) };
  };
  const startingApi = onFreePorts([ports.api], async (port) => {
    await start('api', 'api/main.ts', {
      ...{ API_HOST: '127.0.0.1', API_PORT: String(port) },
      ...yeepay.platform,
    });
    return `http://127.0.0.1:${port}`;
  });
  const apiUrl = await screen.waitFor('API', startingApi, (url) => url);
  const startingSandbox = onFreePorts([ports.sandbox], async (port) => {
    const stateFile = path.join(stateFolder, 'sandbox.ndjson');
    await start('sandbox', 'sandbox/main.ts', {
      ...{ PORT: String(port), CALLBACK_BASE_URL: apiUrl, SANDBOX_STATE_FILE: stateFile },
      ...yeepay.sandbox,
    });
    return `http://127.0.0.1:${port}`;
  });
  const sandboxUrl = await screen.waitFor('sandbox of outside parties', startingSandbox, (url) => url);
  const startingWorkers = start('workers', 'workers/main.ts', {
    ...{ PARTIES_URL: sandboxUrl, YEEPAY_URL: `${sandboxUrl}/yeepay` },
    ...yeepay.platform,
  });
  await screen.waitFor('workers', startingWorkers);
  return {
    ...{ apiUrl, sandboxUrl, partySecrets: parsePartySecrets(env.PARTY_SECRETS) },
    broken: unaskedEnd(processes, parts),
  };
}

/** What all processes of the platform are told. */
async function environmentOf(
  {
    databaseUrl,
    temporalAddress,
    temporalNamespace,
  }: Pick<Platform, 'databaseUrl' | 'temporalAddress' | 'temporalNamespace'>,
  stateFolder: string,
): Promise<Record<'PARTY_SECRETS', string> & Record<string, string>> {
  return {
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: temporalAddress,
    TEMPORAL_NAMESPACE: temporalNamespace,
    PARTY_SECRETS: partySecrets(path.join(stateFolder, 'secrets.json'), await partyIds(databaseUrl)),
  };
}

/** Removes what --fresh is about, beside the servers' own state. They run by now, so no other run uses the files. */
function removeFiles(stateFolder: string): void {
  for (const file of ['secrets.json', 'yeepay.json', 'sandbox.ndjson', 'trace.ndjson', 'summary.json']) {
    rmSync(path.join(stateFolder, file), { force: true });
  }
}

/** Those that share a secret with us: parties, and the mall, which only calls us. Yeepay has keys of its own kind. */
async function partyIds(databaseUrl: string): Promise<string[]> {
  const db = connect(databaseUrl, { max: 1, applicationName: 'demo' });
  try {
    const asked = (await parties(db)).filter(({ kind }) => kind !== 'DIVIDING');
    return [...asked.map(({ id }) => id), CLIENTS.mall];
  } finally {
    await db.destroy();
  }
}
