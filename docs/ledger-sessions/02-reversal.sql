-- A customer gets a line of 500, and 200 of it are reserved for an application.
select books.post('credit', 'ID', 'line of C1', 'credit.granted', 'Line granted', '2026-01-05', null, null,
  '[{"code": "available", "owner": "C1", "currency": "IDR", "side": "DEBIT",  "amountMinor": 500},
    {"code": "granted",   "owner": "C1", "currency": "IDR", "side": "CREDIT", "amountMinor": 500}]') as answer;
select books.post('credit', 'ID', 'credit reservation for LA1', 'credit.reserved', 'Reserved for LA1', '2026-01-05', null, null,
  '[{"code": "reserved",  "owner": "C1", "currency": "IDR", "side": "DEBIT",  "amountMinor": 200},
    {"code": "available", "owner": "C1", "currency": "IDR", "side": "CREDIT", "amountMinor": 200}]') as answer;

-- The reservation was a mistake. It is taken back by a journal that mirrors it; both stay.
select books.reverse(2, 'reversal of the credit reservation for LA1', 'Reserved by mistake', '2026-01-05', null, null) as answer;
select j.id, j.business_key, j.reverses_journal_id, e.line, a.code, e.side, e.amount_minor
from books.journal j join books.entry e on e.journal_id = j.id join books.account a on a.id = e.account_id
where j.id >= 2 order by j.id, e.line;
select code, balance_minor from books.account_position where owner = 'C1' order by code;

-- The same reversal told again is the same journal; a second reversal under another key is refused.
select books.reverse(2, 'reversal of the credit reservation for LA1', 'Told again', '2026-01-05', null, null) as answer;
select books.reverse(2, 'second reversal', 'Reversed twice', '2026-01-05', null, null) as answer;

-- A reversal may be reversed: the reservation stands again.
select books.reverse(3, 'LA1 was no mistake', 'It was no mistake', '2026-01-05', null, null) as answer;
select code, balance_minor from books.account_position where owner = 'C1' order by code;

-- A journal that is not there cannot be reversed.
select books.reverse(99, 'reversal of nothing', 'Nothing', '2026-01-05', null, null) as answer;
