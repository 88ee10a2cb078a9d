-- The application acts as this role and owns nothing. Roles belong to the whole cluster, so another database may
-- create the role at the same moment (test databases do): whoever comes second finds it there.
do $$
begin
  if not exists (select from pg_roles where rolname = 'credit_application') then
    create role credit_application nologin;
  end if;
exception
  when duplicate_object or unique_violation then null;
end $$;

-- A migrating user that is no superuser must be a member, so that it can act as the application too.
do $$
begin
  if not pg_has_role(current_user, 'credit_application', 'member') then
    execute format('grant credit_application to %I', current_user);
  end if;
end $$;

-- Nothing of ours lives in "public", and nobody but the migrating user needs to make anything there.
revoke create on schema public from public;
