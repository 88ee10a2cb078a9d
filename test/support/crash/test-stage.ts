import { searchAttributes } from '../../../schemas/search-attributes';
import { createTestDatabase } from '../database';
import { testRun } from '../run';
import { createTestNamespace } from '../temporal';
import { openStage, type Stage } from './stage';

/** A stage for one test file, with a database and a namespace of its own on the servers of the run. */
export async function openTestStage(): Promise<Stage> {
  const [database, temporal] = await Promise.all([
    createTestDatabase('seeded'),
    createTestNamespace(searchAttributes),
  ]);
  const stage = await openStage({
    databaseUrl: database.adminUrl,
    temporalAddress: temporal.address,
    temporalNamespace: temporal.namespace,
    workflowBundlePath: testRun().workflowBundlePath,
  });
  return { ...stage, close: () => stage.close().finally(() => database.drop()) };
}
