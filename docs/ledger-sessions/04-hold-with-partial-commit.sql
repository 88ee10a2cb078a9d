-- A customer's line of 100.
select books.post('credit', 'ID', 'line of C1', 'credit.granted', 'Line granted', '2026-01-05', null, null,
  '[{"code": "available", "owner": "C1", "currency": "IDR", "side": "DEBIT",  "amountMinor": 100},
    {"code": "granted",   "owner": "C1", "currency": "IDR", "side": "CREDIT", "amountMinor": 100}]') as answer;

-- A hold sets 80 of it aside. The balance stays, but only 20 can still be taken by others.
select books.place_hold('credit', 'available', 'C1', 'IDR', 'hold for order O1', 80, 'Set aside for O1', null, null) as answer;
select code, balance_minor, held_minor from books.account_position where owner = 'C1' order by code;
select books.post('credit', 'ID', 'credit reservation for LA2', 'credit.reserved', 'Reserved for LA2', '2026-01-05', null, null,
  '[{"code": "reserved",  "owner": "C1", "currency": "IDR", "side": "DEBIT",  "amountMinor": 21},
    {"code": "available", "owner": "C1", "currency": "IDR", "side": "CREDIT", "amountMinor": 21}]') as answer;
select books.place_hold('credit', 'available', 'C1', 'IDR', 'hold for order O2', 21, 'Set aside for O2', null, null) as answer;

-- A journal that names the hold commits a part of it: what it takes from the account is taken off the hold.
select books.post('credit', 'ID', 'part 1 of order O1', 'credit.reserved', 'Part 1', '2026-01-05', null, null,
  '[{"code": "reserved",  "owner": "C1", "currency": "IDR", "side": "DEBIT",  "amountMinor": 50},
    {"code": "available", "owner": "C1", "currency": "IDR", "side": "CREDIT", "amountMinor": 50}]',
  null, 'hold for order O1') as answer;
select business_key, amount_minor, committed_minor, released_minor, open_minor from books.hold_position;

-- No more can be committed than is open, even where the account has it.
select books.post('credit', 'ID', 'part 2 of order O1', 'credit.reserved', 'Part 2', '2026-01-05', null, null,
  '[{"code": "reserved",  "owner": "C1", "currency": "IDR", "side": "DEBIT",  "amountMinor": 31},
    {"code": "available", "owner": "C1", "currency": "IDR", "side": "CREDIT", "amountMinor": 31}]',
  null, 'hold for order O1') as answer;

-- What is not needed is released: a part, and then all that is still open. Told again, nothing more is released.
select books.release_hold('credit', 'hold for order O1', 'O1 needs less', 10, null, null) as answer;
select books.release_hold('credit', 'hold for order O1', 'O1 is closed', null, null, null) as answer;
select books.release_hold('credit', 'hold for order O1', 'O1 is closed', null, null, null) as answer;
select books.release_hold('credit', 'hold for order O1', 'O1 needs less', 11, null, null) as answer;
select business_key, amount_minor, committed_minor, released_minor, open_minor from books.hold_position;
select code, balance_minor, held_minor from books.account_position where owner = 'C1' order by code;

-- What happened to a hold is never changed.
delete from books.hold_movement;
