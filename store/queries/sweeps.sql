-- name: PlanSweeps :exec
-- A repository that was never planned gets its first sweep within the interval, at a
-- time of its own, so that those that came together are not swept together.
insert into repository_states as s (workspace_id, repository_id, full_name, checked_at, sweep_due_at)
select r.workspace_id, r.repository_id, coalesce(r.full_name, ''), r.observed_at,
       now() + (r.repository_id % 997) * sqlc.arg('every')::interval / 997
from repositories r
left join repository_states t on t.workspace_id = r.workspace_id and t.repository_id = r.repository_id
where r.workspace_id = @workspace_id and r.deleted_at is null
  and (t.repository_id is null or t.last_sweep_at is null and t.sweep_due_at is null)
on conflict (workspace_id, repository_id) do update set sweep_due_at = excluded.sweep_due_at
where s.last_sweep_at is null and s.sweep_due_at is null;

-- name: DueSweeps :many
-- What waits longest comes first. One that is being swept is left alone. A sweep reads
-- what is mirrored.
select s.repository_id, coalesce(r.full_name, s.full_name)::text as full_name,
       array(
           select p.collection from collection_passes p
           where p.workspace_id = s.workspace_id and p.repository_id = s.repository_id
           order by p.collection
       )::text[] as collections
from repository_states s
join repositories r on r.workspace_id = s.workspace_id and r.repository_id = s.repository_id and r.deleted_at is null
where s.workspace_id = @workspace_id
  and coalesce(s.sweep_due_at, s.last_sweep_at + sqlc.arg('every')::interval) <= now()
  and not exists (
      select from operations o
      where o.state in ('pending', 'awaiting_approval', 'running', 'paused', 'cancelling') and o.kind = 'reconcile_repository'
        and o.workspace_id = s.workspace_id and lower(o.subject) = r.name_key
  )
order by coalesce(s.sweep_due_at, s.last_sweep_at + sqlc.arg('every')::interval), s.repository_id
limit @row_limit;

-- name: DueRefreshes :many
-- Repositories in which some collection was last read to its end longer ago than the
-- interval, the stalest first. One with an open operation is left alone, and so is one
-- that GitHub does not show: sweeps look for it.
select r.repository_id, coalesce(r.full_name, '')::text as full_name, p.collections::text[] as collections
from repositories r
cross join lateral (
    select min(coalesce(c.fresh_at, '-infinity')) as fresh_at, array_agg(c.collection order by c.collection) as collections
    from collection_passes c
    where c.workspace_id = r.workspace_id and c.repository_id = r.repository_id
) p
where r.workspace_id = @workspace_id and r.deleted_at is null and p.fresh_at <= now() - sqlc.arg('every')::interval
  and not exists (
      select from operations o
      where o.state in ('pending', 'awaiting_approval', 'running', 'paused', 'cancelling')
        and o.workspace_id = r.workspace_id and lower(o.subject) = r.name_key
  )
  and not exists (
      select from repository_states s
      where s.workspace_id = r.workspace_id and s.repository_id = r.repository_id and s.unreachable_since is not null
  )
order by p.fresh_at, r.repository_id
limit @row_limit;

-- name: RecordSweep :exec
-- A sweep that left out some of what is mirrored is none. One that did not succeed is
-- due again after a while, not at once: what keeps it from succeeding may last.
insert into repository_states as s (workspace_id, repository_id, full_name, checked_at, last_sweep_at, sweep_due_at)
select r.workspace_id, r.repository_id, coalesce(r.full_name, o.subject), now(),
       case when @succeeded::boolean then o.started_at end,
       case when not @succeeded::boolean then now() + sqlc.arg('again')::interval end
from operations o
join repositories r on r.workspace_id = o.workspace_id and r.name_key = lower(o.subject) and r.deleted_at is null
where o.workspace_id = @workspace_id and o.id = @operation_id and o.kind = 'reconcile_repository'
  and not exists (
      select from collection_passes p
      where p.workspace_id = r.workspace_id and p.repository_id = r.repository_id
        and not exists (
            select from operation_collections c
            where c.workspace_id = o.workspace_id and c.operation_id = o.id and c.collection = p.collection
        )
  )
on conflict (workspace_id, repository_id) do update set
    last_sweep_at = coalesce(excluded.last_sweep_at, s.last_sweep_at), sweep_due_at = excluded.sweep_due_at;
