-- +goose Up
create table team_repositories (
    workspace_id    uuid not null,
    organization_id bigint not null,
    key             text not null,
    raw             jsonb not null,
    raw_bytes       bytea,
    hash            bytea not null,
    raw_hash        bytea not null,
    observed_at     timestamptz not null,
    changed_at      timestamptz not null,
    deleted_at      timestamptz,
    parent_key      text not null,
    team_id       bigint,
    repository_id bigint,
    full_name     text,
    role_name     text,
    primary key (workspace_id, organization_id, key)
);
comment on table team_repositories is 'Which repositories a team of an organization may use, and how.';
comment on column team_repositories.key is 'The team''s id, a slash, the repository''s id.';
comment on column team_repositories.organization_id is 'GitHub''s numeric id of the organization.';
comment on column team_repositories.raw is 'GitHub''s JSON as its list answers it, less what is a secret.';
comment on column team_repositories.raw_bytes is 'GitHub''s exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column team_repositories.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column team_repositories.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column team_repositories.observed_at is 'When a pass last wrote this row.';
comment on column team_repositories.changed_at is 'When hash last changed.';
comment on column team_repositories.deleted_at is 'When GitHub was found to have it no more; the row is kept.';
comment on column team_repositories.parent_key is 'Key of the team whose list showed it.';
comment on column team_repositories.repository_id is 'GitHub''s numeric id of the repository.';
comment on column team_repositories.role_name is 'What the team may do there: read, triage, write, maintain, admin, or a role of the organizations own.';

create index team_repositories_parent on team_repositories (parent_key, organization_id, workspace_id);
create index team_repositories_repository on team_repositories (repository_id, organization_id, workspace_id);

-- +goose Down
drop table team_repositories;
