-- Operations that are parts of another one. Locks are taken in one order: children
-- by id, then their parent.

-- name: LockRunningOperation :one
select * from operations
where workspace_id = @workspace_id and id = @id and state = 'running'
for no key update;

-- name: InsertChildren :many
-- Those that are there already stay as they are.
insert into operations (workspace_id, id, kind, source, parent_id, subject, input)
select @workspace_id, unnest(@ids::uuid[]), @kind, @source, @parent_id::uuid, unnest(@subjects::text[]), unnest(@inputs::text[])::jsonb
on conflict do nothing
returning id;

-- name: SetRepositoriesTotal :many
update operations
set repositories_total = @total::int, seq = seq + 1
where workspace_id = @workspace_id and id = @id and state in ('running', 'paused') and repositories_total is distinct from @total::int
returning *;

-- name: CountEndedChildren :many
-- Yields no row once the parent has ended: its last event has been.
update operations
set repositories_done      = repositories_done + @done::int,
    repositories_failed    = repositories_failed + @failed::int,
    repositories_cancelled = repositories_cancelled + @cancelled::int,
    seq                    = seq + 1
where workspace_id = @workspace_id and id = @id and state in ('pending', 'running', 'paused', 'cancelling')
returning *;

-- name: CancelChildren :many
update operations o
set state = 'cancelling', waiting = null, seq = o.seq + 1
where o.workspace_id = @workspace_id
  and o.id in (select c.id from operations c
             where c.parent_id = @parent_id::uuid and c.workspace_id = @workspace_id and c.state in ('pending', 'running', 'paused')
             order by c.id for no key update)
returning *;

-- name: PauseChildren :many
update operations o
set state = 'paused', waiting = null, seq = o.seq + 1
where o.workspace_id = @workspace_id
  and o.id in (select c.id from operations c
             where c.parent_id = @parent_id::uuid and c.workspace_id = @workspace_id and c.state in ('pending', 'running')
             order by c.id for no key update)
returning *;

-- name: ResumeChildren :many
update operations o
set state = case when o.started_at is null then 'pending' else 'running' end, waiting = null, seq = o.seq + 1
where o.workspace_id = @workspace_id
  and o.id in (select c.id from operations c
             where c.parent_id = @parent_id::uuid and c.workspace_id = @workspace_id and c.state = 'paused'
             order by c.id for no key update)
returning *;

-- name: EndChildren :many
-- One that runs had a workflow, which ended without saying so; so had a paused one that
-- had begun.
update operations o
set state       = case when o.state in ('running', 'paused') and o.started_at is not null then 'failed' else 'cancelled' end,
    failure     = case when o.state in ('running', 'paused') and o.started_at is not null then @failure::jsonb end,
    waiting     = null,
    seq         = o.seq + 1,
    finished_at = now()
where o.workspace_id = @workspace_id
  and o.id in (select c.id from operations c
             where c.parent_id = @parent_id::uuid and c.workspace_id = @workspace_id and c.state in ('pending', 'running', 'paused', 'cancelling')
             order by c.id for no key update)
returning *;

-- name: InsertStateEvents :many
insert into operation_events (workspace_id, operation_id, seq, type, at, data)
select @workspace_id, unnest(@operation_ids::uuid[]), unnest(@seqs::bigint[]), 'state', now(), unnest(@data::text[])::jsonb
returning operation_id, at;

-- name: FirstFailedChild :many
-- One that failed rather than one that was cancelled.
select * from operations
where parent_id = @parent_id::uuid and workspace_id = @workspace_id and state in ('failed', 'cancelled')
order by state desc, finished_at, id
limit 1;

-- name: CountChildren :one
select count(*) from operations where parent_id = @parent_id::uuid and workspace_id = @workspace_id;

-- name: ListOrganizationRepositories :many
select key, full_name, name from organization_repositories
where workspace_id = @workspace_id and organization_id = @organization_id and key > @after and deleted_at is null
  and (@archived::boolean or archived is not true) and (@forks::boolean or fork is not true)
  and full_name is not null and name is not null
order by key
limit @row_limit;
