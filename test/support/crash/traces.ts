import { positionOf } from '../../../db/books/posting';
import { trialBalance } from '../../../db/books/trial-balance';
import { allTraces } from '../../../db/reads/trace';
import { checkTrace } from '../../../scripts/check-trace';
import type { Stage } from './stage';

/** Columns that name a row, a time or a way that may differ from run to run, and not what happened. */
const incidental =
  /^(id|xid|journal_id|account_id|.*_at|.*hash|.*message_id|causation_id|asked_count|settled_by|.*journal_id|idempotency_key)$/;

/** Everything that is on record about an application, each row as a text in which it shows no names and times of its own. */
export async function recordsOf(stage: Stage, applicationId: string, customerId: string): Promise<string[]> {
  const { rows: tables } = await stage.owner.raw<{ rows: { name: string }[] }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
      where schemaname not in ('pg_catalog', 'information_schema', 'public') order by 1`,
  );
  const number = applicationId.slice(2);
  const generalise = generaliser(number, customerId);
  const records: string[] = [];
  for (const { name } of tables) {
    const { rows } = await stage.owner.raw<{ rows: { row: Record<string, unknown> }[] }>(
      `select to_jsonb(t) as row from ${name} t where t::text like ? or t::text like ?`,
      [`%${number}%`, `%${customerId}%`],
    );
    for (const { row } of rows) records.push(generalise(name, row));
  }
  for (const entry of await entriesOf(stage, number)) records.push(generalise('entries', entry));
  const did = await stage.sandboxDid();
  for (const [what, all] of Object.entries(did) as [string, { reference: string }[]][]) {
    for (const one of all)
      if (one.reference.endsWith(number)) records.push(generalise(`sandbox ${what}`, one));
  }
  return records.sort();
}

/** Entries name their journal and account by numbers only. */
async function entriesOf(stage: Stage, number: string): Promise<object[]> {
  const { rows } = await stage.owner.raw<{ rows: object[] }>(
    `select j.business_key, e.line, e.side, e.amount_minor, e.currency, a.book, a.code, a.owner
       from books.entry e join books.journal j on j.id = e.journal_id join books.account a on a.id = e.account_id
      where j.business_key like ?`,
    [`%${number}%`],
  );
  return rows;
}

function generaliser(number: string, customerId: string): (name: string, row: object) => string {
  return (name, row) => {
    const kept = Object.entries(row).filter(([column]) => !incidental.test(column));
    return `${name} ${JSON.stringify(Object.fromEntries(kept))}`
      .replaceAll(number, '<number>')
      .replaceAll(customerId, '<customer>')
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<id>')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)/g, '<time>')
      .replace(/"(transactionNo|transaction_no)":"[^"]*"/g, '"$1":"<no>"')
      .replace(/"(journalId|fundingJournalId)":\d+/g, '"$1":"<no>"');
  };
}

/** Which records one run has more than the other: empty when both have the same, each as often. */
export function difference(wanted: readonly string[], found: readonly string[]): string[] {
  const without = (all: readonly string[], some: readonly string[]): string[] => {
    const left = [...some];
    return all.filter((one) => {
      const at = left.indexOf(one);
      if (at >= 0) left.splice(at, 1);
      return at < 0;
    });
  };
  return [
    ...without(wanted, found).map((one) => `missing: ${one}`),
    ...without(found, wanted).map((one) => `too many: ${one}`),
  ];
}

const partners = ['bank-huaxin', 'trust-jinhe', 'bank-nusantara', 'dana-sejahtera'];

/** What must hold when all flows have ended: a sentence for each thing that does not. */
export async function violations(stage: Stage): Promise<string[]> {
  const found: string[] = [];
  const expectSame = (what: string, wanted: unknown, is: unknown): void => {
    const [one, other] = [JSON.stringify(wanted), JSON.stringify(is)];
    if (one !== other) found.push(`${what}: ${other}, and not ${one}`);
  };
  const { totals } = await trialBalance(stage.db);
  expectSame(
    'books that do not balance',
    [],
    totals.filter((book) => !book.balanced),
  );

  for (const partner of partners) {
    const accounts = await positionOf(stage.db, 'funds', partner);
    const of = (code: string): number => accounts.find((one) => one.code === code)?.balanceMinor ?? 0;
    expectSame(`funds of ${partner} frozen and in transit`, [0, 0], [of('frozen'), of('in-transit')]);
    const everywhere = of('available') + of('paid-out') + of('exception');
    expectSame(`funds of ${partner} altogether`, of('contributed'), everywhere);
  }
  const { rows: reserved } = await stage.db.raw<{ rows: unknown[] }>(
    `select owner from books.account_position where book = 'credit' and code = 'reserved' and balance_minor <> 0`,
  );
  expectSame('customers with credit still reserved', [], reserved);

  const { effects, messages } = await stage.sandboxDid();
  const made = effects.map(({ reference }) => reference).sort();
  expectSame('applications paid out', await paidOut(stage), made);
  expectSame('messages sent twice', [], repeated(messages.map(({ requestNo }) => requestNo)));
  expectSame('arrows that the catalog lacks', [], checkTrace(await allTraces(stage.db)).problems);
  return found;
}

/** The applications for which money has left, as the books have it: once for each payout. */
async function paidOut(stage: Stage): Promise<string[]> {
  const reservations = await stage
    .db('fund_management_system.fund_reservation')
    .whereIn('state', ['PAID_OUT', 'IN_EXCEPTION', 'RETURNED'])
    .select<{ application_id: string }[]>('application_id');
  return reservations.map((one) => one.application_id).sort();
}

const repeated = (all: readonly string[]): string[] => all.filter((one, at) => all.indexOf(one) < at);
