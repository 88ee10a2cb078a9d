-- Keys that end by themselves, keys that stand for one customer, and the day on which a key was last used.
alter table access.api_key
  add column expires_at timestamptz,
  -- Whoever holds such a key sees and does only what is this customer's.
  add column customer_id text references reference.customer,
  -- A day and not a time: so a key that is used all the time is written once a day.
  add column last_used_on date,
  add constraint api_key_customer_check check (customer_id is null or role = 'app');

-- The running platform makes and revokes no keys: whoever takes it over must not give itself one that stays. The command
-- `api-key` acts as the owner of the tables.
revoke insert, update (revoked_at) on access.api_key from credit_application;
grant update (last_used_on) on access.api_key to credit_application;
