-- What operators watch, of all workspaces. Every worker asks for it every few seconds:
-- each has to stay cheap on large tables.

-- name: CountOperations :many
select * from operation_counts;

-- name: CountWaits :many
select * from wait_counts;

-- name: MirrorAges :many
select * from mirror_ages;

-- name: SumChecks :many
select * from check_sums;

-- name: CountRepositoryStates :one
-- See operation.SweepPolicy for when a sweep is overdue.
select count(*) filter (where unreachable_since is not null) as unreachable,
       count(*) filter (where @every::interval > interval '0'
                        and least(sweep_due_at, last_sweep_at + sqlc.arg('every')::interval) < now() - sqlc.arg('grace')::interval) as overdue
from repository_sweeps;

-- name: CountRepositories :one
select repositories from repository_counts;

-- name: Isolated :one
select isolated()::boolean;
