-- The books: double-entry journals that can only be added, and guarded balances that only journals can move.
-- What each trigger refuses, it refuses for every role, the owner of the tables included.
-- Error codes: BK001 a guarded account's limit, BK002 a malformed journal, BK003 a change of history, BK004 an account
-- that cannot be opened, BK005 a journal that is not there.
create schema books;
grant usage on schema books to credit_application;

-- Synchronised from domain/books/chart-of-accounts.ts at each migration.
create table books.chart_account (
  book text not null,
  code text not null,
  normal_side text not null check (normal_side in ('DEBIT', 'CREDIT')),
  kind text not null check (kind in ('GUARDED', 'HOT')),
  owner_kind text not null,
  description text not null,
  primary key (book, code)
);

-- A chart code of one owner (a loan, a funding partner, ...) in one currency; opened by its first posting. It has no
-- foreign keys: they would share-lock the chart's and the currency's row for each new loan. Its trigger looks instead,
-- and neither of those rows is ever deleted.
create table books.account (
  id bigint generated always as identity primary key,
  book text not null,
  code text not null,
  owner text not null check (length(owner) between 1 and 200),
  currency text not null,
  opened_at timestamptz not null default now(),
  unique (book, owner, code, currency)
);

-- The running balance of a guarded account, counted in the direction of its normal side. The CHECK is what makes a
-- double reservation impossible. Space is left in each page so that an update needs no new index entry.
create table books.account_balance (
  account_id bigint primary key references books.account,
  balance_minor bigint not null check (balance_minor between 0 and 9007199254740991)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);

-- One economic fact. Small: it holds what must stay unique, while the entries are what grows. The market has no foreign
-- key, because that would share-lock its row for each posting; the trigger reads the market's business date instead.
create table books.journal (
  id bigint generated always as identity primary key,
  book text not null,
  market text not null,
  -- Names the economic fact ("payout of loan application LA1"), never the message that told of it.
  business_key text not null check (length(business_key) between 1 and 200),
  scenario text not null,
  description text not null,
  posting_date date not null,
  value_date date not null,
  reverses_journal_id bigint unique references books.journal,
  caused_by_message_id uuid,
  flow_id text,
  content_hash text not null,
  xid xid8 not null,
  posted_at timestamptz not null,
  unique (book, business_key)
);

-- One line of a journal. Made to be partitioned by posting_date: its only unique key holds that column. It has no
-- foreign keys, because they would share-lock the row of a hot account for each posting; its trigger looks instead, and
-- journals and accounts are never deleted.
create table books.entry (
  journal_id bigint not null,
  line integer not null,
  account_id bigint not null,
  side text not null check (side in ('DEBIT', 'CREDIT')),
  amount_minor bigint not null check (amount_minor between 1 and 9007199254740991),
  currency text not null,
  posting_date date not null,
  primary key (journal_id, line, posting_date)
);
create index entry_by_account on books.entry (account_id, journal_id);

-- History is append-only ---------------------------------------------------------------------------------------------

create function books.refuse_change() returns trigger
language plpgsql
as $$
begin
  raise exception 'books.% refuses %', tg_table_name, tg_op
    using errcode = 'BK003', hint = 'History is only added to: post a journal that reverses the wrong one.';
end $$;

create trigger append_only before update or delete or truncate on books.account
  for each statement execute function books.refuse_change();
create trigger append_only before update or delete or truncate on books.journal
  for each statement execute function books.refuse_change();
create trigger append_only before update or delete or truncate on books.entry
  for each statement execute function books.refuse_change();
-- Depth 0 means a statement that somebody sent; the triggers below write at depth 1.
create trigger only_by_entries before insert or update or delete on books.account_balance
  for each statement when (pg_trigger_depth() = 0) execute function books.refuse_change();
create trigger never_truncated before truncate on books.account_balance
  for each statement execute function books.refuse_change();

-- Opening an account -------------------------------------------------------------------------------------------------

create function books.open_account() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_kind text;
begin
  select c.kind into v_kind from books.chart_account c where c.book = new.book and c.code = new.code;
  if v_kind is null then
    raise exception 'the chart of accounts has no code "%" in book "%"', new.code, new.book using errcode = 'BK004';
  end if;
  if not exists (select from reference.currency c where c.code = new.currency) then
    raise exception 'currency "%" is unknown', new.currency using errcode = 'BK004', hint = 'Seed the currency first.';
  end if;
  if v_kind = 'GUARDED' then
    insert into books.account_balance (account_id, balance_minor) values (new.id, 0);
  end if;
  return null;
end $$;

create trigger opened after insert on books.account for each row execute function books.open_account();

-- Posting a journal --------------------------------------------------------------------------------------------------

-- What nobody may choose: the business day that the journal lands in, the transaction that it belongs to, the time.
create function books.stamp_journal() returns trigger
language plpgsql
as $$
begin
  new.posting_date := reference.hold_business_date(new.market);
  new.xid := pg_current_xact_id();
  new.posted_at := now();
  return new;
end $$;

