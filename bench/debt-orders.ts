import type { Client } from '@temporalio/client';
import { addDebtContract, mapLedger } from '../db/access/debt-contracts';
import { connect } from '../db/pool';
import { debtOrderFlowId, yeepayRequestNoOf } from '../domain/identifiers';
import { composeCommand } from '../schemas/compose';
import type { Message } from '../schemas/message';

const DEBTORS = 500;
const DEBT_MINOR = 1_000_000_000;

/** What a mall's order of the benchmarks comes to, in fen: 100.00, and Yeepay's fee of 0.60 off it. */
export const orderMinor = { paid: 10_000, settled: 9_940, toSupplier: 5_000, toDebtor: 3_000 } as const;

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
export async function seedDebtors(databaseUrl: string, count = DEBTORS): Promise<string[]> {
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

/**
 * Carries orders of a mall from their payment until the rest has gone to the merchant: Yeepay's notice comes once it was asked, and
 * the receipt is confirmed once it was asked to divide.
 *
 * @param of the workflow that carries an order, and its queue
 * @returns what carries one; it gives the flow's id
 */
export function debtOrders(
  client: Client,
  of: { workflow: string; taskQueue: string; prefix: string },
  ledgerIds: readonly string[],
  isAsked: ReturnType<typeof listener>['isAsked'],
): () => Promise<string> {
  let paid = 0;
  return async () => {
    paid += 1;
    const orderId = `${of.prefix}${String(paid).padStart(12, '0')}`;
    const flowId = debtOrderFlowId(orderId);
    const cleared = isAsked(flowId, 'CLEARING');
    const divided = isAsked(flowId, 'DIVIDE');
    const tell = (message: Message) =>
      client.workflow.signalWithStart(of.workflow, {
        ...{ workflowId: flowId, taskQueue: of.taskQueue, args: [{ market: 'CN', orderId }] },
        ...{ signal: 'told', signalArgs: [[message]], workflowIdReusePolicy: 'ALLOW_DUPLICATE' },
      });
    const order = await tell(paidOrder(orderId, ledgerIds[paid % ledgerIds.length]!));
    await cleared;
    await order.signal('outside-answered', yeepayRequestNoOf('CLEARING', orderId, 1));
    await divided;
    await tell(confirmation(orderId));
    const { outcome } = (await order.result()) as { outcome: string };
    if (outcome !== 'CLOSED') throw new Error(`${flowId} ended ${outcome}.`);
    return flowId;
  };
}

const cny = (amountMinor: number) => ({ currency: 'CNY', amountMinor }) as const;
const runOf = (orderId: string) =>
  ({ flow: 'debt-order', flowId: debtOrderFlowId(orderId), market: 'CN' }) as const;

const paidOrder = (orderId: string, ledgerId: string): Message =>
  composeCommand(runOf(orderId), {
    ...{ type: 'create-pre-divide', source: 'mall', occurrence: '1' },
    data: {
      ...{ orderId, mallId: 'cn-mall', uniqueOrderNo: `U${orderId}`, merchantNo: '10090000001' },
      amount: cny(orderMinor.paid),
      lines: [
        { ledgerId: 'S-1', merType: 'SUPPLIER', amount: cny(orderMinor.toSupplier) },
        { ledgerId, merType: 'DEBTOR', amount: cny(orderMinor.toDebtor) },
      ],
    },
  });

const confirmation = (orderId: string): Message =>
  composeCommand(runOf(orderId), {
    ...{ type: 'settle-debt', source: 'mall', occurrence: '1' },
    data: { orderId, confirmedBy: 'MALL' },
  });
