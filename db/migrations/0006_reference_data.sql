-- What all services read and one writer changes: customers, products, outside parties and agreements with them.

create table reference.customer (
  id         text primary key,
  market     text not null references reference.market,
  language   text not null check (language in ('zh', 'id', 'en')),
  -- What the feature platform knows of the customer, by feature name; no name, number or address.
  features   jsonb not null default '{}'
);

-- A version is published once and never changed; loans keep theirs.
create table reference.product_version (
  product_id   text     not null,
  version      integer  not null check (version >= 1),
  market       text     not null references reference.market,
  name         jsonb    not null,
  terms        jsonb    not null,
  published_at timestamptz not null default now(),
  primary key (product_id, version)
);

-- Whom we speak to over HTTP. Addresses and secrets are configuration of a deployment, not data.
create table reference.party (
  id                      text primary key,
  kind                    text not null check (kind in ('FUNDING_PARTNER', 'PAYMENT_CHANNEL')),
  market                  text not null references reference.market,
  name                    text not null,
  channel_state           text not null default 'UP' check (channel_state in ('UP', 'DOWN')),
  max_requests_per_second integer not null check (max_requests_per_second > 0)
);

-- What a funding partner agreed to lend into, and on what terms; fund routing chooses among these.
create table reference.funding_agreement (
  id                 text    primary key,
  partner_id         text    not null references reference.party,
  product_id         text    not null,
  -- PARTNER: the partner pays the borrower itself. CUSTODY: its money lies with us and our payment system pays.
  payout_by          text    not null check (payout_by in ('PARTNER', 'CUSTODY')),
  payment_channel_id text    references reference.party,
  annual_cost_rate   text    not null,
  min_payout_minor   bigint  not null,
  max_payout_minor   bigint  not null check (max_payout_minor >= min_payout_minor),
  -- How much of the partner's money may be frozen, in transit or paid out at once.
  quota_minor        bigint  not null,
  -- Lower comes first; among equals the lower cost, then by weight.
  priority           integer not null,
  weight             integer not null check (weight > 0),
  valid_from         date    not null,
  valid_to           date,
  check ((payout_by = 'CUSTODY') = (payment_channel_id is not null))
);
create index funding_agreement_by_product on reference.funding_agreement (product_id);

grant select on all tables in schema reference to credit_application;

create function reference.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '%.% is never changed; publish a new version', tg_table_schema, tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger product_version_is_final before update or delete or truncate on reference.product_version
  for each statement execute function reference.refuse_change();
