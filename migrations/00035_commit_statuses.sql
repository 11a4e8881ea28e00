-- +goose Up
create table commit_statuses (
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
    parent_key    text not null,
    id            bigint,
    sha           text,
    context       text,
    state         text,
    description   text,
    target_url    text,
    creator_login text,
    creator_id    bigint,
    created_at    timestamptz,
    updated_at    timestamptz,
    primary key (workspace_id, repository_id, key)
);
comment on table commit_statuses is 'Statuses of commits, as far as they were read: see the status of the collection.';
comment on column commit_statuses.key is 'The status''s id.';
comment on column commit_statuses.repository_id is 'GitHub''s numeric id of the repository.';
comment on column commit_statuses.raw is 'GitHub''s JSON as its list answers it.';
comment on column commit_statuses.raw_bytes is 'GitHub''s exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column commit_statuses.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column commit_statuses.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column commit_statuses.observed_at is 'When a pass last wrote this row.';
comment on column commit_statuses.changed_at is 'When hash last changed.';
comment on column commit_statuses.deleted_at is 'When GitHub was found to have it no more; the row is kept.';
comment on column commit_statuses.parent_key is 'Sha of the commit whose list showed it.';
comment on column commit_statuses.context is 'What reports it; the newest status of a context is the one that counts.';
comment on column commit_statuses.state is 'error, failure, pending or success.';

create index commit_statuses_parent on commit_statuses (parent_key, repository_id, workspace_id);

-- +goose Down
drop table commit_statuses;
