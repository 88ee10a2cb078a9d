-- Debt resolution (化债核心域): how malls' orders are divided, and how the debtors' shares settle debts.

-- How long a mall's order waits for whom. What Yeepay's notice does not say in time it is asked for; a receipt that is not
-- confirmed in time is settled by itself where the mall says so, and else people are asked.
create table reference.mall (
  id                      text    primary key check (id ~ '^[a-z][a-z0-9-]{2,40}$'),
  market                  text    not null references reference.market,
  name                    text    not null,
  clearing_within_seconds integer not null check (clearing_within_seconds > 0),
  confirm_within_seconds  integer not null check (confirm_within_seconds > 0),
  settles_by_itself       boolean not null default false
);

-- What Yeepay's refusals mean. RETRY: tried again by itself, first after that many seconds, then after twice as many each time.
-- ASK: a person says whether it is tried again. REFUSE: it will not be done. A code that is not here is asked about. Where Yeepay
-- gives a reason (failReason) and no code of its own, the reason is the code.
create table reference.yeepay_code (
  code                text primary key,
  meaning             text not null check (meaning in ('RETRY', 'ASK', 'REFUSE')),
  retry_after_seconds integer check (retry_after_seconds > 0),
  check ((meaning = 'RETRY') = (retry_after_seconds is not null))
);
grant select on reference.mall, reference.yeepay_code to credit_application;

create schema divide_service;

create table divide_service.divide_record (
  order_id           text    primary key,
  mall_id            text    not null references reference.mall,
  market             text    not null references reference.market,
  currency           text    not null references reference.currency,
  -- Yeepay's numbers of the paid order and of the merchant that received it.
  unique_order_no    text    not null,
  merchant_no        text    not null,
  order_amount_minor bigint  not null check (order_amount_minor > 0),
  -- Divided before this platform was there: { settled, dividedOn, isCompleted, … } as the mall has told it.
  divided_before     jsonb,
  status             text    not null default 'PENDING' check (status in ('PENDING', 'COMPLETED', 'FAILED')),
  -- What was left of the payment after Yeepay's fee, and what of it Yeepay said could be divided.
  settled_minor      bigint  check (settled_minor > 0 and settled_minor <= order_amount_minor),
  undivided_minor    bigint  check (undivided_minor >= 0),
  cleared_on         date,
  divide_request_id  text,
  yeepay_batch_no    text,
  divided_on         date,
  -- When its debts were settled, and when the rest had gone to the merchant.
  debts_settled_on   date,
  completed_on       date,
  -- Kept by a trigger: the sum of the refunds that the order can have.
  refunded_minor     bigint  not null default 0 check (refunded_minor >= 0),
  created_at         timestamptz not null default now(),
  constraint never_more_than_order check (refunded_minor <= order_amount_minor),
  check ((cleared_on is null) = (settled_minor is null)),
  check (status <> 'COMPLETED' or divided_on is not null)
);

create table divide_service.divide_item (
  order_id        text    not null references divide_service.divide_record,
  number          integer not null check (number >= 1),
  order_detail_id text,
  product_name    text,
  ledger_id       text    not null,
  mer_type        text    not null check (mer_type in ('SUPPLIER', 'DEBTOR')),
  sub_mer_no      text    not null,
  amount_minor    bigint  not null check (amount_minor > 0),
  -- Kept by a trigger: what refunds have left out of the divide, or returned after it.
  refunded_minor  bigint  not null default 0 check (refunded_minor >= 0),
  -- Yeepay's number of what the receiver got: the same for all lines of one receiver.
  detail_no       text,
  primary key (order_id, number),
  constraint never_more_than_line check (refunded_minor <= amount_minor)
);

-- What the buyer paid for an item, where the mall has told it: such an item can be refunded in parts.
create table divide_service.order_item (
  order_id        text   not null references divide_service.divide_record,
  order_detail_id text   not null,
  price_minor     bigint not null check (price_minor > 0),
  -- Kept by a trigger.
  refunded_minor  bigint not null default 0 check (refunded_minor >= 0),
  primary key (order_id, order_detail_id),
  constraint never_more_than_item check (refunded_minor <= price_minor)
);

