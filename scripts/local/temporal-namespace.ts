import { setTimeout as delay } from 'node:timers/promises';
import { Connection, isGrpcServiceError } from '@temporalio/client';
import type { SearchAttributeType } from '@temporalio/common';
import { msToTs } from '@temporalio/common/lib/time';

/** A search attribute; what the SDK's `defineSearchAttributeKey` returns is one. */
export interface SearchAttribute {
  name: string;
  type: SearchAttributeType;
}

export interface NamespaceOptions {
  /** Host and port of Temporal's frontend. */
  address: string;
  namespace: string;
  searchAttributes?: readonly SearchAttribute[];
  /** How long to wait until the namespace serves; a minute when left out. */
  readyWithinMs?: number;
}

/** Closed flows stay visible this long; what they did stays in PostgreSQL for good. */
const RETENTION = '7 days';

/** Numbers of `temporal.api.enums.v1.IndexedValueType`. */
const INDEXED_VALUE_TYPE = {
  TEXT: 1,
  KEYWORD: 2,
  INT: 3,
  DOUBLE: 4,
  BOOL: 5,
  DATETIME: 6,
  KEYWORD_LIST: 7,
} as const satisfies Record<SearchAttributeType, number>;

/** gRPC status codes. */
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;

/**
 * Registers a namespace and its search attributes where they are missing, and waits until the namespace takes
 * work: every part of a Temporal server learns of a new namespace in its own time.
 *
 * @throws Error when the server does not answer, when a search attribute exists with another type, or when the
 *   namespace does not serve in time.
 */
export async function prepareNamespace(options: NamespaceOptions): Promise<void> {
  const { address, namespace, searchAttributes = [], readyWithinMs = 60_000 } = options;
  const deadline = Date.now() + readyWithinMs;
  const connection = await connected(address, readyWithinMs);
  try {
    await register(connection, namespace);
    await untilItWorks(deadline, namespace, () => addMissing(connection, namespace, searchAttributes));
    await untilItWorks(deadline, namespace, () => askEveryPart(connection, namespace, searchAttributes));
  } finally {
    await connection.close();
  }
}

async function connected(address: string, withinMs: number): Promise<Connection> {
  try {
    return await Connection.connect({ address, connectTimeout: withinMs });
  } catch (cause) {
    throw new Error(`No Temporal server answers at ${address}: is it running, and is the address right?`, {
      cause,
    });
  }
}

async function register(connection: Connection, namespace: string): Promise<void> {
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs(RETENTION),
    });
  } catch (error) {
    if (!(isGrpcServiceError(error) && error.code === ALREADY_EXISTS)) throw error;
  }
}

async function addMissing(
  connection: Connection,
  namespace: string,
  wanted: readonly SearchAttribute[],
): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = wanted.filter(({ name, type }) => {
    const present = customAttributes[name];
    if (present !== undefined && present !== INDEXED_VALUE_TYPE[type]) {
      throw new Error(
        `Search attribute ${name} of namespace ${namespace} is not of type ${type}: remove it there, or use ` +
          'another namespace.',
      );
    }
    return present === undefined;
  });
  if (missing.length === 0) return;
  await connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(missing.map(({ name, type }) => [name, INDEXED_VALUE_TYPE[type]])),
  });
}

/** Asks visibility, matching and history for something small; each refuses until it knows the namespace. */
async function askEveryPart(
  connection: Connection,
  namespace: string,
  searchAttributes: readonly SearchAttribute[],
): Promise<void> {
  const { workflowService } = connection;
  const query = searchAttributes.map(({ name }) => `${name} IS NULL`).join(' AND ');
  await workflowService.countWorkflowExecutions({ namespace, query });
  await workflowService.describeTaskQueue({ namespace, taskQueue: { name: 'namespace-check' } });
  try {
    await workflowService.describeWorkflowExecution({
      namespace,
      execution: { workflowId: 'namespace-check' },
    });
  } catch (error) {
    // "No such workflow" is the answer of a history service that knows the namespace.
    const known = isGrpcServiceError(error) && error.code === NOT_FOUND && /workflow/i.test(error.details);
    if (!known) throw error;
  }
}

/** Repeats what the server refuses, until it works or the time is over; any other error is thrown at once. */
async function untilItWorks(
  deadline: number,
  namespace: string,
  attempt: () => Promise<void>,
): Promise<void> {
  for (;;) {
    try {
      return await attempt();
    } catch (cause) {
      if (!isGrpcServiceError(cause)) throw cause;
      if (Date.now() > deadline) {
        throw new Error(`Temporal namespace ${namespace} does not serve yet: ${cause.message}`, { cause });
      }
    }
    await delay(100);
  }
}
