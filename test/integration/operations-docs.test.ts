import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import knex, { type Knex } from 'knex';
import { searchAttributes } from '../../schemas/search-attributes';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { createTestNamespace } from '../support/temporal';

const runbook = readFileSync(path.join(__dirname, '../../docs/operations.md'), 'utf8');
const queries = [...runbook.matchAll(/`((?:\w+ (?:=|<) (?:"[^"`]+"|true)(?: AND )?)+)`/g)].map(
  ([, query]) => query!,
);
const statements = [...runbook.matchAll(/```sql\n(.+?)```/gs)].map(([, sql]) => sql!);

let database: TestDatabase;
let db: Knex;
let connection: Connection;
let client: Client;
beforeAll(async () => {
  const temporal = await createTestNamespace(searchAttributes);
  database = await createTestDatabase();
  db = knex({ client: 'pg', connection: database.url });
  connection = await Connection.connect({ address: temporal.address });
  client = new Client({ connection, namespace: temporal.namespace });
}, 60_000);
afterAll(async () => {
  await Promise.all([db.destroy(), connection.close()]);
  await database.drop();
});

test('the runbook has queries and statements', () => {
  expect(queries.length).toBeGreaterThan(8);
  expect(statements).toHaveLength(2);
});

test.each(queries)("Temporal's visibility takes: %s", async (query) => {
  expect(await client.workflow.count(query)).toMatchObject({ count: 0 });
});

test.each(statements)('the application may ask PostgreSQL: %s', async (sql) => {
  expect(await db.transaction((tx) => tx.raw(sql), { readOnly: true })).toMatchObject({ rows: [] });
});
