/**
 * What is compared: both sides of each comparison as one query, whose rows have `subject`, `order_id` (null where it is of no one
 * order), `ours`, `theirs` (null where that side has nothing) and `since`, when what was just told should have been done; null where
 * that is no matter. It may use `:market`, `:day` and `:runId`. Two services' tables are read side by side here, and nowhere changed.
 *
 * - `DAY`: what happened on the run's day. Only a run of the same day can find that a finding of it is gone.
 * - `STANDING`: how all stands now, whatever the day.
 */
interface SetComparison {
  of: 'DAY' | 'STANDING';
  sides: string;
}

const balanceOf = (code: string, owner: string): string =>
  `coalesce((select sum(a.balance_minor) from books.account_position a
              where a.book = 'general' and a.code = '${code}' and a.owner = ${owner}), 0)`;

/** What refunds had left out of a line (`i`) before it was divided. */
export const leftOut = `coalesce((select sum(l.amount_minor) from divide_service.refund_line l
                   join divide_service.order_refund f using (order_id, refund_id)
                  where l.order_id = i.order_id and l.number = i.number and f.state = 'LEFT_OUT'), 0)`;
/** What of an order was ever divided. */
const dividedMinor = `case when d.status = 'COMPLETED' then
     (select coalesce(sum(i.amount_minor - ${leftOut}), 0) from divide_service.divide_item i where i.order_id = d.order_id) else 0 end`;
/** What of an order is divided and not returned. */
const withReceivers = `case when d.status = 'COMPLETED' then
     (select coalesce(sum(i.amount_minor - i.refunded_minor), 0) from divide_service.divide_item i where i.order_id = d.order_id) else 0 end`;
/** What of an order's rest Yeepay has divided after the confirmed failure of that; the books alone say how much it was. */
const dividedLate = `coalesce((select sum(e.amount_minor) from books.account a join books.entry e on e.account_id = a.id
                                 join books.journal j on j.id = e.journal_id and j.scenario = 'general.divide-found'
                                where a.book = 'general' and a.code = 'yeepay-undivided' and a.owner = d.order_id), 0)`;
const movedBy = (condition: string): string =>
  `coalesce((select sum(case r.type when 'INCOME' then r.amount_minor else -r.amount_minor end)
               from debt_settlement_service.repayment_record r where ${condition}), 0)`;
const ofMarket = `c.currency = (select m.currency from reference.market m where m.id = :market)`;

/** A side of one order, by its number. */
const byOrder = (ours: string, theirs: string): string => `
  select d.order_id as subject, d.order_id, ${ours} as ours, ${theirs} as theirs, null::timestamptz as since
    from divide_service.divide_record d where d.market = :market`;
/** A side of one contract. */
const byContract = (ours: string, theirs: string): string => `
  select c.contract_id as subject, null as order_id, ${ours} as ours, ${theirs} as theirs, null::timestamptz as since
    from debt_settlement_service.debt_contract c where ${ofMarket}`;

/** The requests of a kind that Yeepay has carried out, by its word or two persons' (`r`). */
const carriedOut = (operation: string): string =>
  `r.flow_id = 'debt-order:' || d.order_id and r.operation = '${operation}' and r.state = 'SUCCEEDED'`;

/**
 * What Yeepay did on the day by our records, by receiver. Numbers and days are those of the requests, amounts those of the lines.
 * A completion is known by its order, as an imported one has no number of ours.
 */
