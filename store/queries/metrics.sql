-- name: CountOperations :many
-- Open ones, and those that have ended within the last hour. These queries look
-- across workspaces, and every worker asks them every few seconds: each has to stay
-- cheap on large tables.
select kind, state, count(*) as operations, coalesce(extract(epoch from now() - min(created_at)), 0)::float8 as oldest_seconds
from operations
where state in ('pending', 'running', 'cancelling')
group by kind, state
union all
select kind, state, count(*), 0
from operations
where finished_at > now() - interval '1 hour'
group by kind, state;

-- name: CountWaits :many
-- An operation shows one wait at a time: the longest of its collections.
select coalesce(waiting ->> 'for', '')::text as reason, count(*) as operations,
       greatest(coalesce(max(extract(epoch from (waiting ->> 'until')::timestamptz - now())), 0), 0)::float8 as longest_seconds
from operations
where state in ('pending', 'running') and waiting is not null
group by 1;

-- name: MirrorAges :many
-- By collection, of the repository whose last complete pass began longest ago.
select collection, extract(epoch from now() - min(fresh_at))::float8 as age_seconds
from collection_passes
where fresh_at is not null
group by collection;

-- name: SumChecks :many
select collection, sum(missing)::bigint as missing, sum(extra)::bigint as extra, sum(different)::bigint as different,
       extract(epoch from now() - min(started_at))::float8 as oldest_seconds
from collection_checks
group by collection;

-- name: CountRepositoryStates :one
-- See operation.SweepPolicy for when a sweep is overdue.
select count(*) filter (where unreachable_since is not null) as unreachable,
       count(*) filter (where @every::interval > interval '0'
                        and least(sweep_due_at, last_sweep_at + sqlc.arg('every')::interval) < now() - sqlc.arg('grace')::interval) as overdue
from repository_states;

-- name: CountRepositories :one
select count(*) from repositories where deleted_at is null;
