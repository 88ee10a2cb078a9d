import type { Knex } from 'knex';
import { trialBalance } from '../../db/books/trial-balance';
import { comparisons, type SetComparisonName } from '../../db/reconciliation/comparisons';

/** Where two sides do not agree: what it is about, and both amounts in minor units. */
interface Disagreement {
  about: string;
  booksMinor: number;
  otherMinor: number;
}

/** What stands behind money in a sub-ledger: payers' money, ours in their place, and what was moved or given back. */
const moneyKinds = `('PAYMENT', 'COUPON', 'NETTING', 'RETURNED_FEE')`;

const balanceOf = (book: string, code: string, owner: string): string =>
  `coalesce((select sum(a.balance_minor) from books.account_position a
              where a.book = '${book}' and a.code = ${code} and a.owner = ${owner}), 0)`;
const postedOf = (condition: string): string =>
  `coalesce((select sum(o.amount_minor) from asset_center.posting o join asset_center.loan ol using (loan_id)
              where ${condition}), 0)`;

/** Each promise, as the two sides that must be equal: `about`, `books` and `other`. */
const promises: Record<string, string> = {
  'customer-payable + applied = received - refunded - charged back': `
    select c.id as about, ${balanceOf('general', `'customer-payable'`, 'c.id')}
             + ${postedOf(`ol.customer_id = c.id and o.kind in ('PAYMENT', 'NETTING')`)} as books,
           coalesce((select sum(r.amount_minor) from repayment_engine.repayment r
                       left join repayment_engine.repayment_identification i using (party, transaction_no)
                      where coalesce(r.customer_id, i.customer_id) = c.id), 0)
             - coalesce((select sum(f.amount_minor) from refund_reversal_service.refund f
                          where f.customer_id = c.id and f.state = 'PAID_OUT'), 0)
             - coalesce((select sum(b.claimed_minor) from refund_reversal_service.chargeback b
                          where b.customer_id = c.id), 0) as other
      from reference.customer c`,
  'what a party has taken back stands with it, as far as nobody bears it': `
    select p.id as about, ${balanceOf('general', `'charged-back'`, 'p.id')} as books,
           coalesce((select sum(b.amount_minor - case when b.state = 'CHARGED' then b.claimed_minor + b.receivable_minor else 0 end)
                       from refund_reversal_service.chargeback b where b.party = p.id), 0) as other
      from reference.party p`,
  'a customer owes what was refunded and then charged back': `
    select c.id as about, ${balanceOf('general', `'chargeback-receivable'`, 'c.id')} as books,
           coalesce((select sum(b.receivable_minor) from refund_reversal_service.chargeback b
                      where b.customer_id = c.id), 0) as other
      from reference.customer c`,
  'no receipt gives back more than stands of it, nor has less than nothing with a loan': `
    select r.party || '.' || r.transaction_no as about, 0 as books,
           least(0, r.amount_minor - coalesce(f.refunded_minor, 0) - coalesce(o.with_loans, 0), o.least_with_one) as other
      from repayment_engine.repayment r
      left join (select party, transaction_no, sum(amount_minor) as refunded_minor from refund_reversal_service.refund
                  where state = 'PAID_OUT' group by party, transaction_no) f using (party, transaction_no)
      left join (select payment_id, sum(own) as with_loans, min(own) as least_with_one
                   from (select payment_id, loan_id, sum(amount_minor) as own from asset_center.posting
                          where kind = 'PAYMENT' group by payment_id, loan_id) by_loan
                  group by payment_id) o on o.payment_id = r.party || '.' || r.transaction_no`,
  'what is held of a payer is what open refunds give back of what stands with no loan': `
    select c.id as about,
           coalesce((select sum(h.open_minor) from books.hold_position h join books.account a on a.id = h.account_id
                      where a.book = 'general' and a.code = 'customer-payable' and a.owner = c.id), 0) as books,
           coalesce((select sum(f.amount_minor - coalesce(
                        (select sum(p.amount_minor) from refund_reversal_service.refund_part p
                          where p.refund_id = f.refund_id), 0))
                       from refund_reversal_service.refund f
                      where f.customer_id = c.id and f.state not in ('PAID_OUT', 'REJECTED', 'FAILED')), 0) as other
      from reference.customer c`,
  'what a partner owes for refunds is what was paid back for it out of custody': `
    select p.id as about, ${balanceOf('general', `'refund-receivable'`, 'p.id')} as books,
           coalesce((select sum(f.amount_minor) from refund_reversal_service.refund f
                      where f.collecting_partner_id = p.id and f.state = 'PAID_OUT'), 0) as other
      from reference.party p where p.kind = 'FUNDING_PARTNER'`,
  'nothing of a credit line that is used past its limit is available': `
    select c.id as about, ${balanceOf('credit', `'over-limit'`, 'c.id')} as books,
           case when ${balanceOf('credit', `'available'`, 'c.id')} > 0 then 0
                else ${balanceOf('credit', `'over-limit'`, 'c.id')} end as other
      from reference.customer c`,
  'no component of an instalment has less than nothing posted, nor more of it than is asked for': `
    select i.loan_id || ' ' || i.number as about, 0 as books,
           least(0, i.fee_minor - coalesce(o.fee, 0), i.interest_minor - coalesce(o.interest, 0),
                 i.principal_minor - coalesce(o.principal, 0), o.least) as other
      from asset_center.loan l
      join asset_center.instalment i on i.loan_id = l.loan_id and i.version = l.schedule_version
      left join (select loan_id, instalment, min(paid) as least,
                        sum(minor) filter (where component = 'FEE') as fee,
                        sum(minor) filter (where component = 'INTEREST') as interest,
                        sum(minor) filter (where component = 'PRINCIPAL') as principal
                   from (select loan_id, instalment, component, sum(amount_minor) as minor,
                                -- The price of an extension is owed until it is paid.
                                sum(amount_minor) filter (where (component, kind) <> ('FEE', 'ADJUSTMENT')) as paid
                           from asset_center.posting
                          group by loan_id, instalment, component) by_component
                  group by loan_id, instalment) o on o.loan_id = i.loan_id and o.instalment = i.number`,
  'nothing stays in clearing after a refund': `
    select c.id as about, ${balanceOf('general', `'refund-clearing'`, 'c.id')} as books, 0 as other
      from reference.customer c`,
  'the general book has the principal that is open by the sub-ledger': `
    select l.loan_id as about, ${balanceOf('general', `'loan-principal'`, 'l.loan_id')} as books,
           (select sum(i.principal_minor) from asset_center.instalment i
             where i.loan_id = l.loan_id and i.version = l.schedule_version)
             - ${postedOf(`o.loan_id = l.loan_id and o.component = 'PRINCIPAL'`)} as other
      from asset_center.loan l where l.schedule_version is not null and l.state <> 'REVERSED'`,
  'the credit line is used by the open principal of the loans': `
    select c.id as about, ${balanceOf('credit', `'used'`, 'c.id')} as books,
           coalesce((select sum(l.principal_minor) from asset_center.loan l
                      where l.customer_id = c.id and l.state <> 'REVERSED'), 0)
             - ${postedOf(`ol.customer_id = c.id and o.component = 'PRINCIPAL'`)} as other
      from reference.customer c`,
  'a funding partner has received what was put towards its loans': `
    select p.id as about, ${balanceOf('funds', `'received'`, 'p.id')} - ${balanceOf('funds', `'received-short'`, 'p.id')}
             + coalesce((select sum(f.amount_minor) from fund_management_system.refund_reservation f
                          where f.partner_id = p.id and f.state = 'FROZEN'), 0) as books,
           ${postedOf(`ol.partner_id = p.id and o.kind in ('PAYMENT', 'NETTING')`)} as other
      from reference.party p where p.kind = 'FUNDING_PARTNER'`,
  'income is what was paid of interest, fees and penalty': `
    select m.id || ' ' || income.code as about, ${balanceOf('general', 'income.code', 'm.id')} as books,
           ${postedOf(`ol.market = m.id and o.component = income.component and o.kind in ${moneyKinds}`)} as other
      from reference.market m,
           (values ('interest-income', 'INTEREST'), ('fee-income', 'FEE'), ('penalty-income', 'PENALTY')) income (code, component)`,
  'what is unidentified is what nobody has identified': `
    select p.id as about, ${balanceOf('general', `'unidentified-receipts'`, 'p.id')} as books,
           coalesce((select sum(r.amount_minor) from repayment_engine.repayment r
                       left join repayment_engine.repayment_identification i using (party, transaction_no)
                      where r.party = p.id and r.customer_id is null and i.party is null), 0) as other
      from reference.party p`,
  'every loan that owes nothing is closed, and no other': `
    select l.loan_id as about, (l.state in ('SETTLED', 'CANCELLED'))::integer as books,
           ((select sum(i.principal_minor) from asset_center.instalment i
              where i.loan_id = l.loan_id and i.version = l.schedule_version)
             = ${postedOf(`o.loan_id = l.loan_id and o.component = 'PRINCIPAL'`)})::integer as other
      from asset_center.loan l where l.schedule_version is not null and l.state <> 'REVERSED'`,
};

