-- +goose Up
create table issue_events (
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
    id                       bigint,
    event                    text,
    issue_id                 bigint,
    issue_number             bigint,
    actor_login              text,
    actor_id                 bigint,
    label                    text,
    milestone                text,
    assignee_login           text,
    requested_reviewer_login text,
    renamed_from             text,
    renamed_to               text,
    commit_sha               text,
    created_at               timestamptz,
    primary key (workspace_id, repository_id, key)
);
comment on table issue_events is 'What happened to issues and pull requests: closed, labeled, renamed, … Written once by GitHub, never edited.';
comment on column issue_events.key is 'The event''s id.';
comment on column issue_events.repository_id is 'GitHub''s numeric id of the repository.';
comment on column issue_events.raw is 'GitHub''s JSON as its list answers it, less the issue, which is a reference.';
comment on column issue_events.raw_bytes is 'GitHub''s exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column issue_events.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column issue_events.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column issue_events.observed_at is 'When a pass last wrote this row.';
comment on column issue_events.changed_at is 'When hash last changed.';
comment on column issue_events.deleted_at is 'When GitHub was found to have it no more; the row is kept.';
comment on column issue_events.event is 'What happened, as GitHub calls it: closed, labeled, head_ref_force_pushed, …';
comment on column issue_events.issue_number is 'Number of the issue or pull request that it happened to.';
comment on column issue_events.label is 'The label''s name at the time of the event.';
comment on column issue_events.milestone is 'The milestone''s title at the time of the event.';
comment on column issue_events.commit_sha is 'The commit that closed, merged or mentioned it.';

create index issue_events_issue on issue_events (issue_number, repository_id, workspace_id);

-- +goose Down
drop table issue_events;
