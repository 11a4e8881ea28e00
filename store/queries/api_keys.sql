-- name: InsertAPIKey :many
-- Yields no row where the name is taken.
insert into api_keys (workspace_id, id, name, hash, hint, role, repositories, created_by, expires_at)
values (@workspace_id, @id, @name, @hash, @hint, @role, @repositories::text[], @created_by, sqlc.narg('expires_at'))
on conflict (workspace_id, name) where revoked_at is null do nothing
returning *;

-- name: CountAPIKeys :one
select count(*) from api_keys where workspace_id = @workspace_id and revoked_at is null;

-- name: LockAPIKeys :exec
-- Those who make keys of a workspace do so one after another.
select pg_advisory_xact_lock(hashtextextended('holdfast:api keys:' || @workspace_id::text, 0));

-- name: ListAPIKeys :many
-- Revoked ones last.
select * from api_keys where workspace_id = @workspace_id order by revoked_at desc nulls first, name, id limit @row_limit;

-- name: GetAPIKey :one
select * from api_keys where workspace_id = @workspace_id and id = @id;

-- name: RevokeAPIKey :one
-- Revoking twice is as good as revoking once.
update api_keys set revoked_at = coalesce(revoked_at, now()), revoked_by = coalesce(revoked_by, @revoked_by)
where workspace_id = @workspace_id and id = @id
returning *;

-- name: TouchAPIKey :exec
update api_keys set last_used_at = now()
where workspace_id = @workspace_id and id = @id and coalesce(last_used_at < now() - interval '1 minute', true);

-- name: FindAPIKey :one
-- Of whichever workspace; null: there is no such key.
select coalesce(api_key(@hash), 'null')::jsonb as key;
