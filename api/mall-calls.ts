import { crashPoint } from '../crash/point';
import { recordMallCall, unhandledMessages, type MallCall, type RecordedCall } from '../db/access/mall-calls';
import { debtOrderFlowId } from '../domain/identifiers';
import { composeCommand, type CommandDraft } from '../schemas/compose';
import type { CreatePreDivideData, MarketId } from '../schemas/generated/messages';
import type { Message } from '../schemas/message';
import type { FlowNeeds } from './needs';
import { Problem } from './problem';
import { tellOrder } from './temporal';

/**
 * Records what a mall tells of an order, then tells the order's flow. Whatever dies in between, the next call about the order, such
 * as the same one again, tells the flow of this one too.
 *
 * @param check is shown the order's calls so far before the call is added to them
 * @throws Problem where it cannot be taken in; then nothing is recorded
 */
export async function takeIn(
  { db, temporal, config }: FlowNeeds,
  market: MarketId,
  call: MallCall,
  check?: (earlier: readonly RecordedCall[]) => void,
): Promise<void> {
  const { orderId, kind } = call;
  crashPoint('after-receive', 'mall call');
  switch (await recordMallCall(db, market, call, check)) {
    case 'UNKNOWN_ORDER':
      throw unknownOrder(orderId);
    case 'CONTRADICTED':
      throw kind === 'REFUND'
        ? new Problem('REFUND_TAKEN', 'What was told first stands. Give another refund a number of its own.')
        : new Problem('ORDER_TAKEN', 'What was told first stands. Give another order a number of its own.');
  }
  const messages = await unhandledMessages(db, orderId);
  if (messages.length > 0) {
    await tellOrder(temporal, { taskQueue: config.taskQueue, market, orderId, messages });
  }
  crashPoint('before-answer', 'mall call');
}

export const unknownOrder = (orderId: string): Problem =>
  new Problem('UNKNOWN_DEBT_ORDER', `No order ${orderId} of yours was told of: tell first that it is paid.`);

/** The command by which an order's flow begins. */
export const preDivide = (market: MarketId, data: CreatePreDivideData): Message =>
  commandOf(market, data.orderId, { type: 'create-pre-divide', data });

/** The command by which an order's debts are settled. */
export const settleDebt = (market: MarketId, orderId: string): Message =>
  commandOf(market, orderId, { type: 'settle-debt', data: { orderId, confirmedBy: 'MALL' } });

const commandOf = (market: MarketId, orderId: string, draft: Pick<CommandDraft, 'type' | 'data'>): Message =>
  composeCommand(
    { flow: 'debt-order', flowId: debtOrderFlowId(orderId), market },
    { ...draft, source: 'mall', occurrence: '1' },
  );
