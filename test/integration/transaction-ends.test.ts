import type { Knex } from 'knex';
import { connect } from '../../db/pool';
import { inTransaction } from '../../db/transaction';
import { createTestDatabase, type TestDatabase } from '../support/database';

let database: TestDatabase;
let db: Knex;
beforeAll(async () => {
  database = await createTestDatabase();
  db = connect(database.adminUrl, { max: 1, applicationName: 'transaction-ends-test', asOwner: true });
  await db.raw('create table fact (id integer primary key deferrable initially deferred, of text unique)');
});
beforeEach(() => db.raw('truncate fact'));
afterAll(async () => {
  await db.destroy();
  await database.drop();
});

const facts = (on: Knex = db): Promise<number[]> => on('fact').orderBy('id').pluck('id');
const fact = (on: Knex, id: number, of = `fact ${id}`): Knex.Raw<unknown> =>
  on.raw('insert into fact (id, of) values (?, ?)', [id, of]);

/** How often the server was waited for while something was done on the pool's only connection. */
async function roundTripsOf(work: () => Promise<unknown>): Promise<number> {
  const pool = db.client as { acquireConnection(): Promise<Wired>; releaseConnection(wired: Wired): void };
  const wired = await pool.acquireConnection();
  pool.releaseConnection(wired);
  let roundTrips = 0;
  const count = (): void => void (roundTrips += 1);
  wired.connection.on('readyForQuery', count);
  await work().finally(() => wired.connection.off('readyForQuery', count));
  return roundTrips;
}
interface Wired {
  connection: NodeJS.EventEmitter;
}

test('BEGIN goes with the first statement and COMMIT with the last: two statements are two round trips', async () => {
  const roundTrips = await roundTripsOf(() =>
    inTransaction(db, 'test', async (tx, last) => {
      await fact(tx, 1);
      await last(fact(tx, 2));
    }),
  );
  expect(roundTrips).toBe(2);
  expect(await facts()).toEqual([1, 2]);
});

test('one statement is one round trip, and gives its own answer, not that of BEGIN or COMMIT', async () => {
  let answer: unknown;
  const roundTrips = await roundTripsOf(async () => {
    answer = await inTransaction(db, 'test', (tx, last) =>
      last(tx.raw<{ rows: { id: number }[] }>('insert into fact (id) values (?) returning id', [7])),
    );
  });
  expect(roundTrips).toBe(1);
  expect(answer).toMatchObject({ command: 'INSERT', rowCount: 1, rows: [{ id: 7 }] });
});

test('a transaction in which nothing is asked sends nothing', async () => {
  expect(await roundTripsOf(() => inTransaction(db, 'test', async () => 'done'))).toBe(0);
  const failing = inTransaction(db, 'test', () => Promise.reject(new Error('no')));
  await expect(failing).rejects.toThrow('no');
});

test.each([
  ['first', 1],
  ['last', 3],
  ['only', 0],
])('what fails as the %s statement leaves nothing behind, and a connection that works', async (_, at) => {
  await fact(db, 9, 'taken');
  const failing = inTransaction(db, 'test', async (tx, last) => {
    if (at > 0) {
      await fact(tx, 1, at === 1 ? 'taken' : 'free');
      await fact(tx, 2);
    }
    await last(fact(tx, 3, 'taken'));
  });
  await expect(failing).rejects.toMatchObject({ code: '23505', constraint: 'fact_of_key' });
  await inTransaction(db, 'test', (tx, last) => last(fact(tx, 4)));
  expect(await facts()).toEqual([4, 9]);
});

test('what COMMIT refuses the last statement throws', async () => {
  const failing = inTransaction(db, 'test', async (tx, last) => {
    await fact(tx, 1, 'one');
    await last(fact(tx, 1, 'the same'));
  });
  await expect(failing).rejects.toMatchObject({ code: '23505', constraint: 'fact_pkey' });
  expect(await facts()).toEqual([]);
});

test('where BEGIN fails, the statement that goes with it is not run outside of a transaction', async () => {
  await db.raw('deallocate begin');
  const failing = inTransaction(db, 'test', (tx) => fact(tx, 1));
  await expect(failing).rejects.toThrow('prepared statement "begin" does not exist');
  expect(await facts()).toEqual([]);
  await db.destroy();
  db.initialize();
});

test('after its last statement a transaction takes no other', async () => {
  const failing = inTransaction(db, 'test', async (tx, last) => {
    await last(fact(tx, 1));
    await fact(tx, 2);
  });
  await expect(failing).rejects.toThrow('The transaction was committed with the statement before.');
  expect(await facts()).toEqual([1]);
});

test('several commands without values are sent as they are, within the transaction', async () => {
  const failing = inTransaction(db, 'test', async (tx) => {
    await tx.raw(`insert into fact values (1, 'a'); insert into fact values (2, 'b')`);
    expect(await facts(tx)).toEqual([1, 2]);
    throw new Error('not these');
  });
  await expect(failing).rejects.toThrow('not these');
  expect(await facts()).toEqual([]);
});

test('a savepoint undoes its part alone', async () => {
  await inTransaction(db, 'test', async (tx, last) => {
    await tx.transaction((savepoint) => fact(savepoint, 1).then(() => savepoint.rollback()));
    await tx.transaction((savepoint) => fact(savepoint, 2));
    await last(fact(tx, 3));
  });
  expect(await facts()).toEqual([2, 3]);
});
