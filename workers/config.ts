import { parsePartySecrets, type PartySecrets } from '../schemas/outside/signature';
import { yeepayAccess, type YeepayAccess } from '../schemas/outside/yeepay/access';

/** What a worker process is told by its environment. */
export interface WorkerConfig {
  databaseUrl: string;
  temporalAddress: string;
  temporalNamespace: string;
  /** Where flows run; the steps that ask a party run on a queue of the party's own, below this one. */
  taskQueue: string;
  /** The address below which all outside parties' paths lie. */
  partiesUrl: string;
  partySecrets: PartySecrets;
  /** Undefined where there is no Yeepay: a step that asks it then fails, until there is. */
  yeepay?: YeepayAccess | undefined;
  /** How long a party may take to answer before the outcome counts as unknown; 10 s if left out. */
  answerTimeoutMs?: number | undefined;
}

/** Reads the environment. Throws an error that names what is missing or cannot be used, never what it holds. */
export function workerConfig(env: NodeJS.ProcessEnv): WorkerConfig {
  const missing = ['DATABASE_URL', 'TEMPORAL_ADDRESS', 'PARTIES_URL', 'PARTY_SECRETS'].filter(
    (name) => !env[name],
  );
  if (missing.length > 0) throw new Error(`Set ${missing.join(', ')} (see README.md, "Configuration").`);
  return {
    databaseUrl: env.DATABASE_URL!,
    temporalAddress: env.TEMPORAL_ADDRESS!,
    temporalNamespace: env.TEMPORAL_NAMESPACE ?? 'default',
    taskQueue: env.TASK_QUEUE ?? 'flows',
    partiesUrl: env.PARTIES_URL!.replace(/\/$/, ''),
    partySecrets: parsePartySecrets(env.PARTY_SECRETS!),
    yeepay: yeepayAccess(env),
  };
}
