import type { Knex } from 'knex';
import { compareDays, type IsoDate } from '../../../domain/calendar';
import type { Currency } from '../../../domain/money';
import type { Loan } from '../../../domain/servicing/loan';
import type { LoanAccount } from '../../../schemas/generated/messages';

/** A loan as asset management keeps it. */
export interface KeptLoan {
  loanId: string;
  customerId: string;
  productId: string;
  productVersion: number;
  partnerId: string;
  currency: Currency;
  /** How long the contract of its funding partner lets it run; null where it has no such rule. */
  longestTermDays: number | null;
  state: 'BOOKED' | 'ACTIVE' | 'SETTLED' | 'CANCELLED' | 'REVERSED';
  /** The version of the schedule that holds; null until there is one, and then there are no instalments either. */
  scheduleVersion: number | null;
  /** The day that the market is in. */
  businessDate: IsoDate;
  /** As the rules of servicing see it. */
  loan: LoanAccount & Pick<Loan, 'market' | 'terms'>;
}

type Wanted = { loanId: string } | { activeOf: string };

/**
 * Loads loans with all that the rules of servicing work with, however many they are, in one query.
 *
 * @param wanted one loan, or the active loans of a customer
 * @returns the newest first; none where there is no such loan
 */
export async function keptLoans(tx: Knex.Transaction, wanted: Wanted): Promise<KeptLoan[]> {
  const [condition, id] =
    'loanId' in wanted
      ? ['l.loan_id = ?', wanted.loanId]
      : [`l.customer_id = ? and l.state = 'ACTIVE'`, wanted.activeOf];
  const { rows } = await tx.raw<{ rows: KeptLoan[] }>(
    `select l.loan_id as "loanId", l.customer_id as "customerId", l.product_id as "productId",
            l.product_version as "productVersion", l.partner_id as "partnerId", l.currency, l.state, l.schedule_version as "scheduleVersion",
            d.business_date as "businessDate", f.longest_term_days as "longestTermDays",
            json_build_object(
              'market', l.market, 'terms', p.terms, 'startDate', l.interest_from,
              'instalments', coalesce(
                (select json_agg(json_build_object(
                          'number', number, 'periodStart', period_start, 'dueDate', due_date,
                          'principalMinor', principal_minor, 'interestMinor', interest_minor, 'feeMinor', fee_minor,
                          'totalMinor', principal_minor + interest_minor + fee_minor) order by number)
                   from asset_center.instalment i where i.loan_id = l.loan_id and i.version = l.schedule_version), '[]'),
              'extensions', coalesce(
                (select json_agg(added_periods order by version)
                   from asset_center.schedule s where s.loan_id = l.loan_id and added_periods > 0), '[]'),
              'payments', coalesce(
                (select json_agg(json_build_object(
                          'id', payment_id, 'valueDate', value_date, 'amountMinor', amount_minor,
                          'couponMinor', coupon_minor,
                          'intent', json_strip_nulls(json_build_object(
                            'kind', intent, 'instalments', instalments, 'quotedFor', quoted_for, 'periods', periods)))
                        order by number)
                   from asset_center.payment y where y.loan_id = l.loan_id), '[]'),
              'postings', coalesce(
                (select json_agg(json_strip_nulls(json_build_object(
                          'number', number, 'paymentId', payment_id, 'valueDate', value_date, 'instalment', instalment,
                          'component', component, 'by', kind, 'amountMinor', amount_minor, 'undoes', undoes))
                        order by number)
                   from asset_center.posting o where o.loan_id = l.loan_id), '[]')) as loan
       from asset_center.loan l
       join reference.product_version p on p.product_id = l.product_id and p.version = l.product_version
       join reference.business_date d on d.market = l.market
       join reference.party f on f.id = l.partner_id
      where ${condition}
      order by l.funding_journal_id desc`,
    [id],
  );
  return rows;
}

/**
 * Loads a loan and keeps it as it is until the transaction ends.
 *
 * @param lock SHARE where it is only looked at; UPDATE where something is posted, so that of two payers at the same
 *   instant one follows the other
 */
export async function lockedLoan(
  tx: Knex.Transaction,
  loanId: string,
  lock: 'SHARE' | 'UPDATE',
): Promise<KeptLoan | undefined> {
  // In a statement of its own: one that waits for a lock still sees the other tables as they were before it waited.
  await tx.raw(`select from asset_center.loan where loan_id = ? for ${lock}`, [loanId]);
  const [kept] = await keptLoans(tx, { loanId });
  return kept;
}

/**
 * The day for which a loan is looked at: the business date, or the loan's first day, or that of its last posting, where
 * these are later. Money counts on the day on which it was paid, which can be after a business date that is not closed
 * yet; and the rules do not look back behind what was posted.
 */
export function lookedAtOn({
  businessDate,
  loan,
}: Pick<KeptLoan, 'businessDate'> & { loan: Pick<Loan, 'startDate' | 'postings'> }): IsoDate {
  const days = [businessDate, loan.startDate, ...loan.postings.map(({ valueDate }) => valueDate)];
  return days.sort(compareDays).at(-1)!;
}

/** What stands of a payment with each of a customer's loans, by loan id; the loans are kept as they are until the end. */
export async function lockedAllocations(
  tx: Knex.Transaction,
  customerId: string,
  paymentId: string,
): Promise<{ loanId: string; partnerId: string; amountMinor: number }[]> {
  await tx.raw(
    `select from asset_center.loan l
      where l.customer_id = ? and exists (select from asset_center.payment y where y.loan_id = l.loan_id and y.payment_id = ?)
      order by l.loan_id for update`,
    [customerId, paymentId],
  );
  const { rows } = await tx.raw<{ rows: { loanId: string; partnerId: string; amountMinor: number }[] }>(
    `select l.loan_id as "loanId", l.partner_id as "partnerId", sum(o.amount_minor)::bigint as "amountMinor"
       from asset_center.loan l join asset_center.posting o using (loan_id)
      where l.customer_id = ? and o.payment_id = ? and o.kind = 'PAYMENT'
      group by l.loan_id, l.partner_id having sum(o.amount_minor) > 0
      order by l.loan_id`,
    [customerId, paymentId],
  );
  return rows;
}
