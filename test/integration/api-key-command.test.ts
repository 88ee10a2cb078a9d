import { spawnSync } from 'node:child_process';
import path from 'node:path';
import type { Knex } from 'knex';
import { clientOf } from '../../db/access/api-keys';
import { connect } from '../../db/pool';
import { createTestDatabase, type TestDatabase } from '../support/database';

let database: TestDatabase;
let db: Knex;
beforeAll(async () => {
  database = await createTestDatabase('seeded');
  db = connect(database.url, { max: 1, applicationName: 'api-key-test' });
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});

const project = path.join(__dirname, '..', '..');
/** Runs `npm run api-key -- …`, without npm. */
const apiKey = (...args: string[]) =>
  spawnSync(process.execPath, ['-r', './scripts/typescript.js', 'scripts/api-key.ts', ...args], {
    ...{ cwd: project, encoding: 'utf8' },
    env: { ...process.env, DATABASE_URL: database.adminUrl },
  });
const tokenIn = (output: string): string => /ck_\S+/.exec(output)![0];

test('a migrated and seeded database has no key: nobody comes in before one was made', () => {
  expect(apiKey('list')).toMatchObject({ status: 0, stdout: '' });
});

test('the command makes, lists and revokes keys', async () => {
  const made = apiKey('create', 'back-office', 'ops');
  const token = tokenIn(made.stdout);
  expect(await clientOf(db, token)).toMatchObject({ clientId: 'back-office', role: 'ops' });

  const [, keyId = ''] = token.split('_');
  const listed = apiKey('list').stdout;
  expect(listed).toMatch(new RegExp(`${keyId} +back-office +ops +all customers .* valid`));
  expect(listed).not.toContain(token);

  expect(apiKey('revoke', keyId).status).toBe(0);
  expect(await clientOf(db, token)).toBeUndefined();
  expect(apiKey('list').stdout).toMatch(new RegExp(`${keyId} .* revoked `));
});

test('the command makes a key for one customer that ends by itself', async () => {
  const made = apiKey(
    'create',
    'mobile-app',
    'app',
    '--customer',
    'ID-C001',
    '--expires',
    '2999-01-01T00:00:00Z',
  );
  expect(await clientOf(db, tokenIn(made.stdout))).toMatchObject({ role: 'app', customerId: 'ID-C001' });
  expect(apiKey('list').stdout).toMatch(/mobile-app +app +ID-C001 .* ends 2999-01-01T00:00:00.000Z/);
});

test.each([
  [['create', 'back-office', 'root'], /A role is one of app, bff/],
  [['create', 'back-office', 'ops', '--expires', 'soon'], /must end in the future/],
  [['revoke', 'no-such-key'], /no key "no-such-key"/],
  [['make'], /Usage/],
])('%j is refused with a reason', (args, why) => {
  const { status, stderr } = apiKey(...args);
  expect(status).toBe(1);
  expect(stderr).toMatch(why);
});
