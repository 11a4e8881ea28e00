-- +goose Up
create table workflow_jobs (
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
    id                bigint,
    run_id            bigint,
    run_attempt       bigint,
    name              text,
    workflow_name     text,
    status            text,
    conclusion        text,
    head_branch       text,
    head_sha          text,
    labels            text[],
    runner_name       text,
    runner_group_name text,
    created_at        timestamptz,
    started_at        timestamptz,
    completed_at      timestamptz,
    primary key (workspace_id, repository_id, key)
);
comment on table workflow_jobs is 'Jobs of workflow runs, of all attempts.';
comment on column workflow_jobs.key is 'The job''s id, which is also that of its check run.';
comment on column workflow_jobs.repository_id is 'GitHub''s numeric id of the repository.';
comment on column workflow_jobs.raw is 'GitHub''s JSON as its list answers it.';
comment on column workflow_jobs.raw_bytes is 'GitHub''s exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column workflow_jobs.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column workflow_jobs.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column workflow_jobs.observed_at is 'When a pass last wrote this row.';
comment on column workflow_jobs.changed_at is 'When hash last changed.';
comment on column workflow_jobs.deleted_at is 'When GitHub was found to have it no more; the row is kept.';
comment on column workflow_jobs.parent_key is 'Key of the workflow run whose list showed it.';
comment on column workflow_jobs.run_attempt is 'The attempt of the run that it belongs to.';
comment on column workflow_jobs.status is 'queued, in_progress, completed, …';
comment on column workflow_jobs.conclusion is 'success, failure, skipped, …; NULL until it has completed.';
comment on column workflow_jobs.labels is 'What its runner had to be.';
comment on column workflow_jobs.runner_name is 'Who ran it; empty before it has started.';

create index workflow_jobs_parent on workflow_jobs (parent_key, repository_id, workspace_id);

-- +goose Down
drop table workflow_jobs;
