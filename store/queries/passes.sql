-- name: EnsurePass :exec
insert into collection_passes (workspace_id, repository_id, collection)
values (@workspace_id, @repository_id, @collection)
on conflict do nothing;

-- name: LockPassForTake :one
select cursor, bookmark, fresh_at, holder from collection_passes
where workspace_id = @workspace_id and repository_id = @repository_id and collection = @collection
for update;

-- name: HolderIsOpen :one
-- A paused one lets go: others need not wait until somebody resumes it.
-- A statement of its own, after the lock: in the locking one Postgres would look at
-- the operation as it was before it waited for the lock.
select exists (
    select from operations
    where workspace_id = @workspace_id and id = @id and state in ('pending', 'running', 'cancelling')
);

-- name: TakePass :one
-- A pass that another operation left behind goes on from its cursor, so its start stays.
update collection_passes
set fence = fence + 1, holder = @holder::uuid,
    started_at = case when cursor is null or started_at is null then now() else started_at end
where workspace_id = @workspace_id and repository_id = @repository_id and collection = @collection
returning fence, coalesce(started_at, now())::timestamptz as started_at;

-- name: LockPass :one
select fence from collection_passes
where workspace_id = @workspace_id and repository_id = @repository_id and collection = @collection
for update;

-- name: AdvancePass :exec
update collection_passes
set cursor = @cursor, items = items + @added
where workspace_id = @workspace_id and repository_id = @repository_id and collection = @collection;

-- name: CompletePass :exec
update collection_passes
set cursor = null, holder = null, bookmark = @bookmark, items = items + @added,
    fresh_at = started_at, completed_at = now()
where workspace_id = @workspace_id and repository_id = @repository_id and collection = @collection;

-- name: ReleasePass :execrows
-- Restart drops the cursor: GitHub refused to go on from there.
update collection_passes
set holder = null, cursor = case when @restart::boolean then null else cursor end
where workspace_id = @workspace_id and repository_id = @repository_id and collection = @collection
  and fence = @fence and holder = @holder::uuid;

-- name: ListPasses :many
select * from collection_passes
where workspace_id = @workspace_id and repository_id = any (@repository_ids::bigint[])
  and collection <> all (coalesce(@ignored::text[], '{}'))
order by repository_id, collection;

-- name: UpsertParents :exec
-- The zero time stands for a parent without a time.
insert into collection_parents (workspace_id, repository_id, collection, parent_key, version)
select @workspace_id, @repository_id, @collection, unnest(@parent_keys::text[]), nullif(unnest(@versions::timestamptz[]), '0001-01-01 00:00:00Z')
on conflict (workspace_id, repository_id, collection, parent_key) do update set version = excluded.version;

-- name: RestartPasses :exec
update collection_passes set bookmark = '{}', cursor = null, fence = fence + 1
where workspace_id = @workspace_id and repository_id = @repository_id;

-- name: ForgetParents :exec
delete from collection_parents where workspace_id = @workspace_id and repository_id = @repository_id;
