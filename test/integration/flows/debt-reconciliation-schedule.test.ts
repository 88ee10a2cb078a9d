import { reconciledMarkets } from '../../../db/reference';
import { makeReconciliationSchedules, scheduleIdOf } from '../../../scripts/local/reconciliation-schedules';
import { ScheduleOverlapPolicy } from '@temporalio/client';
import { mallOf } from '../../support/mall';
import { startPlatform, type Platform } from '../../support/platform';
import { reconciliationOf } from '../../support/reconciliation';
import { until } from '../../support/until';

// Each market with a mall has a schedule, whose times say which day is compared, whenever it is really started.

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
}, 120_000);
afterAll(() => platform.stop());

const make = async () =>
  makeReconciliationSchedules(platform.client, 'flows', await reconciledMarkets(platform.db));

const runs = () =>
  platform
    .db('reconciliation.run')
    .groupBy('day')
    .orderBy('day')
    .select<{ day: string; runs: number }[]>('day', platform.db.raw('count(*) as runs'));

test('the schedule is made once, and stays as people have paused it', async () => {
  await make();
  const schedule = platform.client.schedule.getHandle(scheduleIdOf('CN'));
  await schedule.pause('tried by a test');
  await make();
  const { spec, policies, state } = await schedule.describe();
  expect(spec.timezone).toBe('Asia/Shanghai');
  expect(policies).toMatchObject({ overlap: ScheduleOverlapPolicy.ALLOW_ALL, pauseOnFailure: false });
  expect(state.paused).toBe(true);
}, 60_000);

test('a backfill of three days compares each of them once, also when it is done twice', async () => {
  await make();
  const schedule = platform.client.schedule.getHandle(scheduleIdOf('CN'));
  const backfill = () =>
    schedule.backfill({
      ...{ start: new Date('2026-01-10T00:00:00+08:00'), end: new Date('2026-01-12T23:00:00+08:00') },
      overlap: ScheduleOverlapPolicy.ALLOW_ALL,
    });
  const days = ['2026-01-09', '2026-01-10', '2026-01-11'];
  await backfill();
  await until(async () => (await runs()).length === 3);
  expect(await runs()).toEqual(days.map((day) => ({ day, runs: 1 })));
  for (const day of days) {
    expect(await reconciliationOf(platform).green(day)).toMatchObject({ outcome: 'GREEN', day });
  }
  await backfill();
  await schedule.trigger();
  const yesterday = await until(async () => (await runs())[3]);
  expect(yesterday.runs).toBe(1);
  expect((await runs()).slice(0, 3).map(({ day }) => day)).toEqual(days);
  const findings = await platform.db('reconciliation.finding').select('id');
  expect(findings).toEqual([]);
}, 120_000);

test('a day with more requests than one run of the flow can ask about goes on in another, and leaves none out', async () => {
  const mall = mallOf(platform);
  const { ledgerId } = await mall.debtor(10_000);
  const orderId = await mall.paid({ lines: [{ ledgerId, amountMinor: 3_000 }] });
  await mall.inState(orderId, 'DIVIDED');
  // Requests that have no final word yet are asked about as well; these differ, and are on their way.
  await platform.db.raw(
    `insert into outside.request (request_no, party, operation, business_key, content_hash, body, flow_id, message_id, state, asked_count)
     select 'YC-' || :orderId || '-X' || n, party, operation, 'more of ' || :orderId || ' ' || n, content_hash, body, flow_id, message_id, 'UNKNOWN', 1
       from outside.request, generate_series(1, 400) n where request_no = 'YC-' || :orderId || '-1'`,
    { orderId },
  );
  const reconciliation = reconciliationOf(platform);
  const first = await reconciliation.isTold();
  expect(await reconciliation.green()).toMatchObject({ inFlight: 400, openFindings: 0 });
  const { runId } = await reconciliation.handle().describe();
  expect(runId).not.toBe(first.signaledRunId);
  const asked = await platform.db('reconciliation.asked').where('request_no', 'like', `YC-${orderId}-%`);
  expect(asked).toHaveLength(401);
}, 300_000);
