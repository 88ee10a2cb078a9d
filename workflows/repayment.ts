import { is, type Message } from '../schemas/message';
import { defineFlow } from './moves/flow';
import { confirm, type RepaymentOrderOutcome } from './repayment/confirm';
import { moneyIn, type MoneyInOutcome } from './repayment/money-in';

/** 还款流程, its sub-flows that wait for something, each by what it starts with. */
export const repayment = defineFlow(
  'repayment',
  'repayment-engine',
  async (
    flow,
    started: Message<'create-repayment-order'> | Message<'external-repayment-notified'>,
  ): Promise<RepaymentOrderOutcome | MoneyInOutcome> =>
    is(started, 'create-repayment-order') ? confirm(flow, started) : moneyIn(flow, started),
);
