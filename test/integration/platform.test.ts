import { until } from '../support/until';
import { failedWorkflowTasks } from '../support/failed-tasks';
import { startPlatform } from '../support/platform';

test('the platform of a test does not stop well after a workflow task has failed, whoever started the workflow', async () => {
  const platform = await startPlatform();
  const { client, db } = platform;
  // No input: a bug, as far as workflow code is concerned.
  await client.workflow.start('exception', { workflowId: 'exception:PO-1', taskQueue: 'flows' });
  await until(async () => (await failedWorkflowTasks(client, db)).length > 0);

  await expect(platform.stop()).rejects.toThrow(/exception:PO-1: \w+_WORKER_UNHANDLED_FAILURE/);
}, 60_000);
