-- name: NumberOperationFeed :exec
-- A statement of its own: what comes after it sees what it has numbered.
select number_operation_feed(@workspace_id::uuid);

-- name: OperationFeedPosition :many
select position, dropped from operation_feeds where workspace_id = @workspace_id;

-- name: ListOperationFeed :many
-- An event that is not there is the creation of its operation.
select f.position::bigint as position, f.seq, f.at, coalesce(e.type, '')::text as type, coalesce(e.at, o.created_at)::timestamptz as event_at, e.data,
       sqlc.embed(o)
from operation_feed f
join operations o on o.workspace_id = f.workspace_id and o.id = f.operation_id
left join operation_events e on e.workspace_id = f.workspace_id and e.operation_id = f.operation_id and e.seq = f.seq
where f.workspace_id = @workspace_id and f.position > @after::bigint
order by f.position
limit @row_limit;

-- name: ListOpenOperationsOf :many
-- Of one workspace, newest first. Visible are patterns of repositories; an organization
-- is all of its own.
select * from operations
where workspace_id = @workspace_id and state in ('pending', 'awaiting_approval', 'running', 'paused', 'cancelling')
  and (sqlc.narg('visible')::text[] is null
       or lower(case when subject like '%/%' then subject else subject || '/*' end) like any (sqlc.narg('visible')::text[]))
  and (sqlc.narg('subject')::text is null or lower(subject) = lower(sqlc.narg('subject')))
order by created_at desc, id desc
limit @row_limit;

-- name: DropOperationFeed :one
select drop_operation_feed(@older_than::interval, @at_most::int)::bigint;

-- name: StreamChanges :many
-- Without the items as they were: listeners share what is read here in memory.
select c.seq, c.at, c.repository_id, c.collection, c.key, c.number, c.kind, c.fields, c.source, c.operation_id,
       (c.before is null and c.before_bytes is null and c.kind <> 'created')::boolean as purged, coalesce(r.full_name, '')::text as full_name
from changes c
left join repositories r on r.workspace_id = c.workspace_id and r.repository_id = c.repository_id and c.collection <> all (@of_organizations::text[])
where c.workspace_id = @workspace_id and c.seq > @after
order by c.seq
limit @row_limit;
