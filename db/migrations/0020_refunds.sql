-- Refunds: money that came in goes back to its payer, approved by a second person where it must be.

-- Up to which amount money that was never put towards a loan goes back without a person's approval.
alter table reference.market add column refund_unapproved_up_to_minor bigint not null default 0
  check (refund_unapproved_up_to_minor >= 0);

create schema refund_reversal_service;

create table refund_reversal_service.refund (
  refund_id             text    primary key,
  cause                 text    not null
                        check (cause in ('DISBURSEMENT_WENT_WRONG', 'PAID_TWICE', 'OVERPAID', 'WRONGLY_CHARGED')),
  party                 text    not null,
  transaction_no        text    not null,
  customer_id           text    not null,
  currency              text    not null references reference.currency,
  amount_minor          bigint  not null check (amount_minor > 0),
  customer_at_fault     boolean not null,
  -- Set where a funding partner collected the money itself, and so owes what is paid back.
  collecting_partner_id text    references reference.party,
  payment_channel_id    text    not null references reference.party,
  -- Where it goes; null: by the way it came.
  account_token         text,
  state                 text    not null check (state in ('REQUESTED', 'PAYING_OUT', 'ACCOUNT_NEEDED', 'PAID_OUT', 'REJECTED',
                          'FAILED')),
  attempt               integer not null default 0 check (attempt >= 0),
  reason_codes          text[]  not null default '{}',
  refund_transaction_no text,
  refunded_on           date,
  requested_at          timestamptz not null default now(),
  foreign key (party, transaction_no) references outside.receipt,
  check ((state = 'PAID_OUT') = (refunded_on is not null)),
  check ((refunded_on is null) = (refund_transaction_no is null))
);
create index refund_by_receipt on refund_reversal_service.refund (party, transaction_no);
create index refund_by_customer on refund_reversal_service.refund (customer_id);

-- What of it was put towards loans, in the order in which it is taken back; the rest never was.
create table refund_reversal_service.refund_part (
  refund_id    text    not null references refund_reversal_service.refund,
  number       integer not null check (number >= 1),
  loan_id      text    not null,
  partner_id   text    not null references reference.party,
  amount_minor bigint  not null check (amount_minor > 0),
  primary key (refund_id, number),
  unique (refund_id, loan_id)
);

-- What came in, and how much of it goes or went back by refunds that did not end before. Kept by a trigger, so that nobody
-- can pay back more than was paid, whatever runs at the same time: refunds of one receipt wait for each other here.
create table refund_reversal_service.refunded_receipt (
  party          text   not null,
  transaction_no text   not null,
  received_minor bigint not null,
  refunded_minor bigint not null default 0 check (refunded_minor >= 0),
  primary key (party, transaction_no),
  foreign key (party, transaction_no) references outside.receipt,
  constraint never_more_than_was_paid check (refunded_minor <= received_minor)
);

create function refund_reversal_service.keep_refunded() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    insert into refund_reversal_service.refunded_receipt (party, transaction_no, received_minor)
    select r.party, r.transaction_no, r.amount_minor from outside.receipt r
     where r.party = new.party and r.transaction_no = new.transaction_no and r.currency = new.currency
    on conflict do nothing;
    update refund_reversal_service.refunded_receipt r set refunded_minor = r.refunded_minor + new.amount_minor
     where r.party = new.party and r.transaction_no = new.transaction_no;
    if not found then
      raise exception 'refund % is not in the currency of what came in', new.refund_id using errcode = 'check_violation';
    end if;
  elsif old.state in ('REJECTED', 'FAILED', 'PAID_OUT') then
    raise exception 'refund % is % and never changes', old.refund_id, old.state using errcode = 'restrict_violation';
  elsif new.state in ('REJECTED', 'FAILED') then
    update refund_reversal_service.refunded_receipt r set refunded_minor = r.refunded_minor - new.amount_minor
     where r.party = new.party and r.transaction_no = new.transaction_no;
  end if;
  return null;
end $$;
create trigger refunded_kept after insert or update on refund_reversal_service.refund
  for each row execute function refund_reversal_service.keep_refunded();

create function refund_reversal_service.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'refund_reversal_service.% refuses %: its rows are only added to', tg_table_name, tg_op
    using errcode = 'restrict_violation';
end $$;
create trigger append_only before update or delete or truncate on refund_reversal_service.refund_part
  for each statement execute function refund_reversal_service.refuse_change();
create trigger never_deleted before delete or truncate on refund_reversal_service.refund
  for each statement execute function refund_reversal_service.refuse_change();

grant usage on schema refund_reversal_service to credit_application;
grant select, insert on refund_reversal_service.refund, refund_reversal_service.refund_part to credit_application;
grant select on refund_reversal_service.refunded_receipt to credit_application;
-- The rest of a refund is as it was asked for.
grant update (state, attempt, account_token, reason_codes, refund_transaction_no, refunded_on)
  on refund_reversal_service.refund to credit_application;

-- What funding partners have received, set aside for refunds.
create table fund_management_system.refund_reservation (
  refund_id    text   not null,
  loan_id      text   not null,
  partner_id   text   not null references reference.party,
  currency     text   not null references reference.currency,
  amount_minor bigint not null check (amount_minor > 0),
  state        text   not null check (state in ('FROZEN', 'REFUNDED', 'RELEASED')),
  primary key (refund_id, loan_id)
);
grant select, insert, update (state) on fund_management_system.refund_reservation to credit_application;

-- The reversal of a disbursement whose money has come back.
create table refund_reversal_service.reversal (
  reversal_id     text   primary key,
  loan_id         text   not null,
  application_id  text   not null,
  customer_id     text   not null,
  partner_id      text   not null references reference.party,
  currency        text   not null references reference.currency,
  principal_minor bigint not null check (principal_minor > 0),
  payout_minor    bigint not null check (payout_minor > 0),
  -- Who has the money back, and by which of its transactions: what the two persons have seen.
  party           text   not null references reference.party,
  transaction_no  text   not null,
  value_date      date   not null,
  state           text   not null check (state in ('REQUESTED', 'REVERSED', 'REJECTED')),
  reason_codes    text[] not null default '{}',
  requested_at    timestamptz not null default now()
);
-- A disbursement is reversed once, and by money that has reversed no other.
create unique index reversal_of_loan on refund_reversal_service.reversal (loan_id) where state <> 'REJECTED';
create unique index reversal_by_money on refund_reversal_service.reversal (party, transaction_no)
  where state <> 'REJECTED';
create trigger never_deleted before delete or truncate on refund_reversal_service.reversal
  for each statement execute function refund_reversal_service.refuse_change();
grant select, insert, update (state, reason_codes) on refund_reversal_service.reversal to credit_application;

alter table asset_center.loan drop constraint loan_state_check;
alter table asset_center.loan add constraint loan_state_check
  check (state in ('BOOKED', 'ACTIVE', 'SETTLED', 'CANCELLED', 'REVERSED'));
