import { message } from '../../schemas/message';
import { service } from '../service';

/** 还款计划: fixes a calculated plan as a version of the loan's schedule. Versions are appended, never changed. */
export const repaymentPlanService = service('repayment-plan-service', {
  async 'repayment-plan-calculated'({ data }, { tx }) {
    if ('scenario' in data) throw new Error(`Quote ${data.quoteId} is for asset management.`);
    const { loanId, principal, instalments, totals } = data;
    const newest = await tx('repayment_plan_service.repayment_schedule')
      .where('loan_id', loanId)
      .max<{ max: number | null }[]>('version as max');
    const version = (newest[0]?.max ?? 0) + 1;
    await tx('repayment_plan_service.repayment_schedule').insert({
      loan_id: loanId,
      version,
      currency: principal.currency,
      principal_minor: principal.amountMinor,
    });
    await tx('repayment_plan_service.instalment').insert(
      instalments.map((instalment) => ({
        loan_id: loanId,
        version,
        number: instalment.number,
        period_start: instalment.periodStart,
        due_date: instalment.dueDate,
        principal_minor: instalment.principalMinor,
        interest_minor: instalment.interestMinor,
        fee_minor: instalment.feeMinor,
      })),
    );
    return [
      message('repayment-schedule-generated', {
        loanId,
        scheduleVersion: version,
        principal,
        instalments,
        totals,
      }),
    ];
  },
});
