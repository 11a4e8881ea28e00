-- +goose Up
create table check_runs (
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
    head_sha          text,
    name              text,
    status            text,
    conclusion        text,
    check_suite_id    bigint,
    app_id            bigint,
    app_slug          text,
    external_id       text,
    details_url       text,
    output_title      text,
    output_summary    text,
    annotations_count bigint,
    started_at        timestamptz,
    completed_at      timestamptz,
    primary key (workspace_id, repository_id, key)
);
comment on table check_runs is 'Check runs of commits, as far as they were read: see the status of the collection.';
comment on column check_runs.key is 'The check run''s id.';
comment on column check_runs.repository_id is 'GitHub''s numeric id of the repository.';
comment on column check_runs.raw is 'GitHub''s JSON as its list answers it.';
comment on column check_runs.raw_bytes is 'GitHub''s exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column check_runs.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column check_runs.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column check_runs.observed_at is 'When a pass last wrote this row.';
comment on column check_runs.changed_at is 'When hash last changed.';
comment on column check_runs.deleted_at is 'When GitHub was found to have it no more; the row is kept.';
comment on column check_runs.parent_key is 'Sha of the commit whose list showed it.';
comment on column check_runs.status is 'queued, in_progress, completed, …';
comment on column check_runs.conclusion is 'success, failure, neutral, …; NULL until it has completed.';
comment on column check_runs.app_slug is 'The GitHub App that reports it: github-actions for jobs of workflows.';
comment on column check_runs.external_id is 'The app''s own name for it.';

create index check_runs_parent on check_runs (parent_key, repository_id, workspace_id);

-- +goose Down
drop table check_runs;
