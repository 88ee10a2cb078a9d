import knex, { type Knex } from 'knex';
import { APPLICATION_ROLE, connect } from '../../db/pool';
import { createTestDatabase, type TestDatabase } from '../support/database';

// What the role may do that every process of the platform acts as. What is listed here is all; the rest is refused.

let database: TestDatabase;
let owner: Knex;
let application: Knex;
beforeAll(async () => {
  database = await createTestDatabase();
  owner = knex({ client: 'pg', connection: database.adminUrl });
  application = connect(database.url, { max: 2, applicationName: 'rights-test' });
});
afterAll(async () => {
  await Promise.all([owner.destroy(), application.destroy()]);
  await database.drop();
});

const OURS = `n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;

/** The tables on which the application has a privilege, on the whole or on some of its columns. */
async function tablesWith(privilege: string): Promise<string[]> {
  const { rows } = await owner.raw<{ rows: { name: string }[] }>(
    `select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'v') and ${OURS}
        and (has_table_privilege(:role, c.oid, :privilege)
             ${['SELECT', 'INSERT', 'UPDATE'].includes(privilege) ? 'or has_any_column_privilege(:role, c.oid, :privilege)' : ''})
      order by 1`,
    { role: APPLICATION_ROLE, privilege },
  );
  return rows.map(({ name }) => name);
}

/** The columns of a table on which the application has a privilege. */
async function columnsWith(privilege: string, table: string): Promise<string[]> {
  const { rows } = await owner.raw<{ rows: { name: string }[] }>(
    `select attname as name from pg_attribute where attrelid = cast(:table as regclass) and attnum > 0 and not attisdropped
        and has_column_privilege(:role, attrelid, attnum, :privilege) order by 1`,
    { role: APPLICATION_ROLE, table, privilege },
  );
  return rows.map(({ name }) => name);
}

test('the application deletes nothing and empties nothing, anywhere', async () => {
  for (const privilege of ['DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES']) {
    expect([privilege, await tablesWith(privilege)]).toEqual([privilege, []]);
  }
});

test('the application changes only what has a state', async () => {
  expect(await tablesWith('UPDATE')).toEqual([
    'access.api_key',
    'asset_center.loan',
    'books.roll_up',
    'credit_limit_center.credit_reservation',
    'divide_service.divide_item',
    'divide_service.divide_record',
    'divide_service.order_refund',
    'extension_engine.extension_order',
    'fund_management_system.fund_reservation',
    'fund_management_system.refund_reservation',
    'loan_engine.loan_application',
    'operations.intervention',
    'outside.request',
    'payment_system.payment_order',
    'refund_reversal_service.chargeback',
    'refund_reversal_service.refund',
    'refund_reversal_service.reversal',
    'repayment_engine.repayment_order',
  ]);
  expect(await columnsWith('UPDATE', 'repayment_engine.repayment_order')).toEqual([
    ...[
      'attempt',
      'collected_by',
      'expires_at',
      'method',
      'method_no',
      'party',
      'reason_codes',
      'refused_by',
    ],
    'state',
  ]);
  // Sums of refunds, and what a contract is settled by, only triggers move.
  expect(await columnsWith('UPDATE', 'divide_service.divide_item')).toEqual(['detail_no']);
  expect(await columnsWith('UPDATE', 'divide_service.order_refund')).toEqual(['state']);
  expect(await columnsWith('INSERT', 'debt_settlement_service.debt_contract')).not.toContain('settled_minor');
  expect(await columnsWith('UPDATE', 'operations.intervention')).toEqual(['accepted_at']);
  expect(await columnsWith('UPDATE', 'access.api_key')).toEqual(['last_used_on']);
  expect(await columnsWith('UPDATE', 'books.roll_up')).toEqual(['before_xid']);
});

test('the application adds nothing to keys, to reference data but products, or to what the database keeps itself', async () => {
  const written = await tablesWith('INSERT');
  expect(written.filter((table) => /^(reference|public)\.|access.api_key/.test(table))).toEqual([
    'reference.product_version',
  ]);
  expect(written.filter((table) => table.startsWith('books.'))).toEqual([
    'books.account',
    'books.entry',
    'books.journal',
  ]);
});

test('the application owns nothing and makes nothing', async () => {
  const { rows } = await owner.raw<{ rows: { kind: string; name: string }[] }>(
    `select 'owns' as kind, c.relname::text as name from pg_class c where pg_get_userbyid(relowner) = :role
     union all select 'creates in', nspname from pg_namespace n where ${OURS} and has_schema_privilege(:role, n.oid, 'CREATE')
     union all select 'creates schemas in', datname from pg_database
       where datname = current_database() and has_database_privilege(:role, oid, 'CREATE')
     union all select 'is', rolname from pg_roles
       where rolname = :role and (rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls or rolcanlogin)
     union all select 'is a member of', r.rolname from pg_auth_members m join pg_roles r on r.oid = m.roleid
       where m.member = (select oid from pg_roles where rolname = :role)`,
    { role: APPLICATION_ROLE },
  );
  expect(rows).toEqual([]);
});

test('the functions that act with the rights of their owner are those that the application needs', async () => {
  const { rows } = await owner.raw<{ rows: { name: string }[] }>(
    `select n.nspname || '.' || p.proname as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where ${OURS} and p.prosecdef and p.prorettype <> 'trigger'::regtype
        and has_function_privilege(?, p.oid, 'EXECUTE') order by 1`,
    [APPLICATION_ROLE],
  );
  expect(rows.map(({ name }) => name)).toEqual([
    'books.place_hold',
    'books.release_hold',
    'reference.advance_business_date',
  ]);
});

test('a function that acts with the rights of its owner fixes where it looks for names', async () => {
  const { rows } = await owner.raw<{ rows: unknown[] }>(
    `select n.nspname, p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where ${OURS} and p.prosecdef and not coalesce(p.proconfig::text, '') ~ 'search_path'`,
  );
  expect(rows).toEqual([]);
});

test.each([
  [
    'makes itself a key',
    `insert into access.api_key (key_id, client_id, role, hash) values ('aaaaaaaaaaaa', 'x1', 'ops', '')`,
  ],
  ['brings a revoked key back', 'update access.api_key set revoked_at = null'],
  ['gives a key another role', `update access.api_key set role = 'ops'`],
  ['takes a submission back', 'delete from access.submission'],
  ['changes what was submitted', `update access.submission set command = '{}'`],
  ['changes the trace', `update messages.handling set refusal = null`],
  ['changes a message', `update messages.message set body = '{}'`],
  ['changes an act', `update operations.act set actor = 'somebody'`],
  ['changes an answer', `update operations.answer set answer = 'APPROVE'`],
  ['empties the books', 'truncate books.entry'],
  ['settles a debt', 'update debt_settlement_service.debt_contract set settled_minor = total_debt_minor'],
  ['changes what settled a debt', 'update debt_settlement_service.repayment_record set amount_minor = 1'],
  ['forgets the refunds of an order', 'update divide_service.divide_record set refunded_minor = 0'],
  ['says which migrations have run', `insert into public.knex_migrations (name, batch) values ('x', 1)`],
  ['makes a table', 'create table public.mine (id integer)'],
  ['makes a schema', 'create schema mine'],
])('the database refuses it when the application %s', async (_what, sql) => {
  await expect(application.raw(sql)).rejects.toMatchObject({ code: '42501' });
});

test('a right that the application gives itself is none', async () => {
  // PostgreSQL only warns.
  await application.raw('grant delete on access.submission to credit_application');
  expect(await tablesWith('DELETE')).toEqual([]);
});

test('every session has time limits', async () => {
  const { rows } = await application.raw<{ rows: { name: string; setting: string }[] }>(
    `select name, setting from pg_settings
      where name in ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout')`,
  );
  expect(rows).toHaveLength(3);
  for (const { setting } of rows) expect(Number(setting)).toBeGreaterThan(0);
});

test('a statement that runs too long is ended', async () => {
  const impatient = application.transaction(async (tx) => {
    await tx.raw(`set local statement_timeout = '50ms'`);
    await tx.raw('select pg_sleep(3600)');
  });
  await expect(impatient).rejects.toMatchObject({ code: '57014' });
});
