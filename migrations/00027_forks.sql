-- +goose Up
create table forks (
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
    id             bigint,
    name           text,
    full_name      text,
    owner_login    text,
    owner_id       bigint,
    private        boolean,
    archived       boolean,
    visibility     text,
    default_branch text,
    description    text,
    pushed_at      timestamptz,
    created_at     timestamptz,
    primary key (workspace_id, repository_id, key)
);
comment on table forks is 'Forks of the repository, each a repository of its own.';
comment on column forks.key is 'The fork''s id.';
comment on column forks.repository_id is 'GitHub''s numeric id of the repository.';
comment on column forks.raw is 'GitHub''s JSON as its list answers it, less what is a secret.';
comment on column forks.raw_bytes is 'GitHub''s exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column forks.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column forks.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column forks.observed_at is 'When a pass last wrote this row.';
comment on column forks.changed_at is 'When hash last changed.';
comment on column forks.deleted_at is 'When GitHub was found to have it no more; the row is kept.';
comment on column forks.full_name is 'owner/name as GitHub last said.';
comment on column forks.pushed_at is 'When somebody last pushed to the fork.';

-- +goose Down
drop table forks;
