-- +goose Up
create table branches (
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
    name       text,
    commit_sha text,
    protected  boolean,
    primary key (workspace_id, repository_id, key)
);
comment on table branches is 'Branches and the commits they point at.';
comment on column branches.key is 'The branch''s name.';
comment on column branches.repository_id is 'GitHub''s numeric id of the repository.';
comment on column branches.raw is 'GitHub''s JSON as its list answers it, less the paths that the collection stores as references.';
comment on column branches.raw_bytes is 'GitHub''s exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column branches.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column branches.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column branches.observed_at is 'When a pass last wrote this row.';
comment on column branches.changed_at is 'When hash last changed.';
comment on column branches.deleted_at is 'When GitHub was found to have it no more; the row is kept.';

-- +goose Down
drop table branches;
