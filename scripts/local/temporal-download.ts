/*
 * Downloads the Temporal CLI with the SDK's own downloader into the folder given as the only argument. The SDK
 * offers the download only as a part of starting a server, and without a time limit; hence a process of its own,
 * which can be ended.
 */
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { TEMPORAL_CLI_VERSION } from './temporal-cli';

async function main(downloadDir: string | undefined): Promise<void> {
  if (downloadDir === undefined) throw new Error('Usage: temporal-download.ts <folder>');
  const environment = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', version: TEMPORAL_CLI_VERSION, downloadDir } },
  });
  await environment.teardown();
}

main(process.argv[2]).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
