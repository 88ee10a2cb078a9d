import { condition, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';

const { outsideCall, yeepayAsked } = proxyActivities<{
  outsideCall(n: number): Promise<void>;
  yeepayAsked(operation: 'CLEARING' | 'DIVIDE'): Promise<void>;
}>({ startToCloseTimeout: '30 seconds' });

/** The least that Temporal can do for a flow: the outside calls one after the other, and nothing else. */
export async function bare(_submitted: unknown, outsideCalls: number): Promise<void> {
  for (let n = 1; n <= outsideCalls; n += 1) await outsideCall(n);
}

/** A mall's order: it is cleared once that is told of, and closed once its receipt is confirmed. */
export async function bareOrder(): Promise<{ outcome: string }> {
  let [told, notified] = [0, false];
  setHandler(defineSignal<[messages: object[]]>('told'), (messages) => void (told += messages.length));
  setHandler(defineSignal<[requestNo: string]>('outside-answered'), () => void (notified = true));
  await yeepayAsked('CLEARING');
  await condition(() => notified);
  await outsideCall(2);
  await yeepayAsked('DIVIDE');
  await condition(() => told > 1);
  await outsideCall(4);
  return { outcome: 'CLOSED' };
}
