import type { Knex } from 'knex';
import { positionOf } from '../../../domain/servicing/position';
import type { RepaymentPlanCalculatedData } from '../../../schemas/generated/messages';
import { message } from '../../../schemas/message';
import type { KeptLoan } from './loans';

/** What product calculation has worked out of an extension. */
type Calculated = Extract<RepaymentPlanCalculatedData, { scenario: 'EXTENSION' }>;

/** Keeps the quote of an extension with what it was worked out on, and tells of it. */
export async function keepExtensionQuote(tx: Knex.Transaction, kept: KeptLoan, calculated: Calculated) {
  const { loanId, customerId, loan } = kept;
  const { quoteId, scenario, periods, quotedFor, currency, amounts, newInstalments } = calculated;
  const { feeMinor, arrears, totalMinor, addedInterestMinor } = amounts;
  const scheduleVersion = kept.scheduleVersion!;
  await tx('asset_center.extension_quote').insert({
    ...{ quote_id: quoteId, loan_id: loanId, customer_id: customerId, periods, quoted_for: quotedFor },
    ...{ schedule_version: scheduleVersion, last_posting: loan.postings.length, currency },
    overdue_days: positionOf(loan, quotedFor).overdueDays,
    times_extended: loan.extensions.length,
    fee_minor: feeMinor,
    arrears_penalty_minor: arrears.penaltyMinor,
    arrears_fee_minor: arrears.feeMinor,
    arrears_interest_minor: arrears.interestMinor,
    arrears_principal_minor: arrears.principalMinor,
    total_minor: totalMinor,
    added_interest_minor: addedInterestMinor,
    new_instalments: JSON.stringify(newInstalments),
  });
  return message('repayment-posting-calculated', {
    ...{ quoteId, loanId, customerId, scenario, periods, quotedFor, scheduleVersion, currency, amounts },
    newInstalments,
  });
}
