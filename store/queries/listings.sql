-- name: RaiseListing :exec
-- A second look adds to what the first has found.
update collection_passes set listing = listing + 1,
    found_missing = case when @second_look::boolean then found_missing else 0 end,
    found_extra = case when @second_look::boolean then found_extra else 0 end,
    found_different = case when @second_look::boolean then found_different else 0 end
where workspace_id = @workspace_id and repository_id = @repository_id and collection = @collection;

-- name: UpsertListingPage :exec
insert into listing_pages as l (workspace_id, repository_id, collection, page, listing, url, etag, next, last, digest, keys)
select p.workspace_id, p.repository_id, p.collection, @page, p.listing, @url, @etag, @next, @last, @digest, @keys::text[]
from collection_passes p
where p.workspace_id = @workspace_id and p.repository_id = @repository_id and p.collection = @collection
on conflict (workspace_id, repository_id, collection, page) do update set
    listing = excluded.listing, url = excluded.url, etag = excluded.etag, next = excluded.next,
    last = excluded.last, digest = excluded.digest, keys = excluded.keys;

-- name: KeepListingPage :execrows
-- The page is as it was: it belongs to the new listing as well.
update listing_pages l set listing = p.listing, next = @next, last = @last
from collection_passes p
where l.workspace_id = @workspace_id and l.repository_id = @repository_id and l.collection = @collection and l.page = @page
  and p.workspace_id = l.workspace_id and p.repository_id = l.repository_id and p.collection = l.collection;

-- name: ListListingPages :many
-- Without their keys: what stands for them is made as walk.Shown does.
select page, url, etag, next, last, cardinality(keys)::bigint as items,
       left(encode(sha256(convert_to(array_to_string(keys, E'\n'), 'UTF8')), 'hex'), 32)::text as shown
from listing_pages
where workspace_id = @workspace_id and repository_id = @repository_id and collection = @collection
  and page >= @page::int and etag <> ''
order by page
limit @row_limit;

-- name: ListingPage :one
select digest, keys from listing_pages
where workspace_id = @workspace_id and repository_id = @repository_id and collection = @collection and page = @page;

-- name: DropListingPages :exec
-- What the listing did not reach: the list has become shorter.
delete from listing_pages l using collection_passes p
where l.workspace_id = @workspace_id and l.repository_id = @repository_id and l.collection = @collection
  and p.workspace_id = l.workspace_id and p.repository_id = l.repository_id and p.collection = l.collection
  and l.listing <> p.listing;

-- name: ListSuspects :many
select key, coalesce(number, 0)::bigint as number from suspects
where workspace_id = @workspace_id and repository_id = @repository_id and collection = @collection
order by key
limit @row_limit;

-- name: CountSuspects :one
select count(*) from suspects
where workspace_id = @workspace_id and repository_id = @repository_id and collection = @collection;

-- name: SuspectsNotListed :many
-- The suspects that the present listing does not show either.
select s.key from suspects s
where s.workspace_id = @workspace_id and s.repository_id = @repository_id and s.collection = @collection
except
select unnest(l.keys) from listing_pages l
join collection_passes p using (workspace_id, repository_id, collection)
where l.workspace_id = @workspace_id and l.repository_id = @repository_id and l.collection = @collection
  and l.listing = p.listing;

-- name: DropSuspects :exec
delete from suspects
where workspace_id = @workspace_id and repository_id = @repository_id and collection = @collection
  and key = any (@keys::text[]);

-- name: DropAllSuspects :exec
delete from suspects
where workspace_id = @workspace_id and repository_id = @repository_id and collection = @collection;

-- name: InsertTransfers :exec
insert into item_transfers (workspace_id, repository_id, collection, key, number, to_url)
select @workspace_id, @repository_id, @collection, unnest(@keys::text[]), unnest(@numbers::bigint[]), unnest(@to_urls::text[])
on conflict (workspace_id, repository_id, collection, key) do update set to_url = excluded.to_url;

-- name: AddFound :exec
-- What a full check finds before it is complete.
update collection_passes set
    found_missing = found_missing + @missing, found_extra = found_extra + @extra, found_different = found_different + @different
where workspace_id = @workspace_id and repository_id = @repository_id and collection = @collection;

-- name: RecordCheck :exec
-- Moves what the pass has found into the collection's last check.
with p as (
    update collection_passes p set found_missing = 0, found_extra = 0, found_different = 0
    from (
        select * from collection_passes c
        where c.workspace_id = @workspace_id and c.repository_id = @repository_id and c.collection = @collection
    ) as before
    where p.workspace_id = before.workspace_id and p.repository_id = before.repository_id and p.collection = before.collection
    returning before.*
)
insert into collection_checks as k (workspace_id, repository_id, collection, started_at, checked_at, items, missing, extra, different, operation_id)
select workspace_id, repository_id, collection, coalesce(fresh_at, now()), now(), items, found_missing, found_extra, found_different, @operation_id
from p
on conflict (workspace_id, repository_id, collection) do update set
    started_at = excluded.started_at, checked_at = excluded.checked_at, items = excluded.items, missing = excluded.missing,
    extra = excluded.extra, different = excluded.different, operation_id = excluded.operation_id;
