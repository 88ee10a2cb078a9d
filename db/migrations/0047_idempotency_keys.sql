-- For which route a client has used a key. What was made under it stands with what was made; this only tells that a key is sent to
-- another route than the one at which it was used.

create table access.idempotency_key (
  client_id       text not null,
  idempotency_key text not null,
  -- The route's operation id.
  route           text not null,
  primary key (client_id, idempotency_key)
);
grant select, insert on access.idempotency_key to credit_application;

-- Takes a key for one request at a time, and tells at which route it was used. Volatile, so that the second statement sees what whoever
-- held the key before has committed.
create function access.take_key(client text, key text, lock_name text, seed bigint, out is_taken boolean, out used_at text)
language plpgsql volatile as $$
begin
  is_taken := pg_try_advisory_lock(hashtextextended(lock_name, seed));
  select route into used_at from access.idempotency_key where client_id = client and idempotency_key = key;
end $$;
