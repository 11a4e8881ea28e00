-- +goose Up
create table discussions (
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
    category         text,
    user_login       text,
    user_id          bigint,
    labels           text[],
    comments         bigint,
    upvotes          bigint,
    answer_chosen_at timestamptz,
    created_at       timestamptz,
    updated_at       timestamptz,
    primary key (workspace_id, repository_id, key)
);
comment on table discussions is 'Discussions of a repository.';
comment on column discussions.key is 'The discussion''s id.';
comment on column discussions.repository_id is 'GitHub''s numeric id of the repository.';
comment on column discussions.raw is 'What GraphQL tells, in the shape that GitHub''s webhooks have; REST has no such list.';
comment on column discussions.raw_bytes is 'The exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column discussions.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column discussions.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column discussions.observed_at is 'When a pass last wrote this row.';
comment on column discussions.changed_at is 'When hash last changed.';
comment on column discussions.deleted_at is 'When GitHub was found to have it no more; the row is kept.';
comment on column discussions.number is 'Out of the same row as the numbers of issues.';
comment on column discussions.state is 'open, closed or locked.';
comment on column discussions.state_reason is 'resolved, outdated, duplicate or reopened.';
comment on column discussions.category is 'Its name.';
comment on column discussions.labels is 'Names.';
comment on column discussions.comments is 'Those that are no replies.';

create index discussions_number on discussions (number, repository_id, workspace_id);

-- +goose Down
drop table discussions;
