-- +goose Up
-- Waits for nobody long: who comes behind would wait as well. Run it again where it gives up.
set local lock_timeout = '5s';

-- Roles belong to the server, not to the database: others of its databases may have them.
-- +goose StatementBegin
do $$
declare
    r name;
begin
    foreach r in array array ['holdfast_app', 'holdfast_across']::name[] loop
        continue when exists (select from pg_roles where rolname = r);
        begin
            execute format('create role %I nologin', r);
        exception
            when duplicate_object or unique_violation then
                null;
            when insufficient_privilege then
                raise exception 'role % does not exist and this user may not create it', r
                    using errcode = 'insufficient_privilege',
                          hint = 'As an administrator: create role holdfast_app; create role holdfast_across; alter role USER noinherit; grant holdfast_app, holdfast_across to USER; alter schema public owner to USER, the one that migrates.';
        end;
    end loop;
    if not pg_has_role(current_user, 'holdfast_app', 'member') then
        execute format('grant holdfast_app to %I', current_user);
    end if;
end
$$;
-- +goose StatementEnd

-- +goose StatementBegin
create function protect(of regclass, rows_of text default 'workspace_id = nullif(current_setting(''holdfast.workspace'', true), '''')::uuid')
    returns void
    language plpgsql as $$
begin
    execute format('alter table %s enable row level security, force row level security', of);
    execute format('create policy workspace on %s using (%s)', of, rows_of);
    execute format('create policy across on %s to holdfast_across using (true)', of);
    execute format('grant select, insert, update, delete on %s to holdfast_app', of);
end
$$;
-- +goose StatementEnd
comment on function protect(regclass, text) is 'Shows each workspace its own rows of a table only, to the table''s owner as well. Every table with a workspace must be protected.';
revoke execute on function protect(regclass, text) from public;

select protect(c.oid)
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attname = 'workspace_id' and not a.attisdropped
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
  and c.relname <> 'connections'
order by c.relname;
select protect('connections');
select protect('connection_secrets', 'connection_id in (select id from connections)');
select protect('connection_tokens', 'connection_id in (select id from connections)');
select protect('workspaces', 'id = nullif(current_setting(''holdfast.workspace'', true), '''')::uuid');
revoke insert, update, delete on workspaces from holdfast_app;

-- A condition with lower() is looked at after the policy's: an index on it would not serve.
alter table repositories add column name_key text generated always as (lower(full_name)) stored;
comment on column repositories.name_key is 'full_name in lower case: GitHub''s names are those in any case.';
create index repositories_name_key on repositories (workspace_id, name_key);
drop index repositories_full_name;

-- Partitions are reached through their table only: nobody is granted them. What makes
-- and drops them runs as their owner, who is shown the counters for as long as that takes.
create policy upkeep on change_counters using (current_user <> 'holdfast_app' and current_setting('holdfast.upkeep', true) = 'on');
alter function changes_partition(date) security definer set search_path = public, pg_temp;
-- +goose StatementBegin
create function changes_expire(until timestamptz) returns int
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    dropped int;
begin
    perform set_config('holdfast.upkeep', 'on', true);
    dropped := changes_drop(until);
    perform set_config('holdfast.upkeep', '', true);
    return dropped;
end
$$;
-- +goose StatementEnd
comment on function changes_expire(timestamptz) is 'changes_drop, as the owner of the partitions.';
revoke execute on function changes_expire(timestamptz), changes_drop(timestamptz), changes_partition(date) from public;
grant execute on function changes_expire(timestamptz), changes_partition(date) to holdfast_app;

-- What looks across workspaces, and nothing else, sees more than one.
grant delete on deliveries to holdfast_across;

create view open_operations with (security_barrier) as
select * from operations where state in ('pending', 'running', 'cancelling');
comment on view open_operations is 'Operations of all workspaces that have not ended, for the sweeper that compares them with their workflows.';

create view operation_counts with (security_barrier) as
select kind, state, count(*) as operations, coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as oldest_seconds
from operations
where state in ('pending', 'running', 'cancelling')
group by kind, state
union all
select kind, state, count(*), 0
from operations
where finished_at > now() - interval '1 hour'
group by kind, state;
comment on view operation_counts is 'How many operations there are: open ones, and those that have ended within the last hour.';

create view wait_counts with (security_barrier) as
select coalesce(waiting ->> 'for', '')::text as reason, count(*) as operations,
       greatest(coalesce(max(extract(epoch from (waiting ->> 'until')::timestamptz - now())), 0), 0)::float8 as longest_seconds
from operations
where state in ('pending', 'running') and waiting is not null
group by 1;
comment on view wait_counts is 'How many operations wait, and for what: each shows the longest wait of its collections.';

create view mirror_ages with (security_barrier) as
select collection, extract(epoch from now() - min(fresh_at))::float8 as age_seconds
from collection_passes
where fresh_at is not null
group by collection;
comment on view mirror_ages is 'By collection, the age of the repository whose last complete pass began longest ago.';

create view check_sums with (security_barrier) as
select collection, sum(missing)::bigint as missing, sum(extra)::bigint as extra, sum(different)::bigint as different,
       extract(epoch from now() - min(started_at))::float8 as oldest_seconds
from collection_checks
group by collection;
comment on view check_sums is 'By collection, what the last full checks of all repositories found.';

create view repository_sweeps with (security_barrier) as
select unreachable_since, sweep_due_at, last_sweep_at from repository_states;
comment on view repository_sweeps is 'When the repositories of all workspaces were swept, without saying which they are.';

create view repository_counts with (security_barrier) as
select count(*) as repositories from repositories where deleted_at is null;
comment on view repository_counts is 'How many repositories are mirrored.';

