-- Holds: an amount of a guarded account that is set aside. It stays in the balance, but only journals that commit the hold
-- can take it; what is not committed is released. A hold is for what is no economic fact yet. Where the books must show
-- the reservation itself (frozen, in transit), it is a position of its own and a journal moves it.
-- Error code BK006: a hold's open amount.

-- The sum of the account's open holds, which its balance always covers. One CHECK for both, because each one is paid for by
-- every update.
alter table books.account_balance add column held_minor bigint not null default 0;
alter table books.account_balance drop constraint account_balance_balance_minor_check;
alter table books.account_balance add constraint account_balance_covers_holds
  check (held_minor between 0 and balance_minor and balance_minor <= 9007199254740991);

-- One hold, as it was placed. It has no foreign key to its account for the same reason as an entry.
create table books.hold (
  id bigint generated always as identity primary key,
  book text not null,
  -- Names the fact ("hold for refund RF1"), never the message that told of it.
  business_key text not null check (length(business_key) between 1 and 200),
  account_id bigint not null,
  amount_minor bigint not null check (amount_minor between 1 and 9007199254740991),
  description text not null,
  caused_by_message_id uuid,
  flow_id text,
  placed_at timestamptz not null default now(),
  unique (book, business_key)
);

-- What was taken off a hold: committed by a journal, or released under a business key of its own.
create table books.hold_movement (
  id bigint generated always as identity primary key,
  hold_id bigint not null references books.hold,
  journal_id bigint unique references books.journal,
  business_key text check (length(business_key) between 1 and 200),
  amount_minor bigint not null check (amount_minor between 1 and 9007199254740991),
  caused_by_message_id uuid,
  flow_id text,
  moved_at timestamptz not null default now(),
  unique (hold_id, business_key),
  check ((journal_id is null) <> (business_key is null))
);

create trigger append_only before update or delete or truncate on books.hold
  for each statement execute function books.refuse_change();
create trigger append_only before update or delete or truncate on books.hold_movement
  for each statement execute function books.refuse_change();

-- Every hold with what became of it and what is still open.
create view books.hold_position as
select h.id as hold_id, h.book, h.business_key, h.account_id, h.amount_minor,
  coalesce(sum(m.amount_minor) filter (where m.journal_id is not null), 0)::bigint as committed_minor,
  coalesce(sum(m.amount_minor) filter (where m.journal_id is null), 0)::bigint as released_minor,
  (h.amount_minor - coalesce(sum(m.amount_minor), 0))::bigint as open_minor
from books.hold h
  left join books.hold_movement m on m.hold_id = h.id
group by h.id;

-- A guarded account and what may be taken from it, as refusals tell it.
create function books.limit_of(p_account_id bigint, p_asked_minor bigint) returns jsonb
language sql stable
begin atomic
  select jsonb_build_object(
    'book', a.book, 'code', a.code, 'owner', a.owner, 'currency', a.currency,
    'askedMinor', p_asked_minor, 'availableMinor', b.balance_minor - b.held_minor)
  from books.account a join books.account_balance b on b.account_id = a.id
  where a.id = p_account_id;
end;

create function books.apply_hold() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (
    select from books.account a join books.account_balance b on b.account_id = a.id
    where a.id = new.account_id and a.book = new.book
  ) then
    raise exception 'account % is no guarded account of book "%"', new.account_id, new.book using errcode = 'BK004';
  end if;
  update books.account_balance b set held_minor = b.held_minor + new.amount_minor
  where b.account_id = new.account_id and b.held_minor + new.amount_minor <= b.balance_minor;
  if not found then
    raise exception 'guarded account % is asked for more than it holds', new.account_id
      using errcode = 'BK001', detail = books.limit_of(new.account_id, new.amount_minor);
  end if;
  return null;
end $$;

create trigger applied after insert on books.hold for each row execute function books.apply_hold();

