-- +goose Up
set local lock_timeout = '5s';

create view workspace_list with (security_barrier) as
select id, name, created_at from workspaces;
comment on view workspace_list is 'All workspaces by name, for the installation''s administrators and for what runs by itself in each.';
grant select on workspace_list to holdfast_app;

grant insert on workspaces to holdfast_across;
grant delete on users to holdfast_across;

-- +goose StatementBegin
create function create_workspace(of uuid, name_of text) returns setof uuid
    language sql security definer set search_path = public, pg_temp as $$
    insert into workspaces (id, name) values (of, name_of) on conflict (name) do nothing returning id;
$$;
-- +goose StatementEnd
comment on function create_workspace(uuid, text) is 'Makes a workspace; yields no row where the name is taken.';

-- +goose StatementBegin
create function forget_user(of uuid) returns bigint
    language sql security definer set search_path = public, pg_temp
    begin atomic
    with gone as (
        delete from users u where u.id = of and not exists (select from memberships m where m.user_id = of) returning 1
    )
    select count(*) from gone;
    end;
-- +goose StatementEnd
comment on function forget_user(uuid) is 'Deletes a person who is a member of no workspace any more.';

revoke execute on function create_workspace(uuid, text), forget_user(uuid) from public;
grant execute on function create_workspace(uuid, text), forget_user(uuid) to holdfast_app;
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
drop function create_workspace(uuid, text), forget_user(uuid);
drop view workspace_list;
reset role;
revoke insert on workspaces from holdfast_across;
revoke delete on users from holdfast_across;
