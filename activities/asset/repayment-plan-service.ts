import { message } from '../../schemas/message';
import { service } from '../service';

/** 还款计划: fixes a calculated plan as a version of the loan's schedule. Versions are appended, never changed. */
export const repaymentPlanService = service('repayment-plan-service', {
  async 'repayment-plan-calculated'({ data }, { tx }) {
    if ('scenario' in data) throw new Error(`Quote ${data.quoteId} is for asset management.`);
    const { loanId, principal, instalments, totals } = data;
    const { rows } = await tx.raw<{ rows: [{ version: number }] }>(
      `insert into repayment_plan_service.repayment_schedule (loan_id, version, currency, principal_minor)
       select :loanId, coalesce(max(version), 0) + 1, :currency, :principalMinor
         from repayment_plan_service.repayment_schedule where loan_id = :loanId
       returning version`,
      { loanId, currency: principal.currency, principalMinor: principal.amountMinor },
    );
    const [{ version }] = rows;
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
