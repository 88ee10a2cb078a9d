import { randomBytes } from 'node:crypto';
import { Connection } from '@temporalio/client';
import type { Knex } from 'knex';
import { migrate } from '../db/migrate';
import { asOwner } from '../scripts/local/as-owner';
import type { partsStoppedOnSignal } from '../scripts/local/parts';
import { startPostgres } from '../scripts/local/postgres';
import { startNode } from '../scripts/local/processes';
import { startTemporal } from '../scripts/local/temporal';
import { prepareNamespace } from '../scripts/local/temporal-namespace';
import { searchAttributes } from '../schemas/search-attributes';

export type Servers = ReturnType<typeof serversOf>;

/** What a process is told of where its servers are. */
export interface Addresses {
  databaseUrl: string;
  temporalAddress: string;
  temporalNamespace: string;
}

/**
 * The servers of a run: those that DATABASE_URL and TEMPORAL_ADDRESS name, else throw-away ones, started when a benchmark
 * first asks for them. What a benchmark makes on them is its own, and goes with the run.
 *
 * @param parts gets all that is started or made.
 */
export function serversOf(
  parts: ReturnType<typeof partsStoppedOnSignal>,
  onProgress: (line: string) => void,
) {
  const id = (): string => `bench_${randomBytes(6).toString('hex')}`;
  const postgres = once(async () => parts.add(await startPostgres({ onProgress })));
  const temporal = once(async () => parts.add(await startTemporal({ namespace: 'bench', onProgress })));

  /** A new database, migrated, with what `prepare` puts there as the tables' owner. Carries a password: never print it. */
  async function newDatabase(prepare: (owner: Knex) => Promise<unknown>): Promise<string> {
    const { url: serverUrl } = await postgres();
    const name = id();
    await asOwner(serverUrl, (owner) => owner.raw(`create database ${name}`));
    parts.add({
      stop: () => asOwner(serverUrl, (owner) => owner.raw(`drop database if exists ${name} with (force)`)),
    });
    const url = Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href;
    await migrate(url);
    await asOwner(url, prepare);
    return url;
  }

  /** A new namespace that serves. */
  async function newNamespace(): Promise<Omit<Addresses, 'databaseUrl'>> {
    const { address } = await temporal();
    const namespace = id();
    await prepareNamespace({ address, namespace, searchAttributes });
    parts.add({ stop: () => removeNamespace(address, namespace) });
    return { temporalAddress: address, temporalNamespace: namespace };
  }

  /**
   * Starts a process that says in a line of JSON, `{ "event": "ready" }`, when it serves; `url` is the address that the
   * line may name. `onLine` gets all that it writes.
   */
  async function newProcess(
    name: string,
    entry: string,
    args: string[],
    addresses: Addresses,
    onLine?: (line: string) => void,
  ) {
    let url = '';
    const running = await startNode({
      ...{ name, entry, args, ready: /"event":"ready"/, readyWithinMs: 120_000 },
      onLine: (line) => {
        url = /"url":"([^"]+)"/.exec(line)?.[1] ?? url;
        onLine?.(line);
      },
      env: {
        DATABASE_URL: addresses.databaseUrl,
        TEMPORAL_ADDRESS: addresses.temporalAddress,
        TEMPORAL_NAMESPACE: addresses.temporalNamespace,
        // Required, and not used: the gateways of the benchmarks ask no party.
        ...{ PARTIES_URL: 'http://127.0.0.1', PARTY_SECRETS: '{}' },
        ...{ API_PORT: '0', LOG_LEVEL: 'warn' },
      },
    });
    return parts.add({ ...running, url });
  }

  return { newDatabase, newNamespace, newProcess };
}

async function removeNamespace(address: string, namespace: string): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    await connection.operatorService.deleteNamespace({ namespace });
  } finally {
    await connection.close();
  }
}

/** Does the work when it is first asked for, and gives the same result to everyone. */
function once<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let result: Promise<Result> | undefined;
  return () => (result ??= work());
}
