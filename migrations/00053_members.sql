-- +goose Up
set local lock_timeout = '5s';

create table users (
    id          uuid primary key,
    login       text not null,
    name        text not null default '',
    email       text not null default '',
    github_id   bigint,
    created_at  timestamptz not null default now(),
    disabled_at timestamptz
);
create unique index users_login on users (lower(login));
create unique index users_github_id on users (github_id) where github_id is not null;
comment on table users is 'People, of the whole installation. What they may do is said by their memberships.';
comment on column users.github_id is 'Number of the GitHub account that signs in as this person; null: none has yet.';
comment on column users.disabled_at is 'Since when the person is let into no workspace; null: is not.';

create table memberships (
    workspace_id uuid not null references workspaces (id),
    user_id      uuid not null references users (id),
    role         text not null check (role in ('reader', 'operator', 'admin')),
    repositories text[] not null default '{}',
    created_by   text not null,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now(),
    primary key (workspace_id, user_id)
);
create index memberships_user on memberships (user_id);
comment on table memberships is 'Which people a workspace lets in, and what they may do there.';
comment on column memberships.repositories is 'Patterns owner/name of what the person may see; empty: all of the workspace.';
select protect('memberships');

-- Of the people a workspace sees its own; they are made by add_user.
select protect('users', 'id in (select user_id from memberships)');
revoke insert, update, delete on users from holdfast_app;

create table invitations (
    workspace_id uuid not null,
    hash         bytea primary key,
    user_id      uuid not null,
    created_by   text not null,
    created_at   timestamptz not null default now(),
    expires_at   timestamptz not null,
    foreign key (workspace_id, user_id) references memberships (workspace_id, user_id) on delete cascade
);
create unique index invitations_member on invitations (workspace_id, user_id);
comment on table invitations is 'Codes that are exchanged for a session, once: then they are deleted. A member has one at most.';
comment on column invitations.hash is 'SHA-256 of the code, which holds 256 random bits.';
select protect('invitations');

create table sessions (
    workspace_id   uuid not null,
    id             uuid not null,
    user_id        uuid not null,
    method         text not null,
    created_at     timestamptz not null default now(),
    refreshed_at   timestamptz not null default now(),
    expires_at     timestamptz not null,
    revoked_at     timestamptz,
    revoked_reason text,
    primary key (workspace_id, id),
    foreign key (workspace_id, user_id) references memberships (workspace_id, user_id) on delete cascade,
    check ((revoked_at is null) = (revoked_reason is null))
);
create index sessions_member on sessions (workspace_id, user_id, created_at);
comment on table sessions is 'Each sign-in of a member: the family of the refresh tokens that descend from it, and of their access tokens.';
comment on column sessions.method is 'How the member signed in: invitation or github.';
comment on column sessions.expires_at is 'However often it is refreshed.';
select protect('sessions');

create table refresh_tokens (
    workspace_id uuid not null,
    hash         bytea primary key,
    session_id   uuid not null,
    created_at   timestamptz not null default now(),
    expires_at   timestamptz not null,
    used_at      timestamptz,
    foreign key (workspace_id, session_id) references sessions (workspace_id, id) on delete cascade
);
create index refresh_tokens_session on refresh_tokens (workspace_id, session_id);
comment on table refresh_tokens is 'Tokens that are exchanged for the next one and an access token. Used ones stay as long as their session, so that a second use is known.';
comment on column refresh_tokens.hash is 'SHA-256 of the token, which holds 256 random bits.';
select protect('refresh_tokens');

-- The functions below are those of whoever says nothing of a workspace.
grant select, insert on users to holdfast_across;
grant select on memberships to holdfast_across;
grant select, delete on invitations to holdfast_across;
grant select, insert, update, delete on sessions to holdfast_across;
grant select, insert, update on refresh_tokens to holdfast_across;

-- +goose StatementBegin
create function add_user(of uuid, login_of text, name_of text, email_of text) returns uuid
    language sql security definer set search_path = public, pg_temp as $$
    insert into users (id, login, name, email) values (of, login_of, name_of, email_of) on conflict (lower(login)) do nothing;
    select id from users where lower(login) = lower(login_of);
$$;
-- +goose StatementEnd
comment on function add_user(uuid, text, text, text) is 'The person with that login: a new one, or the one that another workspace has made.';

