import type { Knex } from 'knex';
import { trialBalance } from '../../db/books/trial-balance';

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
  'customer-payable + applied = received - refunded': `
    select c.id as about, ${balanceOf('general', `'customer-payable'`, 'c.id')}
             + ${postedOf(`ol.customer_id = c.id and o.kind in ('PAYMENT', 'NETTING')`)} as books,
           coalesce((select sum(r.amount_minor) from repayment_engine.repayment r
                       left join repayment_engine.repayment_identification i using (party, transaction_no)
                      where coalesce(r.customer_id, i.customer_id) = c.id), 0)
             - coalesce((select sum(f.amount_minor) from refund_reversal_service.refund f
                          where f.customer_id = c.id and f.state = 'PAID_OUT'), 0) as other
      from reference.customer c`,
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
    select p.id as about, ${balanceOf('funds', `'received'`, 'p.id')}
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
  return [...unbalanced, ...found.flat()];
}
