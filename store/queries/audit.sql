-- name: InsertAuditEvent :exec
insert into audit_events (workspace_id, id, subject, action, path, remote, request_id, refused)
values (@workspace_id, @id, @subject, @action, @path, @remote, @request_id, @refused);

-- name: InsertAuditOutcome :exec
insert into audit_outcomes (workspace_id, event_id, status, location) values (@workspace_id, @event_id, @status, @location);

-- name: ListAuditEvents :many
-- Newest first. Status 0: there is no outcome.
select e.id, e.at, e.subject, e.action, e.path, e.remote, e.request_id, e.refused,
       coalesce(o.status, 0)::int as status, coalesce(o.location, '')::text as location
from audit_events e
left join audit_outcomes o on o.workspace_id = e.workspace_id and o.event_id = e.id
where e.workspace_id = @workspace_id
  and (sqlc.narg('before_id')::uuid is null or e.id < sqlc.narg('before_id')::uuid)
  and (sqlc.narg('subject')::text is null or e.subject = sqlc.narg('subject'))
  and (sqlc.narg('action')::text is null or e.action = sqlc.narg('action'))
order by e.id desc
limit @row_limit;
