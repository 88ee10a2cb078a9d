/**
 * The API as a process; api/config.ts says what it reads from the environment. It prints one line of JSON,
 * `{ "event": "ready", "url": "…" }`, when it serves. SIGTERM lets running requests end first.
 */
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import { connect } from '../db/pool';
import { createLogger } from '../logging/logger';
import { createApi } from './app';
import { apiConfig } from './config';
import { createHttpServer } from './server';

const MAX_DATABASE_CONNECTIONS = 10;

async function main(env: NodeJS.ProcessEnv): Promise<void> {
  const config = apiConfig(env);
  const logger = createLogger({ process: 'api', level: env.LOG_LEVEL || 'info' });
  const db = connect(config.databaseUrl, { max: MAX_DATABASE_CONNECTIONS, applicationName: 'api' });
  const lockSession = connect(config.databaseUrl, { max: 1, applicationName: 'api-key-locks' });
  // Lazy: the API starts, and says 503, while Temporal is away.
  const connection = Connection.lazy({ address: config.temporalAddress });
  const temporal = new Client({ connection, namespace: config.temporalNamespace });

  const server = createHttpServer(createApi({ db, lockSession, temporal, config, logger }));
  server.listen(config.port, config.host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ event: 'ready', url: `http://${config.host}:${port}` }));

  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  await close(server);
  await Promise.all([db.destroy(), lockSession.destroy(), connection.close()]);
}

/** Takes no new requests, and waits for those that run. */
async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  await closed;
}

main(process.env).catch((error: unknown) => {
  console.error(`The API stopped: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
