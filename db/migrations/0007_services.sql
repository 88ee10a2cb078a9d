-- The services' own tables: one schema a service, named after it. No service reads another one's.

create schema loan_engine;
create table loan_engine.loan_application (
  application_id   text primary key,
  loan_id          text    not null unique,
  customer_id      text    not null,
  market           text    not null,
  product_id       text    not null,
  product_version  integer not null,
  currency         text    not null,
  principal_minor  bigint  not null check (principal_minor > 0),
  payout_minor     bigint  not null check (payout_minor > 0),
  deducted_minor   bigint  not null check (deducted_minor >= 0),
  instalment_count integer not null,
  payout_account_token text not null,
  purpose          text,
  applied_on       date    not null,
  state            text    not null check (state in ('CREATED', 'APPROVED', 'CREDIT_RESERVED', 'ROUTED', 'PAYING_OUT',
                     'PAID_OUT', 'POSTED', 'BOOKED', 'DISBURSED', 'REJECTED', 'FAILED')),
  decision         text,
  reason_codes     text[]  not null default '{}',
  attempt          integer not null default 0,
  partner_id       text,
  reservation_id   text,
  payout_by        text,
  payment_channel_id text,
  transaction_no   text,
  disbursed_on     date,
  journal_id       bigint,
  updated_at       timestamptz not null default now(),
  check (principal_minor = payout_minor + deducted_minor)
);
create index loan_application_by_customer on loan_engine.loan_application (customer_id);

create schema decision_engine;
create table decision_engine.risk_decision (
  application_id   text primary key,
  customer_id      text not null,
  outcome          text not null check (outcome in ('APPROVE', 'REJECT', 'REVIEW')),
  strategy_version text not null,
  model_score      integer not null,
  reason_codes     text[] not null,
  -- What the decision was made from, so that it can be explained later.
  inputs           jsonb not null,
  decided_at       timestamptz not null default now()
);

create schema fund_routing_system;
create table fund_routing_system.fund_route (
  application_id text    not null,
  attempt        integer not null,
  partner_id     text    not null,
  agreement_id   text    not null,
  candidates     jsonb   not null,
  primary key (application_id, attempt)
);

create schema fund_management_system;
create table fund_management_system.fund_reservation (
  reservation_id text primary key,
  application_id text   not null,
  partner_id     text   not null,
  currency       text   not null,
  amount_minor   bigint not null check (amount_minor > 0),
  state          text   not null check (state in ('FROZEN', 'IN_TRANSIT', 'PAID_OUT', 'RELEASED')),
  updated_at     timestamptz not null default now()
);
create index fund_reservation_by_application on fund_management_system.fund_reservation (application_id);

create schema credit_limit_center;
create table credit_limit_center.credit_reservation (
  application_id text primary key,
  customer_id    text   not null,
  currency       text   not null,
  amount_minor   bigint not null check (amount_minor > 0),
  state          text   not null check (state in ('RESERVED', 'USED', 'RELEASED')),
  updated_at     timestamptz not null default now()
);

create schema payment_system;
create table payment_system.payment_order (
  payment_id         text primary key,
  purpose            text   not null,
  application_id     text   not null,
  payment_channel_id text   not null,
  currency           text   not null,
  amount_minor       bigint not null check (amount_minor > 0),
  state              text   not null check (state in ('INITIATED', 'SUCCEEDED', 'FAILED')),
  request_no         text   not null unique,
  updated_at         timestamptz not null default now()
);

create schema asset_center;
create table asset_center.loan_contract (
  contract_id     text primary key,
  loan_id         text not null unique,
  application_id  text not null unique,
  customer_id     text not null,
  product_id      text not null,
  product_version integer not null,
  foreign key (product_id, product_version) references reference.product_version (product_id, version)
);
create table asset_center.loan (
  loan_id            text primary key references asset_center.loan_contract (loan_id),
  customer_id        text    not null,
  market             text    not null,
  product_id         text    not null,
  product_version    integer not null,
  partner_id         text    not null,
  currency           text    not null,
  principal_minor    bigint  not null check (principal_minor > 0),
  instalment_count   integer not null,
  interest_from      date    not null,
  -- What the ledger records comes first: no loan without the journal that funded it, and none funded twice by one.
  funding_journal_id bigint  not null unique references books.journal (id),
  state              text    not null check (state in ('BOOKED', 'ACTIVE')),
  schedule_version   integer,
  check ((state = 'ACTIVE') = (schedule_version is not null))
);
create index loan_by_customer on asset_center.loan (customer_id);

create schema repayment_plan_service;
-- Versions are appended; an old one stays readable.
create table repayment_plan_service.repayment_schedule (
  loan_id         text    not null,
  version         integer not null check (version >= 1),
  currency        text    not null,
  principal_minor bigint  not null,
  primary key (loan_id, version)
);
create table repayment_plan_service.instalment (
  loan_id         text    not null,
  version         integer not null,
  number          integer not null check (number >= 1),
  period_start    date    not null,
  due_date        date    not null check (due_date > period_start),
  principal_minor bigint  not null check (principal_minor >= 0),
  interest_minor  bigint  not null check (interest_minor >= 0),
  fee_minor       bigint  not null check (fee_minor >= 0),
  primary key (loan_id, version, number),
  foreign key (loan_id, version) references repayment_plan_service.repayment_schedule
);

create schema outreach_system;
-- In-app messages (站内信): written here, read by the customer's app.
create table outreach_system.dispatched_message (
  notification_id text primary key,
  customer_id     text not null,
  template        text not null,
  language        text not null,
  reference       text not null,
  body            text not null,
  dispatched_at   timestamptz not null default now()
);
create index dispatched_message_by_customer on outreach_system.dispatched_message (customer_id);

do $$
declare
  v_schema text;
begin
  foreach v_schema in array array['loan_engine', 'decision_engine', 'fund_routing_system', 'fund_management_system',
    'credit_limit_center', 'payment_system', 'asset_center', 'repayment_plan_service', 'outreach_system']
  loop
    execute format('grant usage on schema %I to credit_application', v_schema);
    execute format('grant select, insert on all tables in schema %I to credit_application', v_schema);
  end loop;
end $$;
-- Only what has a state may change; the rest of a service's tables is history.
grant update on loan_engine.loan_application, fund_management_system.fund_reservation,
  credit_limit_center.credit_reservation, payment_system.payment_order, asset_center.loan to credit_application;