create table divide_service.order_refund (
  order_id        text    not null references divide_service.divide_record,
  refund_id       text    not null,
  -- The order in which they came, which is the order in which they count.
  number          integer not null check (number >= 1),
  order_detail_id text,
  amount_minor    bigint  not null check (amount_minor > 0),
  -- REFUSED: the order cannot have it. LEFT_OUT: it came before the divide.
  state           text    not null check (state in ('REQUESTED', 'REFUSED', 'RETURNING', 'LEFT_OUT', 'RETURNED')),
  reason_code     text,
  requested_at    timestamptz not null default now(),
  primary key (order_id, refund_id),
  unique (order_id, number),
  check ((state = 'REFUSED') = (reason_code is not null))
);

-- What a refund has taken of each line: left out of the divide, or returned after it.
create table divide_service.refund_line (
  order_id     text    not null,
  refund_id    text    not null,
  number       integer not null,
  amount_minor bigint  not null check (amount_minor > 0),
  primary key (order_id, refund_id, number),
  foreign key (order_id, refund_id) references divide_service.order_refund,
  foreign key (order_id, number) references divide_service.divide_item
);

-- Sums that nobody can pass, whatever runs at the same time: refunds of one order wait for each other here.
create function divide_service.keep_refunded() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if new.state <> 'REFUSED' then
    update divide_service.divide_record r set refunded_minor = r.refunded_minor + new.amount_minor
     where r.order_id = new.order_id;
    update divide_service.order_item i set refunded_minor = i.refunded_minor + new.amount_minor
     where i.order_id = new.order_id and i.order_detail_id = new.order_detail_id;
  end if;
  return null;
end $$;
create trigger refunded_kept after insert on divide_service.order_refund
  for each row execute function divide_service.keep_refunded();

create function divide_service.keep_refunded_line() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  update divide_service.divide_item i set refunded_minor = i.refunded_minor + new.amount_minor
   where i.order_id = new.order_id and i.number = new.number;
  return null;
end $$;
create trigger refunded_kept after insert on divide_service.refund_line
  for each row execute function divide_service.keep_refunded_line();

create function divide_service.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'divide_service.% refuses %: its rows are only added to', tg_table_name, tg_op
    using errcode = 'restrict_violation';
end $$;
create trigger append_only before update or delete or truncate on divide_service.refund_line
  for each statement execute function divide_service.refuse_change();

grant usage on schema divide_service to credit_application;
grant select on all tables in schema divide_service to credit_application;
-- What a trigger keeps, nobody gives.
grant insert (order_id, mall_id, market, currency, unique_order_no, merchant_no, order_amount_minor, divided_before),
      update (status, settled_minor, undivided_minor, cleared_on, divide_request_id, yeepay_batch_no, divided_on,
              debts_settled_on, completed_on)
   on divide_service.divide_record to credit_application;
grant insert (order_id, number, order_detail_id, product_name, ledger_id, mer_type, sub_mer_no, amount_minor),
      update (detail_no) on divide_service.divide_item to credit_application;
grant insert (order_id, order_detail_id, price_minor) on divide_service.order_item to credit_application;
grant insert, update (state) on divide_service.order_refund to credit_application;
grant insert on divide_service.refund_line to credit_application;

create schema debt_settlement_service;

-- Whose debts the shares of a ledger id settle.
create table debt_settlement_service.ledger (
  ledger_id      text primary key,
  member_user_id text not null,
  mapped_at      timestamptz not null default now()
);

create table debt_settlement_service.debt_contract (
  contract_id       text    primary key,
  case_entrust_id   text    not null,
  member_user_id    text    not null,
  currency          text    not null references reference.currency,
  -- Of a debtor's contracts the lowest position is settled first.
  position          integer not null check (position >= 1),
  total_debt_minor  bigint  not null check (total_debt_minor > 0),
  -- Kept by a trigger: the sum of the records. What remains follows from it, and whether it is completed from that.
  settled_minor     bigint  not null default 0 check (settled_minor >= 0),
  remaining_minor   bigint  not null generated always as (total_debt_minor - settled_minor) stored,
  constraint never_more_than_debt check (settled_minor <= total_debt_minor),
  unique (member_user_id, position)
);

