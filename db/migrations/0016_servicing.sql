-- What asset management keeps of a loan under way: its schedule, what was paid, what that changed, and what was quoted.
-- What is owed is not kept: it is schedule + penalty - postings (docs/servicing.md).

-- Asset management's own copy of the schedules that it was told of; the plan service has the originals.
create table asset_center.schedule (
  loan_id       text    not null references asset_center.loan,
  version       integer not null check (version >= 1),
  -- By how many periods an extension made the loan longer; 0 where the version came about otherwise.
  added_periods integer not null default 0 check (added_periods >= 0),
  primary key (loan_id, version)
);
create table asset_center.instalment (
  loan_id         text    not null,
  version         integer not null,
  number          integer not null check (number >= 1),
  period_start    date    not null,
  due_date        date    not null check (due_date > period_start),
  principal_minor bigint  not null check (principal_minor >= 0),
  interest_minor  bigint  not null check (interest_minor >= 0),
  fee_minor       bigint  not null check (fee_minor >= 0),
  primary key (loan_id, version, number),
  foreign key (loan_id, version) references asset_center.schedule
);

-- Money that was put towards a loan, and what its payer meant it to do.
create table asset_center.payment (
  loan_id      text    not null references asset_center.loan,
  -- Its place among the loan's payments, in the order in which they were heard of.
  number       integer not null check (number >= 1),
  payment_id   text    not null,
  value_date   date    not null,
  amount_minor bigint  not null check (amount_minor >= 0),
  coupon_minor bigint  not null default 0 check (coupon_minor >= 0),
  intent       text    not null check (intent in ('NORMAL', 'EARLY_SETTLEMENT', 'CANCELLATION', 'EXTENSION')),
  instalments  integer[],
  quoted_for   date,
  periods      integer,
  primary key (loan_id, number),
  unique (loan_id, payment_id),
  check (instalments is null or intent = 'NORMAL'),
  check ((quoted_for is null) = (intent = 'NORMAL')),
  check ((periods is not null) = (intent = 'EXTENSION'))
);

-- What a payment changed of one component of one instalment. Every read is of one loan, so that the table can be
-- partitioned by it.
create table asset_center.posting (
  loan_id      text    not null,
  -- Its place among the loan's postings.
  number       integer not null check (number >= 1),
  payment_id   text    not null,
  value_date   date    not null,
  instalment   integer not null check (instalment >= 1),
  component    text    not null check (component in ('PENALTY', 'FEE', 'INTEREST', 'PRINCIPAL')),
  kind         text    not null
               check (kind in ('PAYMENT', 'COUPON', 'WAIVER', 'ADJUSTMENT', 'NETTING', 'RETURNED_FEE')),
  -- What is owed less by it; negative where more is owed.
  amount_minor bigint  not null check (amount_minor <> 0),
  undoes       integer check (undoes < number),
  primary key (loan_id, number),
  foreign key (loan_id, payment_id) references asset_center.payment (loan_id, payment_id),
  foreign key (loan_id, undoes) references asset_center.posting
);

create table asset_center.repayment_quote (
  quote_id           text primary key,
  loan_id            text    not null,
  customer_id        text    not null,
  scenario           text    not null check (scenario in ('NORMAL', 'EARLY_SETTLEMENT', 'CANCELLATION')),
  -- What a normal repayment is for; null for all, in the order of the product.
  instalments        integer[] check (instalments is null or scenario = 'NORMAL'),
  -- The value date on which a payment of the total does what is quoted.
  quoted_for         date    not null,
  -- What it was worked out on: the version of the schedule, and the loan's last posting by then (0: none).
  schedule_version   integer not null,
  last_posting       integer not null check (last_posting >= 0),
  currency           text    not null,
  principal_minor    bigint  not null check (principal_minor >= 0),
  interest_minor     bigint  not null check (interest_minor >= 0),
  fee_minor          bigint  not null check (fee_minor >= 0),
  penalty_minor      bigint  not null check (penalty_minor >= 0),
  waiver_minor       bigint  not null check (waiver_minor >= 0),
  coupon_minor       bigint  not null check (coupon_minor >= 0),
  returned_fee_minor bigint  not null check (returned_fee_minor >= 0),
  total_minor        bigint  not null check (total_minor >= 0),
  return_minor       bigint  not null check (return_minor >= 0),
  quoted_at          timestamptz not null default now(),
  foreign key (loan_id, schedule_version) references asset_center.schedule,
  check (principal_minor + interest_minor + fee_minor + penalty_minor
         - waiver_minor - coupon_minor - returned_fee_minor = total_minor)
);
create index repayment_quote_by_loan on asset_center.repayment_quote (loan_id);

create function asset_center.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'asset_center.% refuses %: its rows are only added to', tg_table_name, tg_op
    using errcode = 'restrict_violation', hint = 'Take a posting back by a further one that names it.';
end $$;

do $$
declare
  v_table text;
begin
  foreach v_table in array array['schedule', 'instalment', 'payment', 'posting', 'repayment_quote'] loop
    execute format('create trigger append_only before update or delete or truncate on asset_center.%I
                      for each statement execute function asset_center.refuse_change()', v_table);
    execute format('grant select, insert on asset_center.%I to credit_application', v_table);
  end loop;
end $$;

-- The copy for loans that have their schedule, and for those that the version before this one makes active while it still
-- serves. A later release drops trigger and function: no service reads another one's tables.
create function asset_center.copy_schedule() returns trigger language plpgsql as $$
begin
  insert into asset_center.schedule (loan_id, version) values (new.loan_id, new.schedule_version)
  on conflict do nothing;
  insert into asset_center.instalment (loan_id, version, number, period_start, due_date, principal_minor,
                                       interest_minor, fee_minor)
  select loan_id, version, number, period_start, due_date, principal_minor, interest_minor, fee_minor
    from repayment_plan_service.instalment
   where loan_id = new.loan_id and version = new.schedule_version
  on conflict do nothing;
  return null;
end $$;
create trigger schedule_copied after update of schedule_version on asset_center.loan
  for each row when (new.schedule_version is not null) execute function asset_center.copy_schedule();

insert into asset_center.schedule (loan_id, version)
select loan_id, version from repayment_plan_service.repayment_schedule join asset_center.loan using (loan_id);
insert into asset_center.instalment (loan_id, version, number, period_start, due_date, principal_minor, interest_minor,
                                     fee_minor)
select loan_id, version, number, period_start, due_date, i.principal_minor, interest_minor, fee_minor
  from repayment_plan_service.instalment i join asset_center.schedule using (loan_id, version);
