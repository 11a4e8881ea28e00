-- +goose Up
create table organization_repositories (
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
    id               bigint,
    name             text,
    full_name        text,
    private          boolean,
    fork             boolean,
    archived         boolean,
    visibility       text,
    default_branch   text,
    description      text,
    language         text,
    topics           text[],
    stargazers_count bigint,
    pushed_at        timestamptz,
    created_at       timestamptz,
    updated_at       timestamptz,
    primary key (workspace_id, organization_id, key)
);
comment on table organization_repositories is 'The list of an organizations repositories: what its sync goes through. What a repository holds is in repositories, once it is synced.';
comment on column organization_repositories.key is 'The repository''s id.';
comment on column organization_repositories.organization_id is 'GitHub''s numeric id of the organization.';
comment on column organization_repositories.raw is 'GitHub''s JSON as its list answers it, less what is a secret.';
comment on column organization_repositories.raw_bytes is 'GitHub''s exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column organization_repositories.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column organization_repositories.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column organization_repositories.observed_at is 'When a pass last wrote this row.';
comment on column organization_repositories.changed_at is 'When hash last changed.';
comment on column organization_repositories.deleted_at is 'When GitHub was found to have it no more; the row is kept.';
comment on column organization_repositories.full_name is 'owner/name as GitHub last said.';

-- +goose Down
drop table organization_repositories;
