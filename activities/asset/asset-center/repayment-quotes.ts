import type { Knex } from 'knex';
import type { IsoDate } from '../../../domain/calendar';
import type { QuoteRequest } from '../../../domain/servicing/quote';
import type {
  RepaymentAmounts,
  RepaymentRequest,
  RepaymentScenario,
} from '../../../schemas/generated/messages';
import { message } from '../../../schemas/message';
import type { KeptLoan } from './loans';

/** What is quoted, whoever has worked it out. */
interface Quoted {
  quoteId: string;
  scenario: RepaymentScenario;
  /** What a normal repayment is for; undefined for all, in the order of the product. */
  instalments?: readonly number[];
  quotedFor: IsoDate;
  amounts: RepaymentAmounts;
}

/** Keeps a quote with what it was worked out on, and tells of it. */
export async function keepQuote(tx: Knex.Transaction, kept: KeptLoan, quoted: Quoted) {
  const { loanId, customerId, currency, loan } = kept;
  const { quoteId, scenario, instalments, quotedFor, amounts } = quoted;
  const scheduleVersion = kept.scheduleVersion!;
  await tx('asset_center.repayment_quote').insert({
    ...{ quote_id: quoteId, loan_id: loanId, customer_id: customerId, scenario, currency },
    ...{ instalments: instalments ?? null, quoted_for: quotedFor, schedule_version: scheduleVersion },
    last_posting: loan.postings.length,
    principal_minor: amounts.principalMinor,
    interest_minor: amounts.interestMinor,
    fee_minor: amounts.feeMinor,
    penalty_minor: amounts.penaltyMinor,
    waiver_minor: amounts.waiverMinor,
    coupon_minor: amounts.couponMinor,
    returned_fee_minor: amounts.returnedFeeMinor,
    total_minor: amounts.totalMinor,
    return_minor: amounts.returnMinor,
  });
  return message('repayment-posting-calculated', {
    ...{ quoteId, loanId, customerId, scenario, quotedFor, scheduleVersion, currency, amounts },
    ...(instalments && { instalments: [...instalments] }),
  });
}

/** A request in the words of the rules of servicing. */
export const quoteRequestOf = (request: RepaymentRequest): QuoteRequest =>
  request.scenario === 'NORMAL'
    ? { kind: 'NORMAL', instalments: request.instalments, amountMinor: request.amount?.amountMinor }
    : { kind: request.scenario };
