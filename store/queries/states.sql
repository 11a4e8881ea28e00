-- name: NoteRepository :exec
-- GitHub shows the repository.
insert into repository_states as s (workspace_id, repository_id, full_name, checked_at)
values (@workspace_id, @repository_id, @full_name, now())
on conflict (workspace_id, repository_id) do update set
    full_name = excluded.full_name, checked_at = excluded.checked_at, unreachable_since = null, reason = null, message = null;

-- name: NoteUnreachable :exec
-- GitHub does not show a mirrored repository. What it was last shown as stays.
insert into repository_states as s (workspace_id, repository_id, full_name, checked_at, unreachable_since, reason, message)
select r.workspace_id, r.repository_id, coalesce(r.full_name, ''), now(), now(), @reason, @message
from repositories r
where r.workspace_id = @workspace_id and r.repository_id = @repository_id
on conflict (workspace_id, repository_id) do update set
    checked_at = excluded.checked_at, unreachable_since = coalesce(s.unreachable_since, excluded.unreachable_since),
    reason = excluded.reason, message = excluded.message;

-- name: RepositoriesNamed :many
-- Those that GitHub shows come first: another repository may have taken over the name
-- of one that it shows no more.
select r.repository_id, (s.unreachable_since is not null)::boolean as unreachable
from repositories r
left join repository_states s on s.workspace_id = r.workspace_id and s.repository_id = r.repository_id
where r.workspace_id = @workspace_id and r.name_key = lower(@full_name::text) and r.deleted_at is null
order by s.unreachable_since is not null, s.checked_at desc nulls last, r.repository_id desc;
