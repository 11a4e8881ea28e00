-- name: BeginAnswer :many
-- Yields a row to whoever is to answer: the key is new, a day old, or whoever had it for
-- the same request has died.
insert into idempotent_answers as a (workspace_id, subject, key, request_hash, lease, leased_until)
values (@workspace_id, @subject, @key, @request_hash, @lease, now() + sqlc.arg('lease_time')::interval)
on conflict (workspace_id, subject, key) do update set
    request_hash = excluded.request_hash, lease = excluded.lease, leased_until = excluded.leased_until,
    status = null, header = null, body = null, created_at = now()
where a.created_at < now() - sqlc.arg('kept')::interval
   or a.status is null and a.leased_until < now() and a.request_hash = excluded.request_hash
returning a.key;

-- name: GetAnswer :one
select request_hash, status, header, body from idempotent_answers
where workspace_id = @workspace_id and subject = @subject and key = @key;

-- name: KeepAnswer :exec
update idempotent_answers set status = @status::int, header = @header::jsonb, body = @body::bytea
where workspace_id = @workspace_id and subject = @subject and key = @key and lease = @lease;

-- name: DropAnswer :exec
delete from idempotent_answers
where workspace_id = @workspace_id and subject = @subject and key = @key and lease = @lease;

-- name: DropOldAnswers :exec
-- A few of a workspace at a time: whoever makes a new one has two old ones gone and more.
delete from idempotent_answers a
using (
    select o.subject, o.key from idempotent_answers o
    where o.workspace_id = @workspace_id and o.created_at < now() - sqlc.arg('kept')::interval
    order by o.created_at limit 20
) old
where a.workspace_id = @workspace_id and a.subject = old.subject and a.key = old.key;