create trigger stamped before insert on books.journal for each row execute function books.stamp_journal();

-- Refuses entries that do not make whole, balanced journals of this very transaction, then moves the guarded balances.
-- Entries are positive, so a balanced journal has at least two. All lines of a journal come in one statement: they are
-- numbered from 1, so a second statement would repeat line 1, which the primary key refuses.
-- OFFSET 0 keeps the planner from turning the look-ups by id into a join that reads all accounts of a book.
create function books.apply_entries() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_journal_id bigint;
  v_problem text;
  v_move record;
begin
  select checked.journal_id, checked.problem into v_journal_id, v_problem
  from (
    select
      e.journal_id,
      case
        when bool_or(j.id is null) then 'it does not exist'
        when bool_or(j.xid <> pg_current_xact_id()) then 'it was posted whole by an earlier transaction'
        when bool_or(a.id is null) then 'an entry names an account that does not exist'
        when bool_or(a.book <> j.book) then 'an entry names an account of another book'
        when bool_or(a.currency <> e.currency) then 'an entry is not in the currency of its account'
        when bool_or(e.posting_date <> j.posting_date) then 'an entry has another posting date than the journal'
        when min(e.line) <> 1 or max(e.line) <> count(*) then 'its lines are not numbered from 1 without gaps'
      end as problem
    from inserted e
      left join lateral (select * from books.journal where id = e.journal_id offset 0) j on true
      left join lateral (select * from books.account where id = e.account_id offset 0) a on true
    group by e.journal_id
    union all
    select e.journal_id, 'its debits and credits differ in ' || e.currency
    from inserted e
    group by e.journal_id, e.currency
    having sum(case e.side when 'DEBIT' then e.amount_minor else -e.amount_minor end) <> 0
  ) checked
  where checked.problem is not null
  limit 1;
  if found then
    raise exception 'journal % is refused: %', v_journal_id, v_problem using errcode = 'BK002';
  end if;

  -- In the order of account ids, so that two postings never wait for each other in a ring.
  for v_move in
    select a.id, a.book, a.code, a.owner, a.currency,
      sum(case e.side when a.normal_side then e.amount_minor else -e.amount_minor end)::bigint as delta_minor
    from inserted e
      cross join lateral (
        select a.*, c.normal_side, c.kind
        from books.account a join books.chart_account c on c.book = a.book and c.code = a.code
        where a.id = e.account_id
        offset 0) a
    where a.kind = 'GUARDED'
    group by a.id, a.book, a.code, a.owner, a.currency
    order by a.id
  loop
    update books.account_balance b
    set balance_minor = b.balance_minor + v_move.delta_minor
    where b.account_id = v_move.id and b.balance_minor + v_move.delta_minor >= 0;
    if not found then
      raise exception 'guarded account % is asked for more than it holds', v_move.id
        using errcode = 'BK001', detail = (
          select jsonb_build_object(
            'book', v_move.book, 'code', v_move.code, 'owner', v_move.owner, 'currency', v_move.currency,
            'askedMinor', -v_move.delta_minor, 'availableMinor', b.balance_minor)
          from books.account_balance b where b.account_id = v_move.id);
    end if;
  end loop;
  return null;
end $$;

create trigger applied after insert on books.entry
  referencing new table as inserted
  for each statement execute function books.apply_entries();

-- At commit, when the journal's entries must be there: it has some, and a reversal mirrors its original line by line.
create function books.require_whole_journal() returns trigger
language plpgsql
as $$
begin
  if not exists (select from books.entry e where e.journal_id = new.id) then
    raise exception 'journal % is refused: it has no entries', new.id using errcode = 'BK002';
  end if;
  if new.reverses_journal_id is not null and exists (
    select
    from (select * from books.entry where journal_id = new.id) r
      full join (select * from books.entry where journal_id = new.reverses_journal_id) o on o.line = r.line
    where (r.account_id, r.amount_minor) is distinct from (o.account_id, o.amount_minor) or r.side = o.side
  ) then
    raise exception 'journal % is refused: it does not mirror journal %, which it reverses',
      new.id, new.reverses_journal_id using errcode = 'BK002';
  end if;
  return null;
end $$;

create constraint trigger whole after insert on books.journal
  deferrable initially deferred
  for each row execute function books.require_whole_journal();

-- The posting engine -------------------------------------------------------------------------------------------------

-- Posts one journal in one round trip. p_entries: [{"code","owner","currency","side","amountMinor"}, ...].
-- Returns {"outcome", ...}: POSTED or REPLAYED (the same key and content was posted before) with "journalId" and
-- "postingDate"; or a refusal that has changed nothing and leaves the transaction usable: GUARDED_ACCOUNT_LIMIT with the
-- account, BUSINESS_KEY_CONFLICT or ALREADY_REVERSED with the "journalId" that stands in the way.
-- Locks are taken in one order: business date, business key, accounts to open (sorted), balances (by account id).
create function books.post(
  p_book text, p_market text, p_business_key text, p_scenario text, p_description text, p_value_date date,
  p_caused_by_message_id uuid, p_flow_id text, p_entries jsonb, p_reverses_journal_id bigint default null
) returns jsonb
language plpgsql
as $$
declare
  -- The description is wording and the cause is only the first messenger, so neither is content.
  v_content_hash text := encode(sha256(convert_to(jsonb_build_array(
    p_market, p_scenario, p_value_date, p_reverses_journal_id, p_entries)::text, 'UTF8')), 'hex');
  v_id bigint;
  v_posting_date date;
  v_first books.journal;
  v_limit text;