const doneByRecords = `
  select 'DIVIDE ' || d.divide_request_id || ' ' || i.sub_mer_no as subject, d.order_id, sum(i.amount_minor - ${leftOut}) as minor
    from divide_service.divide_record d join divide_service.divide_item i using (order_id)
   where d.market = :market and d.status = 'COMPLETED' and d.divided_on = :day and d.divide_request_id is not null
   group by d.order_id, d.divide_request_id, i.sub_mer_no having sum(i.amount_minor - ${leftOut}) > 0
  union all
  select 'BACK ' || r.request_no || ' ' || i.sub_mer_no, d.order_id, sum(l.amount_minor)
    from outside.request r
    join messages.message m on m.message_id = r.message_id
    join divide_service.divide_record d on d.order_id = m.body #>> '{data,orderId}' and d.market = :market
    join reference.market k on k.id = d.market
    left join divide_service.refund_line l on l.order_id = d.order_id and l.refund_id = m.body #>> '{data,refundId}'
    left join divide_service.divide_item i on i.order_id = l.order_id and i.number = l.number
   where r.party = 'yeepay' and r.operation = 'yeepay-divide-back' and r.state = 'SUCCEEDED'
     -- Settled later than done, or at the same time by another clock.
     and r.settled_at > cast(:day as date) - 1
     and ((r.answer ->> 'paidAt')::timestamptz at time zone k.time_zone)::date = :day
   group by d.order_id, r.request_no, i.sub_mer_no
  union all
  select 'COMPLETE ' || d.order_id, d.order_id, d.settled_minor - ${dividedMinor}
    from divide_service.divide_record d
   where d.market = :market and d.completed_on = :day and d.settled_minor > ${dividedMinor}
     and (d.divided_before is not null or exists (select from outside.request r where ${carriedOut('yeepay-divide-complete')}))`;
const doneByStatement = `
  select case s.type when 'COMPLETE' then 'COMPLETE ' || s.order_id else s.type || ' ' || s.request_no || ' ' || s.ledger_no end as subject,
         s.order_id, sum(s.amount_minor) as minor
    from reconciliation.statement_line s where s.run_id = :runId
   group by 1, 2`;