-- All movements of a hold wait for its account's balance first, so that the sum of those before is exact.
create function books.apply_hold_movement() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_hold books.hold_position;
begin
  perform from books.account_balance b
  where b.account_id = (select h.account_id from books.hold h where h.id = new.hold_id) for update;
  select * into strict v_hold from books.hold_position h where h.hold_id = new.hold_id;
  if v_hold.open_minor < 0 then
    raise exception 'hold % is asked for more than is open', new.hold_id
      using errcode = 'BK006', detail = jsonb_build_object(
        'book', v_hold.book, 'businessKey', v_hold.business_key,
        'askedMinor', new.amount_minor, 'openMinor', v_hold.open_minor + new.amount_minor);
  end if;
  update books.account_balance b set held_minor = b.held_minor - new.amount_minor
  where b.account_id = v_hold.account_id;
  return null;
end $$;

create trigger applied after insert on books.hold_movement
  for each row execute function books.apply_hold_movement();
-- Depth 0 means a statement that somebody sent; the trigger on entries writes at depth 1.
create trigger committed_by_journal before insert on books.hold_movement
  for each row when (new.journal_id is not null and pg_trigger_depth() = 0) execute function books.refuse_change();

-- Posting: replaces two functions of 0003 ------------------------------------------------------------------------------

alter table books.journal add column commits_hold_id bigint references books.hold;

-- Few journals reverse another one; the others need no place in this index.
alter table books.journal drop constraint journal_reverses_journal_id_key;
create unique index journal_reverses_journal_id_key on books.journal (reverses_journal_id)
  where reverses_journal_id is not null;

-- Refuses entries that are not one whole, balanced journal of this very transaction, and moves the guarded balances.
-- Entries are positive, so a balanced journal has at least two. All lines of a journal come in one statement: they are
-- numbered from 1, so a second statement would repeat line 1, which the primary key refuses.
create or replace function books.apply_entries() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_journal books.journal;
  v_held_account_id bigint;
  v_move record;
  v_problem text;
  v_first_line integer;
  v_last_line integer;
  v_lines integer := 0;
begin
  select j.* into v_journal from books.journal j where j.id = (select e.journal_id from inserted e limit 1);
  if v_journal.commits_hold_id is not null then
    select h.account_id into strict v_held_account_id from books.hold h where h.id = v_journal.commits_hold_id;
  end if;

  -- In the order of account ids, so that two postings never wait for each other in a ring. OFFSET 0 keeps the planner from
  -- turning the look-ups by id into a join that reads all accounts of a book.
  for v_move in
    select e.account_id, e.currency, a.book, a.kind,
      sum(case e.side when a.normal_side then e.amount_minor else -e.amount_minor end)::bigint as delta_minor,
      sum(sum(case e.side when 'DEBIT' then e.amount_minor else -e.amount_minor end)) over (partition by e.currency)
        as debit_excess_minor,
      bool_or(e.currency <> a.currency) as has_other_currency,
      bool_or((e.journal_id, e.posting_date, e.value_date, e.xid) is distinct from
        (v_journal.id, v_journal.posting_date, v_journal.value_date, v_journal.xid)) as differs,
      min(e.line) as first_line, max(e.line) as last_line, count(*) as lines
    from inserted e
      left join lateral (
        select a.book, a.currency, c.normal_side, c.kind
        from books.account a join books.chart_account c on c.book = a.book and c.code = a.code
        where a.id = e.account_id
        offset 0) a on true
    group by e.account_id, e.currency, a.book, a.kind
    order by e.account_id
  loop
    v_problem := case
      when v_journal.id is null then 'it does not exist'
      when v_journal.xid <> pg_current_xact_id() then 'it was posted whole by an earlier transaction'
      when v_move.book is null then 'an entry names an account that does not exist'
      when v_move.book <> v_journal.book then 'an entry names an account of another book'
      when v_move.has_other_currency then 'an entry is not in the currency of its account'
      when v_move.differs then 'an entry has another posting date, value date, transaction or journal than the rest'
      when v_move.debit_excess_minor <> 0 then 'its debits and credits differ in ' || v_move.currency
    end;
    exit when v_problem is not null;
    v_first_line := least(v_first_line, v_move.first_line);
    v_last_line := greatest(v_last_line, v_move.last_line);
    v_lines := v_lines + v_move.lines;
    continue when v_move.kind = 'HOT';

    if v_move.account_id = v_held_account_id and v_move.delta_minor < 0 then
      insert into books.hold_movement (hold_id, journal_id, amount_minor, caused_by_message_id, flow_id)
      values (v_journal.commits_hold_id, v_journal.id, -v_move.delta_minor, v_journal.caused_by_message_id, v_journal.flow_id);
      v_held_account_id := null;
    end if;
    update books.account_balance b
    set balance_minor = b.balance_minor + v_move.delta_minor
    where b.account_id = v_move.account_id and b.balance_minor + v_move.delta_minor >= b.held_minor;
    if not found then
      raise exception 'guarded account % is asked for more than it holds', v_move.account_id
        using errcode = 'BK001', detail = books.limit_of(v_move.account_id, -v_move.delta_minor);
    end if;
  end loop;

  v_problem := case
    when v_problem is not null then v_problem
    when v_first_line <> 1 or v_last_line <> v_lines then 'its lines are not numbered from 1 without gaps'
    when v_held_account_id is not null then 'it commits a hold, but takes nothing from the account of the hold'
  end;
  if v_problem is not null then
    raise exception 'journal % is refused: %', (select min(e.journal_id) from inserted e), v_problem
      using errcode = 'BK002';
  end if;
  return null;
