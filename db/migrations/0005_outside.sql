-- What was asked of outside parties, and what they told us.

create schema outside;

-- One row for each request, committed before anything leaves and settled when the answer is known, by whichever of
-- answer, callback or query comes first.
create table outside.request (
  request_no     text primary key,
  party          text        not null,
  operation      text        not null,
  -- What is wanted, whatever the number of tries: "payout of loan application LA1, attempt 1".
  business_key   text        not null,
  try            smallint    not null default 1,
  content_hash   bytea       not null,
  body           jsonb       not null,
  flow_id        text        not null,
  message_id     uuid        not null,
  state          text        not null default 'PREPARED'
                 check (state in ('PREPARED', 'PROCESSING', 'UNKNOWN', 'SUCCEEDED', 'FAILED')),
  -- The party's own words: { status, transactionNo, paidAt, failure }.
  answer         jsonb,
  transaction_no text,
  settled_by     text check (settled_by in ('ANSWER', 'CALLBACK', 'QUERY')),
  asked_count    integer     not null default 0,
  opened_at      timestamptz not null default now(),
  settled_at     timestamptz,
  check ((state in ('SUCCEEDED', 'FAILED')) = (settled_at is not null)),
  check ((state in ('SUCCEEDED', 'FAILED')) = (settled_by is not null)),
  unique (business_key, try),
  -- What counts as the same money is party and transaction number: one of them settles one request.
  unique (party, transaction_no)
);
-- Of the tries of one business key at most one is alive: a further one takes a new number only after a sure failure.
create unique index request_alive on outside.request (business_key) where state <> 'FAILED';
create index request_by_flow on outside.request (flow_id);
create index request_by_message on outside.request (message_id);

-- A settled request is history: it never changes again.
create function outside.refuse_change_of_settled() returns trigger language plpgsql as $$
begin
  raise exception 'request % is settled (%) and never changes', old.request_no, old.state using errcode = 'restrict_violation';
end $$;
create trigger settled_is_final before update or delete on outside.request
  for each row when (old.settled_at is not null) execute function outside.refuse_change_of_settled();

-- Every notification that a party sent us with a good signature, once.
create table outside.notification (
  party        text        not null,
  webhook_id   text        not null,
  body_hash    bytea       not null,
  body         jsonb       not null,
  request_no   text        not null references outside.request,
  received_at  timestamptz not null default now(),
  primary key (party, webhook_id)
);
create index notification_by_request on outside.notification (request_no);

grant usage on schema outside to credit_application;
grant select, insert, update on outside.request to credit_application;
grant select, insert on outside.notification to credit_application;
