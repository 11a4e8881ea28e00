-- +goose Up
create table workflow_runs (
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
    name                   text,
    display_title          text,
    workflow_id            bigint,
    path                   text,
    run_number             bigint,
    run_attempt            bigint,
    event                  text,
    status                 text,
    conclusion             text,
    head_branch            text,
    head_sha               text,
    head_repository_id     bigint,
    check_suite_id         bigint,
    actor_login            text,
    actor_id               bigint,
    triggering_actor_login text,
    run_started_at         timestamptz,
    created_at             timestamptz,
    updated_at             timestamptz,
    primary key (workspace_id, repository_id, key)
);
comment on table workflow_runs is 'Runs of GitHub Actions workflows.';
comment on column workflow_runs.key is 'The run''s id.';
comment on column workflow_runs.repository_id is 'GitHub''s numeric id of the repository.';
comment on column workflow_runs.raw is 'GitHub''s JSON as its list answers it, the repositories in it as references.';
comment on column workflow_runs.raw_bytes is 'GitHub''s exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column workflow_runs.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column workflow_runs.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column workflow_runs.observed_at is 'When a pass last wrote this row.';
comment on column workflow_runs.changed_at is 'When hash last changed.';
comment on column workflow_runs.deleted_at is 'When GitHub was found to have it no more; the row is kept.';
comment on column workflow_runs.name is 'The workflow''s name, or what its run-name says.';
comment on column workflow_runs.path is 'The workflow''s file in the repository.';
comment on column workflow_runs.run_number is 'Counts the runs of its workflow.';
comment on column workflow_runs.run_attempt is '1, and one more each time that it is run again.';
comment on column workflow_runs.event is 'What triggered it: push, pull_request, schedule, …';
comment on column workflow_runs.status is 'queued, in_progress, completed, …';
comment on column workflow_runs.conclusion is 'success, failure, cancelled, …; NULL until it has completed.';
comment on column workflow_runs.head_repository_id is 'Differs from repository_id where a fork''s pull request triggered it.';
comment on column workflow_runs.actor_login is 'Whose doing triggered the first attempt.';
comment on column workflow_runs.triggering_actor_login is 'Whose doing triggered the last attempt.';
comment on column workflow_runs.run_started_at is 'When the last attempt started.';

create index workflow_runs_sha on workflow_runs (head_sha, repository_id, workspace_id);
create index workflow_runs_workflow on workflow_runs (workflow_id, repository_id, workspace_id);

-- +goose Down
drop table workflow_runs;
