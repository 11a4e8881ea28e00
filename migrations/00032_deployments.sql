-- +goose Up
create table deployments (
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
    id                     bigint,
    sha                    text,
    ref                    text,
    task                   text,
    environment            text,
    description            text,
    production_environment boolean,
    transient_environment  boolean,
    creator_login          text,
    creator_id             bigint,
    created_at             timestamptz,
    updated_at             timestamptz,
    primary key (workspace_id, repository_id, key)
);
comment on table deployments is 'Deployments of a repository.';
comment on column deployments.key is 'The deployment''s id.';
comment on column deployments.repository_id is 'GitHub''s numeric id of the repository.';
comment on column deployments.raw is 'GitHub''s JSON as its list answers it.';
comment on column deployments.raw_bytes is 'GitHub''s exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column deployments.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column deployments.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column deployments.observed_at is 'When a pass last wrote this row.';
comment on column deployments.changed_at is 'When hash last changed.';
comment on column deployments.deleted_at is 'When GitHub was found to have it no more; the row is kept.';
comment on column deployments.ref is 'What was to be deployed: a branch, a tag or a sha.';
comment on column deployments.sha is 'What ref led to when it was created.';
comment on column deployments.task is 'deploy unless it was asked for another one.';
comment on column deployments.production_environment is 'Whether people use the environment.';
comment on column deployments.transient_environment is 'Whether the environment goes away again.';
comment on column deployments.updated_at is 'Moves with each of its statuses.';

create index deployments_environment on deployments (environment, repository_id, workspace_id);
create index deployments_sha on deployments (sha, repository_id, workspace_id);

-- +goose Down
drop table deployments;
