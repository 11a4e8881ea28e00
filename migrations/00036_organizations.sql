-- +goose Up
create table organizations (
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
    login        text,
    name         text,
    description  text,
    blog         text,
    location     text,
    email        text,
    is_verified  boolean,
    public_repos bigint,
    archived_at  timestamptz,
    created_at   timestamptz,
    updated_at   timestamptz,
    primary key (workspace_id, organization_id, key)
);
comment on table organizations is 'Organizations of GitHub, seen as their own scope: one row each.';
comment on column organizations.key is 'GitHub''s id in decimal.';
comment on column organizations.organization_id is 'GitHub''s numeric id of the organization.';
comment on column organizations.raw is 'GitHub''s JSON as it answers it.';
comment on column organizations.raw_bytes is 'GitHub''s exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column organizations.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column organizations.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column organizations.observed_at is 'When a pass last wrote this row.';
comment on column organizations.changed_at is 'When hash last changed.';
comment on column organizations.deleted_at is 'When GitHub was found to have it no more; the row is kept.';
comment on column organizations.login is 'Its name in URLs, as GitHub last said.';
comment on column organizations.public_repos is 'Public repositories, as GitHub counts.';

create index organizations_login on organizations (lower(login), workspace_id);

-- +goose Down
drop table organizations;
