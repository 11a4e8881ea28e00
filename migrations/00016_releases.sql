-- +goose Up
create table releases (
    workspace_id  uuid not null,
    repository_id bigint not null,
    key           text not null,
    raw           jsonb not null,
    raw_bytes     bytea,
    hash          bytea not null,
    raw_hash      bytea not null,
    observed_at   timestamptz not null,
    changed_at    timestamptz not null,
    deleted_at    timestamptz,
    id           bigint,
    tag_name     text,
    name         text,
    body         text,
    draft        boolean,
    prerelease   boolean,
    author_login text,
    created_at   timestamptz,
    published_at timestamptz,
    primary key (workspace_id, repository_id, key)
);
comment on table releases is 'Releases, drafts included where the credential may see them.';
comment on column releases.key is 'The release''s id.';
comment on column releases.repository_id is 'GitHub''s numeric id of the repository.';
comment on column releases.raw is 'GitHub''s JSON as its list answers it, less the paths that the collection stores as references.';
comment on column releases.raw_bytes is 'GitHub''s exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column releases.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column releases.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column releases.observed_at is 'When a pass last wrote this row.';
comment on column releases.changed_at is 'When hash last changed.';
comment on column releases.deleted_at is 'When GitHub was found to have it no more; the row is kept.';

-- +goose Down
drop table releases;
