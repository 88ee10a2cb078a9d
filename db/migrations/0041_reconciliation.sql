-- Reconciliation of debt resolution: what each run has compared, where two sides differed, and the findings that came of it. All of
-- it is only added to. Whether a finding is open, and what closed it, is the question that people are asked about it
-- (operations.question `finding:<id>`).
create schema reconciliation;

-- One comparison of one day, from begin to end. A day is compared again as often as anybody asks.
create table reconciliation.run (
  id       bigint generated always as identity primary key,
  market   text not null references reference.market,
  -- The calendar day in the market's zone: that of Yeepay's statement.
  day      date not null,
  begun_at timestamptz not null default now()
);
create index run_by_day on reconciliation.run (market, day, id);

-- How a run ended. A run without it is under way.
create table reconciliation.outcome (
  run_id        bigint primary key references reconciliation.run,
  -- The findings that are open after it; the day is green without any.
  open_findings integer not null check (open_findings >= 0),
  ended_at      timestamptz not null default now()
);

-- Which of Yeepay's requests a run has asked about: how far it is, whatever becomes of its workflow.
create table reconciliation.asked (
  run_id     bigint not null references reconciliation.run,
  request_no text   not null references outside.request,
  primary key (run_id, request_no)
);

-- Yeepay's statement of the run's day, as it came.
create table reconciliation.statement_line (
  run_id         bigint  not null references reconciliation.run,
  line           integer not null check (line >= 1),
  type           text    not null check (type in ('DIVIDE', 'COMPLETE', 'BACK')),
  order_id       text    not null,
  request_no     text    not null,
  transaction_no text    not null,
  detail_no      text    not null,
  ledger_no      text    not null,
  amount_minor   bigint  not null check (amount_minor > 0),
  done_at        timestamptz not null,
  primary key (run_id, line)
);

-- What a comparison has compared in a run.
create table reconciliation.compared (
  run_id     bigint  not null references reconciliation.run,
  comparison text    not null,
  compared   integer not null check (compared >= 0),
  primary key (run_id, comparison)
);

-- Where the two sides of a comparison differed in a run; null is a side that has nothing of the subject.
create table reconciliation.difference (
  run_id       bigint  not null references reconciliation.run,
  comparison   text    not null,
  -- What was compared: an order, a request and its receiver, a contract, …
  subject      text    not null,
  order_id     text,
  ours         text,
  theirs       text,
  -- Something of the order is on its way: no finding.
  is_in_flight boolean not null,
  check (ours is distinct from theirs),
  primary key (run_id, comparison, subject)
);

-- A difference that somebody has to explain. It is this very difference: where a side changes, it is another finding.
create table reconciliation.finding (
  id         bigint generated always as identity primary key,
  market     text   not null references reference.market,
  -- The run that found it, and its day.
  run_id     bigint not null references reconciliation.run,
  day        date   not null,
  comparison text   not null,
  subject    text   not null,
  order_id   text,
  ours       text,
  theirs     text,
  found_at   timestamptz not null default now(),
  check (ours is distinct from theirs)
);
create index finding_by_subject on reconciliation.finding (market, comparison, subject);

-- Who has seen a finding and looks into it.
create table reconciliation.acknowledgement (
  finding_id      bigint not null references reconciliation.finding,
  actor           text   not null,
  reason          text   not null,
  acknowledged_at timestamptz not null default now(),
  primary key (finding_id, actor)
);

-- A finding, with what has become of it.
create view reconciliation.finding_state as
  select f.*, 'debt-reconciliation:' || f.market || '.' || f.day as flow_id, 'finding:' || f.id as question,
         coalesce(a.answer,
                  case when exists (select from reconciliation.acknowledgement k where k.finding_id = f.id)
                       then 'ACKNOWLEDGED' else 'OPEN' end) as state
    from reconciliation.finding f
    left join operations.answer a
           on a.flow_id = 'debt-reconciliation:' || f.market || '.' || f.day and a.question = 'finding:' || f.id;

create function reconciliation.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'reconciliation.% refuses %: its rows are only added to', tg_table_name, tg_op
    using errcode = 'restrict_violation';
end $$;

do $$
declare
  v_table text;
begin
  foreach v_table in array array['run', 'outcome', 'asked', 'statement_line', 'compared', 'difference', 'finding', 'acknowledgement'] loop
    execute format('create trigger append_only before update or delete or truncate on reconciliation.%I
                      for each statement execute function reconciliation.refuse_change()', v_table);
    execute format('grant insert on reconciliation.%I to credit_application', v_table);
  end loop;
end $$;
grant usage on schema reconciliation to credit_application;
grant select on all tables in schema reconciliation to credit_application;

-- A day's requests to Yeepay, and those that it has not answered yet.
create index request_yeepay_settled on outside.request (settled_at, request_no) where party = 'yeepay';
