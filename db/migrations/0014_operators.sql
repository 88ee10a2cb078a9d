-- What operators do to flows that run.

-- One row for each Update that a person sent to a flow. What came by the API has an authenticated actor, and its row is
-- there before the flow hears of it; what came from Temporal's Web UI has the name that was typed there.
create table operations.intervention (
  id          uuid primary key,
  flow_id     text not null,
  act         text not null check (act in ('hold', 'release', 'retry-now', 'resolve', 'abandon')),
  actor       text not null,
  reason      text not null,
  -- The approved act that it carries out.
  approval_id uuid references operations.act,
  via         text not null check (via in ('API', 'WEB_UI')),
  asked_at    timestamptz not null default now(),
  -- When the flow took it; null while it has not, or because it refused.
  accepted_at timestamptz,
  check ((act in ('resolve', 'abandon')) = (approval_id is not null))
);
create index intervention_by_flow on operations.intervention (flow_id, asked_at);

create function operations.refuse_change_of_intervention() returns trigger language plpgsql as $$
begin
  raise exception 'an intervention is accepted once, and never changes' using errcode = 'restrict_violation';
end $$;
create trigger accepted_once before update on operations.intervention
  for each row when (old.accepted_at is not null) execute function operations.refuse_change_of_intervention();

grant select, insert, update (accepted_at) on operations.intervention to credit_application;

-- What an answer rests on: of a request whose outcome two persons found out, the party's transaction, or its failure.
alter table operations.act add column evidence jsonb;

alter table outside.request drop constraint request_settled_by_check;
alter table outside.request add constraint request_settled_by_check
  check (settled_by in ('ANSWER', 'CALLBACK', 'QUERY', 'OPERATOR'));

-- Open questions are looked for by flow; an answer joins by its act.
create index answer_by_act on operations.answer (act_id);
