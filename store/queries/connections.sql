-- name: ListConnections :many
select * from connections where workspace_id = @workspace_id order by name;

-- name: GetConnection :one
select * from connections where workspace_id = @workspace_id and id = @id;

-- name: ConnectionWorkspace :one
-- Empty: there is no such connection.
select coalesce(connection_workspace(@id)::text, '')::text;

-- name: ListConnectionSecrets :many
select s.connection_id, s.field, s.sealed, s.key_id from connection_secrets s
join connections c on c.id = s.connection_id
where c.workspace_id = @workspace_id and (@id::text = '' or c.id = @id);

-- name: LockWorkspaceConnections :exec
-- Those who add connections to a workspace, or name them, do so one after another.
select pg_advisory_xact_lock(hashtextextended('holdfast:connections:' || @workspace_id::text, 0));

-- name: OtherGitHubs :many
-- Connections without a credential are used only where there is no other, and the
-- environment's is switched off where it is of another GitHub.
select distinct base_url from connections
where workspace_id = @workspace_id and id <> @id and kind <> 'anonymous' and base_url <> @base_url
    and (source, state) <> ('environment', 'disabled');

-- name: CountConnections :one
select count(*) from connections where workspace_id = @workspace_id;

-- name: InsertConnection :one
insert into connections (
    id, workspace_id, name, kind, source, base_url, repositories, app_id, installation_id,
    reserve_percent, reserve_requests, in_flight, hook, account, login, state, checked_at
) values (
    @id, @workspace_id, @name, @kind, 'api', @base_url, @repositories, @app_id, @installation_id,
    @reserve_percent, @reserve_requests, @in_flight, @hook, @account, @login,
    case when @accepted::boolean then 'ok' else 'unchecked' end, case when @accepted::boolean then now() end
)
returning *;

-- name: LockConnection :one
select * from connections where workspace_id = @workspace_id and id = @id for no key update;

-- name: UpdateConnection :one
-- A credential that was changed belongs to nobody until GitHub has said to whom.
update connections
set name = @name, repositories = @repositories, installation_id = @installation_id,
    reserve_percent = @reserve_percent, reserve_requests = @reserve_requests, in_flight = @in_flight, hook = @hook,
    state = @state, state_reason = @state_reason,
    state_since = case when state = @state then state_since else now() end,
    account = case when @renewed::boolean then '' else account end,
    login = case when @renewed::boolean then '' else login end,
    version = version + 1, updated_at = now()
where workspace_id = @workspace_id and id = @id
returning *;

-- name: NameTaken :one
select exists (select from connections where workspace_id = @workspace_id and name = @name and id <> @id);

-- name: DeleteConnection :execrows
delete from connections where workspace_id = @workspace_id and id = @id and source = 'api';

-- name: PutConnectionSecrets :exec
insert into connection_secrets (connection_id, field, sealed, key_id)
select @connection_id, unnest(@fields::text[]), unnest(@sealed::bytea[]), @key_id
on conflict (connection_id, field) do update set sealed = excluded.sealed, key_id = excluded.key_id;

-- name: DeleteConnectionSecrets :exec
delete from connection_secrets where connection_id = @connection_id and field = any(@fields::text[]);

-- name: DropConnectionToken :exec
delete from connection_tokens where connection_id = @connection_id;

-- name: PutEnvironmentConnection :exec
-- A token that is another one belongs to nobody until GitHub has said to whom.
insert into connections as c (
    id, workspace_id, name, kind, source, base_url, reserve_percent, reserve_requests, in_flight, hook, fingerprint, state, state_reason
) values (
    @id, @workspace_id, @id, @kind, 'environment', @base_url, @reserve_percent, @reserve_requests, @in_flight, @hook, @fingerprint,
    @state, @state_reason
)
on conflict (id) do update set
    kind = excluded.kind, base_url = excluded.base_url, reserve_percent = excluded.reserve_percent,
    reserve_requests = excluded.reserve_requests, in_flight = excluded.in_flight, hook = excluded.hook,
    fingerprint = excluded.fingerprint, account = '', login = '',
    state = excluded.state, state_reason = excluded.state_reason, state_since = now(),
    version = c.version + 1, updated_at = now()
where (c.kind, c.base_url, c.reserve_percent, c.reserve_requests, c.in_flight, c.hook, c.fingerprint, c.state = 'disabled')
    is distinct from (excluded.kind, excluded.base_url, excluded.reserve_percent, excluded.reserve_requests, excluded.in_flight,
        excluded.hook, excluded.fingerprint, excluded.state = 'disabled');

-- name: AcceptConnection :exec
-- One that the user has switched off stays so.
update connections
set account = @account, login = @login, checked_at = now(),
    state = case when state = 'disabled' then state else 'ok' end,
    state_reason = case when state = 'disabled' then state_reason else '' end,
    state_since = case when state in ('disabled', 'ok') then state_since else now() end
where id = @id and version = @version;

-- name: RefuseConnection :exec
update connections
set state = 'refused', state_reason = @reason, checked_at = now(),
    state_since = case when state = 'refused' then state_since else now() end
where id = @id and version = @version and state <> 'disabled';

-- name: LookAtConnection :execrows
-- The first of those who ask within a while does.
update connections
set looked_at = now()
where id = @id and version = @version and greatest(looked_at, checked_at) <= now() - sqlc.arg('every')::interval;

-- name: GetConnectionToken :many
select sealed, expires_at from connection_tokens
where connection_id = @connection_id and sealed is not null;

-- name: LeaseConnectionToken :many
-- Yields a row to one of all processes until the lease ends: it makes the token. What is
-- kept may have been made since the process looked.
insert into connection_tokens as t (connection_id, leased_until) values (@connection_id, now() + @lease::interval)
on conflict (connection_id) do update set leased_until = excluded.leased_until
where t.leased_until is null or t.leased_until <= now()
returning sealed, expires_at, leased_until;

-- name: PutConnectionToken :exec
-- The lease tells that the connection is still the one that the token was made for.
update connection_tokens set sealed = @sealed, expires_at = @expires_at, leased_until = null
where connection_id = @connection_id and leased_until = @leased_until;

-- name: EndConnectionTokenLease :exec
update connection_tokens set leased_until = null where connection_id = @connection_id and leased_until = @leased_until;

-- name: ForgetConnectionToken :exec
update connection_tokens set sealed = null, expires_at = null
where connection_id = @connection_id and expires_at = @expires_at;

-- name: StaleSecretWorkspaces :many
-- Those of which secrets are encrypted with another key than the one that encrypts now.
select distinct workspace_id from connection_secret_keys where key_id <> @key_id order by workspace_id;

-- name: StaleSecrets :many
select s.connection_id, s.field, s.sealed
from connection_secrets s
where s.key_id <> @key_id and (s.connection_id, s.field) > (@after_id::text, @after_field::text)
order by s.connection_id, s.field
limit @row_limit
for update of s skip locked;

-- name: ResealSecrets :exec
update connection_secrets s
set sealed = n.sealed, key_id = @key_id
from (select unnest(@connection_ids::text[]) as connection_id, unnest(@fields::text[]) as field, unnest(@sealed::bytea[]) as sealed) n
where s.connection_id = n.connection_id and s.field = n.field;