-- +goose StatementBegin
create function accept_invitation(of bytea, session uuid, refresh bytea) returns jsonb
    language sql security definer set search_path = public, pg_temp
    begin atomic
    with taken as (
        delete from invitations i where i.hash = of returning i.workspace_id, i.user_id, i.expires_at
    ), member as (
        select t.workspace_id, t.user_id, u.login, m.role, t.expires_at <= now() as expired, u.disabled_at is not null as disabled
        from taken t
        join memberships m on m.workspace_id = t.workspace_id and m.user_id = t.user_id
        join users u on u.id = t.user_id
    ), begun as (
        insert into sessions (workspace_id, id, user_id, method, expires_at)
        select workspace_id, session, user_id, 'invitation', now() + interval '30 days' from member where not expired and not disabled
        returning workspace_id, id, expires_at
    ), added as (
        insert into refresh_tokens (workspace_id, hash, session_id, expires_at)
        select workspace_id, refresh, id, expires_at from begun
    )
    select jsonb_build_object('workspace_id', m.workspace_id, 'user_id', m.user_id, 'session_id', b.id, 'login', m.login, 'role', m.role,
        'expires_at', b.expires_at, 'expired', m.expired, 'disabled', m.disabled)
    from member m left join begun b on true;
    end;
-- +goose StatementEnd
comment on function accept_invitation(bytea, uuid, bytea) is 'Exchanges the code with that hash for a session and its first refresh token, once.';

-- Two who show the same token at once: the second one waits for the first one's update and
-- then updates nothing, though it saw the token unused when it began. So what was taken,
-- and not what was seen, decides.
-- +goose StatementBegin
create function refresh_session(of bytea, refresh bytea) returns jsonb
    language sql security definer set search_path = public, pg_temp
    begin atomic
    with found as (
        select s.workspace_id, s.id, s.user_id, s.expires_at, u.login, m.role, s.revoked_at is not null as revoked,
               s.expires_at <= now() as expired, u.disabled_at is not null as disabled
        from refresh_tokens t
        join sessions s on s.workspace_id = t.workspace_id and s.id = t.session_id
        join memberships m on m.workspace_id = s.workspace_id and m.user_id = s.user_id
        join users u on u.id = s.user_id
        where t.hash = of
    ), taken as (
        update refresh_tokens t set used_at = now() where t.hash = of and t.used_at is null returning 1
    ), stolen as (
        update sessions s set revoked_at = now(), revoked_reason = 'refresh_reused'
        from found f
        where s.workspace_id = f.workspace_id and s.id = f.id and s.revoked_at is null and not exists (select from taken)
        returning 1
    ), refreshed as (
        update sessions s set refreshed_at = now()
        from found f
        where s.workspace_id = f.workspace_id and s.id = f.id and s.revoked_at is null and exists (select from taken) and not f.expired and not f.disabled
        returning s.workspace_id, s.id, s.expires_at
    ), added as (
        insert into refresh_tokens (workspace_id, hash, session_id, expires_at)
        select workspace_id, refresh, id, expires_at from refreshed
    )
    select jsonb_build_object('workspace_id', f.workspace_id, 'user_id', f.user_id, 'session_id', f.id, 'login', f.login, 'role', f.role,
        'expires_at', f.expires_at, 'expired', f.expired, 'disabled', f.disabled,
        'reused', not exists (select from taken), 'ended', exists (select from stolen),
        'revoked', f.revoked or exists (select from taken) and not f.expired and not f.disabled and not exists (select from refreshed))
    from found f;
    end;
-- +goose StatementEnd
comment on function refresh_session(bytea, bytea) is 'Exchanges the refresh token with that hash for the next one, or ends its session where it was used before.';

-- +goose StatementBegin
create function end_session(of bytea) returns jsonb
    language sql security definer set search_path = public, pg_temp
    begin atomic
    with ended as (
        update sessions s set revoked_at = now(), revoked_reason = 'signed_out'
        from refresh_tokens t
        where t.hash = of and s.workspace_id = t.workspace_id and s.id = t.session_id and s.revoked_at is null
        returning s.workspace_id, s.id, s.user_id
    )
    select jsonb_build_object('workspace_id', e.workspace_id, 'session_id', e.id, 'user_id', e.user_id, 'login', u.login)
    from ended e join users u on u.id = e.user_id;
    end;
-- +goose StatementEnd
comment on function end_session(bytea) is 'Ends the session of the refresh token with that hash.';

revoke execute on function add_user(uuid, text, text, text), accept_invitation(bytea, uuid, bytea), refresh_session(bytea, bytea), end_session(bytea) from public;
grant execute on function add_user(uuid, text, text, text), accept_invitation(bytea, uuid, bytea), refresh_session(bytea, bytea), end_session(bytea) to holdfast_app;

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
drop function add_user(uuid, text, text, text), accept_invitation(bytea, uuid, bytea), refresh_session(bytea, bytea), end_session(bytea);
reset role;
drop policy workspace on users;
drop table refresh_tokens, sessions, invitations, memberships, users;
