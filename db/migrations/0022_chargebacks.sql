-- Chargebacks: money that came in and that its party has taken back.

-- One taking back at one party, as the party first told of it: of money that need not be known here (yet).
create table outside.chargeback (
  party          text        not null references reference.party,
  chargeback_no  text        not null check (chargeback_no ~ '^[A-Za-z0-9._-]{1,64}$'),
  transaction_no text        not null check (transaction_no ~ '^[A-Za-z0-9._-]{1,64}$'),
  currency       text        not null references reference.currency,
  amount_minor   bigint      not null check (amount_minor > 0),
  -- In the party's words: an RFC 3339 instant with its offset, and its own code.
  taken_back_at  text        not null,
  reason_code    text        not null,
  first_heard_at timestamptz not null default now(),
  primary key (party, chargeback_no)
);

-- A notification tells of a request of ours, of money that came in, or of money that was taken back.
alter table outside.notification
  drop constraint notification_tells_of_one_thing,
  add column chargeback_no text,
  add constraint notification_tells_of_one_thing check (num_nonnulls(request_no, transaction_no, chargeback_no) = 1),
  add foreign key (party, chargeback_no) references outside.chargeback;
create index notification_by_chargeback on outside.notification (party, chargeback_no)
  where chargeback_no is not null;

create or replace function outside.refuse_change_of_receipt() returns trigger language plpgsql as $$
begin
  raise exception 'outside.% refuses %: its rows are only added to', tg_table_name, tg_op
    using errcode = 'restrict_violation';
end $$;
create trigger append_only before update or delete or truncate on outside.chargeback
  for each statement execute function outside.refuse_change_of_receipt();
grant select, insert on outside.chargeback to credit_application;

-- What becomes of it. Claimed is what had not gone back before; receivable what had, so that its payer has it twice.
create table refund_reversal_service.chargeback (
  chargeback_id    text   primary key,
  party            text   not null,
  chargeback_no    text   not null,
  transaction_no   text   not null,
  currency         text   not null,
  amount_minor     bigint not null check (amount_minor > 0),
  reason_code      text   not null,
  value_date       date   not null,
  customer_id      text,
  claimed_minor    bigint not null default 0 check (claimed_minor >= 0),
  receivable_minor bigint not null default 0 check (receivable_minor >= 0),
  state            text   not null check (state in ('WAITS', 'CHARGED', 'CLAIMED_FROM_PARTY')),
  heard_at         timestamptz not null default now(),
  unique (party, chargeback_no),
  foreign key (party, chargeback_no) references outside.chargeback,
  check ((state = 'CHARGED') = (customer_id is not null)),
  check (claimed_minor + receivable_minor <= amount_minor),
  check (state = 'CHARGED' or receivable_minor = 0)
);
create index chargeback_by_receipt on refund_reversal_service.chargeback (party, transaction_no);
create index chargeback_by_customer on refund_reversal_service.chargeback (customer_id);

-- A chargeback claims of what came in whatever neither refunds nor other chargebacks give back, each time that it is looked
-- at; refunds and chargebacks of one receipt wait for each other here. What money of another currency has to do with it
-- nobody can say, so it claims nothing.
create function refund_reversal_service.claim_for_chargeback() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_before bigint := 0;
begin
  if tg_op = 'UPDATE' then
    if old.state <> 'WAITS' then
      raise exception 'chargeback % is % and never changes', old.chargeback_id, old.state
        using errcode = 'restrict_violation';
    end if;
    v_before := old.claimed_minor;
  end if;
  insert into refund_reversal_service.refunded_receipt (party, transaction_no, received_minor)
  select r.party, r.transaction_no, r.amount_minor from outside.receipt r
   where r.party = new.party and r.transaction_no = new.transaction_no and r.currency = new.currency
  on conflict do nothing;
  new.claimed_minor := 0;
  select least(case when new.state = 'CLAIMED_FROM_PARTY' then 0 else new.amount_minor end,
               f.received_minor - f.refunded_minor + v_before)
    into new.claimed_minor
    from refund_reversal_service.refunded_receipt f
    join outside.receipt r on r.party = f.party and r.transaction_no = f.transaction_no and r.currency = new.currency
   where f.party = new.party and f.transaction_no = new.transaction_no
     for update of f;
  new.claimed_minor := coalesce(new.claimed_minor, 0);
  update refund_reversal_service.refunded_receipt f
     set refunded_minor = f.refunded_minor - v_before + new.claimed_minor
   where f.party = new.party and f.transaction_no = new.transaction_no and new.claimed_minor <> v_before;
  return new;
end $$;
create trigger claims before insert or update on refund_reversal_service.chargeback
  for each row execute function refund_reversal_service.claim_for_chargeback();
create trigger never_deleted before delete or truncate on refund_reversal_service.chargeback
  for each statement execute function refund_reversal_service.refuse_change();

grant select, insert, update (state, customer_id, receivable_minor) on refund_reversal_service.chargeback
  to credit_application;
