-- What people decide about running flows: customers, operators, and the clock where nobody did.

create schema operations;

-- A question that a flow waits for. It is open until it has an answer.
create table operations.question (
  flow_id   text not null,
  question  text not null,
  -- Who may answer: a customer's client, or an operator whose act another one approves.
  answers   text[] not null,
  opened_at timestamptz not null default now(),
  -- When the flow goes on without an answer of a person; null where it waits for as long as it takes.
  due_at    timestamptz,
  primary key (flow_id, question)
);

-- The audit of what was done, by whom and why. An approval is an act too, and names the act that it approves.
create table operations.act (
  id       uuid primary key default gen_random_uuid(),
  flow_id  text not null,
  question text not null,
  answer   text not null,
  actor    text not null,
  reason   text not null,
  approves uuid unique references operations.act,
  acted_at timestamptz not null default now(),
  foreign key (flow_id, question) references operations.question
);
create index act_by_flow on operations.act (flow_id, acted_at);

-- An approval is another person's, and says the same as what it approves.
create function operations.check_approval() returns trigger language plpgsql as $$
begin
  perform from operations.act
    where id = new.approves and flow_id = new.flow_id and question = new.question and answer = new.answer
      and actor <> new.actor and approves is null;
  if not found then
    raise exception 'act % cannot be approved by %', new.approves, new.actor using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger approval_is_by_another before insert on operations.act
  for each row when (new.approves is not null) execute function operations.check_approval();

-- The answer that stands. The first one is the only one: a late act, and a deadline that came too late, change nothing.
create table operations.answer (
  flow_id     text not null,
  question    text not null,
  answer      text not null,
  act_id      uuid not null references operations.act,
  answered_at timestamptz not null default now(),
  primary key (flow_id, question),
  foreign key (flow_id, question) references operations.question
);

grant usage on schema operations to credit_application;
grant select, insert on all tables in schema operations to credit_application;

-- A decision by a person stands beside the strategy's, which asked for it.
alter table decision_engine.risk_decision add column decided_by text not null default 'STRATEGY'
  check (decided_by in ('STRATEGY', 'PERSON', 'DEADLINE', 'CUSTOMER'));
alter table decision_engine.risk_decision drop constraint risk_decision_pkey;
alter table decision_engine.risk_decision add column stage text not null default 'STRATEGY'
  check (stage in ('STRATEGY', 'REVIEW'));
alter table decision_engine.risk_decision add primary key (application_id, stage);

-- How long a market waits for what people and parties do.
alter table reference.market add column review_within_seconds integer not null default 86400
  check (review_within_seconds > 0);

alter table loan_engine.loan_application drop constraint loan_application_state_check;
alter table loan_engine.loan_application add constraint loan_application_state_check check (state in ('CREATED',
  'IN_REVIEW', 'APPROVED', 'CREDIT_RESERVED', 'ROUTED', 'PAYING_OUT', 'PAID_OUT', 'POSTED', 'BOOKED', 'DISBURSED',
  'REJECTED', 'WITHDRAWN', 'FAILED'));

-- Money that left after a failure was confirmed: it is in exception until a person has found it.
alter table fund_management_system.fund_reservation drop constraint fund_reservation_state_check;
alter table fund_management_system.fund_reservation add constraint fund_reservation_state_check
  check (state in ('FROZEN', 'IN_TRANSIT', 'PAID_OUT', 'RELEASED', 'IN_EXCEPTION', 'RETURNED'));

alter table reference.party drop constraint party_kind_check;
alter table reference.party add constraint party_kind_check
  check (kind in ('FUNDING_PARTNER', 'PAYMENT_CHANNEL', 'MESSAGING'));

-- Messages go out by a messaging party; what it cannot deliver is left in the app.
alter table outreach_system.dispatched_message add column channel text not null default 'IN_APP'
  check (channel in ('IN_APP', 'SMS'));
