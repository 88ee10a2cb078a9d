import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { branchNames, goBranch, type BranchName } from '../test/support/branches';
import { historyFile, historyText } from '../test/support/histories';
import { startPlatform, type Platform } from '../test/support/platform';
import { startServers, stopServers } from '../test/support/servers';

/** How many branches are gone at once: few, so that a history tells of its branch, not of a crowded machine. */
const atOnce = 4;

/** Goes branches on real servers and keeps the history of each, for test/unit/workflows/replay.test.ts. */
async function main(wanted: readonly string[]): Promise<void> {
  const branches = wanted.length > 0 ? wanted.flatMap(branchesNamed) : branchNames;
  await startServers();
  try {
    const platform = await startPlatform();
    try {
      await captureAll(platform, [...branches]);
    } finally {
      await platform.stop();
    }
  } finally {
    await stopServers();
  }
}

/** The branch of a name, or all branches of the flow of a name. */
function branchesNamed(name: string): BranchName[] {
  const found = branchNames.filter((one) => one === name || one.startsWith(`${name}/`));
  if (found.length === 0)
    throw new Error(`There is no branch or flow ${name}. There are:\n${branchNames.join('\n')}`);
  return found;
}

async function captureAll(platform: Platform, left: BranchName[]): Promise<void> {
  const captureInTurn = async (): Promise<void> => {
    for (let branch = left.shift(); branch; branch = left.shift()) await capture(platform, branch);
  };
  const ends = await Promise.allSettled(Array.from({ length: atOnce }, captureInTurn));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
}

async function capture(platform: Platform, branch: BranchName): Promise<void> {
  const { flowId } = await goBranch(platform, branch);
  const history = await platform.client.workflow.getHandle(flowId).fetchHistory();
  const file = historyFile(branch);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, historyText(history));
  console.log(branch);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
