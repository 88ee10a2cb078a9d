import { positionOf } from '../../../db/books/posting';
import { allTraces } from '../../../db/reads/trace';
import { refundRequestNoOf } from '../../../domain/identifiers';
import { sumMinor } from '../../../domain/money';
import { checkTrace } from '../../../scripts/check-trace';
import { YEEPAY } from '../../../schemas/outside/yeepay/divide';
import { booksDisagree } from '../books-agree';
import type { Did } from '../platform';
import { tablesOfRuns } from '../reconciliation';
import type { Stage } from './stage';

/** Columns that name a row, a time or a way that may differ from run to run, and not what happened. */
const incidental =
  /^(id|xid|journal_id|account_id|.*_at|.*hash|.*message_id|causation_id|asked_count|settled_by|.*journal_id|.*hold_id|idempotency_key|run_id|finding_id)$/;

/** A number that a party has given to what it did. */
const partysNumber =
  /"(\w*(?:[tT]ransactionNo|transaction_no|[uU]niqueOrderNo|unique_order_no|[bB]atchNo|batch_no|[dD]etailNo|detail_no))":"[^"]*"/g;

/**
 * Everything that is on record about what goes by some names of its own, each row as a text in which it shows no names and
 * times of its own.
 */
export async function recordsOf(stage: Stage, names: readonly string[]): Promise<string[]> {
  const { rows: tables } = await stage.owner.raw<{ rows: { name: string }[] }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
      where schemaname not in ('pg_catalog', 'information_schema', 'public') order by 1`,
  );
  const generalise = generaliser(names);
  const records: string[] = [];
  const patterns = names.map((name) => `%${name}%`);
  for (const { name } of tables) {
    const { rows } = await stage.owner.raw<{ rows: { row: Record<string, unknown> }[] }>(
      `select to_jsonb(t) as row from ${name} t where t::text like any(?)`,
      [patterns],
    );
    const shown = rows.map(({ row }) => generalise(name, row));
    // A day may be compared once more than it had to be, and sees the same then.
    records.push(...(tablesOfRuns.includes(name) ? new Set(shown) : shown));
  }
  for (const entry of await entriesOf(stage, patterns)) records.push(generalise('entries', entry));
  for (const [what, all] of Object.entries(await stage.outsideDid()) as [string, { reference: string }[]][]) {
    const ours = all.filter(({ reference }) => names.some((name) => reference.includes(name)));
    for (const one of ours) records.push(generalise(`sandbox ${what}`, one));
  }
  return records.sort();
}

/** Entries name their journal and account by numbers only. */
async function entriesOf(stage: Stage, patterns: string[]): Promise<object[]> {
  const { rows } = await stage.owner.raw<{ rows: object[] }>(
    `select j.business_key, e.line, e.side, e.amount_minor, e.currency, a.book, a.code, a.owner
       from books.entry e join books.journal j on j.id = e.journal_id join books.account a on a.id = e.account_id
      where j.business_key like any(?)`,
    [patterns],
  );
  return rows;
}

function generaliser(names: readonly string[]): (name: string, row: object) => string {
  return (table, row) => {
    const kept = Object.entries(row).filter(([column]) => !incidental.test(column));
    const text = names.reduce(
      (shown, name, index) => shown.replaceAll(name, `<name ${index + 1}>`),
      `${table} ${JSON.stringify(Object.fromEntries(kept))}`,
    );
    return (
      text
        .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<id>')
        .replace(/\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)| \d\d:\d\d:\d\d)/g, '<time>')
        // Yeepay's notices have none: it is made of what they say.
        .replace(/told:[0-9a-f]{64}/g, '<id>')
        .replace(partysNumber, '"$1":"<no>"')
        .replace(/finding:\d+/g, 'finding:<no>')
        .replace(/"(\w*[jJ]ournalId)":\d+/g, '"$1":"<no>"')
        // What a method is paid by is made of its number at the party.
        .replace(/("kind":"(?:QR|VA|DEEP_LINK)","value"):"[^"]*"/g, '$1:"<no>"')
    );
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
  for (const partner of partners) {
    const accounts = await positionOf(stage.db, 'funds', partner);
    const of = (code: string): number => accounts.find((one) => one.code === code)?.balanceMinor ?? 0;
    expectSame(`funds of ${partner} frozen and in transit`, [0, 0], [of('frozen'), of('in-transit')]);
    // What came back of loans counts as put in once more, and leaves again where it is refunded.
    const everywhere = ['available', 'paid-out', 'exception', 'received', 'refunded'].map(of);
    expectSame(`funds of ${partner} altogether`, of('contributed'), sumMinor(everywhere));
  }
  const { rows: reserved } = await stage.db.raw<{ rows: unknown[] }>(
    `select owner from books.account_position where book = 'credit' and code = 'reserved' and balance_minor <> 0`,
  );
  expectSame('customers with credit still reserved', [], reserved);

  const { effects, refunds, messages, divides } = await stage.outsideDid();
  const made = effects.map(({ reference }) => reference).sort();
  expectSame('applications paid out', await paidOut(stage), made);
  expectSame('refunds paid back', await paidBack(stage), refunds.map(({ requestNo }) => requestNo).sort());
  expectSame(
    'divided, taken back and completed',
    await dividedOnRecord(stage),
    divides.flatMap(didOf).sort(),
  );
  expectSame('books and services that do not agree', [], await booksDisagree(stage.db));
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

/** The numbers under which money went back, as the services have it: of each refund once, and what was found too late. */
async function paidBack({ db }: Stage): Promise<string[]> {
  const refunds = await db('refund_reversal_service.refund')
    .where('state', 'PAID_OUT')
    .select<{ refund_id: string; attempt: number }[]>('refund_id', 'attempt');
  const late = await db('messages.run')
    .where('flow_id', 'like', 'exception:RP-%')
    .select<{ flow_id: string }[]>('flow_id');
  return [
    ...refunds.map(({ refund_id, attempt }) => refundRequestNoOf(refund_id, attempt)),
    ...late.map(({ flow_id }) => flow_id.replace('exception:', '')),
  ].sort();
}

interface DoneByYeepay {
  requestNo: string;
  operation: string;
  body: { orderId: string; parts: { ledgerNo?: string; detailNo?: string; amountMinor: number }[] };
}

/** What Yeepay was asked for with success, as the services have it: what each receiver got, and what was taken back of that. */
async function dividedOnRecord({ db }: Stage): Promise<string[]> {
  const done = await db('outside.request')
    .where({ party: YEEPAY, state: 'SUCCEEDED' })
    .select<DoneByYeepay[]>('request_no as requestNo', 'operation', 'body');
  const back = new Map<string, number>();
  const did = done.flatMap(({ requestNo, operation, body }) => {
    if (operation === 'yeepay-divide-complete') return [`${body.orderId} completed`];
    if (operation === 'yeepay-divide')
      return body.parts.map(({ ledgerNo, amountMinor }) => `${requestNo} ${ledgerNo} got ${amountMinor}`);
    if (operation === 'yeepay-divide-back')
      for (const { detailNo, amountMinor } of body.parts)
        back.set(detailNo!, (back.get(detailNo!) ?? 0) + amountMinor);
    return [];
  });
  return [...did, ...[...back].map(([detailNo, minor]) => `${detailNo} gave back ${minor}`)].sort();
}

/** What Yeepay has really done of an order, likewise. */
const didOf = ({ orderId, isCompleted, details }: Did['divides'][number]): string[] => [
  ...(isCompleted ? [`${orderId} completed`] : []),
  ...details.map(
    ({ divideRequestId, ledgerNo, amountMinor }) => `${divideRequestId} ${ledgerNo} got ${amountMinor}`,
  ),
  ...details
    .filter(({ returnedMinor }) => returnedMinor > 0)
    .map(({ detailNo, returnedMinor }) => `${detailNo} gave back ${returnedMinor}`),
];

const repeated = (all: readonly string[]): string[] => all.filter((one, at) => all.indexOf(one) < at);
