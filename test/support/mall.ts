import { WorkflowNotFoundError } from '@temporalio/client';
import { addDebtContract, mapLedger } from '../../db/access/debt-contracts';
import { debtContractView } from '../../db/reads/debt-contracts';
import { debtOrderView } from '../../db/reads/debt-orders';
import { allTraces } from '../../db/reads/trace';
import { debtOrderFlowId } from '../../domain/identifiers';
import type { Holding } from '../../sandbox/yeepay/holdings';
import { composeCommand, composeEvent } from '../../schemas/compose';
import { startOptions } from '../../schemas/flow-start';
import type { CreatePreDivideData } from '../../schemas/generated/messages';
import type { Message } from '../../schemas/message';
import { needsAttention } from '../../schemas/search-attributes';
import { agree, decide } from './people';
import { randomId } from './platform';
import { until } from './until';
import type { World } from './world';

const cny = (amountMinor: number) => ({ currency: 'CNY', amountMinor }) as const;
const merchantNo = '10090000001';

/** A line of an order's divide: the amount, the ledger that gets it, and of which item it is. */
export interface Line {
  ledgerId: string;
  amountMinor: number;
  merType?: 'SUPPLIER' | 'DEBTOR';
  item?: string;
  /** The ledger's id, if left out. */
  subMerNo?: string;
}

/** An order as a test wants it: 100.00 with a fee of 0.60, if nothing else is said. */
export interface Wanted {
  /** One that is drawn, if left out. */
  orderId?: string;
  amountMinor?: number;
  feeMinor?: number;
  lines: Line[];
  priceMinor?: Record<string, number>;
  mallId?: string;
  /** How Yeepay clears it; at once if left out. */
  clearing?: object;
  divided?: CreatePreDivideData['divided'];
}

/** A refund as a test wants it; of the whole order where no item is named. */
export interface WantedRefund {
  amountMinor: number;
  item?: string;
  refundId?: string;
}

