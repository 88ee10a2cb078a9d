import type { Knex } from 'knex';
import { money, sumMinor } from '../../domain/money';
import type { Instalment, PositiveMoney } from '../../schemas/generated/messages';
import { message } from '../../schemas/message';
import { service } from '../service';

/** 还款计划: fixes a calculated plan as a version of the loan's schedule. Versions are appended, never changed. */
export const repaymentPlanService = service('repayment-plan-service', {
  async 'repayment-plan-calculated'({ data }, { tx }) {
    if ('scenario' in data) throw new Error(`Quote ${data.quoteId} is for asset management.`);
    const { loanId, principal, instalments, totals } = data;
    const scheduleVersion = await append(tx, loanId, principal, instalments);
    return [
      message('repayment-schedule-generated', { loanId, scheduleVersion, principal, instalments, totals }),
    ];
  },

  /** Asset management makes its own copy when the extension is in the books, and is told of it by that. */
  async 'extension-succeeded'({ data }, { tx }) {
    const { loanId, currency, newInstalments } = data;
    const principalMinor = sumMinor(newInstalments.map((one) => one.principalMinor));
    await append(tx, loanId, money(currency, principalMinor), newInstalments);
    return [];
  },
});

/** Appends a version to a loan's schedule, and says which. */
async function append(
  tx: Knex.Transaction,
  loanId: string,
  principal: PositiveMoney,
  instalments: readonly Instalment[],
): Promise<number> {
  const { rows } = await tx.raw<{ rows: [{ version: number }] }>(
    `with appended as (
       insert into repayment_plan_service.repayment_schedule (loan_id, version, currency, principal_minor)
       select :loanId, coalesce(max(version), 0) + 1, :currency, :principalMinor
         from repayment_plan_service.repayment_schedule where loan_id = :loanId
       returning loan_id, version
     ), filled as (
       insert into repayment_plan_service.instalment
         (loan_id, version, number, period_start, due_date, principal_minor, interest_minor, fee_minor)
       select s.loan_id, s.version, i.number, i.period_start, i.due_date, i.principal_minor, i.interest_minor, i.fee_minor
         from appended s, json_populate_recordset(null::repayment_plan_service.instalment, :instalments) i
     )
     select version from appended`,
    {
      ...{ loanId, currency: principal.currency, principalMinor: principal.amountMinor },
      instalments: JSON.stringify(
        instalments.map((one) => ({
          ...{ number: one.number, period_start: one.periodStart, due_date: one.dueDate },
          ...{ principal_minor: one.principalMinor, interest_minor: one.interestMinor },
          fee_minor: one.feeMinor,
        })),
      ),
    },
  );
  return rows[0].version;
}
