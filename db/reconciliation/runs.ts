import type { Knex } from 'knex';
import { reconciliationFlowId } from '../../domain/identifiers';
import type { StatementLine } from '../../schemas/outside/yeepay/statement';
import { answerWith, openQuestion, recordAct } from '../acts';
import { comparisons, leftOut, type ComparisonName, type SetComparisonName } from './comparisons';

/** One comparison of a market's day. */
export interface Run {
  runId: number;
  market: string;
  /** The calendar day in the market's zone. */
  day: string;
}

/** What a run has come to. */
export interface RunOutcome {
  compared: number;
  inFlight: number;
  openFindings: number;
}

/**
 * How long what is on its way explains a difference. Yeepay clears within a day, and a step that fails is tried again within an hour:
 * what takes longer stands still.
 */
const IN_FLIGHT_WITHIN = `interval '1 day'`;

/**
 * What a flow still has to hand over to a service; all else that it sends is handled with the step that sends it. A refusal of Yeepay's
 * that waits for people, or for the next attempt, explains nothing: what Yeepay has done all the same is what they must know.
 */
const HANDED_OVER = `('execute-divide', 'rollback-debt', 'ignore-refund')`;

/** Whether something of an order (`s.order_id`) is on its way: sent a while ago at most, and not handled yet; or just told. */
const isInFlight = `coalesce(s.since > now() - ${IN_FLIGHT_WITHIN}, false) or exists (
   select from messages.message m
    where m.flow_id = 'debt-order:' || s.order_id and m.message_type in ${HANDED_OVER}
      and m.recorded_at > now() - ${IN_FLIGHT_WITHIN}
      and not exists (select from messages.handling h where h.message_id = m.message_id))`;

/** Begins to compare a day, or finds the run that nothing has ended: of a day there is one at a time. */
export async function beginRun(tx: Knex.Transaction, market: string, day: string): Promise<number> {
  await lock(tx, market);
  const { rows } = await tx.raw<{ rows: { runId: number }[] }>(
    `with under_way as (
       select r.id from reconciliation.run r
        where r.market = :market and r.day = :day
          and not exists (select from reconciliation.outcome o where o.run_id = r.id)
     ), begun as (
       insert into reconciliation.run (market, day)
       select cast(:market as text), cast(:day as date) where not exists (select from under_way) returning id
     )
     select id as "runId" from under_way union all select id from begun`,
    { market, day },
  );
  return rows[0]!.runId;
}

/** Runs of one market write what they have found one after the other. */
const lock = (tx: Knex.Transaction, market: string): Promise<unknown> =>
  tx.raw(`select pg_advisory_xact_lock(hashtextextended('reconciliation of ' || ?, 0))`, [market]);

/**
 * The next of Yeepay's requests that a run has to ask about: what was carried out was settled on its day; what is open was opened by
 * its end. What Yeepay has refused is not asked about, as a statement names whatever it has done all the same.
 */
export async function requestsToAsk(db: Knex, { runId, market, day }: Run, limit: number): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { requestNo: string }[] }>(
    `select r.request_no as "requestNo"
       from outside.request r
       join divide_service.divide_record d on d.order_id = r.body ->> 'orderId' and d.market = :market
       join reference.market m on m.id = d.market
      where r.party = 'yeepay'
        and (r.state = 'SUCCEEDED' and r.settled_at >= cast(:day as date)::timestamp at time zone m.time_zone
                                   and r.settled_at < (cast(:day as date) + 1)::timestamp at time zone m.time_zone
             or r.settled_at is null and r.opened_at < (cast(:day as date) + 1)::timestamp at time zone m.time_zone)
        and not exists (select from reconciliation.asked a where a.run_id = :runId and a.request_no = r.request_no)
      order by r.request_no limit :limit`,
    { runId, market, day, limit },
  );
  return rows.map(({ requestNo }) => requestNo);
}

/**
 * What our records say that a request of Yeepay's has done, in the words of `wordsOf` (activities/reconciliation.ts). A request
 * that is open differs from all that Yeepay can say.
 */
