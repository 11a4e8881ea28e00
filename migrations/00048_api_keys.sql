-- +goose Up
create table api_keys (
    workspace_id uuid not null references workspaces (id),
    id           uuid not null,
    name         text not null,
    hash         bytea not null,
    hint         text not null,
    role         text not null check (role in ('reader', 'operator', 'admin')),
    repositories text[] not null default '{}',
    created_by   text not null,
    created_at   timestamptz not null default now(),
    expires_at   timestamptz,
    last_used_at timestamptz,
    revoked_at   timestamptz,
    revoked_by   text,
    primary key (workspace_id, id),
    check ((revoked_at is null) = (revoked_by is null))
);
create unique index api_keys_hash on api_keys (hash);
-- A name is free again once its key is revoked.
create unique index api_keys_name on api_keys (workspace_id, name) where revoked_at is null;
comment on table api_keys is 'Keys of the API. What a key is made of is kept nowhere: only its hash.';
comment on column api_keys.hash is 'SHA-256 of the key. The key holds 256 random bits, so the hash needs no salt and cannot be guessed from.';
comment on column api_keys.hint is 'How the key begins, for people who look for it.';
comment on column api_keys.repositories is 'Patterns owner/name of what the key may see; empty: all of the workspace.';
comment on column api_keys.created_by is 'Subject of the token or key that made it.';
comment on column api_keys.last_used_at is 'To about a minute.';
select protect('api_keys');

-- Whoever shows a key says nothing of its workspace.
create function api_key(of bytea) returns jsonb
    language sql stable security definer set search_path = public, pg_temp
    return (
        select jsonb_build_object('workspace_id', workspace_id, 'id', id, 'role', role, 'repositories', repositories,
            'expires_at', expires_at, 'revoked', revoked_at is not null, 'stale', coalesce(last_used_at < now() - interval '1 minute', true))
        from api_keys where hash = of
    );
comment on function api_key(bytea) is 'The key with that hash, of whichever workspace.';
revoke execute on function api_key(bytea) from public;
grant execute on function api_key(bytea) to holdfast_app;

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
drop function api_key(bytea);
reset role;
drop table api_keys;
