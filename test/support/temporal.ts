import { randomBytes } from 'node:crypto';
import { Connection } from '@temporalio/client';
import { prepareNamespace, type SearchAttribute } from '../../scripts/local/temporal-namespace';
import { testRun, type TestRun } from './run';

/** A namespace of one's own: workflow ids, task queues and lists of flows meet those of no other test file. */
export interface TestNamespace {
  /** Host and port of Temporal. */
  address: string;
  namespace: string;
}

/** Makes a namespace for one test file, which serves and has the search attributes. It goes with the run. */
export async function createTestNamespace(
  searchAttributes: readonly SearchAttribute[] = [],
): Promise<TestNamespace> {
  const run = testRun();
  const namespace = namespaceName(run, randomBytes(6).toString('hex'));
  await prepareNamespace({ address: run.temporalAddress, namespace, searchAttributes });
  return { address: run.temporalAddress, namespace };
}

export function namespaceName(run: Pick<TestRun, 'runId'>, suffix: string): string {
  return `consumer-credit-test-${run.runId}-${suffix}`;
}

/** Removes what a run leaves on a Temporal server that stays. */
export async function removeNamespaces(run: TestRun): Promise<void> {
  const connection = await Connection.connect({ address: run.temporalAddress });
  try {
    const { namespaces } = await connection.workflowService.listNamespaces({ pageSize: 1_000 });
    for (const { namespaceInfo } of namespaces) {
      const name = namespaceInfo?.name;
      if (name?.startsWith(namespaceName(run, '')) !== true) continue;
      await connection.operatorService.deleteNamespace({ namespace: name });
    }
  } finally {
    await connection.close();
  }
}
