-- +goose Up
set local lock_timeout = '5s';
create index sessions_expires_at on sessions (expires_at);

-- +goose StatementBegin
create function delete_sessions(at_most int) returns bigint
    language sql security definer set search_path = public, pg_temp
    begin atomic
    with old as (
        select workspace_id, id from sessions where expires_at < now() - interval '1 day' order by expires_at limit at_most
    ), ended as (
        delete from sessions s using old where s.workspace_id = old.workspace_id and s.id = old.id returning 1
    ), unused as (
        delete from invitations where expires_at < now() - interval '1 day' returning 1
    )
    select (select count(*) from ended) + (select count(*) from unused);
    end;
-- +goose StatementEnd
comment on function delete_sessions(int) is 'Deletes sessions and invitations of all workspaces that expired a day ago, with their refresh tokens, the oldest first, and tells how many.';
revoke execute on function delete_sessions(int) from public;
grant execute on function delete_sessions(int) to holdfast_app;
select isolate();

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
drop function delete_sessions(int);
reset role;
drop index sessions_expires_at;
