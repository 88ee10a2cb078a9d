import { yeepayGateways } from '../../../activities/gateways/yeepay';
import type { OutsideOperation, OutsideRequestRow } from '../../../db/outside';
import type { Rule } from '../../../sandbox/rules';
import type { Holding } from '../../../sandbox/yeepay/holdings';
import { yeepaySide } from '../../../sandbox/yeepay/side';
import { yeepayAccess, yeepayKeys } from '../../../schemas/outside/yeepay/access';
import type { YeepayOrder } from '../../../schemas/outside/yeepay/divide';
import { newYeepay } from '../../../scripts/demo/yeepay-keys';
import type { SandboxOptions } from '../../../sandbox/app';
import { startedSandbox } from './support';

const environments = newYeepay();
const SIDE = yeepaySide(environments.sandbox)!;
/** What opens Yeepay's notices. */
export const OUR_KEYS = yeepayKeys(environments.platform)!;
const accessTo = (url: string) => yeepayAccess({ ...environments.platform, YEEPAY_URL: url })!;

/** A sandbox with a Yeepay, and what the mall and the platform do with it; the caller closes it. */
export async function startedYeepay(given: Partial<SandboxOptions> = {}) {
  const view = await startedSandbox({ yeepay: SIDE, ...given });
  const control = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' };
    return view.send('POST', `/control/${path}`, { headers, body: JSON.stringify(body) });
  };
  const orders = async (): Promise<Holding[]> =>
    ((await view.send('GET', '/control/yeepay/orders', {})).body as { orders: Holding[] }).orders;
  return {
    ...view,
    access: accessTo(`${view.sandbox.url}/yeepay`),
    gateways: (change: object = {}) =>
      yeepayGateways({ ...accessTo(`${view.sandbox.url}/yeepay`), ...change }),
    control,
    orders,
    /** An order that a buyer has paid at the mall: 100.00 yuan, of which Yeepay keeps 0.60; cleared at once, without a notice. */
    async pay(given: object = {}): Promise<YeepayOrder> {
      const paid = { orderId: 'ORDER1', merchantNo: 'MALL', amountMinor: 10_000, feeMinor: 60 };
      const { status, body } = await control('yeepay/orders', {
        ...{ ...paid, clearing: { kind: 'ACCEPT' } },
        ...given,
      });
      if (status !== 201) throw new Error(JSON.stringify(body));
      return body as YeepayOrder;
    },
    async behaveAs(rule: Rule): Promise<void> {
      const { status, body } = await control('behaviours', { party: 'yeepay', ...rule });
      if (status !== 204) throw new Error(JSON.stringify(body));
    },
    async holding(): Promise<Holding> {
      return (await orders())[0]!;
    },
    async balances() {
      const { body } = await view.send('GET', '/control/yeepay/balances', {});
      return (body as { balances: Record<string, number> }).balances;
    },
  };
}

export type YeepayView = Awaited<ReturnType<typeof startedYeepay>>;

export const rowOf = (operation: OutsideOperation, requestNo: string, body: object): OutsideRequestRow =>
  ({ operation, requestNo, party: 'yeepay', body }) as OutsideRequestRow;

export const divideRow = (
  order: YeepayOrder,
  parts: Record<string, number>,
  requestNo = 'DV-1',
): OutsideRequestRow =>
  rowOf('yeepay-divide', requestNo, {
    ...order,
    parts: Object.entries(parts).map(([ledgerNo, amountMinor]) => ({
      ...{ ledgerNo, amountMinor, description: '分账 (a*b)' },
    })),
  });
