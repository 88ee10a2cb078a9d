-- Money in: what parties told us that customers have paid, what became of it, and the loans that it ended.

-- Money of one transaction at one party, as the party first told of it. Whatever it tells of the transaction later changes
-- nothing.
create table outside.receipt (
  party           text        not null references reference.party,
  transaction_no  text        not null check (transaction_no ~ '^[A-Za-z0-9._-]{1,64}$'),
  currency        text        not null references reference.currency,
  amount_minor    bigint      not null check (amount_minor > 0),
  -- In the party's words: an RFC 3339 instant with its offset.
  paid_at         text        not null,
  -- What the party says was paid by, and what stands beside the payment; neither need be known here.
  method_no       text,
  payer_reference text,
  first_heard_at  timestamptz not null default now(),
  primary key (party, transaction_no)
);

-- A notification tells of a request of ours, or of money that came in.
alter table outside.notification
  alter column request_no drop not null,
  add column transaction_no text,
  add constraint notification_tells_of_one_thing check (num_nonnulls(request_no, transaction_no) = 1),
  add foreign key (party, transaction_no) references outside.receipt;
create index notification_by_receipt on outside.notification (party, transaction_no)
  where transaction_no is not null;

-- What the repayment engine knows of money that came in. Without a customer nobody knew whose it was: then there is a row
-- in repayment_identification once two persons have found it out.
create table repayment_engine.repayment (
  party          text   not null,
  transaction_no text   not null,
  order_id       text   references repayment_engine.repayment_order,
  customer_id    text,
  currency       text   not null,
  amount_minor   bigint not null check (amount_minor > 0),
  value_date     date   not null,
  primary key (party, transaction_no),
  check (order_id is null or customer_id is not null)
);
create index repayment_by_order on repayment_engine.repayment (order_id) where order_id is not null;
create table repayment_engine.repayment_identification (
  party          text not null,
  transaction_no text not null,
  customer_id    text not null,
  loan_id        text,
  primary key (party, transaction_no),
  foreign key (party, transaction_no) references repayment_engine.repayment
);
-- What became of it, loan by loan and in all.
create table repayment_engine.repayment_result (
  party           text   not null,
  transaction_no  text   not null,
  unapplied_minor bigint not null check (unapplied_minor >= 0),
  primary key (party, transaction_no),
  foreign key (party, transaction_no) references repayment_engine.repayment
);
create table repayment_engine.repayment_on_loan (
  party          text   not null,
  transaction_no text   not null,
  loan_id        text   not null,
  applied_minor  bigint not null check (applied_minor >= 0),
  outcome        text   not null
                 check (outcome in ('INSTALMENT_SETTLED', 'LOAN_SETTLED', 'PARTIAL', 'CANCELLED', 'UNAPPLIED')),
  primary key (party, transaction_no, loan_id),
  foreign key (party, transaction_no) references repayment_engine.repayment
);
create index repayment_on_loan_by_loan on repayment_engine.repayment_on_loan (loan_id);

-- How much has come for an order, in minor units.
create or replace function repayment_engine.received_minor(p_order_id text) returns bigint
language sql stable
return (select coalesce(sum(amount_minor), 0)::bigint from repayment_engine.repayment where order_id = p_order_id);

create function outside.refuse_change_of_receipt() returns trigger language plpgsql as $$
begin
  raise exception 'outside.receipt refuses %: its rows are only added to', tg_op using errcode = 'restrict_violation';
end $$;
create trigger append_only before update or delete or truncate on outside.receipt
  for each statement execute function outside.refuse_change_of_receipt();

do $$
declare
  v_table text;
begin
  foreach v_table in array array['repayment', 'repayment_identification', 'repayment_result', 'repayment_on_loan'] loop
    execute format('create trigger append_only before update or delete or truncate on repayment_engine.%I
                      for each statement execute function repayment_engine.refuse_change()', v_table);
    execute format('grant select, insert on repayment_engine.%I to credit_application', v_table);
  end loop;
end $$;
grant select, insert on outside.receipt to credit_application;

-- A loan that is paid.
alter table asset_center.loan drop constraint loan_state_check, drop constraint loan_check;
alter table asset_center.loan
  add constraint loan_state_check check (state in ('BOOKED', 'ACTIVE', 'SETTLED', 'CANCELLED')),
  add constraint loan_check check ((state = 'BOOKED') = (schedule_version is null));
