import type { Message } from '../../../schemas/message';
import { startPlatform, type Platform } from '../../support/platform';

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
}, 60_000);
afterAll(() => platform.stop());

test('started by itself for a loan that has its schedule, it finds the schedule and changes nothing', async () => {
  const { applicationId } = await platform.apply({ market: 'CN' });
  const loanId = applicationId.replace(/^LA/, 'LN');
  const { body: note } = await platform
    .db('messages.message')
    .where({ message_type: 'loan-note-created', flow_id: `loan-application-disbursement:${applicationId}` })
    .first<{ body: Message<'loan-note-created'> }>('body');
  const before = await platform.trace();

  const result: unknown = await platform.client.workflow.execute('repayment-plan-generation', {
    workflowId: `repayment-plan-generation:${loanId}`,
    taskQueue: 'flows',
    args: [note],
  });

  expect(result).toEqual({ loanId, scheduleVersion: 1 });
  expect(await platform.trace()).toEqual(before);
});
