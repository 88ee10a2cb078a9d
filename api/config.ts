import { parsePartySecrets, type PartySecrets } from '../schemas/outside/signature';

/** What the API needs to know of its deployment. */
export interface ApiConfig {
  databaseUrl: string;
  /** Host and port. */
  temporalAddress: string;
  temporalNamespace: string;
  /** The task queue on which flows are started. */
  taskQueue: string;
  /** The address of this machine to listen on. */
  host: string;
  /** Where to listen; 0 takes any free port. */
  port: number;
  partySecrets: PartySecrets;
}

/**
 * Reads the configuration from the environment:
 * - `DATABASE_URL`: PostgreSQL, as a user who is a member of the application's role
 * - `TEMPORAL_ADDRESS`: host and port; `TEMPORAL_NAMESPACE`: `default` if left out
 * - `TASK_QUEUE`: `flows` if left out; the workers' own
 * - `API_HOST`: 127.0.0.1 if left out, so that others reach the API only where somebody wants it
 * - `API_PORT`: 8080 if left out
 * - `PARTY_SECRETS`: JSON `{ "<partyId>": ["whsec_<base64>", …] }`; a party without a secret cannot call back
 *
 * @throws Error that names the variable and what it must hold, never what it holds.
 */
export function apiConfig(env: NodeJS.ProcessEnv): ApiConfig {
  return {
    databaseUrl: required(env, 'DATABASE_URL', 'an address such as postgres://user@host:5432/credit'),
    temporalAddress: required(env, 'TEMPORAL_ADDRESS', 'host and port, such as 127.0.0.1:7233'),
    temporalNamespace: env.TEMPORAL_NAMESPACE || 'default',
    taskQueue: env.TASK_QUEUE || 'flows',
    host: env.API_HOST || '127.0.0.1',
    port: portFrom(env.API_PORT || '8080'),
    partySecrets: parsePartySecrets(
      required(env, 'PARTY_SECRETS', 'a JSON object such as {"some-party": ["whsec_<base64>"]}; {} for none'),
    ),
  };
}

function required(env: NodeJS.ProcessEnv, name: string, what: string): string {
  const value = env[name];
  if (!value) throw new Error(`Set ${name}: ${what}.`);
  return value;
}

function portFrom(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error('Set API_PORT to a whole number from 0 to 65535.');
  }
  return port;
}
