-- +goose Up
create table deployment_statuses (
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
    id              bigint,
    deployment_id   bigint,
    state           text,
    environment     text,
    description     text,
    creator_login   text,
    creator_id      bigint,
    log_url         text,
    environment_url text,
    created_at      timestamptz,
    updated_at      timestamptz,
    primary key (workspace_id, repository_id, key)
);
comment on table deployment_statuses is 'How deployments went on: each status that they had.';
comment on column deployment_statuses.key is 'The status''s id.';
comment on column deployment_statuses.repository_id is 'GitHub''s numeric id of the repository.';
comment on column deployment_statuses.raw is 'GitHub''s JSON as its list answers it.';
comment on column deployment_statuses.raw_bytes is 'GitHub''s exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column deployment_statuses.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column deployment_statuses.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column deployment_statuses.observed_at is 'When a pass last wrote this row.';
comment on column deployment_statuses.changed_at is 'When hash last changed.';
comment on column deployment_statuses.deleted_at is 'When GitHub was found to have it no more; the row is kept.';
comment on column deployment_statuses.parent_key is 'Key of the deployment whose list showed it.';
comment on column deployment_statuses.state is 'queued, in_progress, success, failure, inactive, …';
comment on column deployment_statuses.environment_url is 'Where what was deployed can be seen.';

create index deployment_statuses_parent on deployment_statuses (parent_key, repository_id, workspace_id);

-- +goose Down
drop table deployment_statuses;
