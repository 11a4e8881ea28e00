-- +goose Up
create table issues (
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
    id               bigint,
    number           bigint,
    title            text,
    body             text,
    state            text,
    state_reason     text,
    locked           boolean,
    is_pull_request  boolean,
    user_login       text,
    user_id          bigint,
    assignees        text[],
    labels           text[],
    milestone_number bigint,
    comments         bigint,
    closed_at        timestamptz,
    created_at       timestamptz,
    updated_at       timestamptz,
    primary key (workspace_id, repository_id, key)
);
comment on table issues is 'Issues; GitHub lists pull requests among them, see is_pull_request.';
comment on column issues.key is 'The issue''s id.';
comment on column issues.repository_id is 'GitHub''s numeric id of the repository.';
comment on column issues.raw is 'GitHub''s JSON as its list answers it, less the paths that the collection stores as references.';
comment on column issues.raw_bytes is 'GitHub''s exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column issues.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column issues.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column issues.observed_at is 'When a pass last wrote this row.';
comment on column issues.changed_at is 'When hash last changed.';
comment on column issues.deleted_at is 'When GitHub was found to have it no more; the row is kept.';
comment on column issues.state is 'open or closed.';
comment on column issues.is_pull_request is 'True for a pull request in its shape as an issue.';
comment on column issues.assignees is 'Logins.';
comment on column issues.labels is 'Names.';

-- The number leads: an index that begins like the primary key would be taken for it
-- while a first pass fills the table and there are no statistics yet.
create index issues_number on issues (number, repository_id, workspace_id);

-- +goose Down
drop table issues;
