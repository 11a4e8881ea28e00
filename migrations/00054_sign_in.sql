-- +goose Up
set local lock_timeout = '5s';
grant update on users to holdfast_across;

-- Who was added by a login is bound to the account that first signs in with it: the login
-- may be somebody else's one day.
-- +goose StatementBegin
create function sign_in(github bigint, login_of text, name_of text, email_of text, workspace uuid, session uuid, refresh bytea) returns jsonb
    language sql security definer set search_path = public, pg_temp
    begin atomic
    with bound as (
        update users u set github_id = github, name = case when u.name = '' then name_of else u.name end,
               email = case when u.email = '' then email_of else u.email end
        where u.github_id is null and lower(u.login) = lower(login_of) and u.disabled_at is null
          and not exists (select from users o where o.github_id = github)
          and exists (select from memberships m where m.user_id = u.id and (workspace is null or m.workspace_id = workspace))
        returning u.id, u.login, u.disabled_at
    ), person as (
        select id, login, disabled_at from users where github_id = github
        union all
        select id, login, disabled_at from bound
    ), member as (
        select m.workspace_id, m.user_id, p.login, m.role, p.disabled_at is not null as disabled
        from person p
        join memberships m on m.user_id = p.id
        where workspace is null or m.workspace_id = workspace
        order by m.created_at, m.workspace_id
        limit 1
    ), begun as (
        insert into sessions (workspace_id, id, user_id, method, expires_at)
        select workspace_id, session, user_id, 'github', now() + interval '30 days' from member where not disabled
        returning workspace_id, id, expires_at
    ), added as (
        insert into refresh_tokens (workspace_id, hash, session_id, expires_at)
        select workspace_id, refresh, id, expires_at from begun
    )
    select jsonb_build_object('workspace_id', m.workspace_id, 'user_id', m.user_id, 'session_id', b.id, 'login', m.login, 'role', m.role,
        'expires_at', b.expires_at, 'disabled', m.disabled)
    from member m left join begun b on true;
    end;
-- +goose StatementEnd
comment on function sign_in(bigint, text, text, text, uuid, uuid, bytea) is 'Begins a session of the member whose GitHub account it is, with its first refresh token: null where nobody has let that person in.';
revoke execute on function sign_in(bigint, text, text, text, uuid, uuid, bytea) from public;
grant execute on function sign_in(bigint, text, text, text, uuid, uuid, bytea) to holdfast_app;

select isolate();

-- +goose Down
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
drop function sign_in(bigint, text, text, text, uuid, uuid, bytea);
reset role;
revoke update on users from holdfast_across;
