-- A payment channel's cash takes part in every payout of the channel. It is a hot account: it has no row that postings
-- would wait for; its balance is summed when it is read.
select books.post('general', 'ID', 'custody funds 1', 'general.custody-funds-received', 'Received', '2026-01-05', null, null,
  '[{"code": "custody-cash",            "owner": "PC1", "currency": "IDR", "side": "DEBIT",  "amountMinor": 1000},
    {"code": "funding-partner-payable", "owner": "FP1", "currency": "IDR", "side": "CREDIT", "amountMinor": 1000}]') as answer;
select books.post('general', 'ID', 'payout ' || n, 'general.loan-disbursed-from-custody', 'Paid out', '2026-01-05', null, null,
  jsonb_build_array(
    jsonb_build_object('code', 'loan-principal', 'owner', 'LN' || n, 'currency', 'IDR', 'side', 'DEBIT',  'amountMinor', 100),
    jsonb_build_object('code', 'custody-cash',   'owner', 'PC1',     'currency', 'IDR', 'side', 'CREDIT', 'amountMinor', 100))
  ) ->> 'outcome' as outcome
from generate_series(1, 3) n;
select code, owner, kind, balance_minor from books.account_position where owner = 'PC1';

-- The roll-up adds old entries to one total a day. It is an optimisation only: the balance is exact before, while and after.
-- It says whether there is more to roll up.
select books.roll_up_hot_accounts(1000000) as is_more;
select code, owner, kind, balance_minor from books.account_position where owner = 'PC1';

-- What is posted after a roll-up counts at once.
select books.post('general', 'ID', 'custody funds 2', 'general.custody-funds-received', 'Received', '2026-01-05', null, null,
  '[{"code": "custody-cash",            "owner": "PC1", "currency": "IDR", "side": "DEBIT",  "amountMinor": 50},
    {"code": "funding-partner-payable", "owner": "FP1", "currency": "IDR", "side": "CREDIT", "amountMinor": 50}]') as answer;
select code, owner, kind, balance_minor from books.account_position where owner = 'PC1';
select books.roll_up_hot_accounts(1000000) as is_more;
select code, owner, kind, balance_minor from books.account_position where owner = 'PC1';

-- The totals cannot be made wrong: only moving the mark writes them, and it moves neither backward nor past a transaction
-- that may still be running.
update books.daily_total set debit_minor = 0;
update books.roll_up set before_xid = '1';
update books.roll_up set before_xid = '9000000000000000000';
