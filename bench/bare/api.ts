/** The reference of accept-latency, as a process: Express that starts a workflow for each POST, and nothing else. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import express from 'express';
import { bareQueue } from '../disbursements';

async function main(): Promise<void> {
  const connection = await Connection.connect({ address: process.env.TEMPORAL_ADDRESS! });
  const client = new Client({ connection, namespace: process.env.TEMPORAL_NAMESPACE! });
  const app = express();
  app.post('/v1/loan-applications', express.json(), async (request, response) => {
    const workflowId = `bare:${randomUUID()}`;
    await client.workflow.start('bareDisbursement', {
      ...{ workflowId, taskQueue: bareQueue, args: [request.body] },
    });
    response.status(202).json({ flowId: workflowId });
  });
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ event: 'ready', url: `http://127.0.0.1:${port}` }));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
