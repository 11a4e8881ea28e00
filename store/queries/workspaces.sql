-- name: WorkspaceExists :one
select exists (select from workspaces where id = @id);

-- name: ListWorkspaces :many
select id, name, created_at from workspace_list order by name limit @row_limit;

-- name: CreateWorkspace :many
-- Yields no row where the name is taken.
select create_workspace(@id, @name)::uuid as id;
