import type { Knex } from 'knex';

/** A day that was compared, by its last run. */
export interface ReconciledDay {
  market: string;
  day: string;
  runId: number;
  begunAt: string;
  /** Null while the run is under way. */
  endedAt: string | null;
  /** What is open of what the run has seen, as it stands now; null while the run is under way. */
  openFindings: number | null;
  compared: number;
  inFlight: number;
  differing: number;
}

/** What one comparison of a run has come to. */
export interface ComparisonView {
  comparison: string;
  compared: number;
  inFlight: number;
  /** Not on their way: findings, or decided to stay. */
  differing: number;
}

/** A finding: a difference that somebody has to explain. */
export interface FindingView {
  findingId: number;
  market: string;
  /** Of the run that found it. */
  day: string;
  comparison: string;
  subject: string;
  orderId: string | null;
  ours: string | null;
  theirs: string | null;
  state: FindingState;
  foundAt: string;
  /** To which flow's question an answer explains it. */
  flowId: string;
  question: string;
}

/** `BOOKED`, `DECIDED`: two persons have said so. `GONE`: a later run has not found it any more. */
export const FINDING_STATES = ['OPEN', 'ACKNOWLEDGED', 'BOOKED', 'DECIDED', 'GONE'] as const;
export type FindingState = (typeof FINDING_STATES)[number];

/** What was done about a finding, the first first. */
export interface FindingAct {
  act: 'ACKNOWLEDGED' | 'PROPOSED' | 'APPROVED' | 'GONE';
  answer: string | null;
  actor: string;
  reason: string;
  journalId: number | null;
  at: string;
}

/** The days of all markets or of one, the newest first; of each its last run. */
export async function reconciledDays(
  db: Knex,
  {
    market,
    after,
    limit,
  }: { market?: string | undefined; after: [day: string, market: string] | undefined; limit: number },
): Promise<ReconciledDay[]> {
  const { rows } = await db.raw<{ rows: ReconciledDay[] }>(
    `${SELECT_DAYS}
      where not exists (select from reconciliation.run later where (later.market, later.day) = (r.market, r.day) and later.id > r.id)
        and (cast(:market as text) is null or r.market = :market)
        and (cast(:day as date) is null or (r.day, r.market) < (cast(:day as date), :afterMarket))
      order by r.day desc, r.market desc limit :limit`,
    { market: market ?? null, day: after?.[0] ?? null, afterMarket: after?.[1] ?? null, limit },
  );
  return rows;
}

/** A day by its last run; undefined where it was never compared. */
export async function reconciledDay(
  db: Knex,
  market: string,
  day: string,
): Promise<
  | (ReconciledDay & { comparisons: ComparisonView[]; findings: FindingView[]; onTheWay: OnTheWay[] })
  | undefined
> {
  const { rows } = await db.raw<{ rows: ReconciledDay[] }>(
    `${SELECT_DAYS} where r.market = ? and r.day = ? order by r.id desc limit 1`,
    [market, day],
  );
  const [found] = rows;
  if (!found) return undefined;
  const { runId } = found;
  const [comparisons, findings, onTheWay] = await Promise.all([
    comparisonsOf(db, runId),
    db.raw<{ rows: FindingView[] }>(
      `${SELECT_FINDINGS} where ${isSeenBy('?')} and f.market = ? order by f.id`,
      [runId, market],
    ),
    db.raw<{ rows: OnTheWay[] }>(
      `select comparison, subject, ours, theirs from reconciliation.difference
        where run_id = ? and is_in_flight order by comparison, subject`,
      [runId],
    ),
  ]);
  return { ...found, comparisons, findings: findings.rows, onTheWay: onTheWay.rows };
}

/** What differs as it is on its way. */
export type OnTheWay = Pick<FindingView, 'comparison' | 'subject' | 'ours' | 'theirs'>;

async function comparisonsOf(db: Knex, runId: number): Promise<ComparisonView[]> {
  const { rows } = await db.raw<{ rows: ComparisonView[] }>(
    `select c.comparison, c.compared,
            (select count(*) from reconciliation.difference d
              where (d.run_id, d.comparison) = (c.run_id, c.comparison) and d.is_in_flight) as "inFlight",
            (select count(*) from reconciliation.difference d
              where (d.run_id, d.comparison) = (c.run_id, c.comparison) and not d.is_in_flight) as differing
       from reconciliation.compared c where c.run_id = ? order by c.comparison`,
    [runId],
  );
  return rows;
}

/** Findings, the newest first; those of some states where they are named. */
export async function findings(
  db: Knex,
  {
    states,
    after,
    limit,
  }: { states?: readonly FindingState[] | undefined; after: number | undefined; limit: number },
): Promise<FindingView[]> {
  const { rows } = await db.raw<{ rows: FindingView[] }>(
    `${SELECT_FINDINGS} where (cast(:states as text[]) is null or f.state = any(:states)) and (cast(:after as bigint) is null or f.id < :after)
      order by f.id desc limit :limit`,
    { states: states ?? null, after: after ?? null, limit },
  );
  return rows;
}

/** A finding with all that was done about it; undefined when there is none. */
export async function findingView(
  db: Knex,
  findingId: number,
): Promise<(FindingView & { acts: FindingAct[] }) | undefined> {
  const { rows } = await db.raw<{ rows: FindingView[] }>(`${SELECT_FINDINGS} where f.id = ?`, [findingId]);
  const [finding] = rows;
  if (!finding) return undefined;
  const { rows: acts } = await db.raw<{ rows: FindingAct[] }>(
    `select 'ACKNOWLEDGED' as act, null as answer, k.actor, k.reason, null::bigint as "journalId", k.acknowledged_at as at
       from reconciliation.acknowledgement k where k.finding_id = :findingId
     union all
     select case when a.answer = 'GONE' then 'GONE' when a.approves is null then 'PROPOSED' else 'APPROVED' end, a.answer, a.actor, a.reason,
            (a.evidence ->> 'journalId')::bigint, a.acted_at
       from operations.act a where a.flow_id = :flowId and a.question = :question
      order by at`,
    { findingId, flowId: finding.flowId, question: finding.question },
  );
  return { ...finding, acts };
}

const isSeenBy = (runId: string): string => `exists (
  select from reconciliation.difference d
   where d.run_id = ${runId} and d.comparison = f.comparison and d.subject = f.subject and not d.is_in_flight
     and (d.ours, d.theirs) is not distinct from (f.ours, f.theirs))`;

const SELECT_FINDINGS = `
  select f.id as "findingId", f.market, f.day, f.comparison, f.subject, f.order_id as "orderId", f.ours, f.theirs, f.state,
         f.found_at as "foundAt", f.flow_id as "flowId", f.question
    from reconciliation.finding_state f`;

const SELECT_DAYS = `
  select r.market, r.day, r.id as "runId", r.begun_at as "begunAt", o.ended_at as "endedAt",
         case when o.run_id is not null then
           (select count(*) from reconciliation.finding_state f
             where f.market = r.market and f.state in ('OPEN', 'ACKNOWLEDGED') and ${isSeenBy('r.id')}) end as "openFindings",
         (select coalesce(sum(c.compared), 0) from reconciliation.compared c where c.run_id = r.id)::bigint as compared,
         (select count(*) from reconciliation.difference d where d.run_id = r.id and d.is_in_flight) as "inFlight",
         (select count(*) from reconciliation.difference d where d.run_id = r.id and not d.is_in_flight) as differing
    from reconciliation.run r left join reconciliation.outcome o on o.run_id = r.id`;
