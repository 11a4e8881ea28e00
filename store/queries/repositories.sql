-- name: ListRepositories :many
select r.repository_id, coalesce(r.full_name, '')::text as full_name, coalesce(r.default_branch, '')::text as default_branch,
       coalesce(r.private, false)::boolean as private, coalesce(r.archived, false)::boolean as archived
from repositories r
where r.workspace_id = @workspace_id and r.deleted_at is null
  and (sqlc.narg('full_name')::text is null or r.name_key = lower(sqlc.narg('full_name')))
  and (sqlc.narg('visible')::text[] is null or r.name_key like any (sqlc.narg('visible')::text[]))
  and r.repository_id > @after
order by r.repository_id
limit @row_limit;

-- name: RepositoryName :many
select coalesce(full_name, '')::text as full_name from repositories
where workspace_id = @workspace_id and repository_id = @repository_id;
