import Table from 'cli-table3';
import colors from 'picocolors';
import { dayInZone } from '../../domain/calendar';
import { reconciliationFlowId } from '../../domain/identifiers';
import type { Check } from './checks';
import type { People } from './people';
import { compact } from './report';
import type { Screen } from './screen';
import { until } from './until';

/** A day that was compared, as operators read it. */
export interface ReconciledDay {
  market: string;
  date: string;
  state: 'GREEN' | 'FINDINGS' | 'COMPARING';
  comparisons: { comparison: string; compared: number; inFlight: number; differing: number }[];
  findings: { comparison: string; subject: string; state: string }[];
}

interface ListedDay extends Pick<ReconciledDay, 'date' | 'state'> {
  begunAt: string;
}

/** An operator has today compared, which in production a schedule does each night. */
export async function reconcile({
  people,
  screen,
  signal,
}: {
  people: People;
  screen: Screen;
  signal: AbortSignal;
}): Promise<ReconciledDay> {
  const [operator] = people.operators;
  const date = dayInZone(new Date().toISOString(), 'Asia/Shanghai');
  const day = `/v1/reconciliation/days/CN/${date}`;
  const lastRun = async (): Promise<ListedDay | undefined> => {
    const { entries } = await operator.get<{ entries: ListedDay[] }>('/v1/reconciliation/days?market=CN');
    return entries.find((one) => one.date === date);
  };
  const before = await lastRun();
  screen.note(`Comparing ${date}: Yeepay, its statement, divides, settlements, contracts and the books`);
  await operator.post(`${day}/runs`, {});
  await until(
    async () => {
      const last = await lastRun();
      return last !== undefined && last.begunAt !== before?.begunAt && last.state !== 'COMPARING';
    },
    { signal },
  );
  return operator.get<ReconciledDay>(day);
}

/**
 * What each comparison of the day has come to.
 *
 * @param addressOf where a flow is in the Web UI
 */
export function reconciliationTable(
  { market, date, state, comparisons }: ReconciledDay,
  addressOf: (flowId: string) => string,
): string {
  const lines = new Table({
    ...compact,
    head: ['comparison', 'compared', 'on its way', 'differing'].map(colors.bold),
    colAligns: ['left', 'right', 'right', 'right'],
  });
  for (const { comparison, compared, inFlight, differing } of comparisons) {
    lines.push([comparison, compared, inFlight, differing]);
  }
  return [
    `${date} in ${market}: ${state}`,
    lines.toString(),
    addressOf(reconciliationFlowId(market, date)),
  ].join('\n');
}

/** The day must be green: nothing differs that nobody has explained. */
export function reconciliationCheck({ date, state, findings, comparisons }: ReconciledDay): Check {
  const open = findings.filter((one) => one.state === 'OPEN' || one.state === 'ACKNOWLEDGED');
  return {
    name: `Nothing of ${date} differs between Yeepay, the orders, the debts and the books`,
    ok: state === 'GREEN',
    found:
      state === 'GREEN'
        ? `${comparisons.length} comparisons`
        : open.map(({ comparison, subject }) => `${comparison}: ${subject}`).join('; '),
  };
}