end $$;

-- Posts one journal in one round trip. p_entries: [{"code","owner","currency","side","amountMinor"}, ...].
-- p_commits_hold: the business key of a hold in this book; what the journal takes from its account is taken off the hold.
-- Returns {"outcome", ...}: POSTED or REPLAYED (the same key and content was posted before) with "journalId" and
-- "postingDate"; or a refusal that has changed nothing and leaves the transaction usable: GUARDED_ACCOUNT_LIMIT with the
-- account, HOLD_LIMIT with the hold, BUSINESS_KEY_CONFLICT or ALREADY_REVERSED with the "journalId" that stands in the way.
-- Locks are taken in one order: business date, business key, accounts to open (sorted), balances (by account id).
drop function books.post(text, text, text, text, text, date, uuid, text, jsonb, bigint);
create function books.post(
  p_book text, p_market text, p_business_key text, p_scenario text, p_description text, p_value_date date,
  p_caused_by_message_id uuid, p_flow_id text, p_entries jsonb, p_reverses_journal_id bigint default null,
  p_commits_hold text default null
) returns jsonb
language plpgsql
as $$
declare
  -- The description is wording and the cause is only the first messenger, so neither is content. The hold comes last and
  -- only where there is one, so that journals without one keep the hash that they always had.
  v_content_hash text := encode(sha256(convert_to((jsonb_build_array(
    p_market, p_scenario, p_value_date, p_reverses_journal_id, p_entries)
    || coalesce(to_jsonb(p_commits_hold), '[]'))::text, 'UTF8')), 'hex');
  v_hold_id bigint;
  v_id bigint;
  v_posting_date date;
  v_first books.journal;
  v_limit text;
