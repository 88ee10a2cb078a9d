-- On 5 January a partner puts in 100.
select books.post('funds', 'ID', 'contribution 1', 'funds.contributed', 'First', '2026-01-05', null, null,
  '[{"code": "available",   "owner": "FP1", "currency": "IDR", "side": "DEBIT",  "amountMinor": 100},
    {"code": "contributed", "owner": "FP1", "currency": "IDR", "side": "CREDIT", "amountMinor": 100}]') as answer;

-- Day-end moves the market's business date. What is posted from now on has posting date 6 January, whatever it tells of.
select reference.advance_business_date('ID', '2026-01-05', '2026-01-06') as moved;
select books.post('funds', 'ID', 'reservation for LA1', 'funds.reserved', 'Reserved for LA1', '2026-01-06', null, null,
  '[{"code": "frozen",    "owner": "FP1", "currency": "IDR", "side": "DEBIT",  "amountMinor": 30},
    {"code": "available", "owner": "FP1", "currency": "IDR", "side": "CREDIT", "amountMinor": 30}]') as answer;

-- We hear late of money that came in on 2 January: posted on the 6th, it counts for the 2nd.
select books.post('funds', 'ID', 'contribution 2', 'funds.contributed', 'Second, heard of late', '2026-01-02', null, null,
  '[{"code": "available",   "owner": "FP1", "currency": "IDR", "side": "DEBIT",  "amountMinor": 7},
    {"code": "contributed", "owner": "FP1", "currency": "IDR", "side": "CREDIT", "amountMinor": 7}]') as answer;

-- The statement by posting date: what the books showed on each day, as it was closed.
select e.posting_date, e.value_date, j.business_key, e.side, e.amount_minor,
  sum(case e.side when 'DEBIT' then e.amount_minor else -e.amount_minor end)
    over (order by e.posting_date, e.journal_id, e.line) as balance_minor
from books.entry e
  join books.journal j on j.id = e.journal_id
  join books.account a on a.id = e.account_id
where (a.code, a.owner) = ('available', 'FP1')
order by e.posting_date, e.journal_id, e.line;

-- The statement by value date: what the account held on each day, as is known now.
select e.value_date, e.posting_date, j.business_key, e.side, e.amount_minor,
  sum(case e.side when 'DEBIT' then e.amount_minor else -e.amount_minor end)
    over (order by e.value_date, e.journal_id, e.line) as balance_minor
from books.entry e
  join books.journal j on j.id = e.journal_id
  join books.account a on a.id = e.account_id
where (a.code, a.owner) = ('available', 'FP1')
order by e.value_date, e.journal_id, e.line;

-- The balance at the end of 5 January: 100 as it was closed, 107 as it is known now.
select
  sum(m.debit_minor - m.credit_minor) filter (where m.posting_date <= '2026-01-05') as by_posting_date_minor,
  sum(m.debit_minor - m.credit_minor) filter (where m.value_date <= '2026-01-05') as by_value_date_minor
from books.movement m join books.account a on a.id = m.account_id
where (a.code, a.owner) = ('available', 'FP1');
