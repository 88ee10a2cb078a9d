-- What the API lists, and what it takes to list it.

-- Products are published by a command that acts as the application; the trigger still refuses every change.
grant insert on reference.product_version to credit_application;

-- One row for each run of a flow, written with the submission or the first handling, whichever comes first: so a list of
-- runs is never behind what a client did, and need not look through all handlings. A row never changes; how far the run
-- has come stands in messages.handling and in the tables of the service that orchestrates it.
create table messages.run (
  flow_id        text primary key,
  flow           text not null,
  parent_flow_id text,
  market         text not null,
  -- The customer that the first message names, where it names one.
  customer_id    text,
  -- In milliseconds, as it is shown: a page goes on from what the client has seen.
  started_at     timestamptz(3) not null default now()
);
create index run_by_time on messages.run (started_at, flow_id);
create index run_by_customer on messages.run (customer_id, started_at, flow_id) where customer_id is not null;

insert into messages.run (flow_id, flow, market, customer_id, started_at)
select flow_id, flow, command ->> 'market', command #>> '{data,customerId}', submitted_at from access.submission;
insert into messages.run (flow_id, flow, parent_flow_id, market, customer_id, started_at)
select distinct on (h.flow_id) h.flow_id, h.flow, h.parent_flow_id, h.market, m.body #>> '{data,customerId}', h.handled_at
  from messages.handling h left join messages.message m using (message_id)
 order by h.flow_id, h.id, m.id
on conflict do nothing;

grant select, insert on messages.run to credit_application;
