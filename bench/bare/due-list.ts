/** The reference of due-list-latency, as a process: Express that selects a customer's rows and sends them, nothing else. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { Pool } from 'pg';

async function main(): Promise<void> {
  const pool = new Pool({ connectionString: process.env.DATABASE_URL!, max: 1 });
  const app = express();
  app.get('/v1/customers/:customerId/due-list', async (request, response) => {
    const { rows } = await pool.query<object>(
      `select l.loan_id, l.product_id, l.product_version, l.currency, l.interest_from, i.number, i.period_start, i.due_date,
              i.principal_minor, i.interest_minor, i.fee_minor, p.number as posting, p.payment_id, p.value_date, p.component,
              p.kind, p.amount_minor
         from asset_center.loan l
         join asset_center.instalment i on i.loan_id = l.loan_id and i.version = l.schedule_version
         left join asset_center.posting p on p.loan_id = l.loan_id and p.instalment = i.number
        where l.customer_id = $1 and l.state = 'ACTIVE'
        order by l.funding_journal_id desc, i.number, p.number`,
      [request.params.customerId],
    );
    response.json(rows);
  });
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ event: 'ready', url: `http://127.0.0.1:${port}` }));
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  server.close();
  server.closeAllConnections();
  await pool.end();
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