begin
  if p_commits_hold is not null then
    select h.id into v_hold_id from books.hold h where h.book = p_book and h.business_key = p_commits_hold;
    if not found then
      raise exception 'there is no hold "%" in book "%" to commit', p_commits_hold, p_book using errcode = 'BK005';
    end if;
  end if;

  -- The block is a savepoint: a refusal takes the journal and the accounts opened for it back.
  begin
    insert into books.journal (book, market, business_key, scenario, description, value_date, reverses_journal_id,
      commits_hold_id, caused_by_message_id, flow_id, content_hash)
    values (p_book, p_market, p_business_key, p_scenario, p_description, p_value_date, p_reverses_journal_id,
      v_hold_id, p_caused_by_message_id, p_flow_id, v_content_hash)
    on conflict do nothing
    returning id, posting_date into v_id, v_posting_date;

    if v_id is not null then
      -- Scalar subqueries, not joins: each line finds its account by index, however many accounts the book has.
      if exists (
        select from jsonb_to_recordset(p_entries) as e (code text, owner text, currency text)
        where (
          select a.id from books.account a
          where a.book = p_book and a.owner = e.owner and a.code = e.code and a.currency = e.currency) is null
      ) then
        insert into books.account (book, code, owner, currency)
        select distinct p_book, e.code, e.owner, e.currency
        from jsonb_to_recordset(p_entries) as e (code text, owner text, currency text)
        order by 3, 2, 4
        on conflict do nothing;
      end if;

      insert into books.entry (journal_id, line, account_id, side, amount_minor, currency, posting_date, value_date)
      select v_id, e.line, (
          select a.id from books.account a
          where a.book = p_book and a.owner = e.owner and a.code = e.code and a.currency = e.currency),
        e.side, e.amount_minor, e.currency, v_posting_date, p_value_date
      from rows from (jsonb_to_recordset(p_entries)
          as (code text, owner text, currency text, side text, "amountMinor" bigint))
          with ordinality as e (code, owner, currency, side, amount_minor, line);

      return jsonb_build_object('outcome', 'POSTED', 'journalId', v_id, 'postingDate', v_posting_date);
    end if;
  exception
    when sqlstate 'BK001' then
      get stacked diagnostics v_limit = pg_exception_detail;
      return jsonb_build_object('outcome', 'GUARDED_ACCOUNT_LIMIT', 'account', v_limit::jsonb);
    when sqlstate 'BK006' then
      get stacked diagnostics v_limit = pg_exception_detail;
      return jsonb_build_object('outcome', 'HOLD_LIMIT', 'hold', v_limit::jsonb);
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

-- Placing and releasing holds -----------------------------------------------------------------------------------------

