-- Repayment orders: what a payer wants to pay, who collects it, and the method by which it can be paid.

-- Who collects what is repaid of a funding partner's loans: the partner itself, or our payment system.
alter table reference.party
  add column collected_by text not null default 'CUSTODY' check (collected_by in ('PARTNER', 'CUSTODY')),
  -- Whose money the party takes: some partners take none but the borrower's own.
  add column collects_from text not null default 'ANYBODY' check (collects_from in ('BORROWER', 'ANYBODY')),
  -- The payment channel that collects what no partner does; one in each market.
  add column is_default_collector boolean not null default false,
  add constraint partner_collects_itself check (collected_by = 'CUSTODY' or kind = 'FUNDING_PARTNER'),
  add constraint channel_is_default_collector check (not is_default_collector or kind = 'PAYMENT_CHANNEL');
create unique index party_default_collector on reference.party (market) where is_default_collector;

-- Markets that are there already collect through the channel that they have.
update reference.party set is_default_collector = true
 where id in (select min(id) from reference.party where kind = 'PAYMENT_CHANNEL' group by market);

-- How long a method to pay by takes money.
alter table reference.market add column method_expires_in_seconds integer not null default 1800
  check (method_expires_in_seconds > 0);

create schema repayment_engine;

-- What is not a fact of the order is not kept: that it has expired follows from the clock, that it was cancelled from
-- order_cancellation, and that it is paid from what was received.
create table repayment_engine.repayment_order (
  order_id        text   primary key,
  customer_id     text   not null,
  market          text   not null references reference.market,
  currency        text   not null references reference.currency,
  amount_minor    bigint not null check (amount_minor > 0),
  payer           text   not null default 'BORROWER' check (payer in ('BORROWER', 'OTHER')),
  state           text   not null check (state in ('CREATED', 'ROUTED', 'METHOD_CREATED', 'FAILED')),
  -- How often somebody was looked for who collects it, and who was asked in vain.
  attempt         integer not null default 0 check (attempt >= 0),
  refused_by      text[] not null default '{}',
  party           text   references reference.party,
  collected_by    text   check (collected_by in ('PARTNER', 'CUSTODY')),
  method_no       text   unique,
  method          jsonb,
  expires_at      timestamptz,
  reason_codes    text[] not null default '{}',
  created_at      timestamptz not null default now(),
  check ((party is null) = (collected_by is null)),
  check ((method is null) = (expires_at is null)),
  check (state <> 'METHOD_CREATED' or (party is not null and method_no is not null and method is not null))
);
create index repayment_order_by_customer on repayment_engine.repayment_order (customer_id);

-- What the payer means the money to do, loan by loan.
create table repayment_engine.repayment_order_line (
  order_id     text    not null references repayment_engine.repayment_order,
  number       integer not null check (number >= 1),
  loan_id      text    not null,
  quote_id     text,
  scenario     text    not null check (scenario in ('NORMAL', 'EARLY_SETTLEMENT', 'CANCELLATION')),
  instalments  integer[] check (instalments is null or scenario = 'NORMAL'),
  quoted_for   date,
  amount_minor bigint  not null check (amount_minor > 0),
  partner_id   text    not null,
  primary key (order_id, number),
  unique (order_id, loan_id),
  check ((quoted_for is null) = (quote_id is null)),
  check (quote_id is not null or scenario = 'NORMAL')
);
create index repayment_order_line_by_loan on repayment_engine.repayment_order_line (loan_id);

-- That an order is not wanted any more. It can be cancelled before its row is there, so it refers to none.
create table repayment_engine.order_cancellation (
  order_id     text primary key,
  actor        text not null,
  reason       text not null,
  cancelled_at timestamptz not null default now()
);

-- How much has come for an order, in minor units. Nothing comes in yet: the migration that keeps what is received replaces
-- this function.
create function repayment_engine.received_minor(p_order_id text) returns bigint
language sql stable
return 0::bigint;

create function repayment_engine.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'repayment_engine.% refuses %: its rows are only added to', tg_table_name, tg_op
    using errcode = 'restrict_violation';
end $$;

do $$
declare
  v_table text;
begin
  foreach v_table in array array['repayment_order_line', 'order_cancellation'] loop
    execute format('create trigger append_only before update or delete or truncate on repayment_engine.%I
                      for each statement execute function repayment_engine.refuse_change()', v_table);
  end loop;
end $$;

grant usage on schema repayment_engine to credit_application;
grant select, insert on all tables in schema repayment_engine to credit_application;
-- The rest of an order is as it was made.
grant update (state, attempt, refused_by, party, collected_by, method_no, method, expires_at, reason_codes)
  on repayment_engine.repayment_order to credit_application;

-- A request that may be given up: nobody waits for its party's word any longer, and what it leaves behind does no harm.
alter table outside.request drop constraint request_settled_by_check;
alter table outside.request add constraint request_settled_by_check
  check (settled_by in ('ANSWER', 'CALLBACK', 'QUERY', 'OPERATOR', 'GIVEN_UP'));
