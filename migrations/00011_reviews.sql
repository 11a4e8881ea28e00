-- +goose Up
create table reviews (
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
    pull_number  bigint,
    state        text,
    user_login   text,
    user_id      bigint,
    body         text,
    commit_id    text,
    submitted_at timestamptz,
    primary key (workspace_id, repository_id, key)
);
comment on table reviews is 'Reviews of pull requests.';
comment on column reviews.key is 'The review''s id.';
comment on column reviews.repository_id is 'GitHub''s numeric id of the repository.';
comment on column reviews.raw is 'GitHub''s JSON as its list answers it, less the paths that the collection stores as references.';
comment on column reviews.raw_bytes is 'GitHub''s exact JSON where jsonb cannot hold it (\u0000, lone surrogates); raw then has U+FFFD in those places.';
comment on column reviews.hash is 'SHA-256 of the canonical JSON without the paths that do not count as a difference.';
comment on column reviews.raw_hash is 'SHA-256 of the canonical JSON as stored; differs alone when only paths moved that do not count.';
comment on column reviews.observed_at is 'When a pass last wrote this row.';
comment on column reviews.changed_at is 'When hash last changed.';
comment on column reviews.deleted_at is 'When GitHub was found to have it no more; the row is kept.';
comment on column reviews.state is 'APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED or PENDING.';

-- The number leads: an index that begins like the primary key would be taken for it
-- while a first pass fills the table and there are no statistics yet.
create index reviews_pull on reviews (pull_number, repository_id, workspace_id);

-- +goose Down
drop table reviews;
