-- +goose Up
create table review_comments (
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
    id             bigint,
    pull_number    bigint,
    review_id      bigint,
    in_reply_to_id bigint,
    path           text,
    line           bigint,
    user_login     text,
    user_id        bigint,
    body           text,
    commit_id      text,
    created_at     timestamptz,
    updated_at     timestamptz,
    primary key (workspace_id, repository_id, key)
);
comment on table review_comments is 'Comments on the diff of pull requests.';
comment on column review_comments.key is 'The comment''s id.';
comment on column review_comments.repository_id is 'GitHub''s numeric id of the repository.';
comment on column review_comments.raw is 'GitHub''s JSON as its list answers it, less the paths that the collection stores as references.';
comment on column review_comments.raw_bytes is 'GitHub''s exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column review_comments.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column review_comments.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column review_comments.observed_at is 'When a pass last wrote this row.';
comment on column review_comments.changed_at is 'When hash last changed.';
comment on column review_comments.deleted_at is 'When GitHub was found to have it no more; the row is kept.';

-- The number leads: an index that begins like the primary key would be taken for it
-- while a first pass fills the table and there are no statistics yet.
create index review_comments_pull on review_comments (pull_number, repository_id, workspace_id);

-- +goose Down
drop table review_comments;
