-- name: RecordChanges :exec
-- Numbers the changes and writes them. The counter's row is held from here to the end
-- of the transaction, so this is its last statement. U+001F separates names of fields.
with counter as (
    insert into change_counters as c (workspace_id, seq) values (@workspace_id, cardinality(@keys::text[]))
    on conflict (workspace_id) do update set seq = c.seq + excluded.seq, at = greatest(c.at, clock_timestamp())
    returning c.seq - cardinality(@keys::text[]) as seq, c.at
)
insert into changes (workspace_id, seq, at, repository_id, collection, key, number, kind, fields, before, before_bytes, source, operation_id)
select @workspace_id, counter.seq + u.place, counter.at, @repository_id, @collection, u.key, nullif(u.number, 0), u.kind,
       string_to_array(u.fields, E'\x1f'), nullif(u.before, '')::jsonb, u.before_bytes, @source, sqlc.narg('operation_id')::uuid
from counter
cross join (
    select unnest(@keys::text[]) as key, unnest(@numbers::bigint[]) as number, unnest(@kinds::text[]) as kind,
           unnest(@fields::text[]) as fields, unnest(@befores::text[]) as before, unnest(@before_bytes::bytea[]) as before_bytes,
           generate_subscripts(@keys::text[], 1) as place
) as u;

-- name: RecordCreated :exec
-- RecordChanges for a page of which nothing was mirrored: what a first pass is made of.
with counter as (
    insert into change_counters as c (workspace_id, seq) values (@workspace_id, cardinality(@keys::text[]))
    on conflict (workspace_id) do update set seq = c.seq + excluded.seq, at = greatest(c.at, clock_timestamp())
    returning c.seq - cardinality(@keys::text[]) as seq, c.at
)
insert into changes (workspace_id, seq, at, repository_id, collection, key, number, kind, source, operation_id)
select @workspace_id, counter.seq + u.place, counter.at, @repository_id, @collection, u.key, nullif(u.number, 0), 'created',
       @source, sqlc.narg('operation_id')::uuid
from counter
cross join (
    select unnest(@keys::text[]) as key, unnest(@numbers::bigint[]) as number, generate_subscripts(@keys::text[], 1) as place
) as u;

-- name: ListChanges :many
-- At most scan changes are looked at for those that match: an answer is bounded also
-- where few do. Scanned is the last that was looked at; one row with seq 0 stands for
-- none that match.
with scanned as (
    select x.seq, x.at, x.repository_id, x.collection, x.kind, x.source from changes x
    where x.workspace_id = @workspace_id and x.seq > @after
    order by x.seq
    limit @scan
), matching as (
    select y.seq, y.at from scanned y
    where (sqlc.narg('collection')::text is null or y.collection = sqlc.narg('collection'))
      and (sqlc.narg('repository_id')::bigint is null or y.repository_id = sqlc.narg('repository_id'))
      and (sqlc.narg('kind')::text is null or y.kind = sqlc.narg('kind'))
      and (sqlc.narg('source')::text is null or y.source = sqlc.narg('source'))
      and y.collection <> all (@without::text[])
      and (sqlc.narg('visible')::text[] is null or exists (
          select from repositories r
          where r.workspace_id = @workspace_id and r.repository_id = y.repository_id and r.name_key like any (sqlc.narg('visible')::text[])
      ))
    order by y.seq
    limit @row_limit
), last as (
    select coalesce(max(z.seq), 0)::bigint as scanned from scanned z
)
select last.scanned, coalesce(m.seq, 0)::bigint as seq, coalesce(c.at, now())::timestamptz as at,
       coalesce(c.repository_id, 0)::bigint as repository_id, coalesce(c.collection, '')::text as collection, coalesce(c.key, '')::text as key,
       c.number, coalesce(c.kind, '')::text as kind, c.fields, c.before, coalesce(c.source, '')::text as source, c.operation_id
from last
left join matching m on true
-- The lateral keeps Postgres on the primary key while there are no statistics yet.
left join lateral (
    select w.* from changes w where w.workspace_id = @workspace_id and w.seq = m.seq and w.at = m.at offset 0
) c on true
order by m.seq;

-- name: ListItemChanges :many
select seq, at, repository_id, collection, key, number, kind, fields, before, source, operation_id from changes
where key = @key and repository_id = @repository_id and collection = @collection and workspace_id = @workspace_id
  and seq < @below
order by seq desc
limit @row_limit;

-- name: FirstItemChangeAfter :many
-- The change that ended the state in which an item was at a time.
select kind, before from changes
where key = @key and repository_id = @repository_id and collection = @collection and workspace_id = @workspace_id
  and at > @past
order by seq
limit 1;

-- name: ChangeCounter :many
select seq, dropped, reaches_to from change_counters where workspace_id = @workspace_id;

-- name: TryKeepChanges :one
-- One process at a time makes and drops partitions. A lock that is not had soon is not
-- waited for: whoever comes behind would wait as well.
select (pg_try_advisory_xact_lock(hashtext('holdfast changes')) and set_config('lock_timeout', '2s', true) <> '')::boolean as mine;

-- name: EnsureChangePartitions :exec
-- This month's and the next three.
select changes_partition(m.month)
from (
    select (date_trunc('month', now() at time zone 'UTC') + n * interval '1 month')::date as month from generate_series(0, 3) as n
) m
where to_regclass('changes_' || to_char(m.month, 'YYYY_MM')) is null;

-- name: DropChanges :one
select changes_expire(now() - @retention::interval)::int;

-- name: RepositoryNames :many
select repository_id, coalesce(full_name, '')::text as full_name from repositories
where workspace_id = @workspace_id and repository_id = any (@repository_ids::bigint[]);
