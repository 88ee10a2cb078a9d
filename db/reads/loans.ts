import type { Knex } from 'knex';
import type { Instalment, MarketId } from '../../schemas/generated/messages';
import { customerOf } from '../reference';

/** A loan application as its client may see it. Amounts are in the currency's minor unit. */
export interface LoanApplicationView {
  applicationId: string;
  loanId: string;
  customerId: string;
  market: string;
  productId: string;
  productVersion: number;
  currency: string;
  principalMinor: number;
  payoutMinor: number;
  deductedMinor: number;
  instalmentCount: number;
  /** 'YYYY-MM-DD', the market's business date. */
  appliedOn: string;
  state: string;
  reasonCodes: string[];
  partnerId: string | null;
  disbursedOn: string | null;
  /** Whether the loan that comes of it is booked. */
  hasLoan: boolean;
}

/** A booked loan. Amounts are in the currency's minor unit. */
export interface LoanView {
  loanId: string;
  contractId: string;
  applicationId: string;
  customerId: string;
  market: MarketId;
  productId: string;
  productVersion: number;
  partnerId: string;
  currency: string;
  principalMinor: number;
  instalmentCount: number;
  /** 'YYYY-MM-DD', the first day of interest. */
  interestFrom: string;
  fundingJournalId: number;
  state: string;
  /** The version of the repayment schedule that holds; null until there is one. */
  scheduleVersion: number | null;
}

/** A loan application by its id; undefined when the loan engine has not seen it (yet). */
export async function loanApplicationView(
  db: Knex,
  applicationId: string,
): Promise<LoanApplicationView | undefined> {
  const { rows } = await db.raw<{ rows: LoanApplicationView[] }>(
    `select a.application_id as "applicationId", a.loan_id as "loanId", a.customer_id as "customerId", a.market,
            a.product_id as "productId", a.product_version as "productVersion", a.currency,
            a.principal_minor as "principalMinor", a.payout_minor as "payoutMinor",
            a.deducted_minor as "deductedMinor", a.instalment_count as "instalmentCount", a.applied_on as "appliedOn",
            a.state, a.reason_codes as "reasonCodes", a.partner_id as "partnerId", a.disbursed_on as "disbursedOn",
            exists (select from asset_center.loan l where l.loan_id = a.loan_id) as "hasLoan"
       from loan_engine.loan_application a where a.application_id = ?`,
    [applicationId],
  );
  return rows[0];
}

/** A loan by its id; undefined when it is not booked. */
export async function loanView(db: Knex, loanId: string): Promise<LoanView | undefined> {
  const { rows } = await db.raw<{ rows: LoanView[] }>(
    `select l.loan_id as "loanId", c.contract_id as "contractId", c.application_id as "applicationId",
            l.customer_id as "customerId", l.market, l.product_id as "productId",
            l.product_version as "productVersion", l.partner_id as "partnerId", l.currency,
            l.principal_minor as "principalMinor", l.instalment_count as "instalmentCount",
            l.interest_from as "interestFrom", l.funding_journal_id as "fundingJournalId", l.state,
            l.schedule_version as "scheduleVersion"
       from asset_center.loan l join asset_center.loan_contract c on c.loan_id = l.loan_id
      where l.loan_id = ?`,
    [loanId],
  );
  return rows[0];
}

/** The instalments of one version of a loan's schedule, in order. */
export async function instalmentsOf(db: Knex, loanId: string, version: number): Promise<Instalment[]> {
  const { rows } = await db.raw<{ rows: Instalment[] }>(
    `select number, period_start as "periodStart", due_date as "dueDate", principal_minor as "principalMinor",
            interest_minor as "interestMinor", fee_minor as "feeMinor",
            principal_minor + interest_minor + fee_minor as "totalMinor"
       from repayment_plan_service.instalment where loan_id = ? and version = ? order by number`,
    [loanId, version],
  );
  return rows;
}

/** A loan in the list of its customer's loans. Amounts are in the currency's minor unit. */
export interface CustomerLoan {
  loanId: string;
  state: string;
  productId: string;
  productVersion: number;
  currency: string;
  principalMinor: number;
  instalmentCount: number;
  /** 'YYYY-MM-DD', the first day of interest. */
  interestFrom: string;
  /** Loans are in the order of these: each loan has one, and a later loan has a higher one. */
  fundingJournalId: number;
}

/**
 * A customer's booked loans, the newest first; undefined when there is no such customer.
 *
 * @param page `after`: the funding journal of the loan after which to go on; at most `limit` rows
 */
export async function loansOfCustomer(
  db: Knex,
  customerId: string,
  { after, limit }: { after: number | undefined; limit: number },
): Promise<CustomerLoan[] | undefined> {
  if (!(await customerOf(db, customerId))) return undefined;
  const { rows } = await db.raw<{ rows: CustomerLoan[] }>(
    `select loan_id as "loanId", state, product_id as "productId", product_version as "productVersion", currency,
            principal_minor as "principalMinor", instalment_count as "instalmentCount",
            interest_from as "interestFrom", funding_journal_id as "fundingJournalId"
       from asset_center.loan
      where customer_id = :customerId and (cast(:after as bigint) is null or funding_journal_id < :after)
      order by funding_journal_id desc
      limit :limit`,
    { customerId, after: after ?? null, limit },
  );
  return rows;
}

/** The numbers of a loan's schedule versions, the newest first; none before it has a schedule. */
export async function scheduleVersions(db: Knex, loanId: string): Promise<number[]> {
  return db('repayment_plan_service.repayment_schedule')
    .where({ loan_id: loanId })
    .orderBy('version', 'desc')
    .pluck<number[]>('version');
}

/** Why the loan engine refused an application that the API had accepted; undefined when it did not. */
export async function refusalOfApplication(db: Knex, flowId: string): Promise<string | undefined> {
  const row = await db('messages.handling')
    .where({ flow_id: flowId, service: 'loan-engine', message_type: 'submit-loan-application' })
    .whereNotNull('refusal')
    .first<{ refusal: { code: string } } | undefined>('refusal');
  return row?.refusal.code;
}
