-- name: ListPurges :many
-- What pages of a collection of a repository must not bring back. There are few, or none.
select key, field from purges
where workspace_id = @workspace_id and repository_id = @repository_id and collection = @collection
order by key, field;

-- name: FindPurged :many
-- The key of an item of which something was purged, by its number or its key.
select key, coalesce(number, 0)::bigint as number from purges
where workspace_id = @workspace_id and repository_id = @repository_id and collection = @collection
  and case when @number::bigint > 0 then number = @number::bigint else key = @key end
limit 1;

-- name: InsertPurge :one
-- One that was asked for before stays as it was.
with inserted as (
    insert into purges (workspace_id, repository_id, collection, key, field, number, mention, purged_by)
    values (@workspace_id, @repository_id, @collection, @key, @field, nullif(@number::bigint, 0), @mention, @purged_by)
    on conflict do nothing
    returning purged_at, purged_by
)
select purged_at, purged_by, true as first from inserted
union all
select purged_at, purged_by, false from purges
where workspace_id = @workspace_id and repository_id = @repository_id and collection = @collection
  and key = @key and field = @field and not exists (select from inserted);

-- name: EraseBefores :execrows
update changes set before = null, before_bytes = null
where key = @key and repository_id = @repository_id and collection = @collection and workspace_id = @workspace_id
  and (before is not null or before_bytes is not null);

-- name: ListBefores :many
select seq, at, before::text as before, before_bytes from changes
where key = @key and repository_id = @repository_id and collection = @collection and workspace_id = @workspace_id
  and before is not null and seq > @after
order by seq
limit @row_limit;

-- name: RedactBefores :exec
update changes c set before = u.before::jsonb, before_bytes = u.before_bytes
from (
    select unnest(@seqs::bigint[]) as seq, unnest(@ats::timestamptz[]) as at,
           unnest(@befores::text[]) as before, unnest(@before_bytes::bytea[]) as before_bytes
) u
where c.workspace_id = @workspace_id and c.seq = u.seq and c.at = u.at;

-- name: ForgetItem :exec
-- What hangs on an item's row besides its changes.
with document as (
    delete from search_documents d
    where d.workspace_id = @workspace_id and d.repository_id = @repository_id and d.collection = @collection and d.key = @key
), suspect as (
    delete from suspects s
    where s.workspace_id = @workspace_id and s.repository_id = @repository_id and s.collection = @collection and s.key = @key
)
delete from item_transfers t
where t.workspace_id = @workspace_id and t.repository_id = @repository_id and t.collection = @collection and t.key = @key;

-- name: CountItemLess :exec
update collection_passes set items = items - 1
where workspace_id = @workspace_id and repository_id = @repository_id and collection = @collection;

-- name: EraseDeliveries :one
-- Payloads of a repository that mention a text, of at most scan deliveries behind a GUID.
with scanned as (
    select q.guid from deliveries q
    where q.workspace_id = @workspace_id and q.guid > @after
    order by q.guid
    limit @scan
), erased as (
    update deliveries d set payload = '{}'
    from scanned s
    where d.workspace_id = @workspace_id and d.guid = s.guid and d.repository_id = @repository_id::bigint
      and position(convert_to(@mention::text, 'UTF8') in d.payload) > 0
    returning d.guid
)
select coalesce((select max(guid) from scanned), '')::text as last, (select count(*) from erased) as erased;
