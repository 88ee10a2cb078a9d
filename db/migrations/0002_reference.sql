-- Reference data: read by every service, written by the migrating user (seeds) or by the functions below.
create schema reference;
grant usage on schema reference to credit_application;

create table reference.currency (
  code text primary key check (code ~ '^[A-Z]{3}$'),
  -- By market practice, which is not always ISO 4217: IDR has 0.
  minor_unit smallint not null check (minor_unit between 0 and 4)
);

create table reference.market (
  id text primary key check (id ~ '^[A-Z]{2}$'),
  time_zone text not null,
  currency text not null references reference.currency
);

create table reference.business_date (
  market text primary key references reference.market,
  business_date date not null
);

grant select on reference.currency, reference.market, reference.business_date to credit_application;

-- The key of the advisory lock on a market's business date. An advisory lock is used because a share lock on the one
-- row that every posting reads would write to that row (as a multixact) for every posting.
create function reference.business_date_lock(p_market text) returns bigint
language sql immutable
return hashtextextended('business-date:' || p_market, 0);

-- Holds the market's business date still until the transaction ends, and returns it. Whoever writes something that
-- belongs to a business day calls this first, so that all it writes lands in one day.
create function reference.hold_business_date(p_market text) returns date
language plpgsql
as $$
declare
  v_date date;
begin
  -- The date must be read after the lock is held; a snapshot taken earlier could still show the day before.
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'the business date can only be held in a READ COMMITTED transaction'
      using errcode = 'BD001', hint = 'Use the default isolation level.';
  end if;
  perform pg_advisory_xact_lock_shared(reference.business_date_lock(p_market));
  select d.business_date into v_date from reference.business_date d where d.market = p_market;
  if v_date is null then
    raise exception 'market "%" has no business date', p_market
      using errcode = 'BD002', hint = 'Seed the market, or correct its id.';
  end if;
  return v_date;
end $$;

-- Moves the market's business date from p_from to p_to, once all transactions that hold it have ended. Returns true if
-- it moved, false if the market is already there or further (day-end may run twice); anything else is refused.
create function reference.advance_business_date(p_market text, p_from date, p_to date) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_date date;
begin
  if p_to <= p_from then
    raise exception 'a business date only moves forward, not from % to %', p_from, p_to using errcode = 'BD003';
  end if;
  perform pg_advisory_xact_lock(reference.business_date_lock(p_market));
  select d.business_date into v_date from reference.business_date d where d.market = p_market;
  if v_date is null then
    raise exception 'market "%" has no business date', p_market
      using errcode = 'BD002', hint = 'Seed the market, or correct its id.';
  end if;
  if v_date >= p_to then
    return false;
  end if;
  if v_date <> p_from then
    raise exception 'the business date of market "%" is %, so it cannot be advanced from %', p_market, v_date, p_from
      using errcode = 'BD004', hint = 'Read the current date and decide again.';
  end if;
  update reference.business_date set business_date = p_to where market = p_market;
  return true;
end $$;

revoke execute on function reference.advance_business_date from public;
grant execute on function reference.advance_business_date to credit_application;
