-- +goose Up
create table discussion_comments (
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
    discussion_number bigint,
    discussion_id     bigint,
    parent_id         bigint,
    user_login        text,
    user_id           bigint,
    body              text,
    is_answer         boolean,
    upvotes           bigint,
    created_at        timestamptz,
    updated_at        timestamptz,
    primary key (workspace_id, repository_id, key)
);
comment on table discussion_comments is 'Comments on discussions, and the replies to them.';
comment on column discussion_comments.key is 'The comment''s id.';
comment on column discussion_comments.repository_id is 'GitHub''s numeric id of the repository.';
comment on column discussion_comments.raw is 'What GraphQL tells, in the shape that GitHub''s webhooks have; REST has no such list.';
comment on column discussion_comments.raw_bytes is 'The exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column discussion_comments.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column discussion_comments.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column discussion_comments.observed_at is 'When a pass last wrote this row.';
comment on column discussion_comments.changed_at is 'When hash last changed.';
comment on column discussion_comments.deleted_at is 'When GitHub was found to have it no more; the row is kept.';
comment on column discussion_comments.parent_key is 'Key of the discussion whose list showed it.';
comment on column discussion_comments.parent_id is 'Id of the comment that it replies to; NULL where it is no reply.';

create index discussion_comments_parent on discussion_comments (parent_key, repository_id, workspace_id);
create index discussion_comments_discussion on discussion_comments (discussion_number, repository_id, workspace_id);

-- +goose Down
drop table discussion_comments;
