-- What malls tell us of their orders. A mall signs what it tells; what it reads, it reads by an API key whose client is the mall.

alter table access.api_key drop constraint api_key_role_check;
alter table access.api_key add constraint api_key_role_check
  check (role in ('app', 'bff', 'ops', 'finance', 'partner', 'mall'));

-- Each call that was taken in, once: committed before the order's flow is told of it, so that whatever dies in between, the next
-- call about the order tells the flow of this one too.
create table access.mall_call (
  -- The order in which an order's calls came, which is the order in which its refunds count.
  id          bigint generated always as identity unique,
  order_id    text        not null,
  kind        text        not null check (kind in ('PAID', 'RECEIPT_CONFIRMED', 'REFUND')),
  -- The mall's number of the refund; empty for the other kinds, of which an order has one each.
  refund_no   text        not null default '',
  mall_id     text        not null references reference.mall,
  -- What makes two calls the same.
  content     jsonb       not null,
  -- What the flow is told, in order.
  messages    jsonb       not null,
  received_at timestamptz not null default now(),
  primary key (order_id, kind, refund_no),
  check ((kind = 'REFUND') = (refund_no <> ''))
);
grant select, insert on access.mall_call to credit_application;
