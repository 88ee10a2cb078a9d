-- Hot accounts are rolled up: what old entries did to them is kept as one total a day, and a balance is those totals plus
-- the entries since. Which entries are old is told by transaction ids, not by the ids or times of journals: a lower journal
-- id may commit after a higher one, while every transaction below a snapshot's oldest running one has ended for good.
-- (A logical dump keeps the values but not the cluster's transaction counter: restore from physical backups.)

-- An entry carries its journal's transaction and value date, as it carries the posting date: so an account is read by its
-- entries alone. The trigger of 0011 holds all three equal.
alter table books.entry add column xid xid8, add column value_date date;
alter table books.entry disable trigger append_only;
update books.entry e set xid = j.xid, value_date = j.value_date from books.journal j where j.id = e.journal_id;
alter table books.entry enable trigger append_only;
alter table books.entry
  alter column xid set not null,
  alter column xid set default pg_current_xact_id(),
  alter column value_date set not null;

-- A statement reads an account by day; a hot balance reads, within few days, what is newer than the roll-up.
drop index books.entry_by_account;
create index entry_by_account on books.entry (account_id, posting_date, xid);
create index journal_by_xid on books.journal (xid);
create index journal_by_cause on books.journal (caused_by_message_id) where caused_by_message_id is not null;

-- The one row that says how far the roll-up has come. Moving it is the roll-up: its trigger adds to the daily totals what
-- lies between, so that whoever moves it, the totals are right.
create table books.roll_up (
  only_row boolean primary key default true check (only_row),
  -- Entries of transactions before this one are in books.daily_total, all others are not.
  before_xid xid8 not null
);
insert into books.roll_up (before_xid)
select least(min(j.xid), pg_snapshot_xmin(pg_current_snapshot())) from books.journal j;

-- What the rolled-up entries of a hot account did on one day.
create table books.daily_total (
  account_id bigint not null,
  posting_date date not null,
  value_date date not null,
  debit_minor bigint not null,
  credit_minor bigint not null,
  primary key (account_id, posting_date, value_date)
);

create function books.apply_roll_up() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if new.before_xid < old.before_xid or new.before_xid > pg_snapshot_xmin(pg_current_snapshot()) then
    raise exception 'the roll-up only moves forward, and never past a transaction that may still be running'
      using errcode = 'BK003', hint = 'Call books.roll_up_hot_accounts.';
  end if;
  insert into books.daily_total as t (account_id, posting_date, value_date, debit_minor, credit_minor)
  select e.account_id, e.posting_date, e.value_date,
    coalesce(sum(e.amount_minor) filter (where e.side = 'DEBIT'), 0),
    coalesce(sum(e.amount_minor) filter (where e.side = 'CREDIT'), 0)
  from books.journal j
    join books.entry e on e.journal_id = j.id
    join books.account a on a.id = e.account_id
    join books.chart_account c on c.book = a.book and c.code = a.code
  where j.xid >= old.before_xid and j.xid < new.before_xid and c.kind = 'HOT'
  group by e.account_id, e.posting_date, e.value_date
  on conflict (account_id, posting_date, value_date) do update
    set debit_minor = t.debit_minor + excluded.debit_minor, credit_minor = t.credit_minor + excluded.credit_minor;
  return null;
end $$;

create trigger applied after update on books.roll_up for each row execute function books.apply_roll_up();
create trigger only_moved before insert or delete or truncate on books.roll_up
  for each statement execute function books.refuse_change();
create trigger only_by_roll_up before insert or update or delete on books.daily_total
  for each statement when (pg_trigger_depth() = 0) execute function books.refuse_change();
create trigger never_truncated before truncate on books.daily_total
  for each statement execute function books.refuse_change();

-- Rolls up the entries of the next p_transactions transaction ids, or of as many as have surely ended. Postings do not
-- wait for it; two roll-ups wait for each other. Returns true if there is more to roll up.
create function books.roll_up_hot_accounts(p_transactions bigint) returns boolean
language plpgsql
as $$
declare
  v_from xid8;
  v_ended xid8;
  v_to xid8;
begin
  select r.before_xid into strict v_from from books.roll_up r for update;
  v_ended := pg_snapshot_xmin(pg_current_snapshot());
  v_to := least(v_ended, (v_from::text::bigint + p_transactions)::text::xid8);
  if v_to > v_from then
    update books.roll_up set before_xid = v_to;
  end if;
  return v_to < v_ended;
end $$;

-- All that happened on each account, by day: the daily totals of a hot account and its entries since, and every entry of a
-- guarded account.
create view books.movement as
select d.account_id, d.posting_date, d.value_date, d.debit_minor, d.credit_minor
from books.daily_total d
union all
select e.account_id, e.posting_date, e.value_date,
  case e.side when 'DEBIT' then e.amount_minor else 0 end,
  case e.side when 'CREDIT' then e.amount_minor else 0 end
from books.account a
  join books.chart_account c on c.book = a.book and c.code = a.code
  join books.entry e on e.account_id = a.id
where e.xid >= case c.kind when 'HOT' then (select r.before_xid from books.roll_up r) else '0'::xid8 end;

-- Every account with its balance in the direction of its normal side: kept for a guarded account, summed for a hot one.
create or replace view books.account_position as
select a.id as account_id, a.book, a.code, a.owner, a.currency, c.normal_side, c.kind,
  case c.kind
    when 'GUARDED' then (select b.balance_minor from books.account_balance b where b.account_id = a.id)
    else (
      select (coalesce(sum(m.debit_minor - m.credit_minor), 0) * case c.normal_side when 'DEBIT' then 1 else -1 end)::bigint
      from books.movement m where m.account_id = a.id)
  end as balance_minor
from books.account a
  join books.chart_account c on c.book = a.book and c.code = a.code;

grant select on books.roll_up, books.daily_total, books.movement to credit_application;
grant update (before_xid) on books.roll_up to credit_application;