begin
  -- The block is a savepoint: a refusal takes the journal and the accounts opened for it back.
  begin
    insert into books.journal (book, market, business_key, scenario, description, value_date, reverses_journal_id,
      caused_by_message_id, flow_id, content_hash)
    values (p_book, p_market, p_business_key, p_scenario, p_description, p_value_date, p_reverses_journal_id,
      p_caused_by_message_id, p_flow_id, v_content_hash)
    on conflict do nothing
    returning id, posting_date into v_id, v_posting_date;

    if v_id is not null then
      -- Scalar subqueries, not joins: each line finds its account by index, however many accounts the book has.
      insert into books.account (book, code, owner, currency)
      select distinct p_book, e.code, e.owner, e.currency
      from jsonb_to_recordset(p_entries) as e (code text, owner text, currency text)
      where (
        select a.id from books.account a
        where a.book = p_book and a.owner = e.owner and a.code = e.code and a.currency = e.currency) is null
      order by 3, 2, 4
      on conflict do nothing;

      insert into books.entry (journal_id, line, account_id, side, amount_minor, currency, posting_date)
      select v_id, e.line, (
          select a.id from books.account a
          where a.book = p_book and a.owner = e.owner and a.code = e.code and a.currency = e.currency),
        e.side, e.amount_minor, e.currency, v_posting_date
      from rows from (jsonb_to_recordset(p_entries)
          as (code text, owner text, currency text, side text, "amountMinor" bigint))
          with ordinality as e (code, owner, currency, side, amount_minor, line);

      return jsonb_build_object('outcome', 'POSTED', 'journalId', v_id, 'postingDate', v_posting_date);
    end if;
  exception when sqlstate 'BK001' then
    get stacked diagnostics v_limit = pg_exception_detail;
    return jsonb_build_object('outcome', 'GUARDED_ACCOUNT_LIMIT', 'account', v_limit::jsonb);
  end;

  select * into v_first from books.journal j where j.book = p_book and j.business_key = p_business_key;
  if not found then
    select * into strict v_first from books.journal j where j.reverses_journal_id = p_reverses_journal_id;
    return jsonb_build_object('outcome', 'ALREADY_REVERSED', 'journalId', v_first.id);
  end if;
  return jsonb_build_object(
    'outcome', case v_first.content_hash when v_content_hash then 'REPLAYED' else 'BUSINESS_KEY_CONFLICT' end,
    'journalId', v_first.id, 'postingDate', v_first.posting_date);
end $$;

-- Posts the mirror image of a journal, with the same answers as books.post.
create function books.reverse(
  p_journal_id bigint, p_business_key text, p_description text, p_value_date date, p_caused_by_message_id uuid,
  p_flow_id text
) returns jsonb
language plpgsql
as $$
declare
  v_original books.journal;
begin
  select * into v_original from books.journal j where j.id = p_journal_id;
  if not found then
    raise exception 'there is no journal % to reverse', p_journal_id using errcode = 'BK005';
  end if;
  return books.post(
    v_original.book, v_original.market, p_business_key, v_original.scenario, p_description, p_value_date,
    p_caused_by_message_id, p_flow_id,
    (select jsonb_agg(jsonb_build_object('code', a.code, 'owner', a.owner, 'currency', e.currency,
        'side', case e.side when 'DEBIT' then 'CREDIT' else 'DEBIT' end, 'amountMinor', e.amount_minor) order by e.line)
      from books.entry e join books.account a on a.id = e.account_id
      where e.journal_id = p_journal_id),
    p_journal_id);
end $$;

-- Every account with its balance in the direction of its normal side: kept for a guarded account, summed for a hot one.
create view books.account_position as
select a.id as account_id, a.book, a.code, a.owner, a.currency, c.normal_side, c.kind,
  case c.kind
    when 'GUARDED' then (select b.balance_minor from books.account_balance b where b.account_id = a.id)
    else (
      select coalesce(sum(case e.side when c.normal_side then e.amount_minor else -e.amount_minor end), 0)::bigint
      from books.entry e where e.account_id = a.id)
  end as balance_minor
from books.account a
  join books.chart_account c on c.book = a.book and c.code = a.code;

-- What the application may do: read all, add to history, choose nothing that is stamped, and write no balance.
grant select on all tables in schema books to credit_application;
grant insert (book, code, owner, currency) on books.account to credit_application;
grant insert (book, market, business_key, scenario, description, value_date, reverses_journal_id,
  caused_by_message_id, flow_id, content_hash) on books.journal to credit_application;
grant insert on books.entry to credit_application;
