-- name: InsertDelivery :many
-- No row: there is one with this GUID. What no mirrored collection is concerned by is
-- only kept: a first pass reads whatever happened before it. What was purged does not
-- come back by a payload.
insert into deliveries (
    workspace_id, guid, connection, event, action, repository_id, repository, organization_id, organization,
    collections, items, payload, state, finished_at
)
select @workspace_id, @guid, @connection, @event, @action, nullif(@repository_id::bigint, 0), @repository,
       nullif(@organization_id::bigint, 0), @organization, @collections::text[], @items,
       case when exists (
           select from purges g
           where g.workspace_id = @workspace_id and g.repository_id = @repository_id::bigint
             and position(convert_to(g.mention, 'UTF8') in @payload::bytea) > 0
       ) then '{}'::bytea else @payload::bytea end,
       case when m.mirrored then 'pending' else 'ignored' end, case when not m.mirrored then now() end
from (
    select exists (
        select from collection_passes p
        where p.workspace_id = @workspace_id and p.repository_id = @repository_id::bigint and p.collection = any (@collections::text[])
    ) as mirrored
) m
on conflict do nothing
returning state;

-- name: ClaimDeliveries :many
-- Claims what may be worked now for a pass, and tells which mirrored collections it
-- nominates. Claiming again for the same pass adds what came meanwhile.
with claimed as (
    update deliveries set operation_id = @operation_id::uuid
    where repository_id = @repository_id::bigint and workspace_id = @workspace_id and state = 'pending' and look_at <= now()
    returning collections
)
select u.collection::text as collection, count(*) as deliveries
from claimed
cross join unnest(claimed.collections) as u (collection)
where exists (
    select from collection_passes p
    where p.workspace_id = @workspace_id and p.repository_id = @repository_id::bigint and p.collection = u.collection
)
group by u.collection
order by u.collection;

-- name: NextDeliveryLook :one
-- How many deliveries of a repository wait, and how long until the first may be worked.
select count(*) as waiting, coalesce(greatest(min(look_at) - now(), interval '0'), interval '0')::interval as pause
from deliveries
where repository_id = @repository_id::bigint and workspace_id = @workspace_id and state = 'pending';

-- name: DeliveryItemCollections :many
-- The collections of the items that a pass has to show.
select distinct (i.item ->> 'collection')::text as collection
from deliveries d
cross join jsonb_array_elements(d.items) as i (item)
where d.operation_id = @operation_id::uuid and d.workspace_id = @workspace_id and d.state = 'pending';

-- name: SettleDeliveries :many
-- After a pass: what the mirror shows is processed; the others are looked at again
-- after 2, 4, 8 … seconds, and left to the sweep after the last look. After a pass
-- that failed all of them are.
with settled as (
    update deliveries d
    set state        = case when not o.older then 'processed' when d.looks >= @most_looks::int then 'left' else 'pending' end,
        finished_at  = case when not o.older or d.looks >= @most_looks::int then now() end,
        look_at      = case when o.older then now() + interval '2 seconds' * (2 ^ least(d.looks, 16)) else d.look_at end,
        looks        = d.looks + case when o.older then 1 else 0 end,
        operation_id = case when o.older and d.looks < @most_looks::int then null else d.operation_id end
    from (select c.guid, (@failed::boolean or c.guid = any (@older::text[])) as older from deliveries c
          where c.operation_id = @operation_id::uuid and c.workspace_id = @workspace_id and c.state = 'pending') o
    where d.workspace_id = @workspace_id and d.guid = o.guid
    returning d.event, d.action, d.state
)
select event, action, state, count(*) as deliveries from settled group by event, action, state order by event, action, state;

-- name: ListUnannounced :many
-- Repositories with deliveries of which their watch was not told, or long ago. Looks
-- across workspaces: the picker tells the watches.
select distinct workspace_id, repository_id::bigint as repository_id
from pending_deliveries
where coalesce(announced_at < now() - @told_before::interval, received_at < now() - @older_than::interval)
limit @row_limit;

-- name: MarkAnnounced :exec
update deliveries set announced_at = now()
where repository_id = @repository_id::bigint and workspace_id = @workspace_id and state = 'pending'
  and (announced_at is null or announced_at < now() - @told_before::interval);

-- name: DeleteDeliveries :one
-- Of all workspaces.
select delete_deliveries(@older_than::interval, @row_limit::int)::bigint;

-- name: KnownDeliveries :many
select d.guid
from unnest(@guids::text[]) as u (guid)
cross join lateral (
    select guid from deliveries where workspace_id = @workspace_id and guid = u.guid offset 0
) d;

-- name: DeliveryLook :many
select looked_at from delivery_looks where workspace_id = @workspace_id and connection = @connection and hook = @hook;

-- name: UpsertDeliveryLook :exec
insert into delivery_looks (workspace_id, connection, hook, looked_at)
values (@workspace_id, @connection, @hook, @looked_at)
on conflict (workspace_id, connection, hook) do update set looked_at = greatest(delivery_looks.looked_at, excluded.looked_at);

-- name: ListRepositoryIDs :many
-- The mirrored repositories of an owner, or the one of that name.
select repository_id from repositories
where workspace_id = @workspace_id and deleted_at is null
  and (name_key = lower(@full_name) or lower(owner_login) = lower(@owner::text));

-- name: MarkSweepsDue :exec
update repository_states set sweep_due_at = least(sweep_due_at, now())
where workspace_id = @workspace_id and repository_id = any (@repository_ids::bigint[]);
