import { askService } from '../../../activities/ask';
import { message } from '../../../schemas/message';

// What is asked and answered stands in test/integration/api/repayments.test.ts.

test('what needs an outside party cannot be asked outside a flow', async () => {
  const payment = {
    ...message('initiate-payment', {} as never),
    ...{ source: 'fund-management-system' as const, occurrence: '1' },
  };
  const run = { flow: 'repayment', flowId: 'repayment:RQ0000000000', market: 'ID' } as const;
  // Found before anything is done: there is no database.
  const asked = askService({} as never)('payment-system', { run, message: payment, then: [] });
  await expect(asked).rejects.toThrow('payment-system cannot be asked initiate-payment outside a flow.');
});
