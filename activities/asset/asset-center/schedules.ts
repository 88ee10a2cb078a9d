import type { Knex } from 'knex';
import { insertRows } from '../../../db/insert-rows';
import type { Instalment } from '../../../schemas/generated/messages';

/** Adds a version of a loan's schedule: asset management's own copy. `addedPeriods` is set where an extension made it. */
export const insertSchedule = (
  tx: Knex.Transaction,
  loan_id: string,
  {
    version,
    instalments,
    addedPeriods: added_periods = 0,
  }: {
    version: number;
    instalments: readonly Omit<Instalment, 'totalMinor'>[];
    addedPeriods?: number;
  },
): Promise<void> =>
  insertRows(tx, {
    'asset_center.schedule': [{ loan_id, version, added_periods }],
    'asset_center.instalment': instalments.map((one) => ({
      ...{ loan_id, version, number: one.number, period_start: one.periodStart },
      ...{ due_date: one.dueDate, principal_minor: one.principalMinor },
      ...{ interest_minor: one.interestMinor, fee_minor: one.feeMinor },
    })),
  });