-- Sets an amount of a guarded account aside. Returns {"outcome", ...}: PLACED or REPLAYED (the same key, account and amount
-- were placed before; the hold may be used up since) with "holdId"; or a refusal that has changed nothing:
-- GUARDED_ACCOUNT_LIMIT with the account, or BUSINESS_KEY_CONFLICT.
create function books.place_hold(
  p_book text, p_code text, p_owner text, p_currency text, p_business_key text, p_amount_minor bigint,
  p_description text, p_caused_by_message_id uuid, p_flow_id text
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_account_id bigint;
  v_free_minor bigint;
  v_hold books.hold;
begin
  if p_amount_minor < 1 then
    raise exception 'a hold needs at least one minor unit, not %', p_amount_minor using errcode = 'BK002';
  end if;
  if not exists (
    select from books.chart_account c where c.book = p_book and c.code = p_code and c.kind = 'GUARDED'
  ) then
    raise exception 'the chart of accounts has no guarded code "%" in book "%"', p_code, p_book using errcode = 'BK004';
  end if;
  select a.id into v_account_id from books.account a
  where a.book = p_book and a.owner = p_owner and a.code = p_code and a.currency = p_currency;
  select b.balance_minor - b.held_minor into v_free_minor from books.account_balance b
  where b.account_id = v_account_id for update;

  select * into v_hold from books.hold h where h.book = p_book and h.business_key = p_business_key;
  if not found and coalesce(v_free_minor, 0) < p_amount_minor then
    return jsonb_build_object('outcome', 'GUARDED_ACCOUNT_LIMIT', 'account', jsonb_build_object(
      'book', p_book, 'code', p_code, 'owner', p_owner, 'currency', p_currency,
      'askedMinor', p_amount_minor, 'availableMinor', coalesce(v_free_minor, 0)));
  end if;
  if v_hold.id is null then
    insert into books.hold (book, business_key, account_id, amount_minor, description, caused_by_message_id, flow_id)
    values (p_book, p_business_key, v_account_id, p_amount_minor, p_description, p_caused_by_message_id, p_flow_id)
    on conflict do nothing
    returning * into v_hold;
    if found then
      return jsonb_build_object('outcome', 'PLACED', 'holdId', v_hold.id);
    end if;
    -- Someone else placed another hold under this key meanwhile: the same one would have waited for the balance.
    select * into strict v_hold from books.hold h where h.book = p_book and h.business_key = p_business_key;
  end if;
  return jsonb_build_object(
    'outcome', case when (v_hold.account_id, v_hold.amount_minor) = (v_account_id, p_amount_minor)
      then 'REPLAYED' else 'BUSINESS_KEY_CONFLICT' end,
    'holdId', v_hold.id);
end $$;

-- Gives back a part of a hold or, where p_amount_minor is null, all that is still open. Returns {"outcome", ...}: RELEASED
-- or REPLAYED (this key has released before) with "releasedMinor", which is 0 where nothing was open; or a refusal that has
-- changed nothing: HOLD_LIMIT with the hold, or BUSINESS_KEY_CONFLICT (the key released another amount).
create function books.release_hold(
  p_book text, p_hold text, p_business_key text, p_amount_minor bigint, p_caused_by_message_id uuid, p_flow_id text
) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_hold books.hold_position;
  v_first_minor bigint;
  v_amount_minor bigint;
begin
  if p_amount_minor < 1 then
    raise exception 'a release needs at least one minor unit, not %', p_amount_minor using errcode = 'BK002';
  end if;
  perform from books.account_balance b
  where b.account_id = (select h.account_id from books.hold h where h.book = p_book and h.business_key = p_hold)
  for update;
  select * into v_hold from books.hold_position h where h.book = p_book and h.business_key = p_hold;
  if not found then
    raise exception 'there is no hold "%" in book "%" to release', p_hold, p_book using errcode = 'BK005';
  end if;

  select m.amount_minor into v_first_minor from books.hold_movement m
  where m.hold_id = v_hold.hold_id and m.business_key = p_business_key;
  if found then
    return jsonb_build_object(
      'outcome', case v_first_minor when coalesce(p_amount_minor, v_first_minor)
        then 'REPLAYED' else 'BUSINESS_KEY_CONFLICT' end,
      'releasedMinor', v_first_minor);
  end if;

  v_amount_minor := coalesce(p_amount_minor, v_hold.open_minor);
  if v_amount_minor > v_hold.open_minor then
    return jsonb_build_object('outcome', 'HOLD_LIMIT', 'hold', jsonb_build_object(
      'book', p_book, 'businessKey', p_hold, 'askedMinor', v_amount_minor, 'openMinor', v_hold.open_minor));
  end if;
  if v_amount_minor <> 0 then
    insert into books.hold_movement (hold_id, business_key, amount_minor, caused_by_message_id, flow_id)
    values (v_hold.hold_id, p_business_key, v_amount_minor, p_caused_by_message_id, p_flow_id);
  end if;
  return jsonb_build_object('outcome', 'RELEASED', 'releasedMinor', v_amount_minor);
end $$;

-- Adds what is held to every account's balance.
create or replace view books.account_position as
select a.id as account_id, a.book, a.code, a.owner, a.currency, c.normal_side, c.kind,
  case c.kind
    when 'GUARDED' then b.balance_minor
    else (
      select (coalesce(sum(m.debit_minor - m.credit_minor), 0) * case c.normal_side when 'DEBIT' then 1 else -1 end)::bigint
      from books.movement m where m.account_id = a.id)
  end as balance_minor,
  coalesce(b.held_minor, 0) as held_minor
from books.account a
  join books.chart_account c on c.book = a.book and c.code = a.code
  left join books.account_balance b on b.account_id = a.id;

grant select on books.hold, books.hold_movement, books.hold_position to credit_application;
grant insert (commits_hold_id) on books.journal to credit_application;
revoke execute on function books.place_hold, books.release_hold from public;
grant execute on function books.place_hold, books.release_hold to credit_application;
