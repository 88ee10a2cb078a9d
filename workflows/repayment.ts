import type { Message } from '../schemas/message';
import { defineFlow } from './moves/flow';
import { confirm } from './repayment/confirm';

/** 还款流程. What starts a run says which part of it is gone: an order has the payer given a method to pay by. */
export const repayment = defineFlow(
  'repayment',
  'repayment-engine',
  (flow, wanted: Message<'create-repayment-order'>) => confirm(flow, wanted),
);
