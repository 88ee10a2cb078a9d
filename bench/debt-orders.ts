import type { Client } from '@temporalio/client';
import { addDebtContract, mapLedger } from '../db/access/debt-contracts';
import { connect } from '../db/pool';
import { debtOrderFlowId, yeepayRequestNoOf } from '../domain/identifiers';
import { composeCommand, composeEvent } from '../schemas/compose';
import type { CreatePreDivideData, MerchantType } from '../schemas/generated/messages';
import type { Message } from '../schemas/message';

const DEBT_MINOR = 1_000_000_000;

/** What a mall's order of the benchmarks comes to, in fen: 100.00, and Yeepay's fee of 0.60 off it. */
export const orderMinor = { paid: 10_000, settled: 9_940 } as const;

/** Yeepay is asked whether it is cleared, and again after its notice; to divide; and to complete. */
export const outsideCalls = 4;

/** What a worker of the benchmarks writes as it asks Yeepay something after which a flow waits for others. */
export const askedLine = (flowId: string, operation: 'CLEARING' | 'DIVIDE'): string =>
  JSON.stringify({ event: 'asked', flowId, operation });

/** Hears from the workers' output when Yeepay is asked. */
export function listener() {
  const waiting = new Map<string, () => void>();
  return {
    onLine: (line: string): void => waiting.get(line)?.(),
    /** Waits until Yeepay is asked something; to be called before it can be. */
    isAsked: (...about: Parameters<typeof askedLine>): Promise<void> => {
      const line = askedLine(...about);
      return new Promise<void>((resolve) => waiting.set(line, resolve)).finally(() => waiting.delete(line));
    },
  };
}

/** Debtors whose debts do not end. In: how many; a debtor has one contract. Out: their ledger ids. */
export async function seedDebtors(databaseUrl: string, count: number): Promise<string[]> {
  const db = connect(databaseUrl, { max: 1, applicationName: 'bench' });
  const ledgerIds = Array.from({ length: count }, (_, n) => `D-${n}`);
  for (const ledgerId of ledgerIds) {
    const memberUserId = `M-${ledgerId}`;
    await addDebtContract(db, {
      ...{ contractId: `HZ-${ledgerId}`, caseEntrustId: `WA-${ledgerId}`, memberUserId, currency: 'CNY' },
      ...{ position: 1, totalDebtMinor: DEBT_MINOR },
      plan: [{ period: '2026-01', planMinor: DEBT_MINOR }],
    });
    await mapLedger(db, ledgerId, memberUserId);
  }
  await db.destroy();
  return ledgerIds;
}

/** The workflow that carries an order, its queue, and what the orders' numbers begin with. */
interface Carrier {
  workflow: string;
  taskQueue: string;
  prefix: string;
}

/** A mall that tells the workflow that carries its orders of them, and Yeepay, which is asked by it. */
export function mallOf(client: Client, carrier: Carrier, isAsked: ReturnType<typeof listener>['isAsked']) {
  let paid = 0;
  const tell = (orderId: string, ...messages: Message[]) =>
    client.workflow.signalWithStart(carrier.workflow, {
      ...{ workflowId: debtOrderFlowId(orderId), taskQueue: carrier.taskQueue },
      ...{ args: [{ market: 'CN', orderId }], workflowIdReusePolicy: 'ALLOW_DUPLICATE' },
      ...{ signal: 'told', signalArgs: [messages] },
    });
  const untilClosed = async (run: { result(): Promise<unknown> }, orderId: string): Promise<void> => {
    const { outcome } = (await run.result()) as { outcome: string };
    if (outcome !== 'CLOSED') throw new Error(`${orderId} ended ${outcome}.`);
  };

  return {
    /**
     * Has an order carried from its payment until the rest has gone to the merchant: Yeepay's notice comes once it was asked, and the
     * receipt is confirmed once it was asked to divide. Out: the order's number.
     */
    async carry(lines: CreatePreDivideData['lines']): Promise<string> {
      paid += 1;
      const orderId = `${carrier.prefix}${String(paid).padStart(12, '0')}`;
      const [cleared, divided] = (['CLEARING', 'DIVIDE'] as const).map((operation) =>
        isAsked(debtOrderFlowId(orderId), operation),
      );
      const run = await tell(orderId, paidOrder(orderId, lines));
      await cleared;
      await run.signal('outside-answered', yeepayRequestNoOf('CLEARING', orderId, 1));
      await divided;
      await tell(orderId, confirmation(orderId));
      await untilClosed(run, orderId);
      return orderId;
    },
    /** Has all of an order refunded: what was divided is returned, and the debts are rolled back. */
    async refund(orderId: string): Promise<void> {
      const refundId = `R-${orderId}`;
      const from = { source: 'mall', market: 'CN', subjectId: `${orderId}.${refundId}` } as const;
      const data = { orderId, refundId };
      const requested = {
        type: 'refund-requested',
        data: { ...data, amount: cny(orderMinor.paid) },
      } as const;
      const approved = { type: 'refund-approved', data } as const;
      const run = await tell(orderId, composeEvent(from, requested), composeEvent(from, approved));
      await untilClosed(run, orderId);
    },
  };
}

/** A line of an order. */
export const lineOf = (ledgerId: string, merType: MerchantType, amountMinor: number) => ({
  ...{ ledgerId, merType, amount: cny(amountMinor) },
});

const cny = (amountMinor: number) => ({ currency: 'CNY', amountMinor }) as const;
const runOf = (orderId: string) =>
  ({ flow: 'debt-order', flowId: debtOrderFlowId(orderId), market: 'CN' }) as const;

const paidOrder = (orderId: string, lines: CreatePreDivideData['lines']): Message =>
  composeCommand(runOf(orderId), {
    ...{ type: 'create-pre-divide', source: 'mall', occurrence: '1' },
    data: {
      ...{ orderId, mallId: 'cn-mall', uniqueOrderNo: `U${orderId}`, merchantNo: '10090000001' },
      ...{ amount: cny(orderMinor.paid), lines },
    },
  });

const confirmation = (orderId: string): Message =>
  composeCommand(runOf(orderId), {
    ...{ type: 'settle-debt', source: 'mall', occurrence: '1' },
    data: { orderId, confirmedBy: 'MALL' },
  });
