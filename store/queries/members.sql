-- name: AddUser :one
-- The person with that login, of whichever workspace.
select add_user(@id, @login, @name, @email)::uuid as id;

-- name: LockMembers :exec
-- Those who change the members of a workspace do so one after another.
select pg_advisory_xact_lock(hashtextextended('holdfast:members:' || @workspace_id::text, 0));

-- name: CountMembers :one
select count(*) from memberships where workspace_id = @workspace_id;

-- name: InsertMember :many
-- Yields no row where the person is a member.
insert into memberships (workspace_id, user_id, role, repositories, created_by)
values (@workspace_id, @user_id, @role, @repositories::text[], @created_by)
on conflict (workspace_id, user_id) do nothing
returning user_id;

-- name: GetMember :one
select m.workspace_id, m.user_id, u.login, u.name, u.email, u.github_id, u.disabled_at, m.role, m.repositories, m.created_by, m.created_at, m.updated_at
from memberships m join users u on u.id = m.user_id
where m.workspace_id = @workspace_id and m.user_id = @user_id;

-- name: ReplaceInvitation :exec
-- A member's earlier code is none any more.
insert into invitations (workspace_id, hash, user_id, created_by, expires_at)
values (@workspace_id, @hash, @user_id, @created_by, now() + @valid_for::interval)
on conflict (workspace_id, user_id) do update
set hash = excluded.hash, created_by = excluded.created_by, created_at = now(), expires_at = excluded.expires_at;

-- name: FindSession :one
-- What an access token of that session allows now.
select u.login, m.role, m.repositories, s.expires_at, (s.revoked_at is not null or u.disabled_at is not null)::boolean as ended
from sessions s
join memberships m on m.workspace_id = s.workspace_id and m.user_id = s.user_id
join users u on u.id = s.user_id
where s.workspace_id = @workspace_id and s.id = @id;

-- name: AcceptInvitation :one
-- Null: there is no such code.
select coalesce(accept_invitation(@hash, @session_id, @refresh), 'null')::jsonb as session;

-- name: RefreshSession :one
-- Null: there is no such token.
select coalesce(refresh_session(@hash, @refresh), 'null')::jsonb as session;

-- name: EndSession :one
-- Null: there is no such token, or its session has ended.
select coalesce(end_session(@hash), 'null')::jsonb as session;

-- name: DeleteSessions :one
-- Those that have expired, of all workspaces.
select delete_sessions(@row_limit::int)::bigint;

-- name: SignIn :one
-- Null: nobody has let the person with that GitHub account in.
select coalesce(sign_in(@github_id, @login, @name, @email, sqlc.narg('workspace_id')::uuid, @session_id, @refresh), 'null')::jsonb as session;

-- name: ListMembers :many
select m.workspace_id, m.user_id, u.login, u.name, u.email, u.github_id, u.disabled_at, m.role, m.repositories, m.created_by, m.created_at, m.updated_at
from memberships m join users u on u.id = m.user_id
where m.workspace_id = @workspace_id
order by lower(u.login)
limit @row_limit;

-- name: UpdateMember :execrows
update memberships set role = @role, repositories = @repositories::text[], updated_at = now()
where workspace_id = @workspace_id and user_id = @user_id;

-- name: DeleteMember :execrows
delete from memberships where workspace_id = @workspace_id and user_id = @user_id;

-- name: CountOtherAdmins :one
-- Those who can let others in: who sees a part only cannot.
select count(*) from memberships m join users u on u.id = m.user_id
where m.workspace_id = @workspace_id and m.user_id <> @user_id and m.role = 'admin' and m.repositories = '{}' and u.disabled_at is null;

-- name: ForgetUser :one
select forget_user(@id) as forgotten;

-- name: ListSessions :many
select * from sessions where workspace_id = @workspace_id and user_id = @user_id order by created_at desc, id limit @row_limit;

-- name: RevokeSessions :execrows
update sessions set revoked_at = now(), revoked_reason = @reason
where workspace_id = @workspace_id and user_id = @user_id and revoked_at is null;

-- name: DeleteInvitations :exec
delete from invitations where workspace_id = @workspace_id and user_id = @user_id;