/** The mall of a test: what it tells the platform, as the platform's API would, and what it sees. */
export function mallOf(world: World) {
  const { client, db, sandbox } = world;
  const runOf = (orderId: string) =>
    ({ flow: 'debt-order', flowId: debtOrderFlowId(orderId), market: 'CN' }) as const;

  const tell = (orderId: string, ...messages: Message[]) => {
    const { args, ...options } = startOptions({
      ...{ flow: 'debt-order', flowId: debtOrderFlowId(orderId), taskQueue: 'flows' },
      ...{ command: { market: 'CN', orderId }, summary: orderId },
    });
    return client.workflow.signalWithStart('debt-order', {
      ...{ ...options, args: [...args], workflowIdReusePolicy: 'ALLOW_DUPLICATE' },
      ...{ signal: 'told', signalArgs: [messages] },
    });
  };
  const refunds = (orderId: string, wanted: WantedRefund): Message[] => {
    const { amountMinor, item, refundId = randomId('MR') } = wanted;
    const from = { source: 'mall', market: 'CN', subjectId: `${orderId}.${refundId}` } as const;
    const amount = cny(amountMinor);
    const requested = { orderId, refundId, amount, ...(item !== undefined && { orderDetailId: item }) };
    return [
      composeEvent(from, { type: 'refund-requested', data: requested }),
      composeEvent(from, { type: 'refund-approved', data: { orderId, refundId } }),
    ];
  };
  const confirmation = (orderId: string) =>
    composeCommand(runOf(orderId), {
      ...{ type: 'settle-debt', source: 'mall', occurrence: '1' },
      data: { orderId, confirmedBy: 'MALL' },
    });

  return {
    /** A debtor with contracts, settled in that order, each over months of 10.00; the debtor's ledger id. */
    async debtor(...debtsMinor: number[]) {
      const ledgerId = randomId('D');
      const contracts = await this.contracts(`M-${ledgerId}`, debtsMinor);
      await mapLedger(db, ledgerId, `M-${ledgerId}`);
      return { ledgerId, contracts };
    },
    async contracts(memberUserId: string, debtsMinor: number[]): Promise<string[]> {
      const ids = debtsMinor.map(() => randomId('HZ'));
      for (const [index, totalDebtMinor] of debtsMinor.entries()) {
        const months = Array.from({ length: Math.ceil(totalDebtMinor / 1000) }, (_, month) => ({
          period: `2026-${String(month + 1).padStart(2, '0')}`,
          planMinor: Math.min(1000, totalDebtMinor - month * 1000),
        }));
        await addDebtContract(db, {
          ...{ contractId: ids[index]!, caseEntrustId: randomId('WA'), memberUserId, currency: 'CNY' },
          ...{ position: index + 1, totalDebtMinor, plan: months },
        });
      }
      return ids;
    },
    maps: (ledgerId: string, memberUserId: string) => mapLedger(db, ledgerId, memberUserId),
    /** An order is paid at Yeepay, and the platform told of it, with refunds that come at the same moment. */
    async paid(wanted: Wanted, ...refunded: WantedRefund[]) {
      const { amountMinor = 10_000, feeMinor = 60, lines, priceMinor, mallId = 'cn-mall' } = wanted;
      const { orderId = randomId('MO') } = wanted;
      const { uniqueOrderNo } = await sent(`${sandbox.url}/control/yeepay/orders`, {
        ...{ orderId, merchantNo, amountMinor, feeMinor },
        clearing: wanted.clearing ?? { kind: 'ACCEPT' },
      });
      const created = composeCommand(runOf(orderId), {
        ...{ type: 'create-pre-divide', source: 'mall', occurrence: '1' },
        data: {
          ...{ orderId, mallId, uniqueOrderNo: uniqueOrderNo!, merchantNo, amount: cny(amountMinor) },
          lines: lines.map((line) => ({
            ...{ ledgerId: line.ledgerId, merType: line.merType ?? 'DEBTOR', amount: cny(line.amountMinor) },
            ...(line.item !== undefined && { orderDetailId: line.item }),
            ...(line.subMerNo !== undefined && { subMerNo: line.subMerNo }),
          })),
          ...(priceMinor && {
            items: Object.entries(priceMinor).map(([orderDetailId, minor]) => ({
              ...{ orderDetailId, price: cny(minor) },
            })),
          }),
          ...(wanted.divided && { divided: wanted.divided }),
        },
      });
      await tell(orderId, created, ...refunded.flatMap((one) => refunds(orderId, one)));
      return orderId;
    },
    confirms: (orderId: string) => tell(orderId, confirmation(orderId)),
    refunds: (orderId: string, wanted: WantedRefund) => tell(orderId, ...refunds(orderId, wanted)),
    /** Wakes an order, as the API does when something that it may wait for has changed; one that has ended needs it not. */
    async wakes(orderId: string): Promise<void> {
      const waking = client.workflow.getHandle(debtOrderFlowId(orderId)).signal('told', []);
      await waking.catch((error: unknown) => {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      });
    },
    /** Waits until a run of the order has ended. */
    ended: (orderId: string): Promise<unknown> =>
      client.workflow.getHandle(debtOrderFlowId(orderId)).result(),
    order: (orderId: string) => debtOrderView(db, orderId),
    /** Waits until an order is in a state. */
    inState: (orderId: string, state: string) =>
      until(async () => (await debtOrderView(db, orderId))?.state === state),
    contract: async (contractId: string) => (await debtContractView(db, contractId))!,
    /** What Yeepay holds of an order. */
    async atYeepay(orderId: string) {
      const response = await fetch(`${sandbox.url}/control/yeepay/orders?orderId=${orderId}`);
      return ((await response.json()) as { orders: Holding[] }).orders[0]!;
    },
    /** Waits until Yeepay was asked by a number. */
    isAsked: (requestNo: string) =>
      until(async () => {
        const row = await db('outside.request')
          .where('request_no', requestNo)
          .first<{ asked: number }>('asked_count as asked');
        return row && row.asked > 0;
      }),
    /** Waits until people are asked something about an order; the question. */
    asked: (orderId: string) =>
      until(async () => {
        const row = await db('operations.question as q')
          .where('q.flow_id', debtOrderFlowId(orderId))
          .whereNotExists(
            db('operations.answer as a').whereRaw('a.flow_id = q.flow_id and a.question = q.question'),
          )
          .first<{ question: string; answers: string[] } | undefined>('question', 'answers');
        return row;
      }),
    decide: (orderId: string, question: string, answer: string, evidence?: object) =>
      decide(world, debtOrderFlowId(orderId), question, answer, evidence),
    /** Two persons have seen that Yeepay has done what it was asked by a number, of which it says nothing. */
    async saysDone(orderId: string, requestNo: string) {
      await this.isAsked(requestNo);
      const evidence = { transactionNo: `SEEN-${requestNo}`, paidAt: '2026-01-15T10:00:00+08:00' };
      await agree(world, debtOrderFlowId(orderId), `request:${requestNo}`, 'SUCCEEDED', evidence);
    },
    needsAttention: (orderId: string) =>
      until(async () => {
        const { typedSearchAttributes } = await client.workflow
          .getHandle(debtOrderFlowId(orderId))
          .describe();
        return typedSearchAttributes.get(needsAttention) === true;
      }),
    /** The messages that were sent in an order's runs, in order. */
    async sent(orderId: string): Promise<string[]> {
      const rows = await allTraces(db);
      return rows
        .filter(({ flowId }) => flowId === debtOrderFlowId(orderId))
        .flatMap(({ emitted }) => emitted);
    },
  };
}

async function sent(url: string, body: object): Promise<Record<string, string>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Record<string, string>;
}
