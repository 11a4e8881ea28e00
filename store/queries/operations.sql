-- name: InsertOperation :many
insert into operations (workspace_id, id, kind, source, parent_id, retry_of, subject, input, key_subject, idempotency_key, request_hash)
values (@workspace_id, @id, @kind, @source, sqlc.narg('parent_id'), sqlc.narg('retry_of'), @subject, @input, @key_subject,
        sqlc.narg('idempotency_key'), sqlc.narg('request_hash'))
on conflict do nothing
returning *;

-- name: OperationByKey :one
select * from operations
where workspace_id = @workspace_id and key_subject = @key_subject and idempotency_key = @idempotency_key::text;

-- name: FreeKey :execrows
-- A key is kept for a day.
update operations set idempotency_key = null
where workspace_id = @workspace_id and key_subject = @key_subject and idempotency_key = @idempotency_key::text
  and created_at < now() - sqlc.arg('kept')::interval;

-- name: GetOperation :one
select * from operations where workspace_id = @workspace_id and id = @id;

-- name: ListOperations :many
-- Those that stand by themselves, or the children of one. Visible are patterns of
-- repositories; an organization is all of its own.
select * from operations
where workspace_id = @workspace_id
  and ((sqlc.narg('parent_id')::uuid is null and parent_id is null) or parent_id = sqlc.narg('parent_id')::uuid)
  and (sqlc.narg('states')::text[] is null or state = any (sqlc.narg('states')::text[]))
  and (sqlc.narg('kind')::text is null or kind = sqlc.narg('kind'))
  and (sqlc.narg('visible')::text[] is null
       or lower(case when subject like '%/%' then subject else subject || '/*' end) like any (sqlc.narg('visible')::text[]))
  and (sqlc.narg('subject')::text is null or lower(subject) = lower(sqlc.narg('subject')))
  and (sqlc.narg('created_after')::timestamptz is null or created_at >= sqlc.narg('created_after'))
  and (sqlc.narg('created_before')::timestamptz is null or created_at < sqlc.narg('created_before'))
  and (sqlc.narg('before_at')::timestamptz is null
       or (created_at, id) < (sqlc.narg('before_at')::timestamptz, sqlc.narg('before_id')::uuid))
order by created_at desc, id desc
limit @row_limit;

-- name: ListOperationCollections :many
select * from operation_collections
where workspace_id = @workspace_id and operation_id = any (@operation_ids::uuid[])
order by operation_id, position;

-- name: ListOpenOperations :many
-- Looks across workspaces: the sweeper compares them with their workflows. A
-- pending one that is young is still being started by the API, and one that has not
-- begun and is part of another by that one, as long as it has not ended.
select o.* from open_operations o
where (o.state <> 'pending' or o.created_at < now() - @older_than::interval)
  and (o.state not in ('pending', 'paused') or o.started_at is not null or o.parent_id is null or not exists (
      select from open_operations p
      where p.workspace_id = o.workspace_id and p.id = o.parent_id))
  and (o.created_at, o.id) > (@after_at::timestamptz, @after_id::uuid)
order by o.created_at, o.id
limit @row_limit;

-- name: UnknownOperations :many
-- Looks across workspaces: which of these operations do not exist?
select unknown_operations(@workspace_ids::uuid[], @ids::uuid[])::text as id;

-- name: SetOperationState :one
update operations
set state       = @state,
    waiting     = sqlc.narg('waiting'),
    failure     = sqlc.narg('failure'),
    seq         = seq + 1,
    started_at  = coalesce(started_at, case when @state = 'running' then now() end),
    finished_at = case when @terminal::boolean then now() end
where workspace_id = @workspace_id and id = @id and state = any (@allowed::text[])
returning *;

-- name: SetOperationWaiting :many
-- The longest wait is the one that is shown.
update operations
set waiting = @waiting, seq = seq + 1
where workspace_id = @workspace_id and id = @id and state in ('pending', 'running')
  and waiting is distinct from @waiting
  and (waiting is null or waiting ->> 'collection' = @waiting::jsonb ->> 'collection'
       or (waiting ->> 'until')::timestamptz < (@waiting::jsonb ->> 'until')::timestamptz)
returning *;

-- name: ClearOperationWaiting :many
-- One collection that goes on says nothing of another that waits.
update operations
set waiting = null, seq = seq + 1
where workspace_id = @workspace_id and id = @id and state in ('pending', 'running')
  and waiting ->> 'collection' = @collection::text
returning *;

-- name: RaiseOperationSeq :one
-- Takes the operation's row lock until the transaction ends, so that events are
-- numbered in the order in which they commit. Yields no row once it may not work on.
update operations set seq = seq + 1
where workspace_id = @workspace_id and id = @id and state = 'running'
returning seq;

-- name: InsertOperationCollections :exec
insert into operation_collections (workspace_id, operation_id, collection, position)
select @workspace_id, @operation_id, c.name, c.position
from unnest(@names::text[]) with ordinality as c (name, position)
on conflict do nothing;

-- name: AddCollectionWork :one
update operation_collections
set state       = @state,
    items       = items + @items,
    total       = case when @state in ('done', 'skipped') then items + @items else greatest(total, @total, items + @items) end,
    written     = written + @written,
    pages       = pages + @pages,
    requests    = requests + @requests,
    expected_requests = case when @state in ('done', 'skipped') then requests + @requests
                             when sqlc.arg('remaining')::bigint > 0 then sqlc.arg('remaining')::bigint + requests + @requests
                             else greatest(expected_requests, requests + @requests) end,
    note        = case when @note::text = '' or position(@note in note) > 0 then note
                       when note = '' then @note else left(note || ' ' || @note, 1000) end,
    started_at  = coalesce(started_at, now()),
    finished_at = case when @state in ('done', 'skipped', 'failed') then now() end
where workspace_id = @workspace_id and operation_id = @operation_id and collection = @collection
returning *;

-- name: InsertEvent :one
insert into operation_events (workspace_id, operation_id, seq, type, at, data)
values (@workspace_id, @operation_id, @seq, @type, now(), @data)
returning at;

-- name: ListEvents :many
select * from operation_events
where workspace_id = @workspace_id and operation_id = @operation_id and seq > @after
order by seq
limit @row_limit;