-- How the debt is to be paid, month by month. What is paid of a month follows from what is settled in all.
create table debt_settlement_service.repayment_plan (
  contract_id text   not null references debt_settlement_service.debt_contract,
  period      text   not null check (period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
  plan_minor  bigint not null check (plan_minor > 0),
  primary key (contract_id, period)
);

-- What was divided, as the divide service has told it, and what of it to debtors.
create table debt_settlement_service.divided_order (
  order_id text primary key,
  market   text not null references reference.market
);
create table debt_settlement_service.debtor_line (
  order_id        text    not null references debt_settlement_service.divided_order,
  number          integer not null,
  ledger_id       text    not null,
  currency        text    not null references reference.currency,
  amount_minor    bigint  not null check (amount_minor > 0),
  primary key (order_id, number)
);

-- What of it was returned before it settled anything.
create table debt_settlement_service.returned_line (
  order_id     text    not null,
  refund_id    text    not null,
  number       integer not null,
  amount_minor bigint  not null check (amount_minor > 0),
  primary key (order_id, refund_id, number),
  foreign key (order_id, number) references debt_settlement_service.debtor_line
);

create table debt_settlement_service.settlement (
  order_id     text primary key references debt_settlement_service.divided_order,
  confirmed_by text not null check (confirmed_by in ('MALL', 'TIME_LIMIT')),
  value_date   date not null
);

-- What a line did: its repayment records, and what exceeded the debt.
create table debt_settlement_service.settled_line (
  order_id       text    not null references debt_settlement_service.settlement,
  number         integer not null,
  member_user_id text    not null,
  amount_minor   bigint  not null check (amount_minor > 0),
  excess_minor   bigint  not null check (excess_minor >= 0 and excess_minor <= amount_minor),
  primary key (order_id, number),
  foreign key (order_id, number) references debt_settlement_service.debtor_line
);

-- What of a settled line a refund has undone.
create table debt_settlement_service.undone_line (
  order_id     text    not null,
  refund_id    text    not null,
  number       integer not null,
  amount_minor bigint  not null check (amount_minor > 0),
  excess_minor bigint  not null check (excess_minor >= 0 and excess_minor <= amount_minor),
  primary key (order_id, refund_id, number),
  foreign key (order_id, number) references debt_settlement_service.settled_line
);

-- All that a contract was ever moved by (化债明细).
create table debt_settlement_service.repayment_record (
  id              bigint  generated always as identity primary key,
  contract_id     text    not null references debt_settlement_service.debt_contract,
  -- Null where it is what was settled before this platform was there.
  order_id        text,
  number          integer,
  type            text    not null check (type in ('INCOME', 'EXPENSE')),
  amount_minor    bigint  not null check (amount_minor > 0),
  refund_id       text,
  -- Whether the refund has undone all that the line settled of the contract.
  refund_status   text    not null default 'NONE' check (refund_status in ('NONE', 'PARTIAL', 'FULL')),
  value_date      date    not null,
  recorded_at     timestamptz not null default now(),
  check ((type = 'EXPENSE') = (refund_id is not null)),
  check ((type = 'EXPENSE') = (refund_status <> 'NONE')),
  check ((order_id is null) = (number is null)),
  unique nulls not distinct (contract_id, order_id, number, refund_id),
  foreign key (order_id, number) references debt_settlement_service.settled_line
);

create function debt_settlement_service.move_contract() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  update debt_settlement_service.debt_contract c
     set settled_minor = c.settled_minor + case new.type when 'INCOME' then new.amount_minor else -new.amount_minor end
   where c.contract_id = new.contract_id;
  return null;
end $$;
create trigger contract_moved after insert on debt_settlement_service.repayment_record
  for each row execute function debt_settlement_service.move_contract();

create function debt_settlement_service.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'debt_settlement_service.% refuses %: its rows are only added to', tg_table_name, tg_op
    using errcode = 'restrict_violation';
end $$;

do $$
declare
  v_table text;
begin
  foreach v_table in array array['ledger', 'repayment_plan', 'divided_order', 'debtor_line', 'returned_line', 'settlement', 'settled_line',
                                 'undone_line', 'repayment_record'] loop
    execute format('create trigger append_only before update or delete or truncate on debt_settlement_service.%I
                      for each statement execute function debt_settlement_service.refuse_change()', v_table);
    execute format('grant insert on debt_settlement_service.%I to credit_application', v_table);
  end loop;
end $$;

grant usage on schema debt_settlement_service to credit_application;
grant select on all tables in schema debt_settlement_service to credit_application;
grant insert (contract_id, case_entrust_id, member_user_id, currency, position, total_debt_minor)
  on debt_settlement_service.debt_contract to credit_application;
