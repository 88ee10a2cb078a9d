-- Inbox, message log, trace and outbox: two tables for all services.

create schema messages;

-- One row for each message that a service has handled or refused: the inbox (a message is handled once) and the trace
-- (rows of a flow, in the order of their ids, are its story). A row is written when its handling ends and never changes.
create table messages.handling (
  id             bigint generated always as identity primary key,
  service        text        not null,
  message_id     uuid        not null,
  message_type   text        not null,
  source         text        not null,
  market         text        not null,
  flow           text        not null,
  flow_id        text        not null,
  parent_flow_id text,
  -- The same id with other content is a conflict, never the same message.
  content_hash   bytea       not null,
  emitted        text[]      not null default '{}',
  -- { code, reason } when the service refused the message.
  refusal        jsonb,
  handled_at     timestamptz not null default now(),
  unique (service, message_id)
);
create index handling_by_flow on messages.handling (flow_id, id);
create index handling_by_parent_flow on messages.handling (parent_flow_id) where parent_flow_id is not null;

-- Every message that was sent, once, with its body: the log that journals and requests point to, and the outbox.
-- Delivery to subscribers reads it in the order of (xid, id) and only below pg_snapshot_xmin(pg_current_snapshot()): a
-- transaction with a lower id may commit after one with a higher id, and what is below the snapshot's oldest is complete.
-- It grows without end and has no unique key of its own, so it can be partitioned by month: that a message is recorded
-- once follows from messages.handling, whose transaction writes it.
create table messages.message (
  id           bigint generated always as identity,
  xid          xid8        not null default pg_current_xact_id(),
  message_id   uuid        not null,
  message_type text        not null,
  source       text        not null,
  market       text        not null,
  flow_id      text        not null,
  -- The message whose handling by `source` sent this one; null where a client or a flow's orchestrator sent it of itself.
  causation_id uuid,
  body         jsonb       not null,
  recorded_at  timestamptz not null default now()
);
create index message_by_id on messages.message (message_id);
create index message_by_cause on messages.message (causation_id, id);
create index message_by_flow on messages.message (flow_id, id);
create index message_by_xid on messages.message (xid, id);

grant usage on schema messages to credit_application;
grant select, insert on messages.handling, messages.message to credit_application;
