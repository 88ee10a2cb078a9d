import type { Client } from '@temporalio/client';
import { loanIdOf, methodNoOf, receiptIdOf } from '../domain/identifiers';
import { composeCommand, composeEvent } from '../schemas/compose';
import { message } from '../schemas/message';
import type { MoneyInOutcome } from '../workflows/repayment/money-in';
import type { RepaymentOrderOutcome } from '../workflows/repayment/confirm';
import { customerId, ourQueue } from './disbursements';

const flow = 'repayment';
const party = 'bank-huaxin';
/** A part of the first instalment of the smallest loan. */
const amount = { currency: 'CNY' as const, amountMinor: 100 };

/** Of a repayment: the party that gives the method, and the one that carries messages. */
export const outsideCalls = 2;

/** A loan that money can be paid for. */
interface Borrowed {
  loanId: string;
  customerId: string;
}

/** Takes loans, so many at once. In: what takes one and gives its flow's id. */
export async function borrow(
  disburse: () => Promise<string>,
  count: number,
  atOnce: number,
): Promise<Borrowed[]> {
  const loans: Borrowed[] = [];
  let started = 0;
  const takeTurns = async (): Promise<void> => {
    while (started < count) {
      started += 1;
      const applicationId = (await disburse()).split(':')[1]!;
      loans.push({ loanId: loanIdOf(applicationId), customerId: customerId(Number(applicationId.slice(2))) });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, takeTurns));
  return loans;
}

/**
 * Makes repayments, of the loans in turns, as the API starts them: an order that gets its method, then the money for it.
 *
 * @returns what makes one, and gives the ids of its two flows
 */
export function repayments(client: Client, loans: readonly Borrowed[]): () => Promise<[string, string]> {
  let made = 0;
  return async () => {
    const loan = loans[made % loans.length]!;
    made += 1;
    const orderId = `RO${String(made).padStart(16, '0')}`;
    const order = { flow, flowId: `${flow}:${orderId}`, market: 'CN' } as const;
    const ordered = await execute<RepaymentOrderOutcome>(client, order.flowId, orderOf(order, orderId, loan));
    if (ordered.outcome !== 'METHOD_CREATED') throw new Error(`${order.flowId} ended ${ordered.outcome}.`);

    const receipt = { party, transactionNo: `TX${orderId}`, amount, paidAt: new Date().toISOString() };
    const moneyFlowId = `${flow}:${receiptIdOf(party, receipt.transactionNo)}`;
    const notified = composeEvent(
      { source: 'partner-hub', market: 'CN', flowId: moneyFlowId },
      message('external-repayment-notified', { ...receipt, methodNo: methodNoOf(orderId, 1) }),
    );
    const { outcome } = await execute<MoneyInOutcome>(client, moneyFlowId, notified);
    if (outcome !== 'APPLIED') throw new Error(`${moneyFlowId} ended ${outcome}.`);
    return [order.flowId, moneyFlowId];
  };
}

const execute = <Outcome>(client: Client, workflowId: string, started: object): Promise<Outcome> =>
  client.workflow.execute(flow, { workflowId, taskQueue: ourQueue, args: [started] }) as Promise<Outcome>;

const orderOf = (
  run: { flow: typeof flow; flowId: string; market: 'CN' },
  orderId: string,
  { loanId, customerId: payerId }: Borrowed,
) =>
  composeCommand(run, {
    ...{ type: 'create-repayment-order', source: 'app', occurrence: '1' },
    data: {
      ...{ orderId, customerId: payerId, payer: 'BORROWER', amount },
      lines: [{ loanId, partnerId: party, scenario: 'NORMAL', amount }],
    },
  });
