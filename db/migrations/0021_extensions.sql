-- What asset management quoted for an extension (展期), and what it was worked out on.
create table asset_center.extension_quote (
  quote_id                text primary key,
  loan_id                 text    not null,
  customer_id             text    not null,
  -- By how many of the product's periods due dates would move.
  periods                 integer not null check (periods >= 1),
  -- The value date on which a payment of the total extends the loan as quoted.
  quoted_for              date    not null,
  -- The version of the schedule, and the loan's last posting by then (0: none). It applies only if both still stand.
  schedule_version        integer not null,
  last_posting            integer not null check (last_posting >= 0),
  -- What says whether a person is to approve an order of it.
  overdue_days            integer not null check (overdue_days >= 0),
  times_extended          integer not null check (times_extended >= 0),
  currency                text    not null,
  fee_minor               bigint  not null check (fee_minor >= 0),
  -- What is past due and is paid with the fee.
  arrears_penalty_minor   bigint  not null check (arrears_penalty_minor >= 0),
  arrears_fee_minor       bigint  not null check (arrears_fee_minor >= 0),
  arrears_interest_minor  bigint  not null check (arrears_interest_minor >= 0),
  arrears_principal_minor bigint  not null check (arrears_principal_minor >= 0),
  total_minor             bigint  not null check (total_minor >= 0),
  added_interest_minor    bigint  not null check (added_interest_minor >= 0),
  -- The schedule as the customer was shown it, whole. The version that is made is worked out anew, by the same rules.
  new_instalments         jsonb   not null,
  quoted_at               timestamptz not null default now(),
  foreign key (loan_id, schedule_version) references asset_center.schedule,
  check (fee_minor + arrears_penalty_minor + arrears_fee_minor + arrears_interest_minor + arrears_principal_minor
         = total_minor)
);
create index extension_quote_by_loan on asset_center.extension_quote (loan_id);
create trigger append_only before update or delete or truncate on asset_center.extension_quote
  for each statement execute function asset_center.refuse_change();
grant select, insert on asset_center.extension_quote to credit_application;

-- Orders of extensions. What is a fact of the order is never changed; how far it is, is its state.
create schema extension_engine;
create table extension_engine.extension_order (
  order_id     text    primary key,
  -- A quote is ordered once.
  quote_id     text    not null unique,
  loan_id      text    not null,
  customer_id  text    not null,
  market       text    not null references reference.market,
  periods      integer not null check (periods >= 1),
  quoted_for   date    not null,
  currency     text    not null references reference.currency,
  amount_minor bigint  not null check (amount_minor > 0),
  approval     text    not null check (approval in ('RULE', 'PERSON')),
  state        text    not null
               check (state in ('CREATED', 'REJECTED', 'APPROVED', 'METHOD_CREATED', 'FAILED', 'EXTENDED')),
  method_no    text    unique,
  method       jsonb,
  reason_codes text[]  not null default '{}',
  created_at   timestamptz not null default now(),
  check (state not in ('METHOD_CREATED', 'EXTENDED') or (method_no is not null and method is not null))
);
-- What has come for an order. Where the order is not EXTENDED then, it did not apply, and all of it is a payable.
create table extension_engine.fee_payment (
  receipt_id   text   primary key,
  order_id     text   not null references extension_engine.extension_order,
  value_date   date   not null,
  amount_minor bigint not null check (amount_minor > 0)
);
create index fee_payment_by_order on extension_engine.fee_payment (order_id);
create trigger append_only before update or delete or truncate on extension_engine.fee_payment
  for each statement execute function asset_center.refuse_change();

-- Methods by which money comes that is for an extension: whose it is.
create table repayment_engine.extension_method (
  method_no   text primary key,
  customer_id text not null,
  market      text not null,
  currency    text not null
);
create trigger append_only before update or delete or truncate on repayment_engine.extension_method
  for each statement execute function repayment_engine.refuse_change();

grant usage on schema extension_engine to credit_application;
grant select, insert on all tables in schema extension_engine to credit_application;
grant select, insert on repayment_engine.extension_method to credit_application;
grant update (state, method_no, method, reason_codes) on extension_engine.extension_order to credit_application;
