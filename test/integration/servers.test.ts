import { Connection } from '@temporalio/client';
import { createTestDatabase, withClient, type TestDatabase } from '../support/database';
import { testRun } from '../support/run';
import { createTestNamespace } from '../support/temporal';

describe('PostgreSQL', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  test('a test database is migrated', async () => {
    const { rows } = await withClient(database.adminUrl, (client) =>
      client.query("SELECT 1 FROM pg_namespace WHERE nspname = 'books'"),
    );
    expect(rows).toHaveLength(1);
  });

  test('several test databases can be made at once, each with what is written into it only', async () => {
    const others = await Promise.all([createTestDatabase(), createTestDatabase(), createTestDatabase()]);
    await Promise.all(
      others.map(({ adminUrl }) => withClient(adminUrl, (c) => c.query('CREATE TABLE mine ()'))),
    );
    const { rows } = await withClient(database.adminUrl, (client) =>
      client.query("SELECT 1 FROM pg_tables WHERE tablename = 'mine'"),
    );
    expect(rows).toEqual([]);
    await Promise.all(others.map((other) => other.drop()));
  });

  test('a dropped test database is gone, though a client is still connected', async () => {
    const other = await createTestDatabase();
    await withClient(other.adminUrl, async (client) => {
      client.on('error', () => undefined);
      await other.drop();
    });
    const { rows } = await withClient(testRun().databaseUrl, (client) =>
      client.query('SELECT 1 FROM pg_database WHERE datname = $1', [new URL(other.url).pathname.slice(1)]),
    );
    expect(rows).toEqual([]);
  });
});

describe('Temporal', () => {
  test('a test namespace takes queries by the search attributes asked for', async () => {
    const { address, namespace } = await createTestNamespace([{ name: 'Flow', type: 'KEYWORD' }]);
    const connection = await Connection.connect({ address });
    const { count } = await connection.workflowService.countWorkflowExecutions({
      namespace,
      query: "Flow = 'loan-application-disbursement'",
    });
    await connection.close();
    expect(Number(count)).toBe(0);
  });

  test('two test namespaces are two', async () => {
    const [one, other] = await Promise.all([createTestNamespace(), createTestNamespace()]);
    expect(one.namespace).not.toBe(other.namespace);
  });
});
