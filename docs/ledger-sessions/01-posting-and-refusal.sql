-- A funding partner puts in 100. A journal has two or more entries whose debits equal its credits.
select books.post('funds', 'ID', 'contribution 1 of FP1', 'funds.contributed', 'First contribution', '2026-01-05', null, null,
  '[{"code": "available",   "owner": "FP1", "currency": "IDR", "side": "DEBIT",  "amountMinor": 100},
    {"code": "contributed", "owner": "FP1", "currency": "IDR", "side": "CREDIT", "amountMinor": 100}]') as answer;

-- The same business key with the same content is the same fact: the first journal is returned, and nothing is posted.
select books.post('funds', 'ID', 'contribution 1 of FP1', 'funds.contributed', 'Told again', '2026-01-05', null, null,
  '[{"code": "available",   "owner": "FP1", "currency": "IDR", "side": "DEBIT",  "amountMinor": 100},
    {"code": "contributed", "owner": "FP1", "currency": "IDR", "side": "CREDIT", "amountMinor": 100}]') as answer;

-- With other content it is refused.
select books.post('funds', 'ID', 'contribution 1 of FP1', 'funds.contributed', 'Told wrongly', '2026-01-05', null, null,
  '[{"code": "available",   "owner": "FP1", "currency": "IDR", "side": "DEBIT",  "amountMinor": 101},
    {"code": "contributed", "owner": "FP1", "currency": "IDR", "side": "CREDIT", "amountMinor": 101}]') as answer;

-- A guarded account cannot give more than it has. The refusal is an answer: it changes nothing, and the transaction goes on.
begin;
select books.post('funds', 'ID', 'reservation for LA1', 'funds.reserved', 'Reserved for LA1', '2026-01-05', null, null,
  '[{"code": "frozen",    "owner": "FP1", "currency": "IDR", "side": "DEBIT",  "amountMinor": 130},
    {"code": "available", "owner": "FP1", "currency": "IDR", "side": "CREDIT", "amountMinor": 130}]') as answer;
select books.post('funds', 'ID', 'reservation for LA2', 'funds.reserved', 'Reserved for LA2', '2026-01-05', null, null,
  '[{"code": "frozen",    "owner": "FP1", "currency": "IDR", "side": "DEBIT",  "amountMinor": 30},
    {"code": "available", "owner": "FP1", "currency": "IDR", "side": "CREDIT", "amountMinor": 30}]') as answer;
commit;

select code, kind, balance_minor from books.account_position where owner = 'FP1' order by code;

-- What is no journal at all is an error: debits and credits that differ ...
select books.post('funds', 'ID', 'unbalanced', 'funds.reserved', 'Unbalanced', '2026-01-05', null, null,
  '[{"code": "frozen",    "owner": "FP1", "currency": "IDR", "side": "DEBIT",  "amountMinor": 10},
    {"code": "available", "owner": "FP1", "currency": "IDR", "side": "CREDIT", "amountMinor": 9}]') as answer;

-- ... no entries ...
select books.post('funds', 'ID', 'empty', 'funds.reserved', 'Empty', '2026-01-05', null, null, '[]') as answer;

-- ... or a code that the chart does not have.
select books.post('funds', 'ID', 'petty cash', 'funds.reserved', 'Petty cash', '2026-01-05', null, null,
  '[{"code": "petty-cash", "owner": "FP1", "currency": "IDR", "side": "DEBIT",  "amountMinor": 10},
    {"code": "available",  "owner": "FP1", "currency": "IDR", "side": "CREDIT", "amountMinor": 10}]') as answer;

-- Nobody joins entries to a journal that stands, not even a balanced pair.
insert into books.entry (journal_id, line, account_id, side, amount_minor, currency, posting_date, value_date)
select journal_id, line + 2, account_id, side, amount_minor, currency, posting_date, value_date
from books.entry where journal_id = 1;

-- Nobody changes history: the application has no right to, and for the owner of the tables a trigger refuses it.
update books.entry set amount_minor = 1;
delete from books.journal;
update books.account_balance set balance_minor = 1000;
