-- Who may come in, and what clients submitted.

create schema access;

-- A client (an app, a BFF, a team, a partner) may have several keys, so that one can be replaced without a gap.
create table access.api_key (
  key_id     text primary key check (key_id ~ '^[a-z0-9]{12}$'),
  client_id  text        not null check (client_id ~ '^[a-z0-9][a-z0-9-]{1,59}$'),
  role       text        not null check (role in ('app', 'bff', 'ops', 'finance', 'partner')),
  -- SHA-256 of the key's secret. The secret has 256 random bits: nobody can try them all, so a slow password hash
  -- would protect nothing and cost its time at every request.
  hash       bytea       not null check (length(hash) = 32),
  created_at timestamptz not null default now(),
  revoked_at timestamptz
);

-- What a client asked for under an Idempotency-Key: it reserves the business id, and it is committed before the flow
-- starts, so that the same key starts the same flow, with the same command, whatever happened in between.
create table access.submission (
  client_id       text        not null,
  idempotency_key text        not null check (length(idempotency_key) between 1 and 200),
  -- SHA-256 of the body as it came in, in canonical form.
  body_hash       bytea       not null,
  flow            text        not null,
  flow_id         text        not null unique,
  business_id     text        not null unique,
  command         jsonb       not null,
  submitted_at    timestamptz not null default now(),
  primary key (client_id, idempotency_key)
);

grant usage on schema access to credit_application;
grant select, insert, update (revoked_at) on access.api_key to credit_application;
grant select, insert on access.submission to credit_application;