create view pending_deliveries with (security_barrier) as
select workspace_id, repository_id, announced_at, received_at from deliveries
where state = 'pending' and repository_id is not null;
comment on view pending_deliveries is 'Deliveries of all workspaces that wait to be worked, without what is in them.';

create view connection_secret_keys with (security_barrier) as
select c.workspace_id, s.connection_id, s.field, s.key_id from connection_secrets s join connections c on c.id = s.connection_id;
comment on view connection_secret_keys is 'The keys with which the secrets of all workspaces are encrypted, without the secrets.';

create function connection_workspace(of text) returns uuid
    language sql stable security definer set search_path = public, pg_temp
    return (select workspace_id from connections where id = of);
comment on function connection_workspace(text) is 'The workspace of a connection: deliveries and GitHub''s answers name nothing but the connection.';

-- +goose StatementBegin
create function delete_deliveries(older_than interval, at_most int) returns bigint
    language sql security definer set search_path = public, pg_temp
    begin atomic
    with gone as (
        delete from deliveries d
        using (
            select workspace_id, guid from deliveries
            where finished_at < now() - older_than
            order by finished_at
            limit at_most
        ) old
        where d.workspace_id = old.workspace_id and d.guid = old.guid
        returning 1
    )
    select count(*) from gone;
    end;
-- +goose StatementEnd
comment on function delete_deliveries(interval, int) is 'Deletes deliveries of all workspaces that were worked before then, the oldest first, and tells how many.';

revoke execute on function connection_workspace(text), delete_deliveries(interval, int) from public;
grant execute on function connection_workspace(text), delete_deliveries(interval, int) to holdfast_app;
grant select on open_operations, operation_counts, wait_counts, mirror_ages, check_sums, repository_sweeps, repository_counts,
    pending_deliveries, connection_secret_keys to holdfast_app;

-- Restoring a dump without its owners loses them: `holdfast migrate up` calls this each time.
-- +goose StatementBegin
create function isolate() returns void
    language plpgsql as $$
declare
    o      record;
    member boolean := pg_has_role(current_user, 'holdfast_across', 'member');
begin
    if not member then
        execute format('grant holdfast_across to %I', current_user);
    end if;
    -- An owner of something must be allowed to create it.
    grant create on schema public to holdfast_across;
    for o in
        select 'view' as kind, c.oid::regclass::text as name
        from pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'v' and c.relowner <> 'holdfast_across'::regrole
        union all
        select 'function', p.oid::regprocedure::text
        from pg_proc p
        where p.pronamespace = 'public'::regnamespace and p.prosecdef and p.proowner <> 'holdfast_across'::regrole
          and p.proname not like 'changes\_%' -- these act as the owner of the partitions
    loop
        execute format('alter %s %s owner to holdfast_across', o.kind, o.name);
    end loop;
    revoke create on schema public from holdfast_across;
    for o in
        select c.oid::regclass::text as name from pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'S') and not has_table_privilege('holdfast_across', c.oid, 'select')
    loop
        execute format('grant select on %s to holdfast_across', o.name);
    end loop;
    -- Who is one of them sees what they see.
    if not member then
        execute format('revoke holdfast_across from %I', current_user);
    end if;
end
$$;
-- +goose StatementEnd
comment on function isolate() is 'Gives what looks across workspaces to the role that may, and shows it all of the database, for backups.';
revoke execute on function isolate() from public;
select isolate();

create function isolated() returns boolean
    language sql stable
    return not exists (
        select from pg_class
        where relnamespace = 'public'::regnamespace and relkind = 'v' and pg_get_userbyid(relowner) <> 'holdfast_across'
    ) and not exists (
        select from pg_proc
        where pronamespace = 'public'::regnamespace and prosecdef and proname not like 'changes\_%' and pg_get_userbyid(proowner) <> 'holdfast_across'
    );
comment on function isolated() is 'Whether what looks across workspaces sees them all: see isolate.';

-- +goose Down
set local lock_timeout = '5s';
-- +goose StatementBegin
do $$
begin
    if not pg_has_role(current_user, 'holdfast_across', 'member') then
        execute format('grant holdfast_across to %I', current_user);
    end if;
end
$$;
-- +goose StatementEnd
set local role holdfast_across;
drop view open_operations, operation_counts, wait_counts, mirror_ages, check_sums, repository_sweeps, repository_counts,
    pending_deliveries, connection_secret_keys;
drop function connection_workspace(text), delete_deliveries(interval, int);
reset role;
drop function isolate(), isolated(), changes_expire(timestamptz);
revoke execute on function changes_partition(date) from holdfast_app;
alter function changes_partition(date) security invoker reset search_path;
grant execute on function changes_drop(timestamptz), changes_partition(date) to public;
-- +goose StatementBegin
do $$
declare
    p record;
begin
    for p in select tablename, policyname from pg_policies where schemaname = 'public' loop
        execute format('drop policy %I on %I', p.policyname, p.tablename);
        execute format('alter table %I disable row level security, no force row level security', p.tablename);
    end loop;
end
$$;
-- +goose StatementEnd
create index repositories_full_name on repositories (workspace_id, lower(full_name));
alter table repositories drop column name_key;
drop function protect(regclass, text);
-- The roles stay: other databases of the server may have them.
-- +goose StatementBegin
do $$
declare
    t regclass;
begin
    for t in select oid from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'S') loop
        execute format('revoke all on %s from holdfast_app, holdfast_across', t);
    end loop;
end
$$;
-- +goose StatementEnd
-- +goose StatementBegin
do $$
begin
    execute format('revoke holdfast_across from %I', current_user);
exception when insufficient_privilege then
    null; -- an administrator has granted it
end
$$;
-- +goose StatementEnd
