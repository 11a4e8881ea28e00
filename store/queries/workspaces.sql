-- name: WorkspaceExists :one
select exists (select from workspaces where id = @id);
