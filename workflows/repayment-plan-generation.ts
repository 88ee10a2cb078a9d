import type { Message } from '../schemas/message';
import { defineFlow, type Flow } from './moves/flow';

/**
 * 还款计划生成流程, started by itself for a loan that has its note but no schedule yet: the same steps under the same
 * ids as when the disbursement flow does it, so that what was done already is found, and nothing is done twice.
 */
export const repaymentPlanGeneration = defineFlow(
  'repayment-plan-generation',
  'asset-center',
  async (flow, note: Message<'loan-note-created'>): Promise<{ loanId: string; scheduleVersion: number }> => {
    const [calculate] = await flow.pass(note).to('asset-center');
    const { data } = await generateRepaymentPlan(flow, calculate);
    return { loanId: data.loanId, scheduleVersion: data.scheduleVersion };
  },
);

/** Calculates a loan's instalments by its product's rules and fixes them as the loan's schedule. */
export async function generateRepaymentPlan(
  flow: Flow<'asset-center'>,
  calculate: Message<'calculate-repayment-plan'>,
): Promise<Message<'repayment-schedule-generated'>> {
  const [, , available] = await flow
    .pass(calculate)
    .to('product-calculation-service')
    .to('repayment-plan-service')
    .to('asset-center');
  return available;
}
