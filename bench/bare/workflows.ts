import { proxyActivities } from '@temporalio/workflow';

const { outsideCall } = proxyActivities<{ outsideCall(n: number): Promise<void> }>({
  startToCloseTimeout: '30 seconds',
});

/** The least that Temporal can do for a flow: the outside calls one after the other, and nothing else. */
export async function bare(_submitted: unknown, outsideCalls: number): Promise<void> {
  for (let n = 1; n <= outsideCalls; n += 1) await outsideCall(n);
}
