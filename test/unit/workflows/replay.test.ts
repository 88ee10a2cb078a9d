import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import {
  bundleWorkflowCode,
  DefaultLogger,
  makeTelemetryFilterString,
  Runtime,
  Worker,
} from '@temporalio/worker';
import { branchNames } from '../../support/branches';
import { historiesFolder, historyFile, historyIn } from '../../support/histories';

// A flow whose replay fails is what this is about: the SDK need not tell of it as well.
const logger = new DefaultLogger('ERROR', () => undefined);
beforeAll(() => {
  const filter = makeTelemetryFilterString({ core: 'ERROR' });
  Runtime.install({ logger, telemetryOptions: { logging: { filter } } });
});

/** Replays the histories of all branches against workflow code, and says how each ended: null when well. */
async function replay(workflowsPath: string): Promise<Map<string, string | null>> {
  const { code } = await bundleWorkflowCode({ workflowsPath: require.resolve(workflowsPath), logger });
  const histories = branchNames.map((branch) => ({
    workflowId: branch,
    history: historyIn(readFileSync(historyFile(branch), 'utf8')),
  }));
  const ends = new Map<string, string | null>();
  for await (const { workflowId, error } of Worker.runReplayHistories(
    { workflowBundle: { code } },
    histories,
  )) {
    ends.set(workflowId, error ? error.name : null);
  }
  return ends;
}

const allEnding = (end: string | null) => new Map(branchNames.map((branch) => [branch, end]));

test('every branch has its history (npm run histories), and every history its branch', () => {
  const files = readdirSync(historiesFolder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.json'))
    .map((file) => path.join(historiesFolder, file));
  expect(files.sort()).toEqual(branchNames.map(historyFile).sort());
});

test('the flows as they are now can go on with every flow that was begun before', async () => {
  expect(await replay('../../../workflows')).toEqual(allEnding(null));
});

test('a flow to which a step was added without a patch cannot, and that is found', async () => {
  expect(await replay('./fixtures/changed-flows')).toEqual(allEnding('DeterminismViolationError'));
});

test('no history tells of the machine that it was captured on', () => {
  const telling = branchNames.filter((branch) =>
    /[0-9]+@|\/node_modules\/|file:\/\//.test(readFileSync(historyFile(branch), 'utf8')),
  );
  expect(telling).toEqual([]);
});
