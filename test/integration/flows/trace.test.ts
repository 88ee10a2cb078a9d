import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TraceRow } from '../../../db/reads/trace';
import { checkTrace } from '../../../scripts/check-trace';
import { startPlatform, type Platform } from '../../support/platform';

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
}, 60_000);
afterAll(() => platform.stop());

test('every handling, in every branch, follows an arrow of the catalog, and flows 4 and 5 take all of theirs', async () => {
  const nobody = platform.newApplicationId();
  const refuses = { match: { reference: nobody }, behaviour: { kind: 'REFUSE', code: 'NO' } };
  await platform.behave({ party: 'bank-huaxin', ...refuses }, { party: 'cn-payout', ...refuses });
  const blocked = await platform.newCustomer('ID', { features: { blocklisted: 1 } });
  const poor = await platform.newCustomer('CN', { limitMinor: 1 });
  const { outcome } = await platform.apply({ market: 'CN' }, nobody);
  expect(outcome.outcome).toBe('FAILED');
  await Promise.all([
    platform.apply({ market: 'CN' }),
    platform.apply({ market: 'ID' }),
    platform.apply({ market: 'ID', customerId: blocked }),
    platform.apply({ market: 'CN', customerId: poor }),
  ]);

  const trace = await platform.trace();
  keep(trace);
  const { problems, notSeen } = checkTrace(trace);
  expect(problems).toEqual([]);
  expect(notSeen).toEqual({ 'loan-application-disbursement': [], 'repayment-plan-generation': [] });
}, 60_000);

/** Leaves the trace where other checkers can read it. */
function keep(trace: readonly TraceRow[]): void {
  const folder = path.join(__dirname, '../../../var/test');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'trace.ndjson'), trace.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

test('a handling that the catalog does not know is found', async () => {
  await platform.apply({ market: 'CN' });
  const [first, ...rest] = await platform.trace();
  const { problems } = checkTrace([{ ...first!, service: 'asset-center' }, ...rest]);
  expect(problems).toContainEqual(expect.stringContaining('no arrow submit-loan-application>asset-center'));
});