/**
 * Where the books do not agree with what the services keep, in any of the promises; a book that does not balance too.
 * To be called when nothing is being posted.
 *
 * @returns one sentence for each disagreement; none when all agree
 */
export async function booksDisagree(db: Knex): Promise<string[]> {
  const { totals } = await trialBalance(db);
  const unbalanced = totals
    .filter(({ balanced }) => !balanced)
    .map(({ book, currency }) => `book ${book} does not balance in ${currency}`);
  const found = await Promise.all(
    Object.entries(promises).map(async ([promise, sides]) => {
      const { rows } = await db.raw<{ rows: Disagreement[] }>(
        `select about, books::bigint as "booksMinor", other::bigint as "otherMinor"
           from (${sides}) sides where books is distinct from other`,
      );
      return rows.map((row) => `${promise}: of ${row.about}, ${row.booksMinor} is not ${row.otherMinor}`);
    }),
  );
  return [...unbalanced, ...found.flat(), ...(await debtsDisagree(db))];
}

/** What a reconciliation would find of how malls' orders and debts stand. */
async function debtsDisagree(db: Knex): Promise<string[]> {
  const standing = (Object.keys(comparisons) as SetComparisonName[]).filter(
    (name) => comparisons[name].of === 'STANDING',
  );
  const found = await Promise.all(
    standing.map(async (name) => {
      const { rows } = await db.raw<{ rows: { subject: string; ours: unknown; theirs: unknown }[] }>(
        `select subject, ours, theirs from (${comparisons[name].sides}) sides where ours is distinct from theirs`,
        { market: 'CN' },
      );
      return rows.map(
        ({ subject, ours, theirs }) => `${name}: of ${subject}, ${String(ours)} is not ${String(theirs)}`,
      );
    }),
  );
  return found.flat();
}

/** What a loan owes by the tables, in minor units; penalty stands in none. */
export interface OwedByTables {
  loanId: string;
  feeMinor: number;
  interestMinor: number;
  principalMinor: number;
}

/**
 * What is owed of a customer's active loans: the sum of the schedule that holds less the sum of the postings.
 *
 * @returns by the loan's id; no loan that owes nothing
 */
export async function owedByTables(db: Knex, customerId: string): Promise<OwedByTables[]> {
  const left = (component: string): string =>
    `((select sum(i.${component}_minor) from asset_center.instalment i
        where i.loan_id = l.loan_id and i.version = l.schedule_version)
      - ${postedOf(`o.loan_id = l.loan_id and o.component = '${component.toUpperCase()}'`)})::bigint`;
  const { rows } = await db.raw<{ rows: OwedByTables[] }>(
    `select l.loan_id as "loanId", ${left('fee')} as "feeMinor", ${left('interest')} as "interestMinor",
            ${left('principal')} as "principalMinor"
       from asset_center.loan l where l.customer_id = ? and l.state = 'ACTIVE' order by l.loan_id`,
    [customerId],
  );
  return rows;
}
