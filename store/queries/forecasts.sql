-- name: PutForecast :exec
-- Before the operation runs: its first state event carries it.
update operations set forecast = @forecast
where workspace_id = @workspace_id and id = @id and state = 'pending';

-- name: RenewForecast :many
-- Several steps of an operation estimate at once; one of them is enough.
update operations
set forecast = @forecast, seq = seq + 1
where workspace_id = @workspace_id and id = @id and state = 'running'
  and (forecast is null or (forecast ->> 'at')::timestamptz < @older_than::timestamptz)
returning *;

-- name: ExpectCollections :exec
update operation_collections c
set total = greatest(c.total, e.total), expected_requests = e.expected, requests = c.requests + e.requests
from (
    select unnest(@names::text[]) as name, unnest(@totals::bigint[]) as total,
           unnest(@expected::bigint[]) as expected, unnest(@requests::bigint[]) as requests
) e
where c.workspace_id = @workspace_id and c.operation_id = @operation_id and c.collection = e.name and c.state = 'pending';

-- name: PastPaces :many
-- What the last operations of a workspace measured, newest first.
select coalesce((p.forecast #>> '{basis,latency_ms}')::float8, 0)::float8 as latency_ms,
       coalesce((p.forecast #>> '{basis,measured_items_per_second}')::float8, 0)::float8 as items_per_second
from (
    select o.forecast, o.finished_at from operations o
    where o.workspace_id = @workspace_id and o.finished_at is not null
    order by o.finished_at desc
    limit 200
) p
where p.forecast #> '{basis,measured_items_per_second}' is not null
order by p.finished_at desc
limit @row_limit;
