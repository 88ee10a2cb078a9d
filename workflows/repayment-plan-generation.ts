import type { Message } from '../schemas/message';
import { defineFlow } from './moves/flow';
import type { Leaving } from './moves/passing';

/**
 * 还款计划生成流程, started by itself for a loan that has its note but no schedule yet: the same steps under the same
 * ids as when the disbursement flow does it, so that what was done already is found, and nothing is done twice.
 */
export const repaymentPlanGeneration = defineFlow(
  'repayment-plan-generation',
  'asset-center',
  async (flow, note: Message<'loan-note-created'>): Promise<{ loanId: string; scheduleVersion: number }> => {
    const [calculate] = await flow.pass(note).to('asset-center');
    const [, , { data }] = await generated(flow.pass(calculate));
    return { loanId: data.loanId, scheduleVersion: data.scheduleVersion };
  },
);

/** A loan's instalments are calculated by its product's rules, fixed as a schedule, and become the loan's. */
export const generated = (calculate: Leaving<'calculate-repayment-plan'>) =>
  calculate.to('product-calculation-service').to('repayment-plan-service').to('asset-center');