export async function wordsByRecords(db: Knex, requestNo: string): Promise<string> {
  const { rows } = await db.raw<{ rows: { words: string }[] }>(
    `select case when r.state <> 'SUCCEEDED' then 'WITHOUT FINAL WORD' else concat_ws(' ', r.state, case r.operation
              when 'yeepay-divide' then case when d.divide_request_id = r.request_no then d.yeepay_batch_no || ' ' || (
                select string_agg(receiver || '=' || minor, ' ' order by receiver collate "C")
                  from (select i.sub_mer_no as receiver, sum(i.amount_minor - ${leftOut}) as minor
                          from divide_service.divide_item i where i.order_id = d.order_id group by i.sub_mer_no) receivers
                 where minor > 0) else 'divided by another request' end
              when 'yeepay-clearing' then r.transaction_no || ' ' || d.settled_minor
              else r.transaction_no end) end as words
       from outside.request r join divide_service.divide_record d on d.order_id = r.body ->> 'orderId'
      where r.request_no = ?`,
    [requestNo],
  );
  return rows[0]!.words;
}

/** Notes what came of asking about a request. Safe to repeat: the first answer of a run stands. */
export async function noteAsked(
  tx: Knex.Transaction,
  runId: number,
  { requestNo, ours, theirs }: { requestNo: string; ours: string; theirs: string },
): Promise<void> {
  const { rowCount } = await tx.raw<{ rowCount: number }>(
    'insert into reconciliation.asked (run_id, request_no) values (?, ?) on conflict do nothing',
    [runId, requestNo],
  );
  if (rowCount === 0 || ours === theirs) return;
  const side = `select r.request_no as subject, r.body ->> 'orderId' as order_id, :ours::text as ours, :theirs::text as theirs,
                       case when r.settled_at is null then r.opened_at end as since
                  from outside.request r where r.request_no = :requestNo`;
  await tx.raw(insertDifferences(side), { runId, comparison: 'yeepay-query', requestNo, ours, theirs });
}

/** Keeps Yeepay's statement of a run's day, once. */
export async function keepStatement(
  tx: Knex.Transaction,
  runId: number,
  lines: readonly StatementLine[],
): Promise<void> {
  await tx.raw(
    `insert into reconciliation.statement_line
       (run_id, line, type, order_id, request_no, transaction_no, detail_no, ledger_no, amount_minor, done_at)
     select cast(:runId as bigint), s.ordinality, s.type, s."orderId", s."requestNo", s."transactionNo", s."detailNo", s."ledgerNo", s."amountMinor",
            s."doneAt"
       from rows from (jsonb_to_recordset(:lines) as (type text, "orderId" text, "requestNo" text, "transactionNo" text,
                         "detailNo" text, "ledgerNo" text, "amountMinor" bigint, "doneAt" timestamptz))
            with ordinality as s (type, "orderId", "requestNo", "transactionNo", "detailNo", "ledgerNo", "amountMinor", "doneAt", ordinality)
      where not exists (select from reconciliation.statement_line t where t.run_id = :runId)`,
    { runId, lines: JSON.stringify(lines) },
  );
}

/** Compares both sides of a comparison as they stand, by one query. Safe to repeat: the first time of a run stands. */
export async function compareSides(
  tx: Knex.Transaction,
  { runId, market, day }: Run,
  comparison: SetComparisonName,
): Promise<void> {
  const before = await tx('reconciliation.compared')
    .where({ run_id: runId, comparison })
    .first<object | undefined>('run_id');
  if (before) return;
  await tx.raw(
    `with sides as materialized (${comparisons[comparison].sides}), differing as (${insertDifferences('select * from sides')})
     insert into reconciliation.compared (run_id, comparison, compared) select cast(:runId as bigint), cast(:comparison as text), count(*) from sides`,
    { runId, market, day, comparison },
  );
}

const insertDifferences = (sides: string): string => `
  insert into reconciliation.difference (run_id, comparison, subject, order_id, ours, theirs, is_in_flight)
  select cast(:runId as bigint), cast(:comparison as text), s.subject, s.order_id, s.ours::text, s.theirs::text, ${isInFlight}
    from (${sides}) s where s.ours is distinct from s.theirs
  on conflict do nothing`;

