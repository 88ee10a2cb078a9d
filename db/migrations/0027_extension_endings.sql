-- How extensions end: for free, cancelled by the customer, or not at all.

-- An extension that costs nothing has no method to be paid by.
alter table extension_engine.extension_order
  drop constraint extension_order_amount_minor_check,
  drop constraint extension_order_check;
alter table extension_engine.extension_order
  add constraint extension_order_amount_minor_check check (amount_minor >= 0),
  add constraint extension_order_check
    check (state not in ('METHOD_CREATED', 'EXTENDED') or (method_no is not null and method is not null)
           or (state = 'EXTENDED' and amount_minor = 0));

-- That an order is not wanted any more. It can be cancelled before its row is there, so it refers to none.
create table extension_engine.order_cancellation (
  order_id     text primary key,
  actor        text not null,
  reason       text not null,
  cancelled_at timestamptz not null default now()
);
create trigger append_only before update or delete or truncate on extension_engine.order_cancellation
  for each statement execute function asset_center.refuse_change();
grant select, insert on extension_engine.order_cancellation to credit_application;
