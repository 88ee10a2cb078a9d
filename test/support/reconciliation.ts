import type { Knex } from 'knex';
import { dayInZone } from '../../domain/calendar';
import { reconciliationFlowId } from '../../domain/identifiers';
import { until } from './until';
import type { World } from './world';

/** A finding, as people see it. */
export interface Finding {
  id: number;
  comparison: string;
  subject: string;
  ours: string | null;
  theirs: string | null;
  state: string;
}

/** What is written each time a day is compared. To compare it once more changes nothing but that: all that was found stays as it is. */
export const tablesOfRuns = ['run', 'outcome', 'asked', 'statement_line', 'compared', 'difference'].map(
  (table) => `reconciliation.${table}`,
);

/** The reconciliation of a test's orders: all of them are of the real day, in the market's zone. */
export function reconciliationOf({ client, db }: Pick<World, 'client' | 'db'>) {
  const today = (): string => dayInZone(new Date().toISOString(), 'Asia/Shanghai');
  const endedRuns = async (day: string): Promise<number> =>
    (
      await db('reconciliation.run as r')
        .join('reconciliation.outcome as o', 'o.run_id', 'r.id')
        .where('r.day', day)
    ).length;
  return {
    today,
    /** Starts a day's flow, or has it compare again, and waits until a run of it has ended. */
    async compares(day = today()): Promise<void> {
      const before = await endedRuns(day);
      await this.isTold(day);
      await until(async () => (await endedRuns(day)) > before);
    },
    isTold: (day = today()) =>
      client.workflow.signalWithStart('debt-reconciliation', {
        ...{ workflowId: reconciliationFlowId('CN', day), taskQueue: 'flows', args: [{ market: 'CN', day }] },
        ...{ signal: 'told', signalArgs: [[]], workflowIdReusePolicy: 'ALLOW_DUPLICATE' },
      }),
    handle: (day = today()) => client.workflow.getHandle(reconciliationFlowId('CN', day)),
    /** Waits until a day's flow ends, which it does green; its outcome. */
    green: (day = today()): Promise<unknown> =>
      client.workflow.getHandle(reconciliationFlowId('CN', day)).result(),
    /** The findings, in the order in which they were found. */
    findings: (...states: string[]): Promise<Finding[]> =>
      db('reconciliation.finding_state')
        .whereIn('state', states.length > 0 ? states : ['OPEN', 'ACKNOWLEDGED'])
        .orderBy('id')
        .select('id', 'comparison', 'subject', 'ours', 'theirs', 'state'),
    /** What a day's last run has not counted as findings, because it is on its way. */
    inFlight: async (day = today()): Promise<string[]> => {
      const rows = await db('reconciliation.difference as d')
        .join('reconciliation.run as r', 'r.id', 'd.run_id')
        .where({ 'r.day': day, is_in_flight: true })
        .whereRaw('r.id = (select max(id) from reconciliation.run where day = r.day)')
        .select<{ comparison: string; subject: string }[]>('comparison', 'subject');
      return rows.map(({ comparison, subject }) => `${comparison} ${subject}`);
    },
  };
}

/** What nobody may do but who owns the database: history is changed, and no trigger looks. */
export const tamper = (
  { owner }: Pick<World, 'owner'>,
  work: (tx: Knex.Transaction) => Promise<unknown>,
): Promise<unknown> =>
  owner.transaction(async (tx) => {
    await tx.raw('set local session_replication_role = replica');
    await work(tx);
  });

/** Has a contract lose its records, as no process of ours could. Returns what brings them back. */
export async function loseRecords(
  world: Pick<World, 'owner'>,
  contractId: string,
): Promise<() => Promise<unknown>> {
  let lost: object[] = [];
  await tamper(world, async (tx) => {
    lost = await tx('debt_settlement_service.repayment_record')
      .where('contract_id', contractId)
      .delete()
      .returning<object[]>('*');
  });
  return () =>
    tamper(world, (tx) =>
      tx.raw(
        `insert into debt_settlement_service.repayment_record overriding system value
         select * from json_populate_recordset(null::debt_settlement_service.repayment_record, ?)`,
        [JSON.stringify(lost)],
      ),
    );
}