/** The comparisons that are made by queries alone, in the order in which they are made. */
export const comparisons = {
  'yeepay-statement': {
    of: 'DAY',
    sides: `
      select coalesce(o.subject, s.subject) as subject, coalesce(o.order_id, s.order_id) as order_id, o.minor as ours, s.minor as theirs,
             null::timestamptz as since
        from (${doneByRecords}) o full join (${doneByStatement}) s on s.subject = o.subject`,
  },
  'debtor-line-settlement': {
    of: 'STANDING',
    sides: `
      select coalesce(o.order_id, s.order_id) || ' ' || coalesce(o.number, s.number) as subject, coalesce(o.order_id, s.order_id) as order_id,
             o.minor as ours, s.minor as theirs, null::timestamptz as since
        from (select i.order_id, i.number, i.amount_minor - i.refunded_minor as minor
                from divide_service.divide_item i join divide_service.divide_record d using (order_id)
               where d.market = :market and d.status = 'COMPLETED' and i.mer_type = 'DEBTOR' and i.amount_minor > ${leftOut}) o
        full join
             (select b.order_id, b.number, b.amount_minor
                     - coalesce((select sum(t.amount_minor) from debt_settlement_service.returned_line t
                                  where t.order_id = b.order_id and t.number = b.number), 0)
                     - coalesce((select sum(u.amount_minor) from debt_settlement_service.undone_line u
                                  where u.order_id = b.order_id and u.number = b.number), 0) as minor
                from debt_settlement_service.debtor_line b join debt_settlement_service.divided_order v using (order_id)
               where v.market = :market) s on s.order_id = o.order_id and s.number = o.number`,
  },
  'receipt-settlement': {
    of: 'STANDING',
    sides: `
      select d.order_id as subject, d.order_id, 'CONFIRMED' as ours,
             case when s.order_id is not null or d.refunded_minor = d.order_amount_minor then 'CONFIRMED' end as theirs,
             greatest(c.received_at, (select max(m.recorded_at) from messages.message m
                                       where m.flow_id = 'debt-order:' || d.order_id and m.message_type = 'divide-completed')) as since
        from divide_service.divide_record d
        join access.mall_call c on c.order_id = d.order_id and c.kind = 'RECEIPT_CONFIRMED'
        left join debt_settlement_service.settlement s on s.order_id = d.order_id
       where d.market = :market and d.status = 'COMPLETED'`,
  },
  'order-settlement': {
    of: 'STANDING',
    sides: `
      select coalesce(o.order_id, s.order_id) as subject, coalesce(o.order_id, s.order_id) as order_id, o.day as ours, s.day as theirs,
             null::timestamptz as since
        from (select d.order_id, d.debts_settled_on as day from divide_service.divide_record d
               where d.market = :market and d.debts_settled_on is not null) o
        full join
             (select t.order_id, t.value_date as day from debt_settlement_service.settlement t
                join debt_settlement_service.divided_order v using (order_id)
               where v.market = :market) s on s.order_id = o.order_id`,
  },
  'settled-line-records': {
    of: 'STANDING',
    sides: `
      select l.order_id || ' ' || l.number as subject, l.order_id,
             l.amount_minor - l.excess_minor
               - coalesce((select sum(u.amount_minor - u.excess_minor) from debt_settlement_service.undone_line u
                            where u.order_id = l.order_id and u.number = l.number), 0) as ours,
             ${movedBy('r.order_id = l.order_id and r.number = l.number')} as theirs, null::timestamptz as since
        from debt_settlement_service.settled_line l join debt_settlement_service.divided_order v using (order_id)
       where v.market = :market`,
  },
  'contract-records': {
    of: 'STANDING',
    sides: byContract('c.settled_minor', movedBy('r.contract_id = c.contract_id')),
  },
  'contract-plan': {
    of: 'STANDING',
    sides: byContract(
      'c.total_debt_minor',
      `coalesce((select sum(p.plan_minor) from debt_settlement_service.repayment_plan p where p.contract_id = c.contract_id), 0)`,
    ),
  },
  'books-yeepay-undivided': {
    of: 'STANDING',
    sides: byOrder(
      `case when d.completed_on is null and d.cleared_on is not null then d.settled_minor - ${dividedMinor} - ${dividedLate} else 0 end`,
      balanceOf('yeepay-undivided', 'd.order_id'),
    ),
  },
  'books-order-undivided': {
    of: 'STANDING',
    sides: byOrder(
      `case when d.completed_on is not null or d.cleared_on is null then 0
            else d.order_amount_minor - d.refunded_minor - ${withReceivers} end`,
      balanceOf('order-undivided', 'd.order_id'),
    ),
  },
  'books-debtor-share': {
    of: 'STANDING',
    sides: byOrder(
      `case when d.status = 'COMPLETED' and d.debts_settled_on is null
            then (select coalesce(sum(i.amount_minor - i.refunded_minor), 0) from divide_service.divide_item i
                   where i.order_id = d.order_id and i.mer_type = 'DEBTOR') else 0 end`,
      balanceOf('debtor-share', 'd.order_id'),
    ),
  },
  'books-debt-return-clearing': {
    of: 'STANDING',
    sides: byOrder('0', balanceOf('debt-return-clearing', 'd.order_id')),
  },
  'books-yeepay-debtor-ledger': {
    of: 'STANDING',
    sides: `
      select i.ledger_id as subject, null as order_id, sum(i.amount_minor - i.refunded_minor) as ours,
             ${balanceOf('yeepay-debtor-ledger', 'i.ledger_id')} as theirs, null::timestamptz as since
        from divide_service.divide_item i join divide_service.divide_record d using (order_id)
       where d.market = :market and d.status = 'COMPLETED' and i.mer_type = 'DEBTOR' group by i.ledger_id`,
  },
  'books-debt-collected': {
    of: 'STANDING',
    sides: byContract(
      movedBy('r.contract_id = c.contract_id and r.order_id is not null'),
      balanceOf('debt-collected', 'c.contract_id'),
    ),
  },
  'books-debtor-payable': {
    of: 'STANDING',
    sides: `
      select b.member_user_id as subject, null as order_id,
             (select coalesce(sum(l.excess_minor), 0) from debt_settlement_service.settled_line l
               where l.member_user_id = b.member_user_id)
               - (select coalesce(sum(u.excess_minor), 0) from debt_settlement_service.undone_line u
                    join debt_settlement_service.settled_line l using (order_id, number)
                   where l.member_user_id = b.member_user_id) as ours,
             ${balanceOf('debtor-payable', 'b.member_user_id')} as theirs, null::timestamptz as since
        from (select distinct c.member_user_id from debt_settlement_service.debt_contract c where ${ofMarket}) b`,
  },
} as const satisfies Record<string, SetComparison>;

export type SetComparisonName = keyof typeof comparisons;

/** All comparisons by their names; `yeepay-query` is made by asking Yeepay, request by request. */
export type ComparisonName = 'yeepay-query' | SetComparisonName;
