-- name: RepositoryState :one
select r.repository_id, coalesce(r.full_name, '')::text as full_name, s.unreachable_since, s.reason, s.message, s.last_sweep_at, s.sweep_due_at
from repositories r
left join repository_states s on s.workspace_id = r.workspace_id and s.repository_id = r.repository_id
where r.workspace_id = @workspace_id and r.repository_id = @repository_id;

-- name: ListChecks :many
select * from collection_checks
where workspace_id = @workspace_id and repository_id = @repository_id
order by collection;

-- name: CountTransfers :many
select collection, count(*) as items from item_transfers
where workspace_id = @workspace_id and repository_id = @repository_id
group by collection;

-- name: SumDrift :many
select collection, sum(missing)::bigint as missing, sum(extra)::bigint as extra, sum(different)::bigint as different,
       count(*) as checked, min(started_at)::timestamptz as oldest
from collection_checks
where workspace_id = @workspace_id
group by collection
order by collection;

-- name: CountConspicuous :one
select count(*) as repositories,
       count(*) filter (where k.found > 0) as drifted,
       count(*) filter (where s.due_at < now() - sqlc.arg('grace')::interval) as overdue,
       count(*) filter (where s.unreachable_since is not null) as unreachable
from repositories r
left join lateral (
    select t.unreachable_since,
           case when @every::interval > interval '0' then least(t.sweep_due_at, t.last_sweep_at + sqlc.arg('every')::interval) end as due_at
    from repository_states t
    where t.workspace_id = r.workspace_id and t.repository_id = r.repository_id
    offset 0
) s on true
left join lateral (
    select sum(c.missing + c.extra + c.different) as found from collection_checks c
    where c.workspace_id = r.workspace_id and c.repository_id = r.repository_id
) k on true
where r.workspace_id = @workspace_id and r.deleted_at is null;

-- name: ListConspicuous :many
-- Repositories whose last checks found something, whose sweep is overdue, or that GitHub does not show.
select r.repository_id, coalesce(r.full_name, '')::text as full_name, s.unreachable_since, s.reason, s.message, s.last_sweep_at, s.sweep_due_at,
       coalesce(k.missing, 0)::bigint as missing, coalesce(k.extra, 0)::bigint as extra, coalesce(k.different, 0)::bigint as different
from repositories r
left join repository_states s on s.workspace_id = r.workspace_id and s.repository_id = r.repository_id
left join lateral (
    select sum(c.missing) as missing, sum(c.extra) as extra, sum(c.different) as different from collection_checks c
    where c.workspace_id = r.workspace_id and c.repository_id = r.repository_id
) k on true
where r.workspace_id = @workspace_id and r.deleted_at is null and r.repository_id > @after
  and (k.missing + k.extra + k.different > 0 or s.unreachable_since is not null
       or @every::interval > interval '0' and least(s.sweep_due_at, s.last_sweep_at + sqlc.arg('every')::interval) < now() - sqlc.arg('grace')::interval)
order by r.repository_id
limit @row_limit;
