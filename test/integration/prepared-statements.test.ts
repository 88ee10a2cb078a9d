import type { Knex } from 'knex';
import { connect } from '../../db/pool';
import { createTestDatabase, withClient, type TestDatabase } from '../support/database';

let database: TestDatabase;
let db: Knex;
beforeAll(async () => {
  database = await createTestDatabase();
  db = connect(database.url, { max: 1, applicationName: 'prepared-statements-test' });
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});

/** What the pool's only connection has prepared. */
async function preparedTexts(): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { statement: string }[] }>(
    'select statement from pg_prepared_statements',
  );
  return rows.map(({ statement }) => statement);
}

test('a statement with values is parsed once for each connection, inside of transactions and outside', async () => {
  const market = (tx: Knex, id: string) => tx('reference.market').where({ id }).first('id');
  await market(db, 'CN');
  await db.transaction((tx) => market(tx, 'ID'));
  const ofMarkets = (await preparedTexts()).filter((text) => text.includes('"reference"."market"'));
  expect(ofMarkets).toEqual(['select "id" from "reference"."market" where "id" = $1 limit $2']);
});

test('a statement that is given a long list is planned for that list, and for a short one with all others', async () => {
  const markets = (ids: string[]) => db('reference.market').whereRaw('id = any(?)', [ids]).pluck('currency');
  const ofLists = async () => (await preparedTexts()).filter((text) => text.includes('any($1)'));
  await markets(Array.from({ length: 11 }, (_, n) => `M${n}`));
  expect(await ofLists()).toEqual([]);
  await markets(['CN', 'ID']);
  expect(await ofLists()).toHaveLength(1);
});

test('a statement that gives back all columns goes on working when a migration adds one', async () => {
  const parties = () => db('reference.party').where({ id: 'nobody' }).select('*');
  await parties();
  await withClient(database.adminUrl, (owner) =>
    owner.query('alter table reference.party add column note text'),
  );
  expect(await parties()).toEqual([]);
});

test('texts that vary with their data are not prepared without end', async () => {
  for (let n = 1; n <= 600; n += 1) await db.raw(`select ${n} where ? = 1`, [1]);
  const varying = (await preparedTexts()).filter((text) => text.endsWith('where $1 = 1'));
  expect(varying.length).toBeLessThanOrEqual(500);
});
