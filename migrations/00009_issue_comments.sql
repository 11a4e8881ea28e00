-- +goose Up
create table issue_comments (
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
    id           bigint,
    issue_number bigint,
    user_login   text,
    user_id      bigint,
    body         text,
    created_at   timestamptz,
    updated_at   timestamptz,
    primary key (workspace_id, repository_id, key)
);
comment on table issue_comments is 'Comments on issues and on the conversation of pull requests.';
comment on column issue_comments.key is 'The comment''s id.';
comment on column issue_comments.repository_id is 'GitHub''s numeric id of the repository.';
comment on column issue_comments.raw is 'GitHub''s JSON as its list answers it, less the paths that the collection stores as references.';
comment on column issue_comments.raw_bytes is 'GitHub''s exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column issue_comments.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column issue_comments.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column issue_comments.observed_at is 'When a pass last wrote this row.';
comment on column issue_comments.changed_at is 'When hash last changed.';
comment on column issue_comments.deleted_at is 'When GitHub was found to have it no more; the row is kept.';
comment on column issue_comments.issue_number is 'Number of the issue or pull request.';

-- The number leads: an index that begins like the primary key would be taken for it
-- while a first pass fills the table and there are no statistics yet.
create index issue_comments_issue on issue_comments (issue_number, repository_id, workspace_id);

-- +goose Down
drop table issue_comments;