/** What a run has seen of a finding: the same comparison, subject and sides. */
const isSeen = `exists (
  select from reconciliation.difference d
   where d.run_id = :runId and d.comparison = f.comparison and d.subject = f.subject
     and (d.ours, d.theirs) is not distinct from (f.ours, f.theirs))`;

/**
 * Ends a run: what differs and is not on its way becomes a finding, unless it is one, or two persons have decided that it may stay;
 * and a finding that is not there any more is closed as gone. Safe to repeat: what a run has seen is not held against what people have
 * explained since it ended.
 */
export async function endRun(tx: Knex.Transaction, run: Run): Promise<RunOutcome> {
  const { runId, market } = run;
  await lock(tx, market);
  await tx.raw(
    `insert into reconciliation.compared (run_id, comparison, compared)
     select cast(:runId as bigint), 'yeepay-query', count(*) from reconciliation.asked where run_id = :runId on conflict do nothing`,
    { runId },
  );
  const ended = await tx('reconciliation.outcome').where('run_id', runId).first<object | undefined>('run_id');
  if (!ended) {
    await openFindings(tx, run);
    await closeWhatIsGone(tx, run);
  }
  const { rows } = await tx.raw<{ rows: RunOutcome[] }>(
    `with ended as (
       insert into reconciliation.outcome (run_id, open_findings)
       select cast(:runId as bigint), count(*) from reconciliation.finding_state f
        where f.market = :market and f.state in ('OPEN', 'ACKNOWLEDGED') and ${isSeen}
       on conflict do nothing returning open_findings
     )
     select coalesce((select open_findings from ended),
                     (select open_findings from reconciliation.outcome where run_id = :runId)) as "openFindings",
            (select sum(compared) from reconciliation.compared where run_id = :runId)::bigint as compared,
            (select count(*) from reconciliation.difference where run_id = :runId and is_in_flight) as "inFlight"`,
    { runId, market },
  );
  return rows[0]!;
}

async function openFindings(tx: Knex.Transaction, { runId, market, day }: Run): Promise<void> {
  const { rows } = await tx.raw<{ rows: { id: number }[] }>(
    `with found as (
       insert into reconciliation.finding (market, run_id, day, comparison, subject, order_id, ours, theirs)
       select cast(:market as text), cast(:runId as bigint), cast(:day as date), d.comparison, d.subject, d.order_id, d.ours, d.theirs
         from reconciliation.difference d
        where d.run_id = :runId and not d.is_in_flight
          and not exists (select from reconciliation.finding_state f
                           where f.market = :market and f.comparison = d.comparison and f.subject = d.subject
                             and (f.ours, f.theirs) is not distinct from (d.ours, d.theirs)
                             and f.state in ('OPEN', 'ACKNOWLEDGED', 'DECIDED'))
        order by d.comparison, d.subject
       returning id
     )
     select id from found order by id`,
    { runId, market, day },
  );
  const flowId = reconciliationFlowId(market, day);
  for (const { id } of rows) {
    await openQuestion(tx, { flowId, question: `finding:${id}`, answers: ['BOOKED', 'DECIDED'] });
  }
}

const byDay: readonly ComparisonName[] = [
  'yeepay-query',
  ...(Object.keys(comparisons) as SetComparisonName[]).filter((name) => comparisons[name].of === 'DAY'),
];

async function closeWhatIsGone(tx: Knex.Transaction, { runId, market, day }: Run): Promise<void> {
  const { rows } = await tx.raw<{ rows: { flowId: string; question: `finding:${number}` }[] }>(
    `select f.flow_id as "flowId", f.question from reconciliation.finding_state f
      where f.market = :market and f.state in ('OPEN', 'ACKNOWLEDGED') and not ${isSeen}
        and (f.day = :day or not f.comparison = any(:byDay))
      order by f.id`,
    { runId, market, day, byDay },
  );
  for (const asked of rows) {
    const gone = { ...asked, answer: 'GONE' };
    const reason = `Run ${runId} compared ${day} and has not found it.`;
    const actId = await recordAct(tx, { ...gone, actor: 'reconciliation', reason });
    await answerWith(tx, { ...gone, actId });
  }
}
